#include "lib/patrol/coverage/interval.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::coverage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Interval> Merged(std::vector<Interval> intervals) {
  Merge(&intervals);
  return intervals;
}

std::vector<Interval> Difference(const std::vector<Interval>& from,
                                 const std::vector<Interval>& taken) {
  std::vector<Interval> out;
  AppendDifference(from.data(), from.data() + from.size(), taken.data(),
                   taken.data() + taken.size(), &out);
  return out;
}

TEST(Interval, MergeJoinsWhatOverlapsOrTouches) {
  EXPECT_THAT(Merged({{0.5, 0.7}, {0, 0.2}, {0.2, 0.3}, {0.6, 0.9}, {0.65, 0.66}}),
              ElementsAre(Interval{0, 0.3}, Interval{0.5, 0.9}));
}

TEST(Interval, MergeDropsEmptyOnes) {
  EXPECT_THAT(Merged({{0.4, 0.4}, {0.1, 0.2}, {0.9, 0.8}}), ElementsAre(Interval{0.1, 0.2}));
  EXPECT_THAT(Merged({}), IsEmpty());
}

TEST(Interval, DifferenceKeepsWhatIsNotTaken) {
  EXPECT_THAT(Difference({{0, 1}}, {{0.25, 0.5}, {0.75, 1}}),
              ElementsAre(Interval{0, 0.25}, Interval{0.5, 0.75}));
  EXPECT_THAT(Difference({{0.1, 0.2}, {0.4, 0.6}}, {{0, 0.5}}), ElementsAre(Interval{0.5, 0.6}));
  EXPECT_THAT(Difference({{0.1, 0.2}}, {{0.1, 0.2}}), IsEmpty());
  EXPECT_THAT(Difference({{0.1, 0.2}}, {}), ElementsAre(Interval{0.1, 0.2}));
}

TEST(Interval, LengthWithinCutsAtTheWindow) {
  const std::vector<Interval> merged = {{0, 0.25}, {0.5, 1}};
  const auto within = [&](Interval window) {
    return LengthWithin(merged.data(), merged.data() + merged.size(), window);
  };
  EXPECT_DOUBLE_EQ(within({0, 1}), 0.75);
  EXPECT_DOUBLE_EQ(within({0.125, 0.625}), 0.25);
  EXPECT_DOUBLE_EQ(within({0.25, 0.5}), 0);
}

}  // namespace
}  // namespace patrol::coverage
