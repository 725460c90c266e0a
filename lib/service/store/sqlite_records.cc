// Fixes and motion events of SqliteStore: what happens by itself.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/store/page_token.h"
#include "lib/service/store/sqlite_impl.h"
#include "lib/service/store/sqlite_store.h"

namespace patrol::store {

namespace {

Fix ReadFix(Statement& row) {
  Fix fix;
  fix.unit_id = row.Text(0);
  fix.time = row.Time(1);
  fix.position = {row.Real(2), row.Real(3)};
  fix.speed_mps = row.OptionalReal(4);
  fix.heading_deg = row.OptionalReal(5);
  fix.accuracy_m = row.OptionalReal(6);
  fix.verdict = static_cast<FixVerdict>(row.Integer(7));
  return fix;
}

MotionEvent ReadMotionEvent(Statement& row) {
  MotionEvent event;
  event.id = row.Text(0);
  event.camera_id = row.Text(1);
  event.begin = row.Time(2);
  event.last = row.Time(3);
  event.ended = row.Integer(4) != 0;
  event.cut_short = row.Integer(5) != 0;
  event.zone = {row.Real(6), row.Real(7), row.Real(8), row.Real(9)};
  event.strength = row.Real(10);
  event.response.area_id = row.Text(11);
  event.response.nearest_unit_id = row.Text(12);
  if (!row.Null(13)) event.response.arrival = absl::Microseconds(row.Integer(13));
  event.response.unattended = row.Integer(14) != 0;
  event.response.reason = row.Text(15);
  event.has_still = row.Integer(16) != 0;
  event.zone_id = row.Text(17);
  event.direction = row.Text(18);
  event.ending = row.Text(19);
  event.reason = row.Text(20);
  event.confidence = row.Real(21);
  event.onset_source = row.Text(22);
  event.onset_uncertainty = absl::Microseconds(row.Integer(23));
  if (!row.Null(24)) event.marked = row.Time(24);
  return event;
}

// A later word on an event changes everything but what it is (id, camera, begin) and what operators
// said of it; a still once kept stays.
constexpr const char* kPutMotionEvent =
    "INSERT INTO motion_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET last_us = excluded.last_us, ended = "
    "excluded.ended, "
    "cut_short = excluded.cut_short, zone_left = excluded.zone_left, zone_top = excluded.zone_top, "
    "zone_right = excluded.zone_right, zone_bottom = excluded.zone_bottom, "
    "strength = excluded.strength, area_id = excluded.area_id, "
    "nearest_unit_id = excluded.nearest_unit_id, arrival_us = excluded.arrival_us, "
    "unattended = excluded.unattended, reason = excluded.reason, "
    "direction = excluded.direction, ending = excluded.ending, seen = excluded.seen, "
    "confidence = excluded.confidence, "
    "has_still = MAX(has_still, excluded.has_still)";

absl::Status SaveMotionEvent(Connection& db, const MotionEvent& event, const std::string* still) {
  PATROL_ASSIGN_OR_RETURN(Statement put, db.Prepare(kPutMotionEvent));
  put.Bind(0, event.id)
      .Bind(1, event.camera_id)
      .Bind(2, event.begin)
      .Bind(3, event.last)
      .Bind(4, event.ended)
      .Bind(5, event.cut_short)
      .Bind(6, event.zone.left)
      .Bind(7, event.zone.top)
      .Bind(8, event.zone.right)
      .Bind(9, event.zone.bottom)
      .Bind(10, event.strength)
      .Bind(11, event.response.area_id)
      .Bind(12, event.response.nearest_unit_id)
      .Bind(14, event.response.unattended)
      .Bind(15, event.response.reason)
      .Bind(16, still != nullptr)
      .Bind(17, event.zone_id)
      .Bind(18, event.direction)
      .Bind(19, event.ending)
      .Bind(20, event.reason)
      .Bind(21, event.confidence)
      .Bind(22, event.onset_source)
      .Bind(23, absl::ToInt64Microseconds(event.onset_uncertainty));
  if (event.marked.has_value()) {
    put.Bind(24, *event.marked);
  } else {
    put.BindNull(24);
  }
  if (event.response.arrival.has_value()) {
    put.Bind(13, absl::ToInt64Microseconds(*event.response.arrival));
  } else {
    put.BindNull(13);
  }
  PATROL_RETURN_IF_ERROR(put.Run());
  if (still == nullptr) return absl::OkStatus();
  PATROL_ASSIGN_OR_RETURN(Statement keep,
                          db.Prepare("INSERT OR REPLACE INTO motion_stills VALUES (?, ?)"));
  keep.Bind(0, event.id).BindBlob(1, *still);
  return keep.Run();
}

}  // namespace

void SqliteStore::AppendFixes(std::vector<Fix> fixes,
                              std::function<void(absl::StatusOr<AppendedFixes>)> done) {
  // Shared, because the work may be run twice and its result is told afterwards.
  auto appended = std::make_shared<AppendedFixes>();
  const size_t bytes = fixes.size() * sizeof(Fix);
  auto work = [appended, fixes = std::move(fixes)](Connection& db) -> absl::Status {
    appended->stored.assign(fixes.size(), false);
    PATROL_ASSIGN_OR_RETURN(Statement insert,
                            db.Prepare("INSERT INTO fixes VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                                       "ON CONFLICT (unit_id, time_us) DO NOTHING"));
    for (size_t i = 0; i < fixes.size(); ++i) {
      const Fix& fix = fixes[i];
      insert.Bind(0, fix.unit_id)
          .Bind(1, fix.time)
          .Bind(2, fix.position.lon)
          .Bind(3, fix.position.lat)
          .Bind(4, fix.speed_mps)
          .Bind(5, fix.heading_deg)
          .Bind(6, fix.accuracy_m)
          .Bind(7, static_cast<int64_t>(fix.verdict));
      PATROL_RETURN_IF_ERROR(insert.Run());
      appended->stored[i] = db.changes() > 0;
    }
    return absl::OkStatus();
  };
  impl_->writer.Submit(bytes, std::move(work),
                       [appended, done = std::move(done)](absl::Status status) {
                         if (!status.ok()) return done(status);
                         done(std::move(*appended));
                       });
}

absl::StatusOr<Page<Fix>> SqliteStore::ListFixes(const FixQuery& query,
                                                 const PageRequest& request) {
  int64_t from_us = absl::ToUnixMicros(query.from);
  const int64_t to_us = absl::ToUnixMicros(query.to);
  const std::string list = absl::StrCat("fixes\n", query.unit_id, "\n", from_us, "\n", to_us);
  PATROL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                          ReadPageToken(request.token, list, 1));
  // The token holds the first instant of the next page.
  if (!key.empty() && !absl::SimpleAtoi(key[0], &from_us)) {
    return absl::InvalidArgumentError("page_token: not a token of this list");
  }
  ReaderPool::Lease db(impl_->readers);
  PATROL_ASSIGN_OR_RETURN(
      Statement select,
      (*db).Prepare("SELECT * FROM fixes WHERE unit_id = ? AND time_us >= ? AND time_us < ? "
                    "ORDER BY time_us LIMIT ?"));
  select.Bind(0, query.unit_id).Bind(1, from_us).Bind(2, to_us).Bind(3, int64_t{request.size} + 1);
  Page<Fix> page;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return page;
    if (page.rows.size() == static_cast<size_t>(request.size)) {
      page.next_page_token = MakePageToken(list, {absl::StrCat(select.Integer(1))});
      return page;
    }
    page.rows.push_back(ReadFix(select));
  }
}

absl::StatusOr<std::vector<Fix>> SqliteStore::LatestFixes() {
  ReaderPool::Lease db(impl_->readers);
  // By unit through the primary key: one short walk backwards each, however many fixes there are.
  PATROL_ASSIGN_OR_RETURN(
      Statement select,
      (*db).Prepare("SELECT fixes.* FROM units JOIN fixes ON fixes.unit_id = units.id AND "
                    "fixes.time_us = (SELECT time_us FROM fixes AS newest WHERE "
                    "newest.unit_id = units.id AND newest.verdict = 1 "
                    "ORDER BY newest.time_us DESC LIMIT 1) ORDER BY units.id"));
  std::vector<Fix> fixes;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return fixes;
    fixes.push_back(ReadFix(select));
  }
}

