// Goal: nothing acknowledged is lost, nothing unfinished is kept, and every way a database file can
// be unusable is told in words. Method: a child process that writes and is killed without warning;
// size limits for a full disk; files that are damaged on purpose.

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lib/service/store/sqlite_store.h"
#include "tests/support/temporary_folder.h"

namespace patrol::store {
namespace {

using ::patrol::test::TemporaryFolder;

using ::testing::HasSubstr;
using ::testing::SizeIs;

const absl::Time kMorning = absl::FromUnixSeconds(1772400000);

std::string Message(const absl::Status& status) { return std::string(status.message()); }

Fix FixAt(int second) {
  Fix fix;
  fix.unit_id = "u1";
  fix.time = kMorning + absl::Seconds(second);
  fix.position = {120.7, 31.6};
  return fix;
}

MotionEvent EventAt(int second) {
  MotionEvent event;
  event.camera_id = "n-042";
  event.begin = kMorning + absl::Seconds(second);
  event.last = event.begin + absl::Milliseconds(1500);
  event.id = MotionEventId(event.camera_id, event.begin);
  return event;
}

absl::Status Append(Store& store, std::vector<Fix> fixes) {
  std::promise<absl::Status> promise;
  store.AppendFixes(std::move(fixes), [&promise](absl::StatusOr<AppendedFixes> appended) {
    promise.set_value(appended.status());
  });
  return promise.get_future().get();
}

absl::Status Put(Store& store, const MotionEvent& event, size_t still_bytes) {
  std::promise<absl::Status> promise;
  store.PutMotionEvent(event, std::make_shared<const std::string>(still_bytes, 'x'),
                       [&promise](absl::Status status) { promise.set_value(status); });
  return promise.get_future().get();
}

std::unique_ptr<SqliteStore> OpenOrFail(const SqliteOptions& options) {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(options);
  if (!store.ok()) {
    ADD_FAILURE() << store.status();
    return nullptr;
  }
  return *std::move(store);
}

// Writes fixes and events until it is killed; tells each acknowledged second through `pipe`.
[[noreturn]] void WriteUntilKilled(const std::string& path, int pipe) {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open({.path = path});
  if (!store.ok()) ::_exit(1);
  for (int second = 0;; ++second) {
    (*store)->AppendFixes({FixAt(second)}, [second, pipe](absl::StatusOr<AppendedFixes> appended) {
      if (!appended.ok() || ::write(pipe, &second, sizeof(second)) != sizeof(second)) ::_exit(1);
    });
    // Every tenth is waited for, so that the queue never fills; the rest share commits.
    if (second % 10 == 0 && !Put(**store, EventAt(second), 1000).ok()) ::_exit(1);
  }
}

TEST(Durability, KeepsEverythingAcknowledgedWhenTheProcessIsKilled) {
  for (int acknowledged_wanted : {1, 37, 400}) {
    TemporaryFolder folder;
    const std::string path = folder.File("patrol.db");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) WriteUntilKilled(path, ends[1]);
    ::close(ends[1]);
    std::set<int> acknowledged;
    int second = 0;
    bool killed = false;
    while (::read(ends[0], &second, sizeof(second)) == sizeof(second)) {
      acknowledged.insert(second);
      if (!killed && static_cast<int>(acknowledged.size()) >= acknowledged_wanted) {
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        killed = true;
      }
    }
    ::close(ends[0]);
    int how = 0;
    ASSERT_EQ(::waitpid(child, &how, 0), child);
    ASSERT_TRUE(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL) << how;

    std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
    ASSERT_NE(store, nullptr);
    std::set<int> found;
    std::string token;
    do {
      absl::StatusOr<Page<Fix>> page =
          store->ListFixes({.unit_id = "u1"}, {.size = 1000, .token = token});
      ASSERT_TRUE(page.ok()) << page.status();
      for (const Fix& fix : page->rows) {
        found.insert(static_cast<int>(absl::ToInt64Seconds(fix.time - kMorning)));
      }
      token = page->next_page_token;
    } while (!token.empty());
    EXPECT_TRUE(std::includes(found.begin(), found.end(), acknowledged.begin(), acknowledged.end()))
        << acknowledged.size() << " acknowledged, " << found.size() << " found";
    // What was going on when the process died has ended, at the last time known.
    const int events = acknowledged.empty() ? 0 : (*acknowledged.rbegin() + 9) / 10;
    EXPECT_GE(store->open_report().events_cut_short, events);
    const absl::StatusOr<MotionEvent> first = store->GetMotionEvent(EventAt(0).id);
    if (events > 0) {
      ASSERT_TRUE(first.ok()) << first.status();
      EXPECT_TRUE(first->ended);
      EXPECT_TRUE(first->cut_short);
      EXPECT_EQ(first->last, EventAt(0).last);
    }
  }
}

TEST(Durability, LeavesEventsThatEndedAsTheyAre) {
  TemporaryFolder folder;
  const SqliteOptions options{.path = folder.File("patrol.db")};
  MotionEvent ended = EventAt(1);
  ended.ended = true;
  {
    std::unique_ptr<SqliteStore> store = OpenOrFail(options);
    ASSERT_NE(store, nullptr);
    ASSERT_TRUE(Put(*store, ended, 10).ok());
  }
  std::unique_ptr<SqliteStore> store = OpenOrFail(options);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->open_report().events_cut_short, 0);
  EXPECT_FALSE(store->GetMotionEvent(ended.id)->cut_short);
}

