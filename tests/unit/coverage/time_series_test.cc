#include "lib/patrol/coverage/time_series.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::coverage {
namespace {

using ::testing::ElementsAre;

TEST(GapClock, FindsTheLongestRunBetweenMarksAndAtBothEnds) {
  GapClock clock;
  clock.Mark(3, 5);    // 0..3 before
  clock.Mark(5, 6);    // none between
  clock.Mark(13, 14);  // 6..13 between; 14..20 after
  EXPECT_EQ(clock.Longest(0, 20).steps, 7);
  EXPECT_EQ(clock.Longest(0, 20).begin, 6);
  EXPECT_EQ(clock.Longest(0, 40).steps, 26);
  EXPECT_EQ(clock.Longest(0, 40).begin, 14);
}

TEST(GapClock, TellsTheFirstOfRunsThatAreEquallyLong) {
  GapClock clock;
  clock.Mark(5, 6);
  clock.Mark(11, 12);
  EXPECT_EQ(clock.Longest(0, 17).begin, 0);
}

TEST(GapClock, JoinsWhatFollowsEachOther) {
  GapClock first, none, later;
  first.Mark(2, 4);
  later.Mark(20, 21);
  later.Mark(30, 31);
  first.Append(none);
  first.Append(later);
  EXPECT_EQ(first.Longest(0, 32).steps, 16);
  EXPECT_EQ(first.Longest(0, 32).begin, 4);
  GapClock empty;
  empty.Append(later);
  EXPECT_EQ(empty.Longest(0, 32).steps, 20);
  EXPECT_EQ(empty.Longest(0, 32).begin, 0);
}

TEST(GapClock, IsAllGapWithoutAMark) {
  EXPECT_EQ(GapClock().Longest(100, 360).steps, 260);
  EXPECT_EQ(GapClock().Longest(100, 360).begin, 100);
}

TEST(ValueRuns, InterpolatesBetweenNeighboursInOrder) {
  ValueRuns runs;
  runs.Add(40, 1);
  runs.Add(10, 1);
  runs.Add(30, 1);
  runs.Add(20, 1);
  // 10 20 30 40: numpy.percentile([10, 20, 30, 40], [5, 50, 95])
  EXPECT_THAT(runs.Percentiles({5, 50, 95}, 4),
              ElementsAre(testing::DoubleNear(11.5, 1e-9), testing::DoubleNear(25, 1e-9),
                          testing::DoubleNear(38.5, 1e-9)));
}

TEST(ValueRuns, CountsStepsThatWereNotAddedAsZero) {
  ValueRuns runs;
  runs.Add(100, 4);
  EXPECT_THAT(runs.Percentiles({0, 50, 100}, 10), ElementsAre(0, 0, 100));
  EXPECT_THAT(runs.Percentiles({50}, 4), ElementsAre(100));
  EXPECT_THAT(ValueRuns().Percentiles({50}, 0), ElementsAre(0));
}

TEST(ValueRuns, FindsPercentilesOfManyRunsAsOfFew) {
  ValueRuns runs;
  for (uint32_t i = 0; i < 10'000; ++i) runs.Add(i * 7919 % 10'007 * 400'000 + 1, 1 + i % 3);
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < 10'000; ++i) {
    all.insert(all.end(), 1 + i % 3, i * 7919 % 10'007 * 400'000 + 1);
  }
  all.insert(all.end(), 5'000, 0);
  std::sort(all.begin(), all.end());
  const auto steps = static_cast<int64_t>(all.size());
  for (const double percent : {0.0, 5.0, 50.0, 95.0, 100.0}) {
    const double place = static_cast<double>(steps - 1) * percent / 100;
    const auto below = static_cast<size_t>(place);
    const double next = all[std::min(below + 1, all.size() - 1)];
    EXPECT_NEAR(runs.Percentiles({percent}, steps)[0],
                all[below] + (next - all[below]) * (place - static_cast<double>(below)), 1e-3)
        << percent;
  }
}

TEST(ValueRuns, AppendedRunsCountLikeAdded) {
  ValueRuns all, first, second;
  first.Add(5, 2);
  second.Add(5, 1);
  second.Add(9, 2);
  all.Append(first);
  all.Append(second);
  EXPECT_THAT(all.Percentiles({0, 50, 75, 100}, 5), ElementsAre(5, 5, 9, 9));
}

}  // namespace
}  // namespace patrol::coverage
