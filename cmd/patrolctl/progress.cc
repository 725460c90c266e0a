#include "cmd/patrolctl/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/time/clock.h"

namespace patrol::ctl {

Progress::Progress(std::string what, uint64_t total)
    : what_(std::move(what)), total_(total), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { Clear(); }

void Progress::Tell(uint64_t done) {
  if (!terminal_) return;
  const absl::Time now = absl::Now();
  if (now < next_) return;
  next_ = now + absl::Milliseconds(200);
  if (total_ > 0) {
    std::fprintf(stderr, "\r\033[K%llu of %llu %s", static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(total_), what_.c_str());
  } else {
    std::fprintf(stderr, "\r\033[K%llu %s", static_cast<unsigned long long>(done), what_.c_str());
  }
  std::fflush(stderr);
  shown_ = true;
}

void Progress::Clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace patrol::ctl
