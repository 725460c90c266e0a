#include "lib/video/motion/moving_regions.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace patrol::motion {

namespace {

// A place has changed when it differs by more than this from a moment ago; grey levels.
constexpr int kChanged = 12;
// A region moves when at least this share of it has changed, ...
constexpr double kChangedShare = 0.06;
// ... and is worth looking at from so many pixels of the half-size mask (24 of the mask).
constexpr int kRegionPixelsMin = 6;
constexpr int kRegionsMax = 4096;

}  // namespace

MovingRegions FindMovingRegions(const Plane& mask, const Plane& picture, const Plane& recent) {
  MovingRegions regions;
  const int width = picture.width(), height = picture.height();
  // Half the size: a region that survived the 7x7 majority is not lost by it.
  cv::Mat half((height + 1) / 2, (width + 1) / 2, CV_8UC1);
  bool any = false;
  for (int y = 0; y < height; y += 2) {
    const uint8_t* from = mask.row(y);
    uint8_t* to = half.ptr(y / 2);
    for (int x = 0; x < width; x += 2) {
      to[x / 2] = from[x];
      any |= from[x] != 0;
    }
  }
  if (!any) return regions;
  cv::Mat labels, stats, centroids;
  const int count = cv::connectedComponentsWithStats(half, labels, stats, centroids, 8, CV_32S);
  if (count > kRegionsMax) return regions;  // noise: no region of it is large enough
  std::vector<int> changed(static_cast<size_t>(count), 0);
  for (int y = 0; y < half.rows; ++y) {
    const int* label = labels.ptr<int>(y);
    const uint8_t* now = picture.row(2 * y);
    const uint8_t* before = recent.row(2 * y);
    for (int x = 0; x < half.cols; ++x) {
      if (label[x] == 0) continue;
      if (std::abs(now[2 * x] - before[2 * x]) > kChanged) ++changed[static_cast<size_t>(label[x])];
    }
  }
  const double pixels = static_cast<double>(half.cols) * half.rows;
  cv::Rect bounds;
  for (int i = 1; i < count; ++i) {
    const int* stat = stats.ptr<int>(i);
    const int area = stat[cv::CC_STAT_AREA];
    if (area < kRegionPixelsMin || changed[static_cast<size_t>(i)] < kChangedShare * area) continue;
    const cv::Rect box(stat[cv::CC_STAT_LEFT], stat[cv::CC_STAT_TOP], stat[cv::CC_STAT_WIDTH],
                       stat[cv::CC_STAT_HEIGHT]);
    bounds = bounds.empty() ? box : bounds | box;
    regions.share += area / pixels;
    regions.largest_share = std::max(regions.largest_share, area / pixels);
  }
  regions.box = {.left = static_cast<double>(bounds.x) / half.cols,
                 .top = static_cast<double>(bounds.y) / half.rows,
                 .right = static_cast<double>(bounds.x + bounds.width) / half.cols,
                 .bottom = static_cast<double>(bounds.y + bounds.height) / half.rows};
  return regions;
}

}  // namespace patrol::motion