absl::StatusOr<std::vector<std::string>> SqliteStore::UnitsWithFixes() {
  ReaderPool::Lease db(impl_->readers);
  // From one id to the next through the primary key: as many steps as units, not as fixes.
  PATROL_ASSIGN_OR_RETURN(
      Statement select,
      (*db).Prepare("WITH RECURSIVE ids(id) AS (SELECT min(unit_id) FROM fixes UNION ALL "
                    "SELECT (SELECT min(unit_id) FROM fixes WHERE unit_id > ids.id) FROM ids "
                    "WHERE ids.id IS NOT NULL) SELECT id FROM ids WHERE id IS NOT NULL"));
  std::vector<std::string> ids;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return ids;
    ids.push_back(select.Text(0));
  }
}

void SqliteStore::PutMotionEvent(MotionEvent event, std::shared_ptr<const std::string> still,
                                 std::function<void(absl::Status)> done) {
  if (still != nullptr && still->size() > limits::kStillBytesMax) {
    return done(absl::InvalidArgumentError(
        absl::StrCat("motion event \"", event.id, "\": still of ", still->size(),
                     " bytes, at most ", limits::kStillBytesMax)));
  }
  const size_t bytes = sizeof(MotionEvent) + (still == nullptr ? 0 : still->size());
  impl_->writer.Submit(
      bytes,
      [event = std::move(event), still = std::move(still)](Connection& db) {
        return SaveMotionEvent(db, event, still.get());
      },
      std::move(done));
}

