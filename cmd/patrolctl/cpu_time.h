#pragma once

#include <time.h>

namespace patrol::ctl {

// CPU time of this thread: on a busy machine the clock on the wall tells of the others.
inline double CpuSeconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

}  // namespace patrol::ctl
