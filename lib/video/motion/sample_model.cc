#include "lib/video/motion/sample_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/base/check.h"
#include "lib/video/motion/sample_rows.h"

namespace patrol::motion {

namespace {

static_assert(SampleModel::kSamples == kRowSamples);

constexpr int kLanes = 16;
constexpr int kReach = SampleModel::kReachMax;
// More than this share of the neighbourhood moving makes a pixel foreground: 24 of 49, 4 of 9.
constexpr double kMajority = 0.49;
// Places with so many moving neighbours belong to a moving thing: their flips are its edges, not
// flicker. 20 of 49, 3 of 9.
constexpr double kNearMoving = 0.41;
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

// Where whole vectors of 16 that cover a row end.
int EndOf(int width) { return (width + kLanes - 1) / kLanes * kLanes; }

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
  for (int y = 0; y < height_; ++y) {
    ForgetJob job = {.blink = blink_.row(y),
                     .base_distance = base_distance_,
                     .dark_distance = parameters_.dark_distance};
    for (size_t k = 0; k < kSamples; ++k) job.samples[k] = samples_[k].row(y);
    OverRow(&RowKernels::forget, job, 0, EndOf(width_));
  }
}

int SampleModel::Dither(double value) {
  const double chance = static_cast<double>(random_()) / 2147483647.0;
  return static_cast<int>(std::floor(value + chance));
}

void SampleModel::CompareRow(const Plane& picture, int y, Scratch& scratch) {
  uint8_t* raw = scratch.raw.row(y);
  CompareJob job = {.current = picture.row(y),
                    .flicker = flicker_.row(y),
                    .blink = blink_.row(y),
                    .raw = raw,
                    .base_distance = base_distance_,
                    .dark_distance = parameters_.dark_distance,
                    .saturated_from = saturated_from_,
                    .flicker_spared = parameters_.flicker_spared};
  for (size_t k = 0; k < kSamples; ++k) job.samples[k] = samples_[k].row(y);
  OverRow(&RowKernels::compare, job, 0, EndOf(width_));
  // The majority near the left and right edge sees the edge repeated.
  std::memset(raw - kReach, raw[0], kReach);
  std::memset(raw + width_, raw[width_ - 1], kReach);
}

// sums: moving pixels of the seven rows around y, per column.
void SampleModel::DecideRow(const uint8_t* sums, int y, const Steps& steps, Scratch& scratch) {
  uint8_t* mask = scratch.mask.row(y);
  uint8_t border[kLanes];
  std::memcpy(border, mask + width_, kLanes);
  const int neighbours = (2 * parameters_.reach + 1) * (2 * parameters_.reach + 1);
  const DecideJob job = {.sums = sums,
                         .raw = scratch.raw.row(y),
                         .mask = mask,
                         .flicker = flicker_.row(y),
                         .blink = blink_.row(y),
                         .reach = parameters_.reach,
                         .majority = static_cast<int>(kMajority * neighbours),
                         .near_moving = static_cast<int>(kNearMoving * neighbours),
                         .flicker_up = steps.flicker_up,
                         .flicker_down = steps.flicker_down,
                         .blink_up = steps.blink_up,
                         .blink_down = steps.blink_down};
  OverRow(&RowKernels::decide, job, 0, EndOf(width_));
  std::memcpy(mask + width_, border, kLanes);
}

void SampleModel::Segment(const Plane& picture, double elapsed_s) {
  PATROL_CHECK(picture.width() == width_ && picture.height() == height_);
  Scratch& own = scratch();
  for (int y = 0; y < height_; ++y) CompareRow(picture, y, own);

  const double step_s = std::min(elapsed_s, kStepMax_s);
  const Steps steps = {.flicker_up = Dither(parameters_.flicker_up_per_s * step_s),
                       .flicker_down = Dither(parameters_.flicker_down_per_s * step_s),
                       .blink_up = Dither(parameters_.blink_up_per_s * step_s),
                       .blink_down = Dither(parameters_.blink_down_per_s * step_s)};
  // Moving pixels of 7x7: column sums first, kept running from row to row.
  std::vector<uint8_t> columns(static_cast<size_t>(own.raw.stride()) + kLanes, 0);
  uint8_t* sums = columns.data() + Plane::kBorder;
  const int end = EndOf(width_ + kReach + Plane::kBorder) - Plane::kBorder;
  const auto add_row = [&](int y, bool subtract) {
    const uint8_t* row = own.raw.row(std::clamp(y, 0, height_ - 1));
    OverRow(&RowKernels::count, CountJob{.raw = row, .sums = sums, .subtract = subtract},
            -Plane::kBorder, end);
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
  const auto teach = [&](TeachJob job) {
    job.sample = samples_[random_() % kSamples].row(y);
    job.noise = NoiseRow(random_, width_);
    job.unsaturated_to = saturated_from_ - 1;
    OverRow(&RowKernels::teach, job, 0, EndOf(width_));
  };
  if (chances.replace > 0) {
    teach({.value = picture.row(y), .mask = moving.row(y), .chance = chances.replace});
  }
  if (chances.diffuse > 0) {
    // One of the eight neighbours, the same for the whole row this time.
    static constexpr int kDown[] = {-1, -1, -1, 0, 0, 1, 1, 1};
    static constexpr int kRight[] = {-1, 0, 1, -1, 1, -1, 0, 1};
    const size_t neighbour = random_() % 8;
    const int from = std::clamp(y + kDown[neighbour], 0, height_ - 1);
    teach({.value = picture.row(from) + kRight[neighbour],
           .mask = moving.row(from) + kRight[neighbour],
           .chance = chances.diffuse});
  }
  if (chances.absorb > 0) {
    teach({.value = picture.row(y),
           .mask = moving.row(y),
           .before = recent.row(y),
           .chance = chances.absorb});
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
  MeanJob job = {.to = out.row(y)};
  for (size_t k = 0; k < kSamples; ++k) job.samples[k] = samples_[k].row(y);
  OverRow(&RowKernels::mean, job, 0, EndOf(width_));
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
