#include "lib/service/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/store/migrations.h"
#include "lib/service/store/sqlite_impl.h"

namespace patrol::store {

namespace {

absl::Status SystemError(const std::string& path, const char* deed) {
  const int error = errno;
  const std::string message =
      absl::StrCat("database \"", path, "\": can't ", deed, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

// Makes the file where there is none, readable and writable by its owner only: it holds the
// cameras' passwords. SQLite gives its side files the same permissions.
absl::Status PrepareFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(path, "open or make it");
  struct stat about {};
  absl::Status outcome;
  if (::fstat(descriptor, &about) != 0) {
    outcome = SystemError(path, "look at it");
  } else if (!S_ISREG(about.st_mode)) {
    outcome =
        absl::FailedPreconditionError(absl::StrCat("database \"", path, "\": not a regular file"));
  }
  ::close(descriptor);
  return outcome;
}

// Keeps others from reading a file that is known to be ours, e.g. one that was copied back.
absl::Status Protect(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return SystemError(path, "look at it");
  if ((about.st_mode & 077) == 0 || ::chmod(path.c_str(), 0600) == 0) return absl::OkStatus();
  return SystemError(path, "keep others from reading it");
}

// WAL with a flush at every commit: what was acknowledged survives a loss of power.
absl::Status SetUpWriter(Connection& db, int64_t size_max) {
  PATROL_RETURN_IF_ERROR(db.Execute("PRAGMA journal_mode = WAL"));
  PATROL_RETURN_IF_ERROR(db.Execute("PRAGMA synchronous = FULL"));
  PATROL_RETURN_IF_ERROR(db.Execute("PRAGMA journal_size_limit = 67108864"));
  // What is deleted is overwritten: a still that must not be kept is not left in a free page.
  PATROL_RETURN_IF_ERROR(db.Execute("PRAGMA secure_delete = ON"));
  if (size_max > 0) {
    PATROL_ASSIGN_OR_RETURN(const int64_t page_size, db.QueryInteger("PRAGMA page_size"));
    const int64_t pages = std::max<int64_t>(1, size_max / page_size);
    PATROL_RETURN_IF_ERROR(db.Execute(absl::StrCat("PRAGMA max_page_count = ", pages)));
  }
  return absl::OkStatus();
}

// Looks through the whole file where that takes no longer than about a second.
absl::Status CheckDamage(Connection& db) {
  struct stat about {};
  if (::stat(db.path().c_str(), &about) != 0 || about.st_size > limits::kStoreCheckBytesMax) {
    return absl::OkStatus();
  }
  PATROL_ASSIGN_OR_RETURN(Statement check, db.Prepare("PRAGMA quick_check(1)"));
  PATROL_ASSIGN_OR_RETURN(const bool row, check.Step());
  const std::string answer = row ? check.Text(0) : "no answer";
  if (answer == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("database \"", db.path(), "\": file is damaged (", answer,
                                          "); restore it from a copy or give a new path"));
}

// Events that were going on when the service was killed get their end: the last time known.
absl::StatusOr<int64_t> CloseOpenEvents(Connection& db) {
  PATROL_RETURN_IF_ERROR(
      db.Execute("UPDATE motion_events SET ended = 1, cut_short = 1 WHERE ended = 0"));
  return db.changes();
}

}  // namespace

std::string MotionEventId(const std::string& camera_id, absl::Time begin) {
  return absl::StrCat(camera_id, "-", absl::ToUnixMicros(begin));
}

ReaderPool::ReaderPool(std::vector<std::unique_ptr<Connection>> connections)
    : free_(std::move(connections)) {}

ReaderPool::Lease::Lease(ReaderPool& pool) : pool_(pool) {
  std::unique_lock lock(pool_.mutex_);
  pool_.freed_.wait(lock, [this] { return !pool_.free_.empty(); });
  connection_ = std::move(pool_.free_.back());
  pool_.free_.pop_back();
}

ReaderPool::Lease::~Lease() {
  {
    std::lock_guard lock(pool_.mutex_);
    pool_.free_.push_back(std::move(connection_));
  }
  pool_.freed_.notify_one();
}

absl::StatusOr<FileLock> FileLock::Take(const std::string& path) {
  // A file of its own: closing any descriptor of the database would drop SQLite's own locks.
  const int descriptor = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(path, "make its lock file");
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return FileLock(descriptor);
  const bool held = errno == EWOULDBLOCK;
  const absl::Status fault = held ? absl::FailedPreconditionError(absl::StrCat(
                                        "database \"", path, "\": another process is using it"))
                                  : SystemError(path, "lock it");
  ::close(descriptor);
  return fault;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const SqliteOptions& options) {
  if (options.path.empty()) return absl::InvalidArgumentError("store.path: required");
  if (options.readers < 1 || options.readers > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat("store.readers: ", options.readers, ", must be 1..64"));
  }
  PATROL_ASSIGN_OR_RETURN(FileLock lock, FileLock::Take(options.path));
  PATROL_RETURN_IF_ERROR(PrepareFile(options.path));
  PATROL_ASSIGN_OR_RETURN(std::unique_ptr<Connection> writer,
                          Connection::Open(options.path, Connection::Kind::kWriter));
  // Before anything is changed in a file that may not be ours.
  OpenReport report;
  PATROL_ASSIGN_OR_RETURN(const int64_t pages, writer->QueryInteger("PRAGMA page_count"));
  if (pages > 0) PATROL_RETURN_IF_ERROR(CheckDamage(*writer));
  PATROL_ASSIGN_OR_RETURN(const SchemaVersions versions, Migrate(*writer));
  report.created = versions.found == 0;
  report.migrated_from = versions.found;
  report.schema_version = versions.now;
  PATROL_RETURN_IF_ERROR(Protect(options.path));
  PATROL_RETURN_IF_ERROR(SetUpWriter(*writer, options.size_max));
  PATROL_ASSIGN_OR_RETURN(report.events_cut_short, CloseOpenEvents(*writer));

  std::vector<std::unique_ptr<Connection>> readers;
  for (int i = 0; i < options.readers; ++i) {
    PATROL_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader,
                            Connection::Open(options.path, Connection::Kind::kReader));
    readers.push_back(std::move(reader));
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(
      std::make_unique<Impl>(std::move(lock), std::move(writer), std::move(readers), report)));
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteStore::~SqliteStore() = default;

const OpenReport& SqliteStore::open_report() const { return impl_->open_report; }

uint64_t SqliteStore::commits() const { return impl_->writer.commits(); }

WriterStats SqliteStore::writer_stats() const { return impl_->writer.stats(); }

}  // namespace patrol::store
