#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "lib/video/motion/detector.h"
#include "lib/video/motion/motion_event.h"

namespace patrol::motion {

// The connected regions of a picture's foreground that differ from a moment ago, taken together:
// what a detection says of movement before regions are followed from picture to picture. Shares are
// of the picture, 0..1; all zero where nothing is judged.
struct MovingRegions {
  double share = 0;
  double largest_share = 0;
  Box box;  // around all of them, where the picture has them
};

// To be called before the detector's next picture.
inline MovingRegions FindMovingRegions(const Detection& detection) {
  constexpr int kChanged = 12;            // grey levels
  constexpr double kChangedShare = 0.06;  // of a region
  constexpr int kRegionPixelsMin = 6;     // at half the size
  MovingRegions regions;
  const PlaneView& mask = detection.aligned_mask;
  if (detection.learning || detection.light_step || mask.data == nullptr) return regions;
  const int width = (mask.width + 1) / 2, height = (mask.height + 1) / 2;
  const auto at = [](const PlaneView& plane, int x, int y) {
    return plane.data[static_cast<std::ptrdiff_t>(2 * y) * plane.stride + 2 * x];
  };
  std::vector<bool> taken(static_cast<size_t>(width) * static_cast<size_t>(height));
  const double pixels = static_cast<double>(width) * height;
  int left = width, right = -1, top = height, bottom = -1;
  for (int start = 0; start < width * height; ++start) {
    std::vector<std::pair<int, int>> region;
    const auto take = [&](int x, int y) {
      if (x < 0 || y < 0 || x >= width || y >= height || at(mask, x, y) == 0) return;
      const auto index = static_cast<size_t>(y * width + x);
      if (taken[index]) return;
      taken[index] = true;
      region.emplace_back(x, y);
    };
    take(start % width, start / width);
    int changed = 0;
    for (size_t i = 0; i < region.size(); ++i) {
      const auto [x, y] = region[i];
      changed += at(detection.change, x, y) > kChanged ? 1 : 0;
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) take(x + dx, y + dy);
      }
    }
    const auto area = static_cast<int>(region.size());
    if (area < kRegionPixelsMin || changed < kChangedShare * area) continue;
    regions.share += area / pixels;
    regions.largest_share = std::max(regions.largest_share, area / pixels);
    for (const auto& [x, y] : region) {
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  }
  if (right < 0) return regions;
  const double dx = detection.displacement.dx / mask.width;
  const double dy = detection.displacement.dy / mask.height;
  regions.box = {.left = std::clamp(static_cast<double>(left) / width + dx, 0.0, 1.0),
                 .top = std::clamp(static_cast<double>(top) / height + dy, 0.0, 1.0),
                 .right = std::clamp(static_cast<double>(right + 1) / width + dx, 0.0, 1.0),
                 .bottom = std::clamp(static_cast<double>(bottom + 1) / height + dy, 0.0, 1.0)};
  return regions;
}

}  // namespace patrol::motion
