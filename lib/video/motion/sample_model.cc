#include "lib/video/motion/sample_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <opencv2/core/hal/intrin.hpp>

#include "lib/base/check.h"

namespace patrol::motion {

namespace {

using cv::v_uint16x8;
using cv::v_uint8x16;

constexpr int kLanes = 16;
constexpr int kReach = SampleModel::kReachMax;
// More than this share of the neighbourhood moving makes a pixel foreground: 24 of 49, 4 of 9.
constexpr double kMajority = 0.49;
// Places with so many moving neighbours belong to a moving thing: their flips are its edges, not
// flicker. 20 of 49, 3 of 9.
constexpr double kNearMoving = 0.41;
// Samples needed to call a pixel still.
constexpr int kNearSamples = 2;
// A place has changed when it differs by more than this from a moment ago; grey levels.
constexpr int kUnchanged = 8;
// Luma of black, as coded; cameras that go below it lose nothing.
constexpr int kBlack = 16;
constexpr int kMoving = 1;    // in Scratch::raw
constexpr int kHalf = 2;      // in Scratch::raw; counts as so many neighbours more
constexpr int kSpeck = 0x80;  // in blink_
constexpr int kBlinkBits = 0x7f;
constexpr int kNearestMax = 63;
constexpr int kBlinkMax = 60;
// A place that has blinked by more than this lately sways: one flip there and none back.
constexpr int kSways = 4;
// Flicker and blinking follow at most this much time at once: a picture every two seconds must not
// count for fifty, nor one every two hundred milliseconds for five.
constexpr double kStepMax_s = 0.05;

// Random bytes, read from a random place for every row. A table, because a generator in SIMD costs
// more than the whole model.
constexpr size_t kNoiseBytes = 1 << 14;
struct Noise {
  Noise() {
    std::minstd_rand random(7);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 12);
  }
  std::array<uint8_t, kNoiseBytes> bytes;
};

const uint8_t* NoiseRow(std::minstd_rand& random, int width) {
  static const Noise noise;
  const size_t room = kNoiseBytes - static_cast<size_t>(width) - kLanes;
  return noise.bytes.data() + (random() >> 8) % room;
}

v_uint8x16 Load(const uint8_t* from) { return cv::v_load(from); }

v_uint8x16 All(int value) { return cv::v_setall_u8(static_cast<uint8_t>(value)); }

// value / 2 per lane.
v_uint8x16 Half(const v_uint8x16& value) {
  const v_uint16x8 shifted = cv::v_reinterpret_as_u16(value) >> 1;
  return cv::v_reinterpret_as_u8(shifted) & All(0x7f);
}

v_uint8x16 Eighth(const v_uint8x16& value) {
  const v_uint16x8 shifted = cv::v_reinterpret_as_u16(value) >> 3;
  return cv::v_reinterpret_as_u8(shifted) & All(0x1f);
}

// value * 8 per lane, 255 at most.
v_uint8x16 Times8(const v_uint8x16& value) {
  const v_uint8x16 twice = value + value;  // saturates
  const v_uint8x16 four_times = twice + twice;
  return four_times + four_times;
}

// What never counts, by the luma that is compared: fewer grey levels in the dark and near white.
struct Allowed {
  Allowed(int base, int dark, int white)
      : base(All(base)), darkest(All(std::min(dark, base))), white(All(std::min(white, 255))) {}

  v_uint8x16 At(const v_uint8x16& value) const {
    return cv::v_min(cv::v_min(base, darkest + Eighth(value - black)),
                     darkest + Half(white - value));
  }

  const v_uint8x16 base, darkest, white;
  const v_uint8x16 black = All(kBlack);
};

}  // namespace

SampleModel::SampleModel(int width, int height, Parameters parameters)
    : width_(width),
      height_(height),
      parameters_(parameters),
      flicker_(width, height),
      blink_(width, height),
      base_distance_(parameters.base_distance) {
  PATROL_CHECK(width > 0 && height > 0 && width + 2 * kLanes < static_cast<int>(kNoiseBytes));
  for (Plane& sample : samples_) sample = Plane(width, height);
}

