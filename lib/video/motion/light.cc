#include "lib/video/motion/light.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace patrol::motion {

namespace {

constexpr int kStepsPerOctave = 64;
constexpr int kStepsMax = 3 * kStepsPerOctave;
// Darker pixels have too coarse a logarithm, brighter ones may be saturated.
constexpr int kDarkest = 20, kBrightest = 245;
// Pixels within so many steps (5 %) agree on a gain.
constexpr int kAgree = 4;
// Gains below 2 % are left to the model's own learning.
constexpr int kDeadBand = 2;
// A new gain needs so many more pixels behind it than the old one has, as a share of all compared.
constexpr double kMargin = 0.08;
constexpr int kSpacing = 4;
constexpr int kPixelsMin = 64;

const std::array<int16_t, 256>& Logarithms() {
  static const std::array<int16_t, 256> table = [] {
    std::array<int16_t, 256> filled{};
    for (int i = 1; i < 256; ++i) {
      filled[static_cast<size_t>(i)] =
          static_cast<int16_t>(std::lround(kStepsPerOctave * std::log2(i)));
    }
    return filled;
  }();
  return table;
}

// Shares of the pixels below the luma that is compared: high enough not to be black after a step
// down, low enough not to be saturated after one up.
constexpr double kQuantile = 0.4, kLowQuantile = 0.12;
constexpr double kBrightQuantile = 0.9;

int QuantileOf(const Plane& plane, double quantile) {
  std::array<int, 256> histogram{};
  int count = 0;
  for (int y = kSpacing / 2; y < plane.height(); y += kSpacing) {
    const uint8_t* row = plane.row(y);
    for (int x = kSpacing / 2; x < plane.width(); x += kSpacing, ++count) ++histogram[row[x]];
  }
  int below = 0, luma = 0;
  while (luma < 255 && below + histogram[static_cast<size_t>(luma)] <= quantile * count) {
    below += histogram[static_cast<size_t>(luma++)];
  }
  return luma;
}

}  // namespace

double QuantileGain(const Plane& picture, const Plane& reference) {
  int now = QuantileOf(picture, kQuantile), then = QuantileOf(reference, kQuantile);
  if (std::max(now, then) > kBrightest) {
    now = QuantileOf(picture, kLowQuantile);
    then = QuantileOf(reference, kLowQuantile);
  }
  const double ratio = (now + 1.0) / (then + 1.0);
  return std::clamp(ratio, 1.0 / 8, 8.0);
}

int BrightLuma(const Plane& picture) { return QuantileOf(picture, kBrightQuantile); }

double LightGain::gain() const { return std::exp2(static_cast<double>(steps_) / kStepsPerOctave); }

double LightGain::Estimate(const Plane& picture, const Plane& reference) {
  const std::array<int16_t, 256>& logarithm = Logarithms();
  std::array<int, 2 * kStepsMax + 1> histogram{};
  int compared = 0;
  for (int y = kSpacing / 2; y < picture.height(); y += kSpacing) {
    const uint8_t* now = picture.row(y);
    const uint8_t* then = reference.row(y);
    for (int x = kSpacing / 2; x < picture.width(); x += kSpacing) {
      if (std::min(now[x], then[x]) < kDarkest || std::max(now[x], then[x]) > kBrightest) continue;
      const int steps = logarithm[now[x]] - logarithm[then[x]];
      if (std::abs(steps) > kStepsMax) continue;
      ++histogram[static_cast<size_t>(steps + kStepsMax)];
      ++compared;
    }
  }
  if (compared < kPixelsMin) return gain();
  const auto behind = [&histogram](int steps) {
    int count = 0;
    const int from = std::max(-kStepsMax, steps - kAgree), to = std::min(kStepsMax, steps + kAgree);
    for (int i = from; i <= to; ++i) count += histogram[static_cast<size_t>(i + kStepsMax)];
    return count;
  };
  int best = steps_;
  int best_count = behind(steps_) + static_cast<int>(kMargin * compared);
  for (int steps = -kStepsMax; steps <= kStepsMax; ++steps) {
    const int count = behind(steps);
    if (count > best_count || (count == best_count && std::abs(steps) < std::abs(best))) {
      best = steps;
      best_count = count;
    }
  }
  steps_ = std::abs(best) <= kDeadBand ? 0 : best;
  return gain();
}

}  // namespace patrol::motion
