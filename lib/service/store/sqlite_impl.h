#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lib/service/store/sqlite_connection.h"
#include "lib/service/store/sqlite_store.h"
#include "lib/service/store/writer.h"

namespace patrol::store {

// A few connections for reading, lent to one caller each.
//
// Threads: every member may be called from any thread.
class ReaderPool {
 public:
  explicit ReaderPool(std::vector<std::unique_ptr<Connection>> connections);

  // A connection for as long as it lives; waits for one to be free.
  class Lease {
   public:
    explicit Lease(ReaderPool& pool);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> free_;  // guarded by mutex_
};

// The lock that keeps a second process off the file; let go by the system when the process dies.
class FileLock {
 public:
  static absl::StatusOr<FileLock> Take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Removes what is kept of the hours of a camera's zones (sqlite_hours.cc).
absl::Status RemoveZoneHours(Connection& db, const std::string& camera_id);

class SqliteStore::Impl {
 public:
  Impl(FileLock lock, std::unique_ptr<Connection> writer,
       std::vector<std::unique_ptr<Connection>> readers, OpenReport open_report)
      : lock(std::move(lock)),
        open_report(open_report),
        writer(std::move(writer)),
        readers(std::move(readers)) {}
  ~Impl() { writer.Stop(); }

  const FileLock lock;
  const OpenReport open_report;
  // Its connection is closed last: only a writing one can put the log back into the file.
  Writer writer;
  ReaderPool readers;
};

}  // namespace patrol::store
