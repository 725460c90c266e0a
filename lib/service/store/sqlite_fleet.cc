// Cameras, units and areas of SqliteStore: what people configure.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/store/page_token.h"
#include "lib/service/store/privacy_text.h"
#include "lib/service/store/sqlite_impl.h"
#include "lib/service/store/sqlite_store.h"

namespace patrol::store {

namespace {

absl::Status NoSuch(const char* entity, const std::string& id) {
  return absl::NotFoundError(absl::StrCat(entity, " \"", id, "\": there is none"));
}

Camera ReadCamera(Statement& row) {
  Camera camera;
  camera.id = row.Text(0);
  camera.display_name = row.Text(1);
  if (!row.Null(2) && !row.Null(3)) camera.position = geo::LonLat{row.Real(2), row.Real(3)};
  camera.heading_deg = row.Real(4);
  camera.field_of_view_deg = row.Real(5);
  camera.source_uri = row.Text(6);
  camera.username = row.Text(7);
  camera.password = row.Text(8);
  camera.disabled = row.Integer(9) != 0;
  camera.transport = row.Text(10);
  camera.tls_ca_file = row.Text(11);
  camera.tls_verify = row.Integer(12) != 0;
  camera.connects_per_host = static_cast<int>(row.Integer(13));
  camera.privacy_mask = ReadPrivacyMask(row.Text(14));
  camera.view_moved = row.Integer(15) != 0;
  camera.zones_json = row.Text(16);
  if (!row.Null(17)) camera.snoozed_until = row.Time(17);
  return camera;
}

void BindCamera(Statement& statement, const Camera& camera) {
  statement.Bind(0, camera.id).Bind(1, camera.display_name);
  if (camera.position.has_value()) {
    statement.Bind(2, camera.position->lon).Bind(3, camera.position->lat);
  } else {
    statement.BindNull(2).BindNull(3);
  }
  statement.Bind(4, camera.heading_deg)
      .Bind(5, camera.field_of_view_deg)
      .Bind(6, camera.source_uri)
      .Bind(7, camera.username)
      .Bind(8, camera.password)
      .Bind(9, camera.disabled)
      .Bind(10, camera.transport)
      .Bind(11, camera.tls_ca_file)
      .Bind(12, camera.tls_verify)
      .Bind(13, static_cast<int64_t>(camera.connects_per_host))
      .BindCopy(14, WritePrivacyMask(camera.privacy_mask))
      .Bind(15, camera.view_moved)
      .Bind(16, camera.zones_json);
  if (camera.snoozed_until.has_value()) {
    statement.Bind(17, *camera.snoozed_until);
  } else {
    statement.BindNull(17);
  }
}

Unit ReadUnit(Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Integer(4) != 0};
}

void BindUnit(Statement& statement, const Unit& unit) {
  statement.Bind(0, unit.id)
      .Bind(1, unit.display_name)
      .Bind(2, unit.mode)
      .Bind(3, unit.force)
      .Bind(4, unit.off_duty);
}

Area ReadArea(Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)};
}

// One kind of configured thing: its words and its statements.
template <typename Row>
struct Table {
  const char* entity;
  const char* count;
  int64_t rows_max;
  const char* insert;
  const char* replace;
  const char* remove;
  const char* get;
  const char* list;  // parameters: id to begin after, rows at most
  Row (*read)(Statement&);
};

const Table<Camera> kCameras = {
    "camera",
    "SELECT COUNT(*) FROM cameras",
    limits::kCamerasMax,
    "INSERT INTO cameras VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "INSERT OR REPLACE INTO cameras VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "DELETE FROM cameras WHERE id = ?",
    "SELECT * FROM cameras WHERE id = ?",
    "SELECT * FROM cameras WHERE id > ? ORDER BY id LIMIT ?",
    ReadCamera,
};

