#include "lib/video/motion/new_light.h"

#include <algorithm>
#include <cstdlib>

namespace patrol::motion {

namespace {

constexpr int kBlock = 8;
// So long places are looked at that were not known when the light changed.
constexpr absl::Duration kLooksFor = absl::Seconds(10);
// What has been still for this long is learnt: longer than a walker's step, short enough that the
// picture is clean within two seconds of the change. A drop of rain takes its own time back, no
// more.
constexpr absl::Duration kStill = absl::Milliseconds(500);
// One picture alone does not show that a place is still, however long ago the last one was.
constexpr absl::Duration kStepMax = absl::Milliseconds(250);
// A block is still when no more than this share of its pixels differ from a moment ago by more than
// so many grey levels.
constexpr int kChanged = 12;
constexpr double kChangedShare = 0.07;

// The pixels of a block that lie in the plane.
struct Rect {
  int left, top, right, bottom;
};

Rect RectOf(size_t block, size_t across, const Plane& plane) {
  const int left = static_cast<int>(block % across) * kBlock;
  const int top = static_cast<int>(block / across) * kBlock;
  return {left, top, std::min(left + kBlock, plane.width()),
          std::min(top + kBlock, plane.height())};
}

template <typename Holds>
int Count(const Rect& rect, const Holds& holds) {
  int count = 0;
  for (int y = rect.top; y < rect.bottom; ++y) {
    for (int x = rect.left; x < rect.right; ++x) count += holds(x, y) ? 1 : 0;
  }
  return count;
}

bool HasForeground(const Rect& rect, const Plane& mask) {
  return Count(rect, [&mask](int x, int y) { return mask.row(y)[x] != 0; }) > 0;
}

}  // namespace

void NewLight::Begin(absl::Time time) {
  begun_ = true;
  marked_ = false;
  begun_at_ = last_time_ = time;
}

void NewLight::Mark(const Plane& mask) {
  across_ = static_cast<size_t>((mask.width() + kBlock - 1) / kBlock);
  const auto down = static_cast<size_t>((mask.height() + kBlock - 1) / kBlock);
  blocks_.assign(across_ * down, Block());
  for (size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].unknown = HasForeground(RectOf(i, across_, mask), mask);
  }
  marked_ = true;
}

void NewLight::Follow(const Plane& picture, const Moment& moment, absl::Time time,
                      SampleModel& model) {
  if (!begun_) return;
  if (time < begun_at_ || time - begun_at_ > kLooksFor) return Reset();
  const Plane& mask = model.mask();
  if (!marked_) return Mark(mask);
  const absl::Duration step = std::clamp(time - last_time_, absl::ZeroDuration(), kStepMax);
  last_time_ = time;
  const Plane& before = moment.plane();
  for (size_t i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    if (!block.unknown) continue;
    const Rect rect = RectOf(i, across_, mask);
    const int changed = Count(rect, [&](int x, int y) {
      return std::abs(picture.row(y)[x] - before.row(y)[x]) > kChanged;
    });
    const int pixels = (rect.right - rect.left) * (rect.bottom - rect.top);
    if (changed > kChangedShare * pixels) {
      block.still = std::max(absl::ZeroDuration(), block.still - step);
      continue;
    }
    block.still = std::min(kStill, block.still + step);
    if (block.still < kStill) continue;
    if (!HasForeground(rect, mask)) continue;
    model.SetBlock(rect.left, rect.top, rect.right, rect.bottom, picture);
  }
}

}  // namespace patrol::motion