TEST(Durability, LeavesOneWholeFileWhenItIsClosed) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(Append(*store, {FixAt(0)}).ok());
  ASSERT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 10})->rows, SizeIs(1));
  EXPECT_TRUE(std::filesystem::exists(path + "-wal"));
  store.reset();
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST(FullDisk, IsToldWithTheFileAndPassesWhenThereIsRoomAgain) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path, .size_max = 512 * 1024});
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->PutAreas({{.id = "big", .geometry_json = std::string(200 * 1024, ' ')}}).ok());
  int stored = 0;
  absl::Status full;
  while (full.ok() && stored < 1000) {
    full = Put(*store, EventAt(stored), 20 * 1024);
    if (full.ok()) ++stored;
  }
  ASSERT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  EXPECT_THAT(Message(full), HasSubstr(path));
  EXPECT_THAT(Message(full), HasSubstr("no room"));
  // It lives on: what was acknowledged is there, the refused event is not, in no part of it.
  EXPECT_THAT(store->ListMotionEvents({}, {.size = 1000})->rows, SizeIs(stored));
  EXPECT_EQ(store->GetMotionEvent(EventAt(stored).id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->GetMotionStill(EventAt(stored).id).status().code(), absl::StatusCode::kNotFound);
  // Room again: it recovers by itself.
  ASSERT_TRUE(store->DeleteArea("big").ok());
  EXPECT_TRUE(Put(*store, EventAt(stored), 20 * 1024).ok());
  EXPECT_TRUE(Append(*store, {FixAt(0)}).ok());
}

// The system refuses to let files grow; back to what it was when the scope ends.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

TEST(FullDisk, OfTheSystemIsToldAndPassesToo) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(Append(*store, {FixAt(0)}).ok());
  int stored = 0;
  absl::Status full;
  {
    FileSizeLimit limit(1024 * 1024);
    while (full.ok() && stored < 1000) {
      full = Put(*store, EventAt(stored), 50 * 1024);
      if (full.ok()) ++stored;
    }
  }
  ASSERT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  EXPECT_THAT(Message(full), HasSubstr(path));
  EXPECT_GT(stored, 0);
  EXPECT_TRUE(Append(*store, {FixAt(1)}).ok());
  EXPECT_TRUE(Put(*store, EventAt(stored), 50 * 1024).ok());
  store.reset();
  store = OpenOrFail({.path = path});
  ASSERT_NE(store, nullptr);
  EXPECT_THAT(store->ListMotionEvents({}, {.size = 1000})->rows, SizeIs(stored + 1));
  EXPECT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 10})->rows, SizeIs(2));
}