const Table<Unit> kUnits = {
    "unit",
    "SELECT COUNT(*) FROM units",
    limits::kUnitsMax,
    "INSERT INTO units VALUES (?, ?, ?, ?, ?)",
    "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?)",
    "DELETE FROM units WHERE id = ?",
    "SELECT * FROM units WHERE id = ?",
    "SELECT * FROM units WHERE id > ? ORDER BY id LIMIT ?",
    ReadUnit,
};

const Table<Area> kAreas = {
    "area",
    "SELECT COUNT(*) FROM areas",
    limits::kAreasMax,
    "INSERT INTO areas VALUES (?, ?, ?, ?, ?)",
    "INSERT OR REPLACE INTO areas VALUES (?, ?, ?, ?, ?)",
    "DELETE FROM areas WHERE id = ?",
    "SELECT * FROM areas WHERE id = ?",
    "SELECT * FROM areas WHERE id > ? ORDER BY id LIMIT ?",
    ReadArea,
};

// Within the writing transaction, after an insertion.
template <typename Row>
absl::Status CheckCount(Connection& db, const Table<Row>& table) {
  PATROL_ASSIGN_OR_RETURN(const int64_t count, db.QueryInteger(table.count));
  if (count <= table.rows_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(table.entity, "s: at most ", table.rows_max, " can be kept"));
}

// The caller blocks until the write is done, so that `row` may be taken by reference.
template <typename Row>
absl::Status Save(Writer& writer, const Table<Row>& table, const Row& row,
                  void (*bind)(Statement&, const Row&), bool create) {
  return writer.Write([&](Connection& db) -> absl::Status {
    {
      PATROL_ASSIGN_OR_RETURN(Statement save, db.Prepare(create ? table.insert : table.replace));
      bind(save, row);
      const absl::Status saved = save.Run();
      if (absl::IsAlreadyExists(saved)) {
        return absl::AlreadyExistsError(
            absl::StrCat(table.entity, " \"", row.id, "\": the id is taken"));
      }
      PATROL_RETURN_IF_ERROR(saved);
    }
    return CheckCount(db, table);
  });
}

template <typename Row>
absl::Status Remove(Connection& db, const Table<Row>& table, const std::string& id) {
  PATROL_ASSIGN_OR_RETURN(Statement remove, db.Prepare(table.remove));
  remove.Bind(0, id);
  PATROL_RETURN_IF_ERROR(remove.Run());
  return db.changes() > 0 ? absl::OkStatus() : NoSuch(table.entity, id);
}

template <typename Row>
absl::Status Delete(Writer& writer, const Table<Row>& table, const std::string& id) {
  return writer.Write([&](Connection& db) { return Remove(db, table, id); });
}

template <typename Row>
absl::StatusOr<Row> Get(ReaderPool& readers, const Table<Row>& table, const std::string& id) {
  ReaderPool::Lease db(readers);
  PATROL_ASSIGN_OR_RETURN(Statement get, (*db).Prepare(table.get));
  get.Bind(0, id);
  PATROL_ASSIGN_OR_RETURN(const bool found, get.Step());
  if (!found) return NoSuch(table.entity, id);
  return table.read(get);
}

// rows_max: at most this many; below 0: all.
template <typename Row>
absl::StatusOr<std::vector<Row>> RowsAfter(ReaderPool& readers, const Table<Row>& table,
                                           const std::string& after, int64_t rows_max) {
  ReaderPool::Lease db(readers);
  PATROL_ASSIGN_OR_RETURN(Statement list, (*db).Prepare(table.list));
  list.Bind(0, after).Bind(1, rows_max);
  std::vector<Row> rows;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, list.Step());
    if (!more) return rows;
    rows.push_back(table.read(list));
  }
}