void SqliteStore::DeleteMotionStills(const std::string& camera_id, absl::Time before,
                                     std::function<void(absl::Status)> done) {
  impl_->writer.SubmitErasure(
      [camera_id, before](Connection& db) -> absl::Status {
        PATROL_ASSIGN_OR_RETURN(
            Statement remove,
            db.Prepare("DELETE FROM motion_stills WHERE event_id IN "
                       "(SELECT id FROM motion_events WHERE camera_id = ? AND begin_us < ?)"));
        remove.Bind(0, camera_id).Bind(1, before);
        PATROL_RETURN_IF_ERROR(remove.Run());
        PATROL_ASSIGN_OR_RETURN(Statement unmark,
                                db.Prepare("UPDATE motion_events SET has_still = 0 "
                                           "WHERE camera_id = ? AND begin_us < ?"));
        unmark.Bind(0, camera_id).Bind(1, before);
        return unmark.Run();
      },
      std::move(done));
}

absl::StatusOr<MotionEvent> SqliteStore::GetMotionEvent(const std::string& id) {
  ReaderPool::Lease db(impl_->readers);
  PATROL_ASSIGN_OR_RETURN(Statement get, (*db).Prepare("SELECT * FROM motion_events WHERE id = ?"));
  get.Bind(0, id);
  PATROL_ASSIGN_OR_RETURN(const bool found, get.Step());
  if (!found) {
    return absl::NotFoundError(absl::StrCat("motion event \"", id, "\": there is none"));
  }
  return ReadMotionEvent(get);
}

absl::StatusOr<MotionEvent> SqliteStore::MarkMotionEvent(const std::string& id,
                                                         std::optional<absl::Time> marked) {
  PATROL_RETURN_IF_ERROR(impl_->writer.Write([&](Connection& db) -> absl::Status {
    PATROL_ASSIGN_OR_RETURN(Statement mark,
                            db.Prepare("UPDATE motion_events SET marked_us = ? WHERE id = ?"));
    if (marked.has_value()) {
      mark.Bind(0, *marked);
    } else {
      mark.BindNull(0);
    }
    mark.Bind(1, id);
    return mark.Run();
  }));
  return GetMotionEvent(id);
}

