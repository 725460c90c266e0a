#include "lib/video/motion/relight.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace patrol::motion {

namespace {

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
// Share of a block's structure that evenly changing light may leave unexplained where it is the
// same.
constexpr double kUnlitOfSame = 0.4;
// Where light saturates or dies, structure is lost: such pixels are left out, and blocks of little
// else do not vote.
constexpr int kBrightest = 248, kDarkest = 12;
// Votes for light that a region needs at least, and how many for each vote against.
constexpr int kVotesMin = 4;
constexpr double kVotesPerThing = 1.5;
// Neighbours belong together when their factors differ by less than this: the edge of a beam of
// headlights changes by an eighth from block to block.
constexpr float kAlike = 1.2f;
// Ground says what the light makes of hidden ground that is about as bright, nearest first: so many
// blocks of it, so far away at most.
constexpr float kAlikeLuma = 1.3f;
constexpr size_t kGroundMin = 6;
constexpr int kGroundReach = 8;
// What a pixel beside a thing may differ from the background in the light around it: grey levels,
// and as a share.
constexpr float kLitDistance = 12, kLitShare = 0.15f;
// Without votes a region is light when this share of its border fades, of so many pairs at least,
// and so many pairs beside things for each at most: a beam that several cars stand in has two.
constexpr double kFadingShare = 0.75;
constexpr int kBorderMin = 8;
constexpr int kThingsPerFading = 3;

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

// Mean square of what is left of a block when the background is laid over it in the light that fits
// best of those that change evenly across it: picture = background * (a + b x + c y).
double Unlit(const Plane& picture, const Plane& background, int left, int top, int width,
             int height) {
  // Sums of background^2 (1, x, y) (1, x, y) and of picture * background (1, x, y); x and y in half
  // pixels from the middle. A block's are below 2^31.
  std::array<std::array<int, 3>, 3> bb{};
  std::array<int, 3> pb{};
  int pp = 0;
  for (int row = 0; row < height; ++row) {
    const uint8_t* p = picture.row(top + row) + left;
    const uint8_t* b = background.row(top + row) + left;
    int own = 0, own_x = 0, own_xx = 0, both = 0, both_x = 0;
    for (int column = 0; column < width; ++column) {
      const int x = 2 * column - width + 1, square = b[column] * b[column];
      const int product = p[column] * b[column];
      own += square;
      own_x += square * x;
      own_xx += square * x * x;
      both += product;
      both_x += product * x;
      pp += p[column] * p[column];
    }
    const int y = 2 * row - height + 1;
    bb[0][0] += own;
    bb[1][0] += own_x;
    bb[1][1] += own_xx;
    bb[2][0] += own * y;
    bb[2][1] += own_x * y;
    bb[2][2] += own * y * y;
    pb[0] += both;
    pb[1] += both_x;
    pb[2] += both * y;
  }
  // Cholesky's decomposition, and what each of the three explains.
  std::array<std::array<double, 3>, 3> factor{};
  double explained = 0;
  std::array<double, 3> part{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = 0; k <= i; ++k) {
      double value = bb[i][k];
      for (size_t j = 0; j < k; ++j) value -= factor[i][j] * factor[k][j];
      factor[i][k] = i == k ? std::sqrt(std::max(value, 1.0)) : value / factor[k][k];
    }
    double value = pb[i];
    for (size_t j = 0; j < i; ++j) value -= factor[i][j] * part[j];
    part[i] = value / factor[i][i];
    explained += part[i] * part[i];
  }
  return (pp - explained) / (width * height);
}

}  // namespace

LightRegions::Block LightRegions::Judge(const Plane& picture, const Plane& background, int column,
                                        int row) {
  const int left = column * kBlock, top = row * kBlock;
  const int width = std::min(kBlock, picture.width() - left);
  const int height = std::min(kBlock, picture.height() - top);
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
  Block block{.vote = kFlat,
              .ratio = static_cast<float>((sum_p + n + 1) / (sum_b + n + 1)),
              .luma = static_cast<float>(sum_b / (n + 1))};
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
    if (left_over < kStrongWithoutRamp) return block;
    const double unlit = Unlit(picture, background, left, top, width, height);
    if (unlit >= kStrongWithoutRamp) {
      block.vote = kThing;
    } else if (unlit <= kUnlitOfSame * left_over) {
      block.vote = kLight;
    }
  }
  return block;
}

bool LightRegions::Alike(const Block& a, const Block& b) {
  return a.ratio < kAlike * b.ratio && b.ratio < kAlike * a.ratio;
}

bool LightRegions::IsLight(const Region& region) {
  const int light = region.votes[kLight];
  if (light >= kVotesMin && light >= kVotesPerThing * region.things) return true;
  const int border = region.fading + region.ending;
  return border >= kBorderMin && region.fading >= kFadingShare * border &&
         kThingsPerFading * region.fading >= region.things;
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
      if (neighbour.vote == kThing || (!alike && neighbour.foreground)) {
        ++region.things;
      } else if (!alike) {
        ++region.ending;
      } else if (!neighbour.foreground) {
        ++region.fading;
      } else if (!seen_[static_cast<size_t>(index)]) {
        seen_[static_cast<size_t>(index)] = true;
        region_.push_back(index);
      }
    });
  }
  return region;
}

