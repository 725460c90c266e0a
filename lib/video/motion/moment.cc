#include "lib/video/motion/moment.h"

#include <cmath>
#include <utility>

#include <opencv2/core.hpp>

namespace patrol::motion {

namespace {

// After a longer gap "a moment ago" means nothing.
constexpr absl::Duration kMomentMax = absl::Seconds(30);
// How fast the picture of a moment ago follows, and how often it is renewed.
constexpr absl::Duration kMoment = absl::Milliseconds(360);
constexpr absl::Duration kMomentStep = absl::Milliseconds(240);

cv::Mat MatOf(const Plane& plane) {
  return cv::Mat(plane.height(), plane.width(), CV_8UC1, const_cast<uint8_t*>(plane.row(0)),
                 static_cast<size_t>(plane.stride()));
}

}  // namespace

bool Moment::Stale(absl::Time time, absl::Duration elapsed) const {
  return time < time_ || elapsed > kMomentMax;
}

void Moment::Remember(const Plane& picture, absl::Time time, bool afresh) {
  const absl::Duration age = time - time_;
  if (!afresh && age < kMomentStep) return;
  cv::Mat moment = MatOf(recent_);
  const double weight = afresh ? 1.0 : 1.0 - std::exp(-absl::FDivDuration(age, kMoment));
  cv::addWeighted(MatOf(picture), weight, moment, 1.0 - weight, 0.0, moment);
  time_ = time;
}

PlaneView Moment::Change(const Plane& picture) const {
  static thread_local Plane change;
  if (change.width() != picture.width() || change.height() != picture.height()) {
    change = Plane(picture.width(), picture.height());
  }
  cv::Mat target = MatOf(change);
  cv::absdiff(MatOf(picture), MatOf(recent_), target);
  return std::as_const(change).view();
}

}  // namespace patrol::motion
