#include "lib/video/motion/registration.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>

#include "lib/base/check.h"

namespace patrol::motion {

namespace {

using cv::v_uint16x8;
using cv::v_uint8x16;

constexpr int kLanes = 16;
// One patch at most is chosen per cell of this grid, so that no single thing holds the majority.
constexpr int kCellsAcross = 7;
constexpr int kCellsDown = 6;
constexpr int kCandidateStep = 6;
// A patch displaced by so many pixels must differ by at least so much (grey levels a pixel, mean).
constexpr int kDistinctAt = 2;
constexpr int kDistinctMin = 4;
// A patch is found again when its correlation is at least this.
constexpr double kCorrelationMin = 0.6;
// Grey levels, standard deviation, that a patch must have in the light thought of: with less there
// is nothing to see.
constexpr float kDeviationMin = 3;
// Fewer found again, as a share: nothing says where the picture lies.
constexpr double kFoundMin = 0.3;
// The shift around the last one is taken without a search when its cost is below this share of a
// miss of all patches, and this share of them is found.
constexpr double kNearShare = 0.6;
// The search looks at every so many of the patches' rows.
constexpr int kSearchRowStep = 2;
// Residuals, in grey levels, at which a pixel counts half in each round of the fit: first the edges
// must pull, then what moves must not.
constexpr std::array<float, 3> kResidualScales = {24, 16, 12};
// The fit is done when a round moves it by less than this, pixels; at the picture's edge too.
constexpr double kFitted = 0.05;
constexpr double kRotationMax = 0.02;  // radians: 1.1 degrees; larger is a failed fit
// Displacements below these (pixels; at the picture's edge for a rotation) are left alone: taking
// them out costs more sharpness than it gains.
constexpr double kShiftMin = 0.3;
constexpr double kRotationEdgeMin = 0.3;

template <size_t kCount>
float DeviationOf(const std::array<uint8_t, kCount>& luma) {
  int sum = 0, squares = 0;
  for (const int value : luma) {
    sum += value;
    squares += value * value;
  }
  const float mean = static_cast<float>(sum) / kCount;
  return std::sqrt(std::max(0.0F, static_cast<float>(squares) / kCount - mean * mean));
}

double Correlation(const uint8_t* patch, const uint8_t* at, int stride, int width, int height) {
  int sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int a = patch[y * width + x], b = at[y * stride + x];
      sum_a += a;
      sum_b += b;
      sum_aa += a * a;
      sum_bb += b * b;
      sum_ab += a * b;
    }
  }
  const double n = width * height;
  const double variance_a = sum_aa - sum_a / n * sum_a, variance_b = sum_bb - sum_b / n * sum_b;
  if (variance_a < n || variance_b < n) return 0;
  return (sum_ab - sum_a / n * sum_b) / std::sqrt(variance_a * variance_b);
}

// Where a row's pixels come from. The rotation is small: within sixteen pixels of a row it is a
// shift.
class Turn {
 public:
  Turn(const Displacement& displacement, int width, int height, int y)
      : rotation_(Whole(displacement.rotation)),
        x_(Whole(displacement.dx - displacement.rotation * (y - (height - 1) / 2.0))),
        y_(Whole(displacement.dy + y +
                 displacement.rotation * (kLanes / 2.0 - (width - 1) / 2.0))) {}

  // In 1/65536 of a pixel: whole numbers, because floor and round cost more than the pixels.
  int x(int x) const { return (x << 16) + x_; }
  int y(int x) const { return y_ + rotation_ * x; }

 private:
  static int Whole(double pixels) {
    return static_cast<int>(pixels * 65536 + (pixels < 0 ? -0.5 : 0.5));
  }

  const int rotation_, x_, y_;
};

// How many rows and columns at the edges a displaced picture does not show; `spared` pixels fewer.
struct Strips {
  Strips(const Displacement& displacement, int width, int height, double spared) {
    const double turned_x = std::abs(displacement.rotation) * height / 2;
    const double turned_y = std::abs(displacement.rotation) * width / 2;
    const auto strip = [spared](double pixels, int limit) {
      return std::clamp(static_cast<int>(std::ceil(pixels - spared)), 0, limit);
    };
    left = strip(turned_x - displacement.dx, width);
    right = strip(turned_x + displacement.dx, width - left);
    top = strip(turned_y - displacement.dy, height);
    bottom = strip(turned_y + displacement.dy, height - top);
  }

  int left = 0, right = 0, top = 0, bottom = 0;
};

