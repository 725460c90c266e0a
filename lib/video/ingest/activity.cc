#include "lib/video/ingest/activity.h"

#include <algorithm>
#include <cmath>

namespace patrol::ingest {
namespace {

// Learnt before anything is said.
constexpr int kLearnOther = 60;
constexpr int kLearnKeyframes = 8;
// A baseline follows the day over some 500 units (half a minute), keyframes over some 50.
constexpr double kFollow = 0.002;
constexpr double kFollowKeyframes = 0.02;
// While something goes on it follows so much slower, so that what goes on long becomes usual.
constexpr double kFollowActive = 0.1;
// Single pictures differ: the mean of the last three or so.
constexpr double kRecent = 0.4;
// Bytes of one still picture and the next differ by at least 5 %.
constexpr double kSpreadLeast = 0.07;
constexpr double kBeginLevel = 4;
constexpr double kKeepLevel = 2;
constexpr int kCalmUnits = 15;

}  // namespace

ActivityReading Activity::OnUnit(const media::AccessUnit& unit) {
  const size_t kind = unit.keyframe ? 1 : 0;
  Baseline& baseline = baselines_[kind];
  const double size = std::log2(static_cast<double>(unit.data.size()) + 1);
  const int learn = unit.keyframe ? kLearnKeyframes : kLearnOther;
  ++baseline.units;
  baseline.recent = unit.keyframe || baseline.units == 1
                        ? size
                        : baseline.recent + kRecent * (size - baseline.recent);
  const double spread = std::max(std::sqrt(baseline.variance), kSpreadLeast);
  const bool learnt = baseline.units > learn;
  if (learnt) level_ = std::max(0.0, (baseline.recent - baseline.mean) / spread);
  double follow = unit.keyframe ? kFollowKeyframes : kFollow;
  if (active_) follow *= kFollowActive;
  follow = std::max(follow, learnt ? 0.0 : 1.0 / baseline.units);
  const double off = size - baseline.mean;
  baseline.mean += follow * off;
  // The first units tell where it is, not how far it spreads.
  baseline.variance =
      baseline.units == 1 ? 0 : (1 - follow) * (baseline.variance + follow * off * off);

  ActivityReading reading{.level = level_, .cause = unit.keyframe ? "keyframe size" : "size"};
  if (!active_ && level_ >= kBeginLevel) {
    active_ = reading.onset = true;
    calm_ = 0;
  } else if (active_) {
    calm_ = level_ < kKeepLevel ? calm_ + 1 : 0;
    if (calm_ >= kCalmUnits) active_ = false;
  }
  reading.active = active_;
  return reading;
}

}  // namespace patrol::ingest
