#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/clock.h"
#include "lib/service/report/stored_window.h"
#include "lib/service/store/store.h"

namespace patrol::report {

// Takes orders for windows of the past, computes one after the other and keeps what came out until
// newer ones need the room. Nothing outlives a restart: a window is ordered again.
//
// Threads: every member may be called from any thread. Windows are computed on one thread, which
// gets only the CPU that cameras and coverage leave.
class WindowDesk {
 public:
  enum class State { kWaiting, kRunning, kDone, kFailed };

  // An order and how far it is.
  struct Ticket {
    std::string id;
    WindowOrder order;
    absl::Time created;
    State state = State::kWaiting;
    double progress = 0;                         // 0..1
    absl::Status failure;                        // of kFailed
    std::shared_ptr<const WindowReport> report;  // of kDone
  };

  // town: asked at each window's beginning. store and clock outlive this.
  WindowDesk(store::Store& store, std::function<Town()> town, const Clock& clock);
  ~WindowDesk();  // Stop()
  WindowDesk(const WindowDesk&) = delete;
  WindowDesk& operator=(const WindowDesk&) = delete;

  // Errors: CheckOrder's; RESOURCE_EXHAUSTED when limits::kWindowsWaitingMax wait already;
  // UNAVAILABLE once stopped.
  absl::StatusOr<Ticket> Order(const WindowOrder& order);

  // NOT_FOUND: never ordered, removed, or made room for newer ones.
  absl::StatusOr<Ticket> Get(const std::string& id) const;
  std::vector<Ticket> List() const;  // the newest first

  // Forgets a window; one that is being computed is stopped.
  absl::Status Remove(const std::string& id);

  // Stops what is being computed and ends the thread.
  void Stop();

 private:
  struct Job {
    Ticket ticket;
    std::stop_source stop;
  };

  void Run(const std::stop_token& stop);
  void Compute(const std::shared_ptr<Job>& job);
  void MakeRoom();  // with mutex_ held

  store::Store& store_;
  const std::function<Town()> town_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable_any ordered_;
  std::deque<std::shared_ptr<Job>> jobs_;  // in order of time; guarded by mutex_, tickets too
  uint64_t count_ = 0;                     // guarded by mutex_
  bool stopped_ = false;                   // guarded by mutex_
  std::jthread thread_;
};

}  // namespace patrol::report