SampleModel::Scratch& SampleModel::scratch() const {
  static thread_local Scratch scratch;
  if (scratch.mask.width() != width_ || scratch.mask.height() != height_) {
    scratch.raw = Plane(width_, height_);
    scratch.mask = Plane(width_, height_, 255);
  }
  return scratch;
}

void SampleModel::SetSample(int index, const Plane& picture) {
  Plane& sample = samples_[static_cast<size_t>(index)];
  for (int y = 0; y < height_; ++y) {
    std::memcpy(sample.row(y), picture.row(y), static_cast<size_t>(width_));
  }
}

void SampleModel::SetBlock(int left, int top, int right, int bottom, const Plane& picture) {
  for (Plane& sample : samples_) {
    for (int y = top; y < bottom; ++y) {
      std::memcpy(sample.row(y) + left, picture.row(y) + left, static_cast<size_t>(right - left));
    }
  }
}

void SampleModel::ForgetPassing() {
  const Allowed allowed(base_distance_, parameters_.dark_distance, 255);
  const v_uint8x16 zero = All(0), half = All(kSamples / 2);
  const v_uint8x16 blink_bits = All(kBlinkBits), sways = All(kSways);
  for (int y = 0; y < height_; ++y) {
    const uint8_t* blink = blink_.row(y);
    for (int x = 0; x < width_; x += kLanes) {
      std::array<v_uint8x16, kSamples> values, near;
      for (size_t k = 0; k < kSamples; ++k) values[k] = Load(samples_[k].row(y) + x);
      // The sample that most are near.
      v_uint8x16 best = values[0], most = zero;
      for (size_t k = 0; k < kSamples; ++k) {
        const v_uint8x16 distance = allowed.At(values[k]);
        near[k] = zero;
        for (const v_uint8x16& other : values) {
          near[k] = cv::v_sub_wrap(near[k], cv::v_absdiff(values[k], other) <= distance);
        }
        best = cv::v_select(near[k] > most, values[k], best);
        most = cv::v_max(most, near[k]);
      }
      const v_uint8x16 known = (most >= half) & ((Load(blink + x) & blink_bits) <= sways);
      for (size_t k = 0; k < kSamples; ++k) {
        const v_uint8x16 passed = (near[k] < half) & known;
        cv::v_store(samples_[k].row(y) + x, cv::v_select(passed, best, values[k]));
      }
    }
  }
}

int SampleModel::Dither(double value) {
  const double chance = static_cast<double>(random_()) / 2147483647.0;
  return static_cast<int>(std::floor(value + chance));
}

template <bool kSaturated>
void SampleModel::CompareRow(const Plane& picture, int y, Scratch& scratch) {
  const uint8_t* current = picture.row(y);
  std::array<const uint8_t*, kSamples> samples;
  for (size_t k = 0; k < kSamples; ++k) samples[k] = samples_[k].row(y);
  const uint8_t* flicker = flicker_.row(y);
  const uint8_t* blink = blink_.row(y);
  uint8_t* raw = scratch.raw.row(y);
  const Allowed allowed(base_distance_, parameters_.dark_distance, saturated_from_);
  const v_uint8x16 one = All(kMoving), half = All(kHalf);
  const v_uint8x16 blink_bits = All(kBlinkBits);
  const v_uint8x16 needed = All(kNearSamples);
  const v_uint8x16 spared = All(parameters_.flicker_spared);
  const v_uint8x16 nearest_max = All(kNearestMax);
  const v_uint8x16 unsaturated_to = All(saturated_from_ - 1);
  for (int x = 0; x < width_; x += kLanes) {
    const v_uint8x16 value = Load(current + x);
    const v_uint8x16 exact = kSaturated ? value <= unsaturated_to : All(255);
    const v_uint8x16 distance =
        allowed.At(value) + (Half(Load(flicker + x)) - spared) + (Load(blink + x) & blink_bits);
    v_uint8x16 near = All(0);
    v_uint8x16 nearest = nearest_max;
#pragma GCC unroll 8
    for (size_t k = 0; k < kSamples; ++k) {
      const v_uint8x16 sample = Load(samples[k] + x);
      const v_uint8x16 away =
          (value - sample) | (kSaturated ? (sample - value) & exact : sample - value);
      near = cv::v_sub_wrap(near, away <= distance);  // 255 where it is near: one more
      nearest = cv::v_min(nearest, away);
    }
    const v_uint8x16 moving = (near < needed) & one;
    const v_uint8x16 twice = nearest + nearest;
    cv::v_store(raw + x, moving | ((twice > distance) & half) | (twice + twice));
  }
  // The majority near the left and right edge sees the edge repeated.
  std::memset(raw - kReach, raw[0], kReach);
  std::memset(raw + width_, raw[width_ - 1], kReach);
}