template <typename Row>
absl::StatusOr<Page<Row>> List(ReaderPool& readers, const Table<Row>& table,
                               const PageRequest& request) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                          ReadPageToken(request.token, table.entity, 1));
  Page<Row> page;
  // One more than asked for tells whether there is a next page.
  PATROL_ASSIGN_OR_RETURN(
      page.rows, RowsAfter(readers, table, key.empty() ? "" : key[0], int64_t{request.size} + 1));
  if (page.rows.size() > static_cast<size_t>(request.size)) {
    page.rows.pop_back();
    page.next_page_token = MakePageToken(table.entity, {page.rows.back().id});
  }
  return page;
}

}  // namespace

absl::Status SqliteStore::CreateCamera(const Camera& camera) {
  return Save(impl_->writer, kCameras, camera, BindCamera, /*create=*/true);
}
absl::Status SqliteStore::PutCamera(const Camera& camera) {
  return Save(impl_->writer, kCameras, camera, BindCamera, /*create=*/false);
}
absl::Status SqliteStore::DeleteCamera(const std::string& id) {
  return impl_->writer.Write([&](Connection& db) -> absl::Status {
    PATROL_RETURN_IF_ERROR(RemoveZoneHours(db, id));
    return Remove(db, kCameras, id);
  });
}
absl::Status SqliteStore::NoteViewMoved(const std::string& id) {
  return impl_->writer.Write([&](Connection& db) -> absl::Status {
    PATROL_ASSIGN_OR_RETURN(Statement note,
                            db.Prepare("UPDATE cameras SET view_moved = 1 WHERE id = ?"));
    note.Bind(0, id);
    return note.Run();
  });
}
absl::StatusOr<Camera> SqliteStore::GetCamera(const std::string& id) {
  return Get(impl_->readers, kCameras, id);
}
absl::StatusOr<Page<Camera>> SqliteStore::ListCameras(const PageRequest& page) {
  return List(impl_->readers, kCameras, page);
}
absl::StatusOr<std::vector<Camera>> SqliteStore::AllCameras() {
  return RowsAfter(impl_->readers, kCameras, "", -1);
}

absl::Status SqliteStore::CreateUnit(const Unit& unit) {
  return Save(impl_->writer, kUnits, unit, BindUnit, /*create=*/true);
}
absl::Status SqliteStore::PutUnit(const Unit& unit) {
  return Save(impl_->writer, kUnits, unit, BindUnit, /*create=*/false);
}
absl::Status SqliteStore::DeleteUnit(const std::string& id) {
  return Delete(impl_->writer, kUnits, id);
}
absl::StatusOr<Unit> SqliteStore::GetUnit(const std::string& id) {
  return Get(impl_->readers, kUnits, id);
}
absl::StatusOr<Page<Unit>> SqliteStore::ListUnits(const PageRequest& page) {
  return List(impl_->readers, kUnits, page);
}
absl::StatusOr<std::vector<Unit>> SqliteStore::AllUnits() {
  return RowsAfter(impl_->readers, kUnits, "", -1);
}

absl::Status SqliteStore::PutAreas(const std::vector<Area>& areas) {
  return impl_->writer.Write([&](Connection& db) -> absl::Status {
    for (const Area& area : areas) {
      PATROL_ASSIGN_OR_RETURN(Statement put, db.Prepare(kAreas.replace));
      put.Bind(0, area.id)
          .Bind(1, area.display_name)
          .Bind(2, area.kind)
          .Bind(3, area.parent_id)
          .Bind(4, area.geometry_json);
      PATROL_RETURN_IF_ERROR(put.Run());
    }
    return CheckCount(db, kAreas);
  });
}
absl::Status SqliteStore::DeleteArea(const std::string& id) {
  return Delete(impl_->writer, kAreas, id);
}
absl::StatusOr<Area> SqliteStore::GetArea(const std::string& id) {
  return Get(impl_->readers, kAreas, id);
}
absl::StatusOr<Page<Area>> SqliteStore::ListAreas(const PageRequest& page) {
  return List(impl_->readers, kAreas, page);
}
absl::StatusOr<std::vector<Area>> SqliteStore::AllAreas() {
  return RowsAfter(impl_->readers, kAreas, "", -1);
}

}  // namespace patrol::store
