#include "lib/video/motion/relight.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <opencv2/core/hal/intrin.hpp>

namespace patrol::motion {

namespace {

// A block is foreground when this share of its pixels is.
constexpr int kForegroundShare = 4;  // a quarter
// Variances, squared grey levels: below the first nothing can be told from rounding; from the
// second on there is structure that noise cannot make or hide.
constexpr double kFaint = 3.0;
constexpr double kStrong = 36.0;
// The same of the picture, without what the edge of a beam of light makes by itself.
constexpr double kStrongWithoutRamp = 30.0;
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
// Neighbours belong together when their factors differ by less than this: the edge of a beam of
// headlights changes by an eighth from block to block.
constexpr float kAlike = 1.2f;
// Without votes a region is light when this share of its border fades, of so many pairs at least.
constexpr double kFadingShare = 0.75;
constexpr int kBorderMin = 8;

// Variance of a block's luma about its best plane: what a beam's edge alone makes is left out.
double WithoutRamp(const Plane& picture, int left, int top, int width, int height) {
  int sum = 0, sum_x = 0, sum_y = 0, sum_squares = 0;
  for (int y = 0; y < height; ++y) {
    const uint8_t* p = picture.row(top + y) + left;
    for (int x = 0; x < width; ++x) {
      const int luma = p[x];
      sum += luma;
      sum_squares += luma * luma;
      sum_x += luma * (2 * x - width + 1);
      sum_y += luma * (2 * y - height + 1);
    }
  }
  const double n = width * height;
  // Squares of 2x - width + 1, summed over the block; the same for y.
  const double squares_x = n * (width * width - 1) / 3.0,
               squares_y = n * (height * height - 1) / 3.0;
  double squares = sum_squares - static_cast<double>(sum) * sum / n;
  if (squares_x > 0) squares -= static_cast<double>(sum_x) * sum_x / squares_x;
  if (squares_y > 0) squares -= static_cast<double>(sum_y) * sum_y / squares_y;
  return squares / n;
}

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
    const double left_over = WithoutRamp(picture, left, top, width, height);
    block.vote = left_over >= kStrongWithoutRamp ? kThing : kFlat;
  }
  return block;
}

bool LightRegions::Alike(const Block& a, const Block& b) {
  return a.ratio < kAlike * b.ratio && b.ratio < kAlike * a.ratio;
}

bool LightRegions::IsLight(const Region& region) {
  const std::array<int, 4>& votes = region.votes;
  if (votes[kLight] >= kVotesMin && votes[kLight] >= kVotesPerThing * votes[kThing]) return true;
  const int border = region.fading + region.ending;
  return votes[kThing] < votes[kFlat] + votes[kLight] && border >= kBorderMin &&
         region.fading >= kFadingShare * border;
}

template <typename Visit>
void LightRegions::ForNeighbours(int block, const Visit& visit) const {
  const int row = block / blocks_across_, column = block % blocks_across_;
  if (row > 0) visit(block - blocks_across_);
  if (row + 1 < blocks_down_) visit(block + blocks_across_);
  if (column > 0) visit(block - 1);
  if (column + 1 < blocks_across_) visit(block + 1);
}

LightRegions::Region LightRegions::Collect(int start) {
  Region region;
  region_.assign(1, start);
  seen_[static_cast<size_t>(start)] = true;
  for (size_t next = 0; next < region_.size(); ++next) {
    const Block block = blocks_[static_cast<size_t>(region_[next])];
    ++region.votes[block.vote];
    ForNeighbours(region_[next], [&](int index) {
      const Block& neighbour = blocks_[static_cast<size_t>(index)];
      const bool alike = Alike(block, neighbour);
      if (!alike) {
        ++region.ending;
      } else if (!neighbour.foreground) {
        region.fading += block.vote != kThing && neighbour.vote != kThing ? 1 : 0;
      } else if (!seen_[static_cast<size_t>(index)]) {
        seen_[static_cast<size_t>(index)] = true;
        region_.push_back(index);
      }
    });
  }
  return region;
}

