#include "lib/video/ingest/back_off.h"

#include <algorithm>

namespace patrol::ingest {

BackOff::BackOff(absl::Duration min, absl::Duration max, uint64_t seed)
    : min_(min), max_(std::max(min, max)), random_(static_cast<uint32_t>(seed ^ seed >> 32)) {}

absl::Duration BackOff::Next(Ending ending) {
  const auto between = [this](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  };
  switch (ending) {
    case Ending::kAfterStreaming:
      failures_ = 0;
      return min_ * between(0, 1);
    case Ending::kRefused:
      return max_ * between(0.75, 1);
    case Ending::kFailed:
      break;
  }
  absl::Duration wait = min_;
  for (int i = 0; i < failures_ && wait < max_; ++i) wait *= 2;
  ++failures_;
  return std::min(wait, max_) * between(0.5, 1);
}

}  // namespace patrol::ingest
