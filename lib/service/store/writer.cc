#include "lib/service/store/writer.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"

namespace patrol::store {

Writer::Writer(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)),
      queue_(limits::kStoreWritesWaitingMax, Overflow::kRefuseNewest),
      thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), "store-writer");
}

Writer::~Writer() { Stop(); }

void Writer::Submit(size_t bytes, Work work, Done done) {
  Enqueue({.bytes = bytes, .work = std::move(work), .done = std::move(done)});
}

void Writer::SubmitErasure(Work work, Done done) {
  Enqueue({.work = std::move(work), .done = std::move(done), .erases = true});
}

void Writer::Enqueue(Job job) {
  const size_t bytes = job.bytes;
  Done done = std::move(job.done);
  // A single write may be larger than the limit: it then has the queue to itself.
  if (bytes_waiting_.fetch_add(bytes) + bytes > limits::kStoreBytesWaitingMax &&
      queue_.size() > 0) {
    bytes_waiting_.fetch_sub(bytes);
    ++refused_;
    done(absl::ResourceExhaustedError(
        absl::StrCat("store: over ", limits::kStoreBytesWaitingMax,
                     " bytes of writes are waiting for the disk; try again later")));
    return;
  }
  // Kept by both, for the queue takes what it refuses, too.
  auto shared_done = std::make_shared<Done>(std::move(done));
  job.done = [shared_done](absl::Status status) { (*shared_done)(status); };
  if (!queue_.Push(std::move(job))) {
    bytes_waiting_.fetch_sub(bytes);
    ++refused_;
    (*shared_done)(stopped_ ? absl::UnavailableError("store: it is shut down")
                            : absl::ResourceExhaustedError(absl::StrCat(
                                  "store: ", limits::kStoreWritesWaitingMax,
                                  " writes are waiting for the disk; try again later")));
  }
}

absl::Status Writer::Write(Work work) {
  std::promise<absl::Status> promise;
  Submit(0, std::move(work), [&promise](absl::Status status) { promise.set_value(status); });
  return promise.get_future().get();
}

WriterStats Writer::stats() const {
  return {queue_.size(), bytes_waiting_.load(std::memory_order_relaxed),
          refused_.load(std::memory_order_relaxed), commits()};
}

void Writer::Stop() {
  stopped_ = true;
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void Writer::Loop() {
  while (std::optional<Job> job = queue_.Pop()) {
    std::vector<Job> jobs;
    while (job.has_value()) {
      jobs.push_back(*std::move(job));
      if (jobs.size() >= limits::kStoreWritesPerCommitMax) break;
      job = queue_.TryPop();
    }
    CommitAndTell(jobs);
  }
}

void Writer::CommitAndTell(std::vector<Job>& jobs) {
  absl::Status outcome = CommitTogether(jobs, 0, jobs.size());
  if (!outcome.ok() && jobs.size() > 1) {
    // One large write must not take the small ones down with it: on a full disk these may still
    // fit.
    for (size_t i = 0; i < jobs.size(); ++i) {
      absl::Status alone = CommitTogether(jobs, i, 1);
      if (!alone.ok()) jobs[i].outcome = alone;
    }
  } else if (!outcome.ok()) {
    jobs[0].outcome = outcome;
  }
  const bool erases = std::any_of(jobs.begin(), jobs.end(),
                                  [](const Job& job) { return job.erases && job.outcome.ok(); });
  if (erases) {
    // The log still holds the pages as they were.
    const absl::StatusOr<int64_t> busy =
        connection_->QueryInteger("PRAGMA wal_checkpoint(TRUNCATE)");
    const absl::Status emptied =
        !busy.ok() ? busy.status()
        : *busy != 0
            ? absl::UnavailableError("store: a reader kept what was erased in the write-ahead log")
            : absl::OkStatus();
    for (Job& job : jobs) {
      if (job.erases && job.outcome.ok()) job.outcome = emptied;
    }
  }
  for (Job& job : jobs) {
    bytes_waiting_.fetch_sub(job.bytes);
    job.done(job.outcome);
  }
}

absl::Status Writer::CommitTogether(std::vector<Job>& jobs, size_t first, size_t count) {
  Connection& db = *connection_;
  absl::Status fault = db.Execute("BEGIN IMMEDIATE");
  for (size_t i = first; fault.ok() && i < first + count; ++i) {
    Job& job = jobs[i];
    fault = db.Execute("SAVEPOINT job");
    if (!fault.ok()) break;
    job.outcome = job.work(db);
    if (!db.in_transaction()) {
      // SQLite has rolled everything back (disk full, input/output error).
      return job.outcome.ok() ? absl::InternalError("store: a write ended its transaction")
                              : job.outcome;
    }
    if (!job.outcome.ok()) fault = db.Execute("ROLLBACK TO job");
    if (fault.ok()) fault = db.Execute("RELEASE job");
  }
  if (fault.ok()) fault = db.Execute("COMMIT");
  if (!fault.ok()) {
    // Fails only when there is no transaction any more, which is what is wanted.
    if (db.in_transaction()) db.Execute("ROLLBACK").IgnoreError();
    return fault;
  }
  commits_.fetch_add(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

}  // namespace patrol::store