absl::StatusOr<MarkCounts> SqliteStore::CountMarkedEvents(const std::string& camera_id) {
  std::string sql =
      "SELECT camera_id, zone_id, COUNT(*) FROM motion_events WHERE marked_us IS NOT NULL";
  if (!camera_id.empty()) absl::StrAppend(&sql, " AND camera_id = ?1");
  absl::StrAppend(&sql, " GROUP BY camera_id, zone_id");
  ReaderPool::Lease db(impl_->readers);
  PATROL_ASSIGN_OR_RETURN(Statement count, (*db).Prepare(sql.c_str()));
  if (!camera_id.empty()) count.Bind(0, camera_id);
  MarkCounts counts;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, count.Step());
    if (!more) return counts;
    counts[count.Text(0)][count.Text(1)] = count.Integer(2);
  }
}

absl::StatusOr<Page<MotionEvent>> SqliteStore::ListMotionEvents(const MotionQuery& query,
                                                                const PageRequest& request) {
  const int64_t from_us = absl::ToUnixMicros(query.from);
  const int64_t to_us = absl::ToUnixMicros(query.to);
  const std::string list =
      absl::StrCat("motionEvents\n", query.camera_id, "\n", from_us, "\n", to_us, "\n",
                   query.unattended_only ? 1 : 0, query.marked_only ? " marked" : "");
  PATROL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                          ReadPageToken(request.token, list, 2));
  // The token holds the begin and id of the last event given; the list goes on below them.
  int64_t before_us = to_us;
  std::string before_id;
  if (!key.empty()) {
    if (!absl::SimpleAtoi(key[0], &before_us)) {
      return absl::InvalidArgumentError("page_token: not a token of this list");
    }
    before_id = key[1];
  }
  // A text for each filter, so that each finds its index.
  std::string sql =
      "SELECT * FROM motion_events WHERE begin_us >= ?1 AND (begin_us, id) < (?2, ?3)";
  if (!query.camera_id.empty()) absl::StrAppend(&sql, " AND camera_id = ?4");
  if (query.unattended_only) absl::StrAppend(&sql, " AND unattended = 1 AND marked_us IS NULL");
  if (query.marked_only) absl::StrAppend(&sql, " AND marked_us IS NOT NULL");
  absl::StrAppend(&sql, " ORDER BY begin_us DESC, id DESC LIMIT ?5");

  ReaderPool::Lease db(impl_->readers);
  PATROL_ASSIGN_OR_RETURN(Statement select, (*db).Prepare(sql.c_str()));
  select.Bind(0, from_us).Bind(1, before_us).Bind(2, before_id).Bind(4, int64_t{request.size} + 1);
  if (!query.camera_id.empty()) select.Bind(3, query.camera_id);
  Page<MotionEvent> page;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return page;
    if (page.rows.size() == static_cast<size_t>(request.size)) {
      const MotionEvent& last = page.rows.back();
      page.next_page_token =
          MakePageToken(list, {absl::StrCat(absl::ToUnixMicros(last.begin)), last.id});
      return page;
    }
    page.rows.push_back(ReadMotionEvent(select));
  }
}

absl::StatusOr<std::string> SqliteStore::GetMotionStill(const std::string& id) {
  ReaderPool::Lease db(impl_->readers);
  PATROL_ASSIGN_OR_RETURN(Statement get,
                          (*db).Prepare("SELECT jpeg FROM motion_stills WHERE event_id = ?"));
  get.Bind(0, id);
  PATROL_ASSIGN_OR_RETURN(const bool found, get.Step());
  if (!found) {
    return absl::NotFoundError(absl::StrCat("motion event \"", id, "\": no still was kept"));
  }
  return get.Blob(0);
}

}  // namespace patrol::store
