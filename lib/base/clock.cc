#include "lib/base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace patrol {

const SystemClock& SystemClock::Get() {
  static const SystemClock clock;
  return clock;
}

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Monotonic() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

ManualClock::ManualClock(absl::Time start) : start_(start) {}

absl::Time ManualClock::Now() const { return start_ + Monotonic(); }

absl::Duration ManualClock::Monotonic() const {
  return absl::Nanoseconds(elapsed_ns_.load(std::memory_order_acquire));
}

void ManualClock::Advance(absl::Duration by) {
  elapsed_ns_.fetch_add(absl::ToInt64Nanoseconds(by), std::memory_order_acq_rel);
}

}  // namespace patrol
