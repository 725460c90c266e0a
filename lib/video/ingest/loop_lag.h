#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace patrol::ingest {

// How late a loop runs its timers: the last 600 of them, a minute at ten a second.
//
// Threads: one call at a time.
class LoopLag {
 public:
  void Add(absl::Duration late) {
    lags_[next_ % lags_.size()] = std::max(late, absl::ZeroDuration());
    ++next_;
  }

  // The lag that 99 of 100 stay below; zero before the first.
  absl::Duration P99() const {
    std::vector<absl::Duration> sorted(lags_.begin(),
                                       lags_.begin() + std::min(next_, lags_.size()));
    if (sorted.empty()) return absl::ZeroDuration();
    const size_t rank = sorted.size() * 99 / 100;
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    return sorted[rank];
  }

 private:
  std::array<absl::Duration, 600> lags_;
  size_t next_ = 0;
};

}  // namespace patrol::ingest
