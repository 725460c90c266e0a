#include "lib/video/motion/known_views.h"

#include <cmath>
#include <utility>

#include "lib/video/motion/grey_jpeg.h"
#include "lib/video/motion/light.h"
#include "lib/video/motion/registration.h"

namespace patrol::motion {

namespace {

// Errors of two or three grey levels: far below what counts as a difference.
constexpr int kJpegQuality = 85;
constexpr int kFlickerStep = 4;
// Share of a view's structure that a picture of it must show.
constexpr double kFoundMin = 0.6;
// A view in a light further off than this (a factor) is no better than one to be learnt.
constexpr double kLightMax = 1.5;

}  // namespace

size_t KnownViews::Find(const Plane& picture, Plane& background) const {
  size_t best = kept_.size();
  double best_found = kFoundMin;
  Plane candidate(picture.width(), picture.height());
  for (size_t i = 0; i < kept_.size(); ++i) {
    if (!DecodeGreyJpeg(kept_[i].jpeg, candidate)) continue;
    LightGain light;
    const double gain = light.Estimate(picture, candidate);
    if (gain > kLightMax || gain < 1 / kLightMax) continue;
    Registration registration;
    registration.SetReference(candidate, nullptr);
    if (!registration.ready()) continue;
    const double found = registration.Find(picture, gain).found;
    if (found < best_found) continue;
    best = i;
    best_found = found;
    std::swap(background, candidate);
    if (candidate.width() == 0) candidate = Plane(picture.width(), picture.height());
  }
  return best;
}

void KnownViews::Keep(const Plane& background, const Plane& flicker) {
  Plane same;
  const size_t index = Find(background, same);
  if (index < kept_.size()) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(index));
  if (kept_.size() >= kViewsMax) kept_.erase(kept_.begin());
  Kept kept;
  kept.jpeg = EncodeGreyJpeg(background.view(), kJpegQuality);
  if (kept.jpeg.empty()) return;
  kept.flicker = Plane((flicker.width() + kFlickerStep - 1) / kFlickerStep,
                       (flicker.height() + kFlickerStep - 1) / kFlickerStep);
  for (int y = 0; y < kept.flicker.height(); ++y) {
    for (int x = 0; x < kept.flicker.width(); ++x) {
      kept.flicker.row(y)[x] = flicker.row(y * kFlickerStep)[x * kFlickerStep];
    }
  }
  kept_.push_back(std::move(kept));
}

bool KnownViews::Take(const Plane& picture, View& view) {
  const size_t index = Find(picture, view.background);
  if (index >= kept_.size()) return false;
  const Plane& flicker = kept_[index].flicker;
  view.flicker = Plane(picture.width(), picture.height());
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      view.flicker.row(y)[x] = flicker.row(y / kFlickerStep)[x / kFlickerStep];
    }
  }
  kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(index));
  return true;
}

size_t KnownViews::memory_bytes() const {
  size_t bytes = 0;
  for (const Kept& kept : kept_) bytes += kept.jpeg.capacity() + kept.flicker.size_bytes();
  return bytes;
}

}  // namespace patrol::motion