// sums: moving pixels of the seven rows around y, per column.
void SampleModel::DecideRow(const uint8_t* sums, int y, const Steps& steps, Scratch& scratch) {
  uint8_t* flicker = flicker_.row(y);
  uint8_t* blink = blink_.row(y);
  const uint8_t* raw = scratch.raw.row(y);
  uint8_t* mask = scratch.mask.row(y);
  uint8_t border[kLanes];
  std::memcpy(border, mask + width_, kLanes);
  const v_uint8x16 zero = All(0), one = All(kMoving), half = All(kHalf);
  const v_uint8x16 speck = All(kSpeck), blink_bits = All(kBlinkBits);
  const int neighbours = (2 * parameters_.reach + 1) * (2 * parameters_.reach + 1);
  const v_uint8x16 majority = All(static_cast<int>(kMajority * neighbours));
  const v_uint8x16 near_moving = All(static_cast<int>(kNearMoving * neighbours));
  const v_uint8x16 nearest_max = All(kNearestMax);
  const v_uint8x16 blink_max = All(kBlinkMax);
  const v_uint8x16 flicker_up = All(steps.flicker_up), flicker_down = All(steps.flicker_down);
  const v_uint8x16 blink_up = All(steps.blink_up), blink_down = All(steps.blink_down);
  for (int x = 0; x < width_; x += kLanes) {
    v_uint8x16 count = Load(sums + x);
    for (int reach = 1; reach <= parameters_.reach; ++reach) {
      count = count + Load(sums + x - reach) + Load(sums + x + reach);
    }
    const v_uint8x16 bits = Load(raw + x);
    cv::v_store(mask + x, count + (bits & half) > majority);

    const v_uint8x16 apart = count <= near_moving;  // from anything that really moves
    const v_uint8x16 nearest = Half(Half(bits)) & nearest_max;
    const v_uint8x16 target = Times8(nearest);
    const v_uint8x16 level = Load(flicker + x);
    const v_uint8x16 rise = cv::v_min(target - level, flicker_up) & apart;
    const v_uint8x16 fall = cv::v_min(level - target, flicker_down) & apart;
    cv::v_store(flicker + x, level + rise - fall);

    // A place blinks when it turns into a speck or back; a thing that comes or goes is no speck,
    // even where pictures are seconds apart.
    const v_uint8x16 before = Load(blink + x);
    const v_uint8x16 speck_now = ((bits & one) != zero) & apart & speck;
    const v_uint8x16 flipped = ((before ^ speck_now) & speck) == speck;
    const v_uint8x16 score = (before & blink_bits) - blink_down;
    cv::v_store(blink + x, cv::v_min(score + (blink_up & flipped & apart), blink_max) | speck_now);
  }
  std::memcpy(mask + width_, border, kLanes);
}

