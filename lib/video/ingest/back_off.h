#pragma once

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace patrol::ingest {

// How a session ended, as far as the wait before the next one goes.
enum class Ending {
  kAfterStreaming,  // it had streamed well: the next begins nearly at once
  kFailed,          // unreachable, broke off early: wait, longer each time
  kRefused,         // wrong password, no such stream: a human must act; hurry would lock accounts
};

// How long to wait before connecting again: exponential from `min` to `max`, with jitter so that
// cameras that failed together do not come back together.
class BackOff {
 public:
  BackOff(absl::Duration min, absl::Duration max, uint64_t seed);

  // After streaming: up to `min`. Failed: half to all of min * 2^(failures so far), at most `max`.
  // Refused: three quarters to all of `max`.
  absl::Duration Next(Ending ending);
  void Reset() { failures_ = 0; }

 private:
  const absl::Duration min_;
  const absl::Duration max_;
  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace patrol::ingest