// Sixteen times the values between pixels and their right neighbours.
inline void Between(const v_uint8x16& left, const v_uint8x16& right, uint16_t sixteenths,
                    v_uint16x8& low, v_uint16x8& high) {
  v_uint16x8 next_low, next_high;
  cv::v_expand(left, low, high);
  cv::v_expand(right, next_low, next_high);
  const v_uint16x8 own = cv::v_setall_u16(16 - sixteenths), next = cv::v_setall_u16(sixteenths);
  // Wrapping products: 255 * 16 fits, and saturating ones cost ten times as much.
  low = cv::v_mul_wrap(low, own) + cv::v_mul_wrap(next_low, next);
  high = cv::v_mul_wrap(high, own) + cv::v_mul_wrap(next_high, next);
}

}  // namespace

void Registration::Reset() {
  patches_.clear();
  last_ = {};
}

void Registration::SetReference(const Plane& reference, const Plane* unsteady) {
  Reset();
  const int width = reference.width(), height = reference.height();
  reach_x_ = std::min(kReach, width / 12);
  reach_y_ = std::min(kReach, height / 12);
  const int left = reach_x_ + kDistinctAt, top = reach_y_ + kDistinctAt;
  const int right = width - left - kPatchWidth, bottom = height - top - kPatchHeight;
  if (right <= left || bottom <= top) return;
  struct Best {
    int score = 0, miss = 0, x = 0, y = 0;
  };
  std::array<Best, static_cast<size_t>(kCellsAcross * kCellsDown)> best;
  const auto differs = [&reference](int x, int y, int by_x, int by_y) {
    unsigned sum = 0;
    for (int row = 0; row < kPatchHeight; ++row) {
      sum += cv::v_reduce_sad(cv::v_load(reference.row(y + row) + x),
                              cv::v_load(reference.row(y + row + by_y) + x + by_x));
    }
    return static_cast<int>(sum);
  };
  constexpr int kDirections[][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
  for (int y = top; y < bottom; y += kCandidateStep) {
    for (int x = left; x < right; x += kCandidateStep) {
      int miss = std::numeric_limits<int>::max();
      for (const auto& way : kDirections) {
        miss = std::min(miss, differs(x, y, kDistinctAt * way[0], kDistinctAt * way[1]));
      }
      int score = miss;
      if (unsteady != nullptr) {  // eighths of a grey level, over the patch
        int restless = 0;
        for (int row = 0; row < kPatchHeight; row += 2) {
          for (int k = 0; k < kPatchWidth; k += 2) restless += unsteady->row(y + row)[x + k];
        }
        score -= restless;  // a quarter of the pixels, eighths: four times the mean unrest
      }
      const int cell = (y - top) * kCellsDown / (bottom - top) * kCellsAcross +
                       (x - left) * kCellsAcross / (right - left);
      Best& so_far = best[static_cast<size_t>(cell)];
      if (score > so_far.score) so_far = {score, miss, x, y};
    }
  }
  for (const Best& chosen : best) {
    if (chosen.score < kDistinctMin * kPatchWidth * kPatchHeight) continue;
    Patch patch;
    patch.x = static_cast<int16_t>(chosen.x);
    patch.y = static_cast<int16_t>(chosen.y);
    patch.miss = static_cast<uint16_t>(chosen.miss);
    for (int row = 0; row < kPatchHeight; ++row) {
      std::memcpy(patch.luma.data() + row * kPatchWidth, reference.row(chosen.y + row) + chosen.x,
                  kPatchWidth);
    }
    patch.deviation = DeviationOf(patch.luma);
    if (patch.deviation < kDeviationMin) continue;
    patches_.push_back(patch);
  }
}

void Registration::Relight(double gain, Patches& lit) const {
  std::array<uint8_t, 256> table;
  for (size_t luma = 0; luma < table.size(); ++luma) {
    table[luma] =
        static_cast<uint8_t>(std::min(255L, std::lround(static_cast<double>(luma) * gain)));
  }
  lit.clear();
  for (Patch patch : patches_) {
    for (uint8_t& luma : patch.luma) luma = table[luma];
    const float deviation = DeviationOf(patch.luma);
    if (deviation < kDeviationMin) continue;
    // What says that it is elsewhere grows with its contrast; else all that is beside its place
    // would cost the same, and white ground the least.
    const float miss = static_cast<float>(patch.miss) * deviation / patch.deviation;
    patch.miss = static_cast<uint16_t>(std::min(miss, 65535.0F));
    patch.deviation = deviation;
    lit.push_back(patch);
  }
}

unsigned Registration::Cost(const Patches& patches, const Plane& picture, Offset offset,
                            int row_step, unsigned enough) {
  unsigned cost = 0;
  for (const Patch& patch : patches) {
    unsigned differs = 0;
    for (int row = 0; row < kPatchHeight; row += row_step) {
      differs +=
          cv::v_reduce_sad(cv::v_load(patch.luma.data() + row * kPatchWidth),
                           cv::v_load(picture.row(patch.y + offset.y + row) + patch.x + offset.x));
    }
    cost += std::min<unsigned>(differs * static_cast<unsigned>(row_step), patch.miss);
    if (cost >= enough) break;
  }
  return cost;
}

// Every other place, as on a chessboard: at none is what is sought more than a pixel away, and that
// to one side, or lines would be passed over. Rows near `around` come first: the sooner the place
// is found, the sooner others are known to be worse.
Registration::Offset Registration::Search(const Patches& patches, const Plane& picture,
                                          Offset around) const {
  Offset best = around;
  unsigned least = Cost(patches, picture, around, kSearchRowStep);
  for (int row = 1; row <= 4 * reach_y_ + 1; ++row) {
    const int y = around.y + (row % 2 == 0 ? row / 2 : -(row / 2));
    if (std::abs(y) > reach_y_) continue;
    for (int x = -reach_x_ + (y & 1); x <= reach_x_; x += 2) {
      const unsigned cost = Cost(patches, picture, {x, y}, kSearchRowStep, least);
      if (cost < least) {
        least = cost;
        best = {x, y};
      }
    }
  }
  return best;
}

Registration::Offset Registration::Refine(const Patches& patches, const Plane& picture,
                                          Offset around) const {
  Offset best = around;
  unsigned least = Cost(patches, picture, around, 1);
  for (int y = around.y - 1; y <= around.y + 1; ++y) {
    for (int x = around.x - 1; x <= around.x + 1; ++x) {
      if (std::abs(x) > reach_x_ || std::abs(y) > reach_y_) continue;
      const unsigned cost = Cost(patches, picture, {x, y}, 1);
      if (cost < least) {
        least = cost;
        best = {x, y};
      }
    }
  }
  return best;
}

// Least squares with weights for shift and rotation, linear in the patches' slopes. Each patch's
// own mean difference is taken out: the light may have changed.
Displacement Registration::Fit(const Patches& patches, const Plane& picture, Offset offset,
                               const std::vector<bool>& found) {
  const double cx = (picture.width() - 1) / 2.0, cy = (picture.height() - 1) / 2.0;
  Displacement fitted = {static_cast<double>(offset.x), static_cast<double>(offset.y), 0};
  // Every other pixel, as on a chessboard: with whole rows left out, edges would pull to one side.
  constexpr int kPixels = (kPatchHeight - 2) * (kPatchWidth - 2) / 2;
  for (const float scale : kResidualScales) {
    cv::Matx33d matrix = cv::Matx33d::zeros();
    cv::Vec3d right(0, 0, 0);
    for (size_t i = 0; i < patches.size(); ++i) {
      if (!found[i]) continue;
      const Patch& patch = patches[i];
      // Within a patch the rotation is a shift.
      const double from_cx = patch.x + kPatchWidth / 2.0 - cx;
      const double from_cy = patch.y + kPatchHeight / 2.0 - cy;
      const double x = patch.x + fitted.dx - fitted.rotation * from_cy;
      const double y = patch.y + fitted.dy + fitted.rotation * from_cx;
      const int ix = std::clamp(static_cast<int>(std::floor(x)), 0, picture.width() - kPatchWidth);
      const int iy =
          std::clamp(static_cast<int>(std::floor(y)), 0, picture.height() - kPatchHeight - 1);
      const auto fx = static_cast<float>(x - ix), fy = static_cast<float>(y - iy);
      std::array<float, kPixels> residuals;
      float mean = 0;
      size_t k = 0;
      for (int row = 1; row < kPatchHeight - 1; ++row) {
        const uint8_t* upper = picture.row(iy + row) + ix;
        const uint8_t* lower = picture.row(iy + row + 1) + ix;
        const uint8_t* own = patch.luma.data() + row * kPatchWidth;
        for (int column = 1 + row % 2; column < kPatchWidth - 1; column += 2) {
          const float above = static_cast<float>(upper[column]) +
                              fx * static_cast<float>(upper[column + 1] - upper[column]);
          const float below = static_cast<float>(lower[column]) +
                              fx * static_cast<float>(lower[column + 1] - lower[column]);
          residuals[k] = above + fy * (below - above) - static_cast<float>(own[column]);
          mean += residuals[k++];
        }
      }
      mean /= static_cast<float>(residuals.size());
      float xx = 0, xy = 0, yy = 0, xr = 0, yr = 0;
      float sum = 0, sum_x = 0, sum_y = 0, sum_r = 0;  // weighted
      k = 0;
      for (int row = 1; row < kPatchHeight - 1; ++row) {
        const uint8_t* own = patch.luma.data() + row * kPatchWidth;
        for (int column = 1 + row % 2; column < kPatchWidth - 1; column += 2) {
          const float residual = residuals[k++] - mean;
          const float scaled = residual / scale;
          const float weight = 1.0f / (1.0f + scaled * scaled);
          const float slope_x = static_cast<float>(own[column + 1] - own[column - 1]) / 2;
          const float slope_y =
              static_cast<float>(own[column + kPatchWidth] - own[column - kPatchWidth]) / 2;
          xx += weight * slope_x * slope_x;
          xy += weight * slope_x * slope_y;
          yy += weight * slope_y * slope_y;
          xr += weight * slope_x * residual;
          yr += weight * slope_y * residual;
          sum += weight;
          sum_x += weight * slope_x;
          sum_y += weight * slope_y;
          sum_r += weight * residual;
        }
      }
      // The difference in light is an unknown of this patch alone, and eliminated here.
      xx -= sum_x * sum_x / sum;
      xy -= sum_x * sum_y / sum;
      yy -= sum_y * sum_y / sum;
      xr -= sum_x * sum_r / sum;
      yr -= sum_y * sum_r / sum;
      // The patch moves by (dx - rotation * from_cy, dy + rotation * from_cx).
      matrix +=
          cv::Matx33d(xx, xy, -from_cy * xx + from_cx * xy,  //
                      xy, yy, -from_cy * xy + from_cx * yy,  //
                      -from_cy * xx + from_cx * xy, -from_cy * xy + from_cx * yy,
                      from_cy * from_cy * xx - 2 * from_cx * from_cy * xy + from_cx * from_cx * yy);
      right -= cv::Vec3d(xr, yr, -from_cy * xr + from_cx * yr);
    }
    matrix(0, 0) += 1;
    matrix(1, 1) += 1;
    matrix(2, 2) += cx * cx;
    const cv::Vec3d step = matrix.solve(right, cv::DECOMP_CHOLESKY);
    fitted.dx += std::clamp(step[0], -1.0, 1.0);
    fitted.dy += std::clamp(step[1], -1.0, 1.0);
    fitted.rotation += step[2];
    const double edge = std::abs(step[2]) * std::max(cx, cy);
    if (std::abs(step[0]) < kFitted && std::abs(step[1]) < kFitted && edge < kFitted) break;
  }
  const bool failed = std::abs(fitted.rotation) > kRotationMax ||
                      std::abs(fitted.dx - offset.x) > 2 || std::abs(fitted.dy - offset.y) > 2;
  return failed ? Displacement{static_cast<double>(offset.x), static_cast<double>(offset.y), 0}
                : fitted;
}

size_t Registration::CountFound(const Patches& patches, const Plane& picture, Offset offset,
                                std::vector<bool>& found) {
  size_t count = 0;
  for (size_t i = 0; i < patches.size(); ++i) {
    const Patch& patch = patches[i];
    found[i] = Correlation(patch.luma.data(), picture.row(patch.y + offset.y) + patch.x + offset.x,
                           picture.stride(), kPatchWidth, kPatchHeight) >= kCorrelationMin;
    count += found[i] ? 1 : 0;
  }
  return count;
}

Registration::Match Registration::Find(const Plane& picture, double gain) {
  Match match;
  if (!ready()) return match;
  static thread_local Patches lit;
  if (gain != 1) Relight(gain, lit);
  const Patches& patches = gain == 1 ? patches_ : lit;
  if (patches.size() < kPatchesMin) return match;
  const auto all = static_cast<double>(patches.size());
  unsigned misses = 0;
  for (const Patch& patch : patches) misses += patch.miss;
  Offset offset = Refine(patches, picture, last_);
  std::vector<bool> found(patches.size());
  size_t count = CountFound(patches, picture, offset, found);
  const unsigned cost = Cost(patches, picture, offset, 1);
  if (offset.x != last_.x || offset.y != last_.y || cost > kNearShare * misses ||
      static_cast<double>(count) < kNearShare * all) {
    const Offset searched = Refine(patches, picture, Search(patches, picture, offset));
    std::vector<bool> found_there(patches.size());
    const size_t there = CountFound(patches, picture, searched, found_there);
    // In another light than thought, absolute differences mislead: structure goes first.
    const bool clear = count + patches.size() / 10 < there || there + patches.size() / 10 < count;
    if (clear ? there > count : Cost(patches, picture, searched, 1) < cost) {
      offset = searched;
      count = there;
      found = std::move(found_there);
    }
  }
  match.found = static_cast<double>(count) / all;
  match.lost = match.found < kFoundMin || count < kPatchesMin / 2;
  if (match.lost) return match;
  last_ = offset;
  match.displacement = Fit(patches, picture, offset, found);
  Displacement& displacement = match.displacement;
  const int half = std::max(picture.width(), picture.height()) / 2;
  if (std::abs(displacement.rotation) * half < kRotationEdgeMin) displacement.rotation = 0;
  if (displacement.rotation == 0 && std::hypot(displacement.dx, displacement.dy) < kShiftMin) {
    displacement = {};
  }
  return match;
}

void Align(const Plane& picture, const Displacement& displacement, Plane& out) {
  const int width = picture.width(), height = picture.height();
  PATROL_CHECK(out.width() == width && out.height() == height);
  for (int y = 0; y < height; ++y) {
    const Turn turn(displacement, width, height, y);
    for (int x = 0; x < width; x += kLanes) {
      const int at_x = turn.x(x) + (1 << 11), at_y = turn.y(x) + (1 << 11);  // to sixteenths
      const int ix = at_x >> 16, iy = at_y >> 16;
      const auto fx = static_cast<uint16_t>(at_x >> 12 & 15);
      const auto fy = static_cast<uint16_t>(at_y >> 12 & 15);
      // What lies outside is never looked at (FillUnseen); it must only be memory of ours.
      const int from = std::clamp(ix, -Plane::kBorder, width - 1);
      const uint8_t* upper = picture.row(std::clamp(iy, 0, height - 1)) + from;
      const uint8_t* lower = picture.row(std::clamp(iy + 1, 0, height - 1)) + from;
      v_uint16x8 low, high, below_low, below_high;
      Between(cv::v_load(upper), cv::v_load(upper + 1), fx, low, high);
      Between(cv::v_load(lower), cv::v_load(lower + 1), fx, below_low, below_high);
      const v_uint16x8 above_share = cv::v_setall_u16(16 - fy), below_share = cv::v_setall_u16(fy);
      const v_uint16x8 half = cv::v_setall_u16(128);
      low = (cv::v_mul_wrap(low, above_share) + cv::v_mul_wrap(below_low, below_share) + half) >> 8;
      high =
          (cv::v_mul_wrap(high, above_share) + cv::v_mul_wrap(below_high, below_share) + half) >> 8;
      cv::v_store(out.row(y) + x, cv::v_pack(low, high));
    }
  }
}

void FillUnseen(const Displacement& displacement, const Plane& fill, Plane& picture) {
  const int width = picture.width(), height = picture.height();
  const Strips strips(displacement, width, height, 0);
  for (int y = 0; y < height; ++y) {
    uint8_t* to = picture.row(y);
    const uint8_t* from = fill.row(y);
    if (y < strips.top || y >= height - strips.bottom) {
      std::memcpy(to, from, static_cast<size_t>(width));
      continue;
    }
    std::memcpy(to, from, static_cast<size_t>(strips.left));
    std::memcpy(to + width - strips.right, from + width - strips.right,
                static_cast<size_t>(strips.right));
  }
}

void Unalign(const Plane& mask, const Displacement& displacement, Plane& out) {
  const int width = mask.width(), height = mask.height();
  PATROL_CHECK(out.width() == width && out.height() == height);
  const Displacement back = {-displacement.dx, -displacement.dy, -displacement.rotation};
  const Strips strips(back, width, height, 0.5);
  for (int y = 0; y < height; ++y) {
    uint8_t* to = out.row(y);
    if (y < strips.top || y >= height - strips.bottom) {
      std::memset(to, 0, static_cast<size_t>(width));
      continue;
    }
    const Turn turn(back, width, height, y);
    for (int x = 0; x < width; x += kLanes) {
      const int ix = (turn.x(x) + (1 << 15)) >> 16, iy = (turn.y(x) + (1 << 15)) >> 16;
      std::memcpy(to + x,
                  mask.row(std::clamp(iy, 0, height - 1)) + std::clamp(ix, -Plane::kBorder, width),
                  kLanes);
    }
    std::memset(to, 0, static_cast<size_t>(strips.left));
    std::memset(to + width - strips.right, 0, static_cast<size_t>(strips.right));
  }
}

}  // namespace patrol::motion
