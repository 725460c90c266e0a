#pragma once

#include <sys/resource.h>
#include <time.h>

namespace patrol::ctl {

// CPU time of this thread: on a busy machine the clock on the wall tells of the others.
inline double CpuSeconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

// The same of all threads of this process.
inline double ProcessCpuSeconds() {
  rusage spent{};
  getrusage(RUSAGE_SELF, &spent);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(spent.ru_utime) + seconds(spent.ru_stime);
}

}  // namespace patrol::ctl