void SampleModel::Segment(const Plane& picture, double elapsed_s) {
  PATROL_CHECK(picture.width() == width_ && picture.height() == height_);
  Scratch& own = scratch();
  for (int y = 0; y < height_; ++y) {
    if (saturated_from_ < 256) {
      CompareRow<true>(picture, y, own);
    } else {
      CompareRow<false>(picture, y, own);
    }
  }

  const double step_s = std::min(elapsed_s, kStepMax_s);
  const Steps steps = {.flicker_up = Dither(parameters_.flicker_up_per_s * step_s),
                       .flicker_down = Dither(parameters_.flicker_down_per_s * step_s),
                       .blink_up = Dither(parameters_.blink_up_per_s * step_s),
                       .blink_down = Dither(parameters_.blink_down_per_s * step_s)};
  // Moving pixels of 7x7: column sums first, kept running from row to row.
  std::vector<uint8_t> columns(static_cast<size_t>(own.raw.stride()) + kLanes, 0);
  uint8_t* sums = columns.data() + Plane::kBorder;
  const v_uint8x16 one = All(kMoving);
  const auto add_row = [&](int y, bool subtract) {
    const Plane& raw = own.raw;
    const uint8_t* row = raw.row(std::clamp(y, 0, height_ - 1));
    for (int x = -Plane::kBorder; x < width_ + kReach; x += kLanes) {
      const v_uint8x16 moving = Load(row + x) & one;
      const v_uint8x16 sum = Load(sums + x);
      cv::v_store(sums + x, subtract ? sum - moving : sum + moving);
    }
  };
  const int reach = parameters_.reach;
  for (int y = -reach; y < reach; ++y) add_row(y, false);
  for (int y = 0; y < height_; ++y) {
    add_row(y + reach, false);
    DecideRow(sums, y, steps, own);
    add_row(y - reach, true);
  }
}

void SampleModel::CloseGaps() {
  Scratch& own = scratch();
  own.gaps.Close(own.raw, kHalf, parameters_.reach / 2, parameters_.reach, own.mask);
}

void SampleModel::TeachRow(const Plane& picture, const Plane& recent, const Plane& moving, int y,
                           const Chances& chances) {
  const v_uint8x16 zero = All(0);
  const v_uint8x16 unsaturated_to = All(saturated_from_ - 1);
  const uint8_t* current = picture.row(y);
  const uint8_t* mask = moving.row(y);
  if (chances.replace > 0) {
    uint8_t* sample = samples_[random_() % kSamples].row(y);
    const uint8_t* noise = NoiseRow(random_, width_);
    const v_uint8x16 chance = All(chances.replace);
    for (int x = 0; x < width_; x += kLanes) {
      const v_uint8x16 value = Load(current + x);
      const v_uint8x16 chosen =
          (Load(mask + x) == zero) & (Load(noise + x) < chance) & (value <= unsaturated_to);
      cv::v_store(sample + x, cv::v_select(chosen, value, Load(sample + x)));
    }
  }
  if (chances.diffuse > 0) {
    // One of the eight neighbours, the same for the whole row this time.
    static constexpr int kDown[] = {-1, -1, -1, 0, 0, 1, 1, 1};
    static constexpr int kRight[] = {-1, 0, 1, -1, 1, -1, 0, 1};
    const size_t neighbour = random_() % 8;
    const int from = std::clamp(y + kDown[neighbour], 0, height_ - 1);
    const uint8_t* given = picture.row(from) + kRight[neighbour];
    const uint8_t* given_mask = moving.row(from) + kRight[neighbour];
    uint8_t* sample = samples_[random_() % kSamples].row(y);
    const uint8_t* noise = NoiseRow(random_, width_);
    const v_uint8x16 chance = All(chances.diffuse);
    for (int x = 0; x < width_; x += kLanes) {
      const v_uint8x16 value = Load(given + x);
      const v_uint8x16 chosen =
          (Load(given_mask + x) == zero) & (Load(noise + x) < chance) & (value <= unsaturated_to);
      cv::v_store(sample + x, cv::v_select(chosen, value, Load(sample + x)));
    }
  }
  if (chances.absorb > 0) {
    const uint8_t* before = recent.row(y);
    uint8_t* sample = samples_[random_() % kSamples].row(y);
    const uint8_t* noise = NoiseRow(random_, width_);
    const v_uint8x16 chance = All(chances.absorb);
    const v_uint8x16 unchanged = All(kUnchanged);
    for (int x = 0; x < width_; x += kLanes) {
      const v_uint8x16 value = Load(current + x);
      const v_uint8x16 chosen = (Load(mask + x) != zero) & (Load(noise + x) < chance) &
                                (cv::v_absdiff(value, Load(before + x)) <= unchanged);
      cv::v_store(sample + x, cv::v_select(chosen, value, Load(sample + x)));
    }
  }
}

