#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/bounded_queue.h"
#include "lib/service/store/sqlite_connection.h"
#include "lib/service/store/sqlite_store.h"

namespace patrol::store {

// The one thread that writes. Writes that wait while the disk flushes are committed together by the
// next flush (group commit).
//
// Threads: every member may be called from any thread.
class Writer {
 public:
  // Does one write inside a transaction; all of it or, by an error, nothing. May be run twice, when
  // the commit it was part of failed because of another write.
  using Work = std::function<absl::Status(Connection&)>;
  // Told once the write is durable, or why it is not.
  using Done = std::function<void(absl::Status)>;

  explicit Writer(std::unique_ptr<Connection> connection);
  ~Writer();  // Stop()
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Calls `done` exactly once: on the writing thread in the order of Submit, or, when too much is
  // waiting or the writer has stopped, at once on this one.
  // bytes: what the write holds in memory, for the limit.
  void Submit(size_t bytes, Work work, Done done);
  // The same; before `done` what the write removed is also gone from the write-ahead log.
  void SubmitErasure(Work work, Done done);

  // Submits and waits. Never call it from `done`.
  absl::Status Write(Work work);

  // Finishes what was submitted, and refuses the rest.
  void Stop();

  uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  WriterStats stats() const;

 private:
  struct Job {
    size_t bytes = 0;
    Work work;
    Done done;
    bool erases = false;
    absl::Status outcome;
  };
  void Enqueue(Job job);

  void Loop();
  void CommitAndTell(std::vector<Job>& jobs);
  // One transaction for jobs [first, first + count). Fills their outcomes; an error is the whole
  // transaction's, and then none of them is stored.
  absl::Status CommitTogether(std::vector<Job>& jobs, size_t first, size_t count);

  const std::unique_ptr<Connection> connection_;  // of thread_ once it runs
  BoundedQueue<Job> queue_;
  std::atomic<bool> stopped_{false};
  std::atomic<size_t> bytes_waiting_{0};
  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace patrol::store
