#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace patrol::ingest {

// How much activity there was before a keyframe, beside that before the last few keyframes of the
// same camera. What moves far away or in the dark raises activity too little to be told from noise
// by a few pictures; in the mean over a GOP it shows. That is no reason to decode in full, but one
// to look at this keyframe rather than at another (benchmarks/RESULTS.md, gated analysis).
//
// Threads: one call at a time. Memory: 0.1 KB.
class UnusualGop {
 public:
  // Of each unit: its activity's level. At a keyframe after OnKeyframe.
  void OnLevel(double level) { mean_ += kFollow * (static_cast<float>(level) - mean_); }

  // At each keyframe.
  // Returns: the share of the last keyframes before which there was less, 0..1; nullopt while they
  //   are too few, or where there never is a difference (activity that tells nothing).
  std::optional<double> OnKeyframe() {
    const auto end = before_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto calmer = std::count_if(before_.begin(), end, [&](float m) { return m < mean_; });
    const bool differ = std::any_of(before_.begin(), end, [&](float m) { return m != before_[0]; });
    std::optional<double> share;
    if (count_ >= kKeyframes / 2 && differ) {
      share = static_cast<double>(calmer) / static_cast<double>(count_);
    }
    before_[next_] = mean_;
    next_ = (next_ + 1) % kKeyframes;
    count_ = std::min(count_ + 1, kKeyframes);
    return share;
  }

 private:
  static constexpr size_t kKeyframes = 24;
  static constexpr float kFollow = 1.0F / 20;  // a mean of the last second or so

  float mean_ = 0;
  std::array<float, kKeyframes> before_{};
  size_t count_ = 0;
  size_t next_ = 0;
};

}  // namespace patrol::ingest