// Marks the region collected, and its rim, where light fades out; its things get the ratio of the
// light around them.
void LightRegions::MarkLit() {
  float sum = 0;
  int count = 0;
  for (const int block : region_) {
    lit_[static_cast<size_t>(block)] = true;
    const Block& own = blocks_[static_cast<size_t>(block)];
    ForNeighbours(block, [&](int index) {
      const Block& neighbour = blocks_[static_cast<size_t>(index)];
      if (!neighbour.foreground && neighbour.vote != kNone && neighbour.vote != kThing &&
          Alike(own, neighbour)) {
        lit_[static_cast<size_t>(index)] = true;
      }
    });
    if (own.vote == kThing) continue;
    sum += own.ratio;
    ++count;
  }
  for (const int block : region_) {
    Block& own = blocks_[static_cast<size_t>(block)];
    if (own.vote == kThing && count > 0) own.ratio = sum / static_cast<float>(count);
  }
}

void LightRegions::MarkForeground(const Plane& mask) {
  const int width = mask.width(), height = mask.height();
  for (int row = 0; row < blocks_down_; ++row) {
    const int top = row * kBlock, down = std::min(kBlock, height - top);
    // Two blocks at a time: foreground pixels per column, then per block.
    for (int left = 0; left < width; left += 2 * kBlock) {
      const cv::v_uint8x16 one = cv::v_setall_u8(1);
      cv::v_uint8x16 columns = cv::v_setzero_u8();
      for (int y = top; y < top + down; ++y) {
        columns = columns + (cv::v_load(mask.row(y) + left) & one);
      }
      uint8_t counts[2 * kBlock];
      cv::v_store(counts, columns);
      for (int at = left; at < std::min(width, left + 2 * kBlock); at += kBlock) {
        const int across = std::min(kBlock, width - at);
        int foreground = 0;
        for (int x = 0; x < across; ++x) foreground += counts[at - left + x];
        blocks_[static_cast<size_t>(row * blocks_across_ + at / kBlock)].foreground =
            foreground * kForegroundShare >= across * down;
      }
    }
  }
}

bool LightRegions::JudgeBlocks(const Plane& picture, const Plane& background) {
  const int width = picture.width(), height = picture.height();
  const auto foreground = [this](int row, int column) {
    return row >= 0 && column >= 0 && row < blocks_down_ && column < blocks_across_ &&
           blocks_[static_cast<size_t>(row * blocks_across_ + column)].foreground;
  };
  bool any = false;
  for (int row = 0; row < blocks_down_; ++row) {
    for (int column = 0; column < blocks_across_; ++column) {
      const bool own = foreground(row, column);
      any |= own;
      if (!own && !foreground(row - 1, column) && !foreground(row + 1, column) &&
          !foreground(row, column - 1) && !foreground(row, column + 1)) {
        continue;
      }
      const int left = column * kBlock, top = row * kBlock;
      Block& block = blocks_[static_cast<size_t>(row * blocks_across_ + column)];
      block = Judge(picture, background, left, top, std::min(kBlock, width - left),
                    std::min(kBlock, height - top));
      block.foreground = own;
    }
  }
  return any;
}

double LightRegions::Find(const Plane& picture, const Plane& background, const Plane& mask) {
  blocks_across_ = (picture.width() + kBlock - 1) / kBlock;
  blocks_down_ = (picture.height() + kBlock - 1) / kBlock;
  const auto count = static_cast<size_t>(blocks_across_ * blocks_down_);
  blocks_.assign(count, Block());
  lit_.assign(count, false);
  MarkForeground(mask);
  if (!JudgeBlocks(picture, background)) return 0;
  seen_.assign(count, false);
  size_t lit = 0;
  for (size_t start = 0; start < count; ++start) {
    if (seen_[start] || !blocks_[start].foreground) continue;
    if (!IsLight(Collect(static_cast<int>(start)))) continue;
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