void SampleModel::Learn(const Plane& picture, const Plane& recent, double elapsed_s) {
  // Chance that an event of this rate falls into the time passed.
  const auto share = [&](double per_s, double share_max) {
    return 256.0 * std::min(1.0 - std::exp(-per_s * elapsed_s), share_max);
  };
  const double replace = share(parameters_.replace_per_s, parameters_.replace_share_max);
  const double diffuse = share(parameters_.diffuse_per_s, parameters_.replace_share_max);
  const double absorb = share(parameters_.absorb_per_s, parameters_.replace_share_max);
  const Plane& moving = mask();
  for (int y = 0; y < height_; ++y) {
    TeachRow(picture, recent, moving, y,
             {.replace = Dither(replace), .diffuse = Dither(diffuse), .absorb = Dither(absorb)});
  }
}

void SampleModel::Scale(double gain) {
  uint8_t table[256];
  for (int i = 0; i < 256; ++i) {
    table[i] = static_cast<uint8_t>(std::clamp(std::lround(i * gain), 0L, 255L));
  }
  for (Plane& sample : samples_) {
    for (int y = 0; y < height_; ++y) {
      uint8_t* row = sample.row(y);
      for (int x = 0; x < width_; ++x) row[x] = table[row[x]];
    }
  }
}

void SampleModel::Relight(const LightRegions& lit, const Plane& picture, const Plane& background) {
  for (Plane& sample : samples_) lit.Relight(picture, background, sample);
}

void SampleModel::Adopt(const Plane& background, const Plane& flicker) {
  for (int k = 0; k < kSamples; ++k) SetSample(k, background);
  for (int y = 0; y < height_; ++y) {
    std::memcpy(flicker_.row(y), flicker.row(y), static_cast<size_t>(width_));
    std::memset(blink_.row(y), 0, static_cast<size_t>(width_));
  }
}

void SampleModel::MeanRow(int y, Plane& out) const {
  const v_uint16x8 half = cv::v_setall_u16(kSamples / 2);
  std::array<const uint8_t*, kSamples> rows;
  for (size_t k = 0; k < kSamples; ++k) rows[k] = samples_[k].row(y);
  uint8_t* to = out.row(y);
  for (int x = 0; x < width_; x += kLanes) {
    v_uint16x8 low_sum = half, high_sum = half;
    for (const uint8_t* row : rows) {
      v_uint16x8 low, high;
      cv::v_expand(Load(row + x), low, high);
      low_sum = low_sum + low;
      high_sum = high_sum + high;
    }
    cv::v_store(to + x, cv::v_pack(low_sum >> 3, high_sum >> 3));
  }
}

void SampleModel::Mean(Plane& out) const {
  PATROL_CHECK(out.width() == width_ && out.height() == height_);
  for (int y = 0; y < height_; ++y) MeanRow(y, out);
}

void SampleModel::MeanNear(const Plane& near, int margin, Plane& out) const {
  PATROL_CHECK(out.width() == width_ && out.height() == height_);
  int next = 0;  // row to come
  for (int y = 0; y < height_; ++y) {
    const uint8_t* row = near.row(y);
    if (std::memchr(row, 255, static_cast<size_t>(width_)) == nullptr) continue;
    for (next = std::max(next, y - margin); next < std::min(height_, y + margin + 1); ++next) {
      MeanRow(next, out);
    }
  }
}

size_t SampleModel::memory_bytes() const {
  return samples_[0].size_bytes() * kSamples + flicker_.size_bytes() + blink_.size_bytes();
}

}  // namespace patrol::motion
