#pragma once

#include <time.h>

#include "absl/time/time.h"

namespace patrol {

// CPU time, user and system, that the calling thread has used.
inline absl::Duration ThreadCpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace patrol
