#include "lib/video/motion/view_watch.h"

#include <cmath>
#include <utility>

namespace patrol::motion {

namespace {

// It is another view, to be learnt anew, when it stays so for this long and so many pictures.
constexpr absl::Duration kNewViewAfter = absl::Seconds(1);
constexpr int kNewViewPictures = 3;
// Two pictures of a camera at rest differ by less than this, grey levels, mean over every eighth
// pixel; one that turns differs by more wherever there is something to see.
constexpr double kSteady = 4.0;
constexpr int kGlanceStep = 8;

}  // namespace

void ViewWatch::Reset() {
  glance_.clear();
  changed_since_.reset();
  changed_pictures_ = 0;
}

// True when the camera seems to be at rest: compares with the last picture seen by this.
bool ViewWatch::Steady(const Plane& picture) {
  std::vector<uint8_t> now;
  for (int y = kGlanceStep / 2; y < picture.height(); y += kGlanceStep) {
    for (int x = kGlanceStep / 2; x < picture.width(); x += kGlanceStep) {
      now.push_back(picture.row(y)[x]);
    }
  }
  const bool known = glance_.size() == now.size() && !now.empty();
  double sum = 0;
  for (size_t i = 0; known && i < now.size(); ++i) sum += std::abs(now[i] - glance_[i]);
  glance_ = std::move(now);
  return known && sum < kSteady * static_cast<double>(glance_.size());
}

bool ViewWatch::Lost(const Plane& picture, absl::Time time, absl::Duration elapsed) {
  if (!changed_since_) {
    changed_since_ = time;
    steady_pictures_ = 0;
  }
  const bool steady = Steady(picture);
  steady_pictures_ = steady ? steady_pictures_ + 1 : 0;
  return steady_pictures_ == 1 || (!steady && elapsed >= kNewViewAfter);
}

bool ViewWatch::Settled(absl::Time time) const {
  return changed_since_ && time - *changed_since_ >= kNewViewAfter &&
         steady_pictures_ >= kNewViewPictures;
}

bool ViewWatch::Replaced(absl::Time time, double share) {
  if (share <= kLightStepShare) {
    changed_since_.reset();
    changed_pictures_ = 0;
    return false;
  }
  if (!changed_since_) changed_since_ = time;
  ++changed_pictures_;
  return time - *changed_since_ >= kNewViewAfter && changed_pictures_ >= kNewViewPictures;
}

}  // namespace patrol::motion
