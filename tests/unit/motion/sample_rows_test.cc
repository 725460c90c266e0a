// The wide vectors give the same bytes as the narrow ones. Method: rows of random bytes, near one
// another as samples are and far apart, and every kernel on both.
#include "lib/video/motion/sample_rows.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kWidth = 96;
constexpr int kMargin = 16;

using Row = std::vector<uint8_t>;

class SampleRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (WideRows() == nullptr) GTEST_SKIP() << "this processor has no wider vectors";
  }

  // Around `level`, as far away as `spread`; a margin on both sides.
  Row Random(int level, int spread) {
    Row row(kWidth + 2 * kMargin);
    for (uint8_t& byte : row) {
      const int away = static_cast<int>(random_() >> 8) % (2 * spread + 1) - spread;
      byte = static_cast<uint8_t>(std::clamp(level + away, 0, 255));
    }
    return row;
  }
  Row Bits() {
    Row row = Random(128, 127);
    for (uint8_t& byte : row) byte = byte < 128 ? 0 : 255;
    return row;
  }
  static uint8_t* At(Row& row) { return row.data() + kMargin; }

  template <typename Job>
  static void Wide(int (*RowKernels::*kernel)(const Job&, int, int), const Job& job) {
    EXPECT_EQ((WideRows()->*kernel)(job, 0, kWidth), kWidth);
  }
  template <typename Job>
  static void Narrow(int (*RowKernels::*kernel)(const Job&, int, int), const Job& job) {
    EXPECT_EQ((NarrowRows().*kernel)(job, 0, kWidth), kWidth);
  }

  std::minstd_rand random_{5};
};

TEST_F(SampleRowsTest, WideVectorsCompareAsNarrowOnes) {
  for (int i = 0; i < 200; ++i) {
    const int level = i * 37 % 256;
    Row current = Random(level, 30), flicker = Random(20, 20), blink = Random(60, 195);
    std::vector<Row> samples;
    for (int k = 0; k < kRowSamples; ++k) samples.push_back(Random(level, 5 + i % 40));
    Row wide(kWidth + 2 * kMargin), narrow = wide;
    CompareJob job = {.current = At(current),
                      .flicker = At(flicker),
                      .blink = At(blink),
                      .raw = At(wide),
                      .base_distance = 3 + i % 12,
                      .dark_distance = 4,
                      .saturated_from = i % 3 == 0 ? 256 : 150 + i % 100,
                      .flicker_spared = i % 5};
    for (size_t k = 0; k < samples.size(); ++k) job.samples[k] = At(samples[k]);
    Wide(&RowKernels::compare, job);
    job.raw = At(narrow);
    Narrow(&RowKernels::compare, job);
    ASSERT_EQ(wide, narrow) << i;
    Wide(&RowKernels::mean, MeanJob{.samples = job.samples, .to = At(wide)});
    Narrow(&RowKernels::mean, MeanJob{.samples = job.samples, .to = At(narrow)});
    ASSERT_EQ(wide, narrow) << i;
  }
}

TEST_F(SampleRowsTest, WideVectorsCountAndDecideAsNarrowOnes) {
  for (int i = 0; i < 200; ++i) {
    Row sums = Random(3, 4), raw = Random(128, 128), narrow_sums = sums;
    Wide(&RowKernels::count, CountJob{At(raw), At(sums), i % 2 == 0});
    Narrow(&RowKernels::count, CountJob{At(raw), At(narrow_sums), i % 2 == 0});
    ASSERT_EQ(sums, narrow_sums) << i;
    Row flicker = Random(60, 60), blink = Random(128, 128), mask = Bits();
    Row narrow_flicker = flicker, narrow_blink = blink, narrow_mask = mask;
    DecideJob job = {.sums = At(sums),
                     .raw = At(raw),
                     .mask = At(mask),
                     .flicker = At(flicker),
                     .blink = At(blink),
                     .reach = 1 + i % 3,
                     .majority = 4 + i % 20,
                     .near_moving = 3 + i % 17,
                     .flicker_up = i % 4,
                     .flicker_down = i % 3,
                     .blink_up = i % 7,
                     .blink_down = i % 2};
    Wide(&RowKernels::decide, job);
    job.mask = At(narrow_mask);
    job.flicker = At(narrow_flicker);
    job.blink = At(narrow_blink);
    Narrow(&RowKernels::decide, job);
    ASSERT_EQ(mask, narrow_mask) << i;
    ASSERT_EQ(flicker, narrow_flicker) << i;
    ASSERT_EQ(blink, narrow_blink) << i;
  }
}

TEST_F(SampleRowsTest, WideVectorsTeachAsNarrowOnes) {
  for (int i = 0; i < 200; ++i) {
    Row value = Random(200, 55), mask = Bits(), noise = Random(128, 128), before = Random(200, 55);
    Row sample = Random(128, 100), narrow_sample = sample;
    TeachJob job = {.value = At(value),
                    .mask = At(mask),
                    .noise = At(noise),
                    .before = i % 2 == 0 ? nullptr : At(before),
                    .sample = At(sample),
                    .chance = 10 + i,
                    .unsaturated_to = i % 3 == 0 ? 255 : 220};
    Wide(&RowKernels::teach, job);
    job.sample = At(narrow_sample);
    Narrow(&RowKernels::teach, job);
    ASSERT_EQ(sample, narrow_sample) << i;
  }
}

TEST_F(SampleRowsTest, WideVectorsForgetAsNarrowOnes) {
  int changed = 0;
  for (int i = 0; i < 200; ++i) {
    const int level = i * 37 % 256;
    Row blink = Random(4, 4);
    std::vector<Row> wide;
    for (int k = 0; k < kRowSamples; ++k) wide.push_back(Random(level, 5 + i % 40));
    std::vector<Row> narrow = wide;
    const std::vector<Row> before = wide;
    ForgetJob job = {.blink = At(blink), .base_distance = 3 + i % 12, .dark_distance = 4};
    for (size_t k = 0; k < wide.size(); ++k) job.samples[k] = At(wide[k]);
    Wide(&RowKernels::forget, job);
    for (size_t k = 0; k < narrow.size(); ++k) job.samples[k] = At(narrow[k]);
    Narrow(&RowKernels::forget, job);
    ASSERT_EQ(wide, narrow) << i;
    changed += wide != before ? 1 : 0;
  }
  EXPECT_GT(changed, 100) << "rows in which something is forgotten";
}

TEST_F(SampleRowsTest, WhatWideVectorsLeaveOfARowNarrowOnesDo) {
  Row raw(kWidth + 2 * kMargin, 1), sums(kWidth + 2 * kMargin);
  EXPECT_EQ((WideRows()->*&RowKernels::count)(CountJob{At(raw), At(sums), false}, 0, 80), 64);
  sums.assign(sums.size(), 0);
  OverRow(&RowKernels::count, CountJob{At(raw), At(sums), false}, 0, 80);
  for (int x = 0; x < kWidth; ++x) EXPECT_EQ(At(sums)[x], x < 80 ? 1 : 0) << x;
}

}  // namespace
}  // namespace patrol::motion
