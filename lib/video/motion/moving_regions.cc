#include "lib/video/motion/moving_regions.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace patrol::motion {

namespace {

// A place has changed when it differs by more than this from a moment ago; grey levels.
constexpr int kChanged = 12;
// A region moves when at least this share of it has changed, ...
constexpr double kChangedShare = 0.06;
// ... and is worth looking at from so many pixels of the half-size mask (24 of the mask).
constexpr int kRegionPixelsMin = 6;
constexpr size_t kRunsMax = 8192;

// Foreground next to each other in a row. The first run of a region stands for it: it has its
// bounds, area and changed pixels.
struct Run {
  int left = 0, right = 0, top = 0, bottom = 0;
  int row_left = 0, row_right = 0;  // of this run itself
  int region = 0;                   // an earlier run of the same region, or itself
  int area = 0, changed = 0;
};

int RegionOf(std::vector<Run>& runs, int run) {
  while (runs[static_cast<size_t>(run)].region != run) {
    Run& own = runs[static_cast<size_t>(run)];
    own.region = runs[static_cast<size_t>(own.region)].region;
    run = own.region;
  }
  return run;
}

// Joins the runs from `own` on, of one row, to those from `above` on that touch them, also by a
// corner.
void Join(std::vector<Run>& runs, size_t above, size_t own) {
  const size_t end = runs.size();
  size_t upper = above;
  for (size_t lower = own; lower < end; ++lower) {
    while (upper < own && runs[upper].row_right + 1 < runs[lower].row_left) ++upper;
    for (size_t k = upper; k < own && runs[k].row_left <= runs[lower].row_right + 1; ++k) {
      const int a = RegionOf(runs, static_cast<int>(k));
      const int b = RegionOf(runs, static_cast<int>(lower));
      if (a == b) continue;
      Run& kept = runs[static_cast<size_t>(std::min(a, b))];
      Run& joined = runs[static_cast<size_t>(std::max(a, b))];
      joined.region = std::min(a, b);
      kept.left = std::min(kept.left, joined.left);
      kept.right = std::max(kept.right, joined.right);
      kept.top = std::min(kept.top, joined.top);
      kept.bottom = std::max(kept.bottom, joined.bottom);
      kept.area += joined.area;
      kept.changed += joined.changed;
    }
  }
}

MovingRegions Sum(const std::vector<Run>& runs, int width, int height) {
  MovingRegions regions;
  const double pixels = static_cast<double>(width) * height;
  int left = width, right = -1, top = height, bottom = -1;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& region = runs[i];
    if (region.region != static_cast<int>(i) || region.area < kRegionPixelsMin) continue;
    if (region.changed < kChangedShare * region.area) continue;
    left = std::min(left, region.left);
    right = std::max(right, region.right);
    top = std::min(top, region.top);
    bottom = std::max(bottom, region.bottom);
    regions.share += region.area / pixels;
    regions.largest_share = std::max(regions.largest_share, region.area / pixels);
  }
  if (right < 0) return regions;
  regions.box = {.left = static_cast<double>(left) / width,
                 .top = static_cast<double>(top) / height,
                 .right = static_cast<double>(right + 1) / width,
                 .bottom = static_cast<double>(bottom + 1) / height};
  return regions;
}

}  // namespace

MovingRegions FindMovingRegions(const Plane& mask, const Plane& picture, const Plane& recent) {
  // Half the size: a region that survived the 7x7 majority is not lost by it.
  const int width = (picture.width() + 1) / 2, height = (picture.height() + 1) / 2;
  static thread_local std::vector<Run> runs;
  runs.clear();
  size_t above = 0;  // first run of the row above
  for (int y = 0; y < height; ++y) {
    const size_t own = runs.size();
    const uint8_t* row = mask.row(2 * y);
    const uint8_t* now = picture.row(2 * y);
    const uint8_t* before = recent.row(2 * y);
    for (int x = 0; x < width; ++x) {
      const void* next =
          std::memchr(row + 2 * x, 255, static_cast<size_t>(picture.width() - 2 * x));
      if (next == nullptr) break;
      x = static_cast<int>(static_cast<const uint8_t*>(next) - row + 1) / 2;
      if (x >= width || row[2 * x] == 0) continue;
      Run run{.left = x, .top = y, .bottom = y, .region = static_cast<int>(runs.size())};
      for (; x < width && row[2 * x] != 0; ++x) {
        run.changed += std::abs(now[2 * x] - before[2 * x]) > kChanged ? 1 : 0;
      }
      run.right = run.row_right = x - 1;
      run.row_left = run.left;
      run.area = x - run.left;
      if (runs.size() == kRunsMax) return {};  // noise: no region of it is large enough
      runs.push_back(run);
    }
    Join(runs, above, own);
    above = own;
  }
  return Sum(runs, width, height);
}

}  // namespace patrol::motion
