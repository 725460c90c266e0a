#include "lib/patrol/coverage/visits.h"

#include <vector>

#include <gtest/gtest.h>

namespace patrol::coverage {
namespace {

absl::Time T(int seconds) { return absl::FromUnixSeconds(1'000'000 + seconds); }

VisitSums Sum(const std::vector<Visit>& visits, int from, int to) {
  return SumVisits(visits.data(), visits.data() + visits.size(), T(from), T(to));
}

TEST(SumVisits, MeasuresTheGapBetweenTheEndOfOneAndTheStartOfTheNext) {
  const VisitSums sums = Sum({{T(10), T(20)}, {T(50), T(60)}}, 0, 80);
  EXPECT_EQ(sums.visits, 2);
  EXPECT_EQ(sums.dwell, absl::Seconds(20));
  EXPECT_EQ(sums.longest_gap, absl::Seconds(30));
}

TEST(SumVisits, HasNoGapWhileAnotherUnitStays) {
  const VisitSums sums = Sum({{T(0), T(70)}, {T(10), T(20)}, {T(75), T(80)}}, 0, 80);
  EXPECT_EQ(sums.visits, 3);
  EXPECT_EQ(sums.dwell, absl::Seconds(85));
  EXPECT_EQ(sums.longest_gap, absl::Seconds(5));
}

TEST(SumVisits, CutsVisitsAndGapsAtTheEndsOfTheSpan) {
  const std::vector<Visit> visits = {{T(0), T(10)}, {T(40), T(60)}, {T(90), T(95)}};
  const VisitSums sums = Sum(visits, 20, 50);
  EXPECT_EQ(sums.visits, 1);
  EXPECT_EQ(sums.dwell, absl::Seconds(10));
  EXPECT_EQ(sums.longest_gap, absl::Seconds(20));
}

TEST(SumVisits, IsAllGapWithoutVisits) {
  const VisitSums sums = Sum({}, 0, 3600);
  EXPECT_EQ(sums.visits, 0);
  EXPECT_EQ(sums.longest_gap, absl::Hours(1));
}

TEST(SumVisits, CountsAPassingMomentOnceWhereItFalls) {
  const std::vector<Visit> visits = {{T(20), T(20)}};
  EXPECT_EQ(Sum(visits, 0, 20).visits, 0);
  EXPECT_EQ(Sum(visits, 20, 40).visits, 1);
}

TEST(SumVisits, LeavesOutAVisitThatEndsWhereTheSpanBegins) {
  EXPECT_EQ(Sum({{T(5), T(20)}}, 20, 40).visits, 0);
}

}  // namespace
}  // namespace patrol::coverage