TEST(OpenStore, RefusesAFileThatIsNoDatabase) {
  TemporaryFolder folder;
  const std::string path = folder.File("notes.txt");
  std::ofstream(path) << std::string(5000, 'n');
  const absl::Status opened = SqliteStore::Open({.path = path}).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(opened), HasSubstr("not an SQLite database"));
  EXPECT_THAT(Message(opened), HasSubstr(path));
  EXPECT_EQ(std::filesystem::file_size(path), 5000u);
}

TEST(OpenStore, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  TemporaryFolder folder;
  const std::string path = folder.File("other.db");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE theirs (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const auto permissions = std::filesystem::status(path).permissions();
  const absl::Status opened = SqliteStore::Open({.path = path}).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(opened), HasSubstr("another program's"));
  EXPECT_EQ(std::filesystem::status(path).permissions(), permissions);
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "INSERT INTO theirs VALUES (1)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
}

// A database as the first released schema left it, as far as its cameras go.
constexpr const char* kFirstVersion = R"sql(
PRAGMA application_id = 0x50435243;
CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_us INTEGER NOT NULL)
  STRICT;
INSERT INTO schema_versions VALUES (1, 0);
CREATE TABLE cameras (
  id TEXT NOT NULL PRIMARY KEY, display_name TEXT NOT NULL, lon REAL, lat REAL,
  heading_deg REAL NOT NULL, field_of_view_deg REAL NOT NULL, source_uri TEXT NOT NULL,
  username TEXT NOT NULL, password TEXT NOT NULL, disabled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE motion_events (
  id TEXT NOT NULL PRIMARY KEY, camera_id TEXT NOT NULL, begin_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL, ended INTEGER NOT NULL, cut_short INTEGER NOT NULL,
  zone_left REAL NOT NULL, zone_top REAL NOT NULL, zone_right REAL NOT NULL,
  zone_bottom REAL NOT NULL, strength REAL NOT NULL, area_id TEXT NOT NULL,
  nearest_unit_id TEXT NOT NULL, arrival_us INTEGER, unattended INTEGER NOT NULL,
  reason TEXT NOT NULL, has_still INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO cameras VALUES
  ('old', 'from before', NULL, NULL, 90.0, 0.0, 'rtsp://127.0.0.1/1', '', '', 0);
INSERT INTO motion_events VALUES
  ('old-1', 'old', 1000, 2000, 1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, '', '', NULL, 1, 'no unit', 0);
)sql";

// What the second and third versions added, with the index that the fourth replaces.
constexpr const char* kSecondStep = R"sql(
ALTER TABLE cameras ADD COLUMN transport TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE cameras ADD COLUMN tls_ca_file TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN tls_verify INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cameras ADD COLUMN connects_per_host INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cameras ADD COLUMN privacy_mask TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN view_moved INTEGER NOT NULL DEFAULT 0;
INSERT INTO schema_versions VALUES (2, 0);
)sql";
constexpr const char* kThirdStep = R"sql(
ALTER TABLE cameras ADD COLUMN zones_json TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN zone_id TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN direction TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN ending TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN seen TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN confidence REAL NOT NULL DEFAULT 0;
ALTER TABLE motion_events ADD COLUMN onset_source TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN onset_uncertainty_us INTEGER NOT NULL DEFAULT 0;
CREATE INDEX motion_events_unattended ON motion_events (begin_us, id) WHERE unattended = 1;
INSERT INTO schema_versions VALUES (3, 0);
UPDATE cameras SET zones_json = '{"zones": []}';
UPDATE motion_events SET zone_id = 'gate';
)sql";

TEST(OpenStore, RefusesASchemaOfANewerProgram) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  ASSERT_NE(OpenOrFail({.path = path}), nullptr);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(db, "INSERT INTO schema_versions VALUES (99, 0)", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(db);
  const absl::Status opened = SqliteStore::Open({.path = path}).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(opened), HasSubstr("version 99"));
}

