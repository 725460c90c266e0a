#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace patrol {

// Where a room gets the time from; injected, so that tests and replays own it.
//
// Threads: every member may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // UTC wall time. May step when the machine's clock is set.
  virtual absl::Time Now() const = 0;

  // Time since an arbitrary instant; never steps back. For intervals and deadlines.
  virtual absl::Duration Monotonic() const = 0;
};

// The machine's clocks. One instance for the process: SystemClock::Get().
class SystemClock : public Clock {
 public:
  static const SystemClock& Get();
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
};

// A clock that stands still until it is moved.
class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time start);
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  void Advance(absl::Duration by);

 private:
  const absl::Time start_;
  std::atomic<int64_t> elapsed_ns_{0};
};

}  // namespace patrol
