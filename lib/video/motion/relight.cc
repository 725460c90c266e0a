#include "lib/video/motion/relight.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace patrol::motion {

namespace {

// A block is foreground when this share of its pixels is.
constexpr int kForegroundShare = 4;  // a quarter
// Variances, squared grey levels: below the first nothing can be told from rounding; from the
// second on there is structure that noise cannot make or hide.
constexpr double kFaint = 3.0;
constexpr double kStrong = 36.0;
// Correlation of 64 pixels from which it is the same structure (six standard deviations from
// chance), and below which it is another where there is any.
constexpr double kSame = 0.75;
constexpr double kOther = 0.5;
// Where light saturates or dies, structure is lost: such pixels are left out, and blocks of little
// else do not vote.
constexpr int kBrightest = 248, kDarkest = 12;
// Votes for light that a region needs at least, and how many for each vote against.
constexpr int kVotesMin = 4;
constexpr double kVotesPerThing = 1.5;

}  // namespace

LightRegions::Block LightRegions::Judge(const Plane& picture, const Plane& background, int left,
                                        int top, int width, int height) {
  int sum_p = 0, sum_b = 0, sum_pp = 0, sum_bb = 0, sum_pb = 0, count = 0;
  for (int y = top; y < top + height; ++y) {
    const uint8_t* p = picture.row(y) + left;
    const uint8_t* b = background.row(y) + left;
    for (int x = 0; x < width; ++x) {
      if (p[x] > kBrightest) continue;
      ++count;
      sum_p += p[x];
      sum_b += b[x];
      sum_pp += p[x] * p[x];
      sum_bb += b[x] * b[x];
      sum_pb += p[x] * b[x];
    }
  }
  const double n = count;
  Block block{.vote = kFlat, .ratio = static_cast<float>((sum_p + n + 1) / (sum_b + n + 1))};
  if (2 * count < width * height || sum_p < kDarkest * count) return block;
  const double mean = sum_p / n;
  const double variance_p = (sum_pp - mean * sum_p) / n;
  const double variance_b = (sum_bb - sum_b / n * sum_b) / n;
  const double together = (sum_pb - mean * sum_b) / n;
  const double correlation =
      together / std::sqrt(std::max(variance_p, kFaint) * std::max(variance_b, kFaint));
  // What the background's own structure would be in this light.
  const double expected = variance_b * block.ratio * block.ratio;
  if (correlation >= kSame) {
    block.vote = kLight;
  } else if (correlation < kOther && std::max(variance_b, variance_p - 2 * expected) >= kStrong) {
    block.vote = kThing;
  }
  return block;
}

std::array<int, 4> LightRegions::Collect(int start) {
  std::array<int, 4> votes{};
  region_.assign(1, start);
  seen_[static_cast<size_t>(start)] = true;
  for (size_t next = 0; next < region_.size(); ++next) {
    const int block = region_[next];
    ++votes[blocks_[static_cast<size_t>(block)].vote];
    const int row = block / blocks_across_, column = block % blocks_across_;
    for (int y = std::max(0, row - 1); y <= std::min(blocks_down_ - 1, row + 1); ++y) {
      for (int x = std::max(0, column - 1); x <= std::min(blocks_across_ - 1, column + 1); ++x) {
        const int neighbour = y * blocks_across_ + x;
        if (seen_[static_cast<size_t>(neighbour)]) continue;
        if (blocks_[static_cast<size_t>(neighbour)].vote == kNone) continue;
        seen_[static_cast<size_t>(neighbour)] = true;
        region_.push_back(neighbour);
      }
    }
  }
  return votes;
}

// Marks the region collected; its things get the ratio of the light around them.
void LightRegions::MarkLit() {
  float sum = 0;
  int count = 0;
  for (const int block : region_) {
    lit_[static_cast<size_t>(block)] = true;
    const Block& own = blocks_[static_cast<size_t>(block)];
    if (own.vote == kThing) continue;
    sum += own.ratio;
    ++count;
  }
  for (const int block : region_) {
    Block& own = blocks_[static_cast<size_t>(block)];
    if (own.vote == kThing && count > 0) own.ratio = sum / static_cast<float>(count);
  }
}

double LightRegions::Find(const Plane& picture, const Plane& background, const Plane& mask) {
  const int width = picture.width(), height = picture.height();
  blocks_across_ = (width + kBlock - 1) / kBlock;
  blocks_down_ = (height + kBlock - 1) / kBlock;
  const auto count = static_cast<size_t>(blocks_across_ * blocks_down_);
  blocks_.assign(count, Block());
  lit_.assign(count, false);
  bool any_light = false;
  for (int row = 0; row < blocks_down_; ++row) {
    for (int column = 0; column < blocks_across_; ++column) {
      const int left = column * kBlock, top = row * kBlock;
      const int across = std::min(kBlock, width - left), down = std::min(kBlock, height - top);
      int foreground = 0;
      for (int y = top; y < top + down; ++y) {
        const uint8_t* line = mask.row(y) + left;
        for (int x = 0; x < across; ++x) foreground += line[x] & 1;
      }
      if (foreground * kForegroundShare < across * down) continue;
      const Block block = Judge(picture, background, left, top, across, down);
      any_light |= block.vote == kLight;
      blocks_[static_cast<size_t>(row * blocks_across_ + column)] = block;
    }
  }
  if (!any_light) return 0;
  seen_.assign(count, false);
  size_t lit = 0;
  for (int start = 0; start < static_cast<int>(count); ++start) {
    if (seen_[static_cast<size_t>(start)]) continue;
    if (blocks_[static_cast<size_t>(start)].vote == kNone) continue;
    const std::array<int, 4> votes = Collect(start);
    if (votes[kLight] < kVotesMin || votes[kLight] < kVotesPerThing * votes[kThing]) continue;
    MarkLit();
    lit += region_.size();
  }
  return static_cast<double>(lit) / static_cast<double>(count);
}

void LightRegions::ClearFrom(Plane& mask) const {
  for (int y = 0; y < mask.height(); ++y) {
    for (int column = 0; column < blocks_across_; ++column) {
      const auto block = static_cast<size_t>(y / kBlock * blocks_across_ + column);
      if (!lit_[block] || blocks_[block].vote == kThing) continue;
      const int left = column * kBlock;
      std::memset(mask.row(y) + left, 0,
                  static_cast<size_t>(std::min(kBlock, mask.width() - left)));
    }
  }
}

void LightRegions::Relight(const Plane& picture, const Plane& background, Plane& plane) const {
  for (int y = 0; y < plane.height(); ++y) {
    const uint8_t* now = picture.row(y);
    const uint8_t* then = background.row(y);
    uint8_t* row = plane.row(y);
    for (int x = 0; x < plane.width(); ++x) {
      const auto index = static_cast<size_t>(y / kBlock * blocks_across_ + x / kBlock);
      if (!lit_[index]) continue;
      const Block& block = blocks_[index];
      const int lit = block.vote == kThing
                          ? static_cast<int>(static_cast<float>(row[x]) * block.ratio)
                          : now[x] + row[x] - then[x];
      row[x] = static_cast<uint8_t>(std::clamp(lit, 0, 255));
    }
  }
}

}  // namespace patrol::motion