TEST(OpenStore, BringsADatabaseOfTheFirstVersionUpAndKeepsItsCameras) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, kFirstVersion, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
  const std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->open_report().migrated_from, 1);
  EXPECT_GT(store->open_report().schema_version, 1);
  const absl::StatusOr<Camera> camera = store->GetCamera("old");
  ASSERT_TRUE(camera.ok()) << camera.status();
  Camera expected;
  expected.id = "old";
  expected.display_name = "from before";
  expected.heading_deg = 90;
  expected.source_uri = "rtsp://127.0.0.1/1";
  EXPECT_EQ(*camera, expected);
  const absl::StatusOr<MotionEvent> event = store->GetMotionEvent("old-1");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->begin, absl::FromUnixMicros(1000));
  EXPECT_EQ(event->zone.right, 0.3);
  EXPECT_EQ(event->response.reason, "no unit");
  EXPECT_EQ(event->zone_id, "");
  EXPECT_EQ(event->marked, std::nullopt);
  // What came with later versions works on what is older.
  EXPECT_TRUE(store->MarkMotionEvent("old-1", absl::FromUnixMicros(5)).ok());
  EXPECT_EQ(store->GetMotionEvent("old-1")->marked, absl::FromUnixMicros(5));
}

TEST(OpenStore, BringsADatabaseOfTheThirdVersionUpAndKeepsItsEventsAndCameras) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  const std::string third = absl::StrCat(kFirstVersion, kSecondStep, kThirdStep);
  ASSERT_EQ(sqlite3_exec(db, third.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
  const std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->open_report().migrated_from, 3);
  const absl::StatusOr<Camera> camera = store->GetCamera("old");
  ASSERT_TRUE(camera.ok()) << camera.status();
  EXPECT_EQ(camera->zones_json, "{\"zones\": []}");
  EXPECT_EQ(camera->snoozed_until, std::nullopt);
  const absl::StatusOr<MotionEvent> event = store->GetMotionEvent("old-1");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->zone_id, "gate");
  EXPECT_EQ(event->marked, std::nullopt);
  EXPECT_EQ(store->CountMarkedEvents("")->size(), 0u);
}

TEST(OpenStore, TellsADamagedFile) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  {
    std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
    ASSERT_NE(store, nullptr);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(Put(*store, EventAt(i), 10'000).ok());
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 3);
  file << std::string(4096 * 8, '\xa5');
  file.close();
  const absl::Status opened = SqliteStore::Open({.path = path}).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kDataLoss) << opened;
  EXPECT_THAT(Message(opened), HasSubstr("damaged"));
  EXPECT_THAT(Message(opened), HasSubstr(path));
}

TEST(OpenStore, TellsATruncatedFile) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  {
    std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
    ASSERT_NE(store, nullptr);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(Put(*store, EventAt(i), 10'000).ok());
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const absl::Status opened = SqliteStore::Open({.path = path}).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kDataLoss) << opened;
}

TEST(OpenStore, RefusesAFileThatIsInUse) {
  TemporaryFolder folder;
  const std::string path = folder.File("patrol.db");
  std::unique_ptr<SqliteStore> store = OpenOrFail({.path = path});
  ASSERT_NE(store, nullptr);
  const absl::Status second = SqliteStore::Open({.path = path}).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second), HasSubstr("another process is using it"));
}

TEST(OpenStore, TellsAFolderThatIsNotThere) {
  TemporaryFolder folder;
  const absl::Status opened = SqliteStore::Open({.path = folder.File("no/patrol.db")}).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(opened), HasSubstr("no/patrol.db"));
  EXPECT_EQ(SqliteStore::Open({}).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status directory = SqliteStore::Open({.path = folder.File(".")}).status();
  EXPECT_FALSE(directory.ok());
}

}  // namespace
}  // namespace patrol::store
