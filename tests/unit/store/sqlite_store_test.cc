// What the store keeps and gives back; how it behaves when things go wrong is in
// durability_test.cc.

#include "lib/service/store/sqlite_store.h"
#include "lib/service/store/privacy_text.h"
#include "lib/service/store/zone_hours_text.h"

#include <sys/stat.h>

#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lib/base/limits.h"
#include "tests/support/temporary_folder.h"

namespace patrol::store {
namespace {

using ::patrol::test::TemporaryFolder;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kMorning = absl::FromUnixSeconds(1772400000);

std::string Message(const absl::Status& status) { return std::string(status.message()); }

Camera CameraOf(const std::string& id) {
  Camera camera;
  camera.id = id;
  camera.display_name = "路口 " + id;
  camera.position = geo::LonLat{120.7, 31.6};
  camera.heading_deg = 90.5;
  camera.field_of_view_deg = 60;
  camera.source_uri = "rtsp://127.0.0.1:8554/" + id;
  camera.username = "viewer";
  camera.password = "se'cret\"";
  camera.zones_json = R"({"zones":[],"ignore":[[[0,0],[1,0],[1,1]]]})";
  return camera;
}

Fix FixOf(const std::string& unit, absl::Time time) {
  Fix fix;
  fix.unit_id = unit;
  fix.time = time;
  fix.position = {120.71, 31.62};
  fix.speed_mps = 7.5;
  return fix;
}

MotionEvent EventOf(const std::string& camera, absl::Time begin) {
  MotionEvent event;
  event.id = MotionEventId(camera, begin);
  event.camera_id = camera;
  event.begin = begin;
  event.last = begin + absl::Seconds(1);
  event.zone = {0.1, 0.2, 0.3, 0.4};
  event.strength = 0.5;
  event.zone_id = "door";
  event.direction = "down-left";
  event.ending = "open";
  event.reason = "1.00 % of the picture moved";
  event.confidence = 0.75;
  event.onset_source = "pictures";
  event.onset_uncertainty = absl::Milliseconds(200);
  return event;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<SqliteStore>> store =
        SqliteStore::Open({.path = folder_.File("patrol.db")});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  absl::StatusOr<AppendedFixes> Append(std::vector<Fix> fixes) {
    std::promise<absl::StatusOr<AppendedFixes>> promise;
    store_->AppendFixes(std::move(fixes), [&promise](absl::StatusOr<AppendedFixes> appended) {
      promise.set_value(std::move(appended));
    });
    return promise.get_future().get();
  }

  absl::Status Put(const MotionEvent& event, const std::string* still = nullptr) {
    std::promise<absl::Status> promise;
    store_->PutMotionEvent(event,
                           still == nullptr ? nullptr : std::make_shared<const std::string>(*still),
                           [&promise](absl::Status status) { promise.set_value(status); });
    return promise.get_future().get();
  }

  TemporaryFolder folder_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, GivesBackWhatWasStoredAfterReopening) {
  Camera placed = CameraOf("n-042");
  Camera placeless = CameraOf("n-043");
  placeless.position.reset();
  placeless.disabled = true;
  placed.transport = "udp";
  placed.tls_ca_file = "/etc/patrol/ca.pem";
  placed.tls_verify = true;
  placed.connects_per_host = 16;
  placed.privacy_mask = PrivacyMask{
      .polygons = {{{0.1, 1.0 / 3}, {1, 0}, {0.5, 0.25}}, {{0, 0}, {1, 0}, {1, 1}, {0, 1}}},
      .width = 640,
      .height = 360,
      .rotation_deg = 90,
      .revision = 1772400000000000};
  placed.view_moved = true;
  const Unit unit{"u1", "一号车", "e-bike", "village police", true};
  const Area area{"g1", "一网格", "grid", "v1", R"({"type":"Polygon","coordinates":[]})"};
  ASSERT_TRUE(store_->CreateCamera(placed).ok());
  ASSERT_TRUE(store_->CreateCamera(placeless).ok());
  ASSERT_TRUE(store_->CreateUnit(unit).ok());
  ASSERT_TRUE(store_->PutAreas({area}).ok());
  Reopen();
  EXPECT_FALSE(store_->open_report().created);
  EXPECT_EQ(store_->open_report().migrated_from, store_->open_report().schema_version);
  EXPECT_THAT(*store_->AllCameras(), ElementsAre(placed, placeless));
  EXPECT_EQ(*store_->GetUnit("u1"), unit);
  EXPECT_EQ(*store_->GetArea("g1"), area);
}

TEST_F(SqliteStoreTest, KeepsItsFileFromOtherUsers) {
  struct stat about {};
  ASSERT_EQ(::stat(folder_.File("patrol.db").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  ASSERT_TRUE(store_->CreateCamera(CameraOf("a")).ok());
  ASSERT_EQ(::stat(folder_.File("patrol.db-wal").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  // A copy that was put back with the usual permissions is protected again.
  store_.reset();
  ASSERT_EQ(::chmod(folder_.File("patrol.db").c_str(), 0644), 0);
  Reopen();
  ASSERT_EQ(::stat(folder_.File("patrol.db").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(SqliteStoreTest, RefusesToCreateWhatIsThereAndNamesIt) {
  ASSERT_TRUE(store_->CreateUnit({"u1", "one"}).ok());
  const absl::Status again = store_->CreateUnit({"u1", "two"});
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Message(again), "unit \"u1\": the id is taken");
  EXPECT_EQ(store_->GetUnit("u1")->display_name, "one");
  EXPECT_TRUE(store_->PutUnit({"u1", "two"}).ok());
  EXPECT_EQ(store_->GetUnit("u1")->display_name, "two");
}

TEST_F(SqliteStoreTest, SaysWhatIsNotThere) {
  EXPECT_EQ(Message(store_->GetCamera("x").status()), "camera \"x\": there is none");
  EXPECT_EQ(store_->DeleteCamera("x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->DeleteUnit("x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->DeleteArea("x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetMotionEvent("x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetMotionStill("x").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SqliteStoreTest, StoresAllAreasOrNoneAndAtMostTheLimit) {
  std::vector<Area> areas;
  for (size_t i = 0; i <= limits::kAreasMax; ++i) areas.push_back({absl::StrCat("a", i)});
  const absl::Status stored = store_->PutAreas(areas);
  EXPECT_EQ(stored.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(stored), "areas: at most 1000 can be kept");
  EXPECT_THAT(*store_->AllAreas(), IsEmpty());
  areas.pop_back();
  EXPECT_TRUE(store_->PutAreas(areas).ok());
  EXPECT_THAT(*store_->AllAreas(), SizeIs(limits::kAreasMax));
}

TEST_F(SqliteStoreTest, GivesListsInPagesThatMissAndRepeatNothing) {
  for (const char* id : {"c", "a", "e", "b", "d"}) {
    ASSERT_TRUE(store_->CreateUnit({id, id}).ok());
  }
  std::vector<std::string> ids;
  std::vector<size_t> sizes;
  std::string token;
  do {
    absl::StatusOr<Page<Unit>> page = store_->ListUnits({.size = 2, .token = token});
    ASSERT_TRUE(page.ok()) << page.status();
    sizes.push_back(page->rows.size());
    for (const Unit& unit : page->rows) ids.push_back(unit.id);
    token = page->next_page_token;
  } while (!token.empty());
  EXPECT_THAT(ids, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(sizes, ElementsAre(2u, 2u, 1u));
  EXPECT_EQ(store_->ListUnits({.size = 5})->next_page_token, "");
}

TEST_F(SqliteStoreTest, RefusesPageTokensThatAreNotOfThisList) {
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(store_->CreateUnit({id}).ok());
  const std::string token = store_->ListUnits({.size = 1})->next_page_token;
  const absl::Status other = store_->ListCameras({.size = 1, .token = token}).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(other), HasSubstr("page_token: "));
  for (const std::string bad : {"x", "####", "AAAA", "bm9uc2Vuc2U"}) {
    EXPECT_EQ(store_->ListUnits({.size = 1, .token = bad}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST_F(SqliteStoreTest, StoresAFixOfAUnitAndInstantOnce) {
  Fix other = FixOf("u1", kMorning);
  other.position.lon = 100;
  const absl::StatusOr<AppendedFixes> appended =
      Append({FixOf("u1", kMorning), FixOf("u2", kMorning), other});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_THAT(appended->stored, ElementsAre(true, true, false));
  EXPECT_THAT(Append({other})->stored, ElementsAre(false));
  EXPECT_THAT(store_->ListFixes({.unit_id = "u1"}, {.size = 10})->rows,
              ElementsAre(FixOf("u1", kMorning)));
}

TEST_F(SqliteStoreTest, KeepsEveryFieldOfAFixAndTellsUnknownFromZero) {
  Fix full = FixOf("u1", kMorning + absl::Microseconds(1));
  full.heading_deg = 0;
  full.accuracy_m = 3.5;
  full.verdict = FixVerdict::kSpeedJump;
  Fix bare = FixOf("u1", kMorning + absl::Microseconds(2));
  bare.speed_mps.reset();
  bare.verdict = FixVerdict::kLate;
  ASSERT_TRUE(Append({full, bare}).ok());
  EXPECT_THAT(store_->ListFixes({.unit_id = "u1"}, {.size = 10})->rows, ElementsAre(full, bare));
}

TEST_F(SqliteStoreTest, ListsFixesOfAWindowOldestFirstInPages) {
  std::vector<Fix> fixes;
  for (int i = 9; i >= 0; --i) fixes.push_back(FixOf("u1", kMorning + absl::Seconds(i)));
  ASSERT_TRUE(Append(fixes).ok());
  const FixQuery query{
      .unit_id = "u1", .from = kMorning + absl::Seconds(2), .to = kMorning + absl::Seconds(7)};
  std::vector<int64_t> seconds;
  std::string token;
  do {
    absl::StatusOr<Page<Fix>> page = store_->ListFixes(query, {.size = 2, .token = token});
    ASSERT_TRUE(page.ok()) << page.status();
    for (const Fix& fix : page->rows) seconds.push_back(absl::ToInt64Seconds(fix.time - kMorning));
    token = page->next_page_token;
  } while (!token.empty());
  EXPECT_THAT(seconds, ElementsAre(2, 3, 4, 5, 6));
  // The token is good for this window only.
  token = store_->ListFixes(query, {.size = 2})->next_page_token;
  EXPECT_EQ(store_->ListFixes({.unit_id = "u1"}, {.size = 2, .token = token}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SqliteStoreTest, FindsTheNewestAcceptedFixOfEachUnit) {
  ASSERT_TRUE(store_->CreateUnit({"u1"}).ok());
  ASSERT_TRUE(store_->CreateUnit({"u2"}).ok());
  ASSERT_TRUE(store_->CreateUnit({"never-heard-of"}).ok());
  Fix jump = FixOf("u1", kMorning + absl::Seconds(20));
  jump.verdict = FixVerdict::kSpeedJump;
  const Fix newest = FixOf("u1", kMorning + absl::Seconds(10));
  ASSERT_TRUE(Append({FixOf("u1", kMorning), newest, jump, FixOf("u2", kMorning),
                      FixOf("deleted", kMorning)})
                  .ok());
  EXPECT_THAT(*store_->LatestFixes(), ElementsAre(newest, FixOf("u2", kMorning)));
}

TEST_F(SqliteStoreTest, NamesTheUnitsThatHaveFixesAlsoThoseDeletedSince) {
  EXPECT_THAT(*store_->UnitsWithFixes(), IsEmpty());
  ASSERT_TRUE(store_->CreateUnit({"never-heard-of"}).ok());
  ASSERT_TRUE(Append({FixOf("u2", kMorning), FixOf("u2", kMorning + absl::Seconds(1)),
                      FixOf("deleted", kMorning), FixOf("u10", kMorning)})
                  .ok());
  EXPECT_THAT(*store_->UnitsWithFixes(), ElementsAre("deleted", "u10", "u2"));
}

TEST_F(SqliteStoreTest, FollowsAMotionEventFromBeginToEnd) {
  MotionEvent event = EventOf("n-042", kMorning);
  event.response = {"g1", "u1", absl::Seconds(95), false, ""};
  ASSERT_TRUE(Put(event).ok());
  EXPECT_EQ(*store_->GetMotionEvent(event.id), event);
  const std::string still("\xff\xd8jpeg\0more", 11);
  event.strength = 0.9;
  ASSERT_TRUE(Put(event, &still).ok());
  event.last = kMorning + absl::Seconds(12);
  event.ended = true;
  ASSERT_TRUE(Put(event).ok());
  event.has_still = true;
  EXPECT_EQ(*store_->GetMotionEvent(event.id), event);
  EXPECT_EQ(*store_->GetMotionStill(event.id), still);
}

TEST(PrivacyText, WhatCannotBeReadIsAnUnknownMaskNeverNone) {
  EXPECT_FALSE(ReadPrivacyMask("").has_value());
  for (const char* text : {"1 0 0 0 0", "2 0 0 0 0;0,0 1,0 1,1", "1 0 0 0 0;0,0 1,0",
                           "1 0 0 0 0;0,0 1,0 1", "1 0 0 0 0;0,0 1,0 1,x", "garbage",
                           "1 0 0 0;0,0 1,0 1,1", "1 0 0 0 0;0,0 1,0 1,1;", "unknown"}) {
    const std::optional<PrivacyMask> mask = ReadPrivacyMask(text);
    ASSERT_TRUE(mask.has_value()) << text;
    EXPECT_TRUE(mask->unknown) << text;
    EXPECT_TRUE(ReadPrivacyMask(WritePrivacyMask(mask))->unknown) << text;
  }
}

TEST_F(SqliteStoreTest, NotesThatAViewMovedAndNothingElse) {
  Camera camera;
  camera.id = "n-042";
  camera.display_name = "gate";
  ASSERT_TRUE(store_->CreateCamera(camera).ok());
  ASSERT_TRUE(store_->NoteViewMoved("n-042").ok());
  EXPECT_TRUE(store_->NoteViewMoved("nobody").ok());
  camera.view_moved = true;
  EXPECT_EQ(*store_->GetCamera("n-042"), camera);
  EXPECT_FALSE(store_->GetCamera("nobody").ok());
}

ZoneHours HoursOf(const std::string& camera, const std::string& zone, double moving_s) {
  ZoneHours hours = {.camera_id = camera, .zone_id = zone};
  for (ZoneHours::Hour& hour : hours.hours) hour = {.seen_s = 7200.5, .moving_s = moving_s};
  return hours;
}

TEST_F(SqliteStoreTest, KeepsWhatZonesUsuallyDoAsLongAsThereIsTheirCamera) {
  const auto put = [this](std::vector<ZoneHours> zones) {
    std::promise<absl::Status> promise;
    store_->PutZoneHours(std::move(zones),
                         [&promise](absl::Status status) { promise.set_value(status); });
    return promise.get_future().get();
  };
  ASSERT_TRUE(store_->CreateCamera(CameraOf("a")).ok());
  ASSERT_TRUE(store_->CreateCamera(CameraOf("b")).ok());
  ASSERT_TRUE(put({HoursOf("a", "door", 10), HoursOf("a", "gate", 20), HoursOf("b", "", 30),
                   HoursOf("gone", "", 40)})
                  .ok());
  ASSERT_TRUE(store_->PutCamera(CameraOf("b")).ok());
  Reopen();
  EXPECT_THAT(*store_->AllZoneHours(), ElementsAre(HoursOf("a", "door", 10),
                                                   HoursOf("a", "gate", 20), HoursOf("b", "", 30)));
  ASSERT_TRUE(put({HoursOf("a", "yard", 50)}).ok());
  EXPECT_THAT(*store_->AllZoneHours(), ElementsAre(HoursOf("a", "yard", 50), HoursOf("b", "", 30)))
      << "a zone that is no more is forgotten, another camera's is not";
  ASSERT_TRUE(store_->DeleteCamera("b").ok());
  EXPECT_THAT(*store_->AllZoneHours(), ElementsAre(HoursOf("a", "yard", 50)));
}

TEST(ZoneHoursText, ReadsBackWhatItWroteAndNothingDamaged) {
  const auto hours = HoursOf("a", "door", 10.25).hours;
  const std::string text = WriteHours(hours);
  ASSERT_TRUE(ReadHours(text).has_value());
  EXPECT_NEAR((*ReadHours(text))[5].moving_s, 10.25, 0.06);
  for (const std::string& damaged :
       {std::string(), "2" + text.substr(1), text + " 1:1", text.substr(0, text.size() - 5),
        absl::StrReplaceAll(text, {{"7200.5", "nan"}}), absl::StrReplaceAll(text, {{":", ":-"}}),
        absl::StrReplaceAll(text, {{"7200.5", "3.0"}}), absl::StrReplaceAll(text, {{":", ""}})}) {
    EXPECT_FALSE(ReadHours(damaged).has_value()) << damaged;
  }
}

TEST_F(SqliteStoreTest, ErasesTheStillsOfACameraFromTheDiskToo) {
  const std::string secret = "what was seen before the mask was drawn, 32 bytes and more";
  const std::string kept = "what was seen at another place, and may stay where it is now";
  const MotionEvent before = EventOf("n-042", kMorning);
  const MotionEvent after = EventOf("n-042", kMorning + absl::Hours(1));
  const MotionEvent elsewhere = EventOf("n-043", kMorning);
  std::string stills;
  for (int i = 0; i < 200; ++i) stills += secret;
  ASSERT_TRUE(Put(before, &stills).ok());
  ASSERT_TRUE(Put(before, &stills).ok());  // replaced once: the old page is free
  ASSERT_TRUE(Put(after, &kept).ok());
  ASSERT_TRUE(Put(elsewhere, &kept).ok());
  const auto on_disk = [&](const std::string& bytes) {
    for (const char* name : {"patrol.db", "patrol.db-wal"}) {
      std::ifstream file(folder_.File(name), std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(file), {}};
      if (all.find(bytes) != std::string::npos) return true;
    }
    return false;
  };
  ASSERT_TRUE(on_disk(secret)) << "the test looks where it is";
  std::promise<absl::Status> done;
  store_->DeleteMotionStills("n-042", kMorning + absl::Minutes(1),
                             [&done](absl::Status status) { done.set_value(status); });
  ASSERT_TRUE(done.get_future().get().ok());
  EXPECT_FALSE(on_disk(secret));
  EXPECT_FALSE(on_disk(secret.substr(0, 32)));
  EXPECT_TRUE(on_disk(kept));
  EXPECT_EQ(store_->GetMotionStill(before.id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(store_->GetMotionEvent(before.id)->has_still);
  EXPECT_EQ(*store_->GetMotionStill(after.id), kept);
  EXPECT_EQ(*store_->GetMotionStill(elsewhere.id), kept);
}

TEST_F(SqliteStoreTest, RefusesAStillOverTheLimit) {
  const std::string still(limits::kStillBytesMax + 1, 'x');
  EXPECT_EQ(Put(EventOf("n-042", kMorning), &still).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SqliteStoreTest, ListsMotionEventsLatestFirstByCameraTimeAndUnattended) {
  for (int i = 0; i < 6; ++i) {
    MotionEvent event = EventOf(i % 2 == 0 ? "even" : "odd", kMorning + absl::Minutes(i / 2));
    event.response.unattended = i >= 4;
    ASSERT_TRUE(Put(event).ok());
  }
  auto list = [this](const MotionQuery& query, int page_size) {
    std::vector<std::string> found;
    std::string token;
    do {
      absl::StatusOr<Page<MotionEvent>> page =
          store_->ListMotionEvents(query, {.size = page_size, .token = token});
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const MotionEvent& event : page->rows) {
        found.push_back(
            absl::StrCat(event.camera_id, absl::ToInt64Minutes(event.begin - kMorning)));
      }
      token = page->next_page_token;
    } while (!token.empty());
    return found;
  };
  // Two cameras begin at the same instant: the page border between them loses neither.
  for (int page_size : {1, 3, 100}) {
    EXPECT_THAT(list({}, page_size),
                ElementsAre("odd2", "even2", "odd1", "even1", "odd0", "even0"));
  }
  EXPECT_THAT(list({.camera_id = "odd"}, 2), ElementsAre("odd2", "odd1", "odd0"));
  EXPECT_THAT(list({.unattended_only = true}, 1), ElementsAre("odd2", "even2"));
  EXPECT_THAT(list({.from = kMorning + absl::Minutes(1), .to = kMorning + absl::Minutes(2)}, 100),
              ElementsAre("odd1", "even1"));
}

TEST_F(SqliteStoreTest, KeepsAMarkWhateverIsRecordedOfTheEventLater) {
  MotionEvent event = EventOf("n-042", kMorning);
  event.response.unattended = true;
  ASSERT_TRUE(Put(event).ok());
  const absl::Time when = kMorning + absl::Seconds(5);
  const absl::StatusOr<MotionEvent> marked = store_->MarkMotionEvent(event.id, when);
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_EQ(marked->marked, when);
  event.ended = true;  // recorded by who does not know of the mark
  ASSERT_TRUE(Put(event).ok());
  EXPECT_EQ(store_->GetMotionEvent(event.id)->marked, when);
  EXPECT_TRUE(store_->GetMotionEvent(event.id)->ended);
  // The mark can be taken back.
  EXPECT_EQ(store_->MarkMotionEvent(event.id, std::nullopt)->marked, std::nullopt);
  EXPECT_EQ(*store_->GetMotionEvent(event.id), event);
  EXPECT_EQ(store_->MarkMotionEvent("nobody-1", when).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SqliteStoreTest, LeavesMarkedEventsOutOfTheUnattendedAndCountsThemByCameraAndZone) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    MotionEvent event = EventOf(i < 3 ? "n-042" : "n-043", kMorning + absl::Minutes(i));
    event.zone_id = i == 0 ? "" : "door";
    event.response.unattended = true;
    ASSERT_TRUE(Put(event).ok());
    ids.push_back(event.id);
  }
  const auto list = [this](const MotionQuery& query) {
    std::vector<std::string> found;
    const absl::StatusOr<Page<MotionEvent>> page = store_->ListMotionEvents(query, {.size = 100});
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return found;
    for (const MotionEvent& event : page->rows) found.push_back(event.id);
    return found;
  };
  for (int i : {0, 1, 3}) {
    ASSERT_TRUE(store_->MarkMotionEvent(ids[static_cast<size_t>(i)], kMorning).ok());
  }
  EXPECT_THAT(list({.unattended_only = true}), ElementsAre(ids[2]));
  EXPECT_THAT(list({.marked_only = true}), ElementsAre(ids[3], ids[1], ids[0]));
  EXPECT_EQ(list({}).size(), 4u) << "they are kept";
  EXPECT_EQ(*store_->CountMarkedEvents(""),
            (MarkCounts{{"n-042", {{"", 1}, {"door", 1}}}, {"n-043", {{"door", 1}}}}));
  EXPECT_EQ(*store_->CountMarkedEvents("n-043"), (MarkCounts{{"n-043", {{"door", 1}}}}));
  EXPECT_EQ(*store_->CountMarkedEvents("n-044"), MarkCounts{});
}

TEST_F(SqliteStoreTest, KeepsUntilWhenACameraIsSnoozed) {
  Camera camera;
  camera.id = "n-042";
  camera.snoozed_until = kMorning + absl::Hours(1);
  ASSERT_TRUE(store_->CreateCamera(camera).ok());
  Reopen();
  EXPECT_EQ(*store_->GetCamera("n-042"), camera);
  camera.snoozed_until.reset();
  ASSERT_TRUE(store_->PutCamera(camera).ok());
  EXPECT_EQ(*store_->GetCamera("n-042"), camera);
}

TEST_F(SqliteStoreTest, CommitsWritesThatWaitTogether) {
  constexpr int kWrites = 500;
  const uint64_t before = store_->commits();
  std::promise<void> all;
  std::atomic<int> left = kWrites;
  std::vector<int> order;  // on the store's thread alone until `all` is set
  for (int i = 0; i < kWrites; ++i) {
    store_->AppendFixes({FixOf("u1", kMorning + absl::Seconds(i))},
                        [&, i](absl::StatusOr<AppendedFixes> appended) {
                          EXPECT_TRUE(appended.ok()) << appended.status();
                          order.push_back(i);
                          if (--left == 0) all.set_value();
                        });
  }
  all.get_future().wait();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_LT(store_->commits() - before, kWrites / 2u);
}

}  // namespace
}  // namespace patrol::store