// Mean of the lit blocks beside one.
float LightRegions::RatioAround(int block) const {
  float sum = 0;
  int count = 0;
  ForNeighbours(block, [&](int index) {
    if (!lit_[static_cast<size_t>(index)]) return;
    sum += blocks_[static_cast<size_t>(index)].ratio;
    ++count;
  });
  return count == 0 ? 1 : sum / static_cast<float>(count);
}

// Marks the region collected, and its rim, where light fades out; the things that it goes around
// get the ratio of what is lit beside them.
void LightRegions::MarkLit() {
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
  }
  for (size_t next = 0; next < region_.size(); ++next) {
    ForNeighbours(region_[next], [&](int block) {
      const auto index = static_cast<size_t>(block);
      Block& neighbour = blocks_[index];
      if (lit_[index] || neighbour.vote != kThing || !neighbour.foreground) return;
      neighbour.ratio = RatioAround(block);
      lit_[index] = true;
      region_.push_back(block);
    });
  }
}

float LightRegions::RatioOfGround(int block) const {
  const int row = block / blocks_across_, column = block % blocks_across_;
  const float own = blocks_[static_cast<size_t>(block)].luma + 1;
  std::vector<float> alike, any;
  const auto look = [&](int y, int x) {
    if (y < 0 || y >= blocks_down_ || x < 0 || x >= blocks_across_) return;
    const auto index = static_cast<size_t>(y * blocks_across_ + x);
    if (!ground_[index]) return;
    const Block& other = blocks_[index];
    any.push_back(other.ratio);
    const float luma = other.luma + 1;
    if (luma < kAlikeLuma * own && own < kAlikeLuma * luma) alike.push_back(other.ratio);
  };
  // Ring by ring.
  for (int reach = 1; reach <= kGroundReach && alike.size() < kGroundMin; ++reach) {
    for (int i = -reach; i < reach; ++i) {
      look(row - reach, column + i);
      look(row + i, column + reach);
      look(row + reach, column - i);
      look(row - i, column - reach);
    }
  }
  std::vector<float>& ratios = alike.empty() ? any : alike;
  if (ratios.empty()) return 1;
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

void LightRegions::Grow(const Plane& picture, const Plane& background,
                        const ForegroundBlocks& hidden, bool else_ground) {
  ground_.assign(blocks_.size(), false);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    if (block.vote == kNone) {
      block = Judge(picture, background, static_cast<int>(i) % blocks_across_,
                    static_cast<int>(i) / blocks_across_);
    }
    if (hidden.blocks[i] != 0) {
      lit_[i] = false;
      block.foreground = true;
      continue;
    }
    if (else_ground && block.foreground) {
      lit_[i] = true;
      if (block.vote == kThing) block.vote = kFlat;
    }
    ground_[i] = (lit_[i] && block.vote != kThing) || !block.foreground;
  }
  for (size_t i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    if (ground_[i] || !block.foreground) continue;
    block.vote = kThing;
    block.ratio = RatioOfGround(static_cast<int>(i));
    lit_[i] = true;
  }
}

bool LightRegions::JudgeBlocks(const Plane& picture, const Plane& background,
                               const ForegroundBlocks& foreground) {
  const auto is = [&foreground](int row, int column) {
    return foreground.Contains(column, row) && foreground.blocks[foreground.Index(column, row)];
  };
  bool any = false;
  for (int row = 0; row < blocks_down_; ++row) {
    for (int column = 0; column < blocks_across_; ++column) {
      const bool own = is(row, column);
      any |= own;
      if (!own && !is(row - 1, column) && !is(row + 1, column) && !is(row, column - 1) &&
          !is(row, column + 1)) {
        continue;
      }
      Block& block = blocks_[static_cast<size_t>(row * blocks_across_ + column)];
      block = Judge(picture, background, column, row);
      block.foreground = own;
    }
  }
  return any;
}

double LightRegions::Find(const Plane& picture, const Plane& background,
                          const ForegroundBlocks& foreground) {
  blocks_across_ = foreground.across;
  blocks_down_ = foreground.down;
  const size_t count = foreground.blocks.size();
  blocks_.assign(count, Block());
  lit_.assign(count, false);
  if (!JudgeBlocks(picture, background, foreground)) return 0;
  seen_.assign(count, false);
  size_t lit = 0;
  for (size_t start = 0; start < count; ++start) {
    if (seen_[start] || !blocks_[start].foreground || blocks_[start].vote == kThing) continue;
    if (!IsLight(Collect(static_cast<int>(start)))) continue;
    MarkLit();
    lit += region_.size();
  }
  return static_cast<double>(lit) / static_cast<double>(count);
}

void LightRegions::ClearFrom(const Plane& picture, const Plane& background, Plane& mask) const {
  for (int y = 0; y < mask.height(); ++y) {
    uint8_t* row = mask.row(y);
    const uint8_t* now = picture.row(y);
    const uint8_t* then = background.row(y);
    for (int column = 0; column < blocks_across_; ++column) {
      const auto index = static_cast<size_t>(y / kBlock * blocks_across_ + column);
      if (!lit_[index]) continue;
      const int left = column * kBlock, right = std::min(left + kBlock, mask.width());
      const Block& block = blocks_[index];
      if (block.vote != kThing) {
        std::memset(row + left, 0, static_cast<size_t>(right - left));
        continue;
      }
      for (int x = left; x < right; ++x) {
        const float lit = static_cast<float>(then[x]) * block.ratio;
        const float allowed = std::max(kLitDistance, kLitShare * lit);
        if (std::abs(static_cast<float>(now[x]) - lit) <= allowed) row[x] = 0;
      }
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
