#include "lib/patrol/coverage/time_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::coverage {
namespace {

using ::testing::ElementsAre;

TEST(GapClock, FindsTheLongestRunBetweenMarksAndAtBothEnds) {
  GapClock clock(0);
  clock.Mark(3, 5);    // 0..3 before
  clock.Mark(5, 6);    // none between
  clock.Mark(13, 14);  // 6..13 between
  clock.Close(20);     // 14..20 after
  EXPECT_EQ(clock.longest(), 7);
  EXPECT_EQ(clock.longest_begin(), 6);
}

TEST(GapClock, IsAllGapWithoutAMark) {
  GapClock clock(100);
  clock.Close(360);
  EXPECT_EQ(clock.longest(), 260);
  EXPECT_EQ(clock.longest_begin(), 100);
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
