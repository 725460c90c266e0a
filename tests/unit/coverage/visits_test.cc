#include "lib/patrol/coverage/visits.h"

#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace patrol::coverage {
namespace {

absl::Time T(int seconds) { return absl::FromUnixSeconds(1'000'000 + seconds); }

VisitSums Sum(const std::vector<Visit>& visits, int from, int to) {
  return TallyVisits(visits.data(), visits.data() + visits.size(), T(from), T(to)).visits();
}

TEST(VisitTally, MeasuresTheGapBetweenTheEndOfOneAndTheStartOfTheNext) {
  const VisitSums sums = Sum({{T(10), T(20)}, {T(50), T(60)}}, 0, 80);
  EXPECT_EQ(sums.visits, 2);
  EXPECT_EQ(sums.dwell, absl::Seconds(20));
  EXPECT_EQ(sums.longest_gap, absl::Seconds(30));
}

TEST(VisitTally, HasNoGapWhileAnotherUnitStays) {
  const VisitSums sums = Sum({{T(0), T(70)}, {T(10), T(20)}, {T(75), T(80)}}, 0, 80);
  EXPECT_EQ(sums.visits, 3);
  EXPECT_EQ(sums.dwell, absl::Seconds(85));
  EXPECT_EQ(sums.longest_gap, absl::Seconds(5));
}

TEST(VisitTally, CutsVisitsAndGapsAtTheEndsOfTheSpan) {
  const std::vector<Visit> visits = {{T(0), T(10)}, {T(40), T(60)}, {T(90), T(95)}};
  const VisitSums sums = Sum(visits, 20, 50);
  EXPECT_EQ(sums.visits, 1);
  EXPECT_EQ(sums.dwell, absl::Seconds(10));
  EXPECT_EQ(sums.longest_gap, absl::Seconds(20));
}

TEST(VisitTally, IsAllGapWithoutVisits) {
  const VisitSums sums = Sum({}, 0, 3600);
  EXPECT_EQ(sums.visits, 0);
  EXPECT_EQ(sums.longest_gap, absl::Hours(1));
}

TEST(VisitTally, CountsAPassingMomentOnceWhereItFalls) {
  const std::vector<Visit> visits = {{T(20), T(20)}};
  EXPECT_EQ(Sum(visits, 0, 20).visits, 0);
  EXPECT_EQ(Sum(visits, 20, 40).visits, 1);
}

TEST(VisitTally, LeavesOutAVisitThatEndsWhereTheSpanBegins) {
  EXPECT_EQ(Sum({{T(5), T(20)}}, 20, 40).visits, 0);
}

PresenceSums Presence(const std::vector<Visit>& visits, int from, int to) {
  return TallyVisits(visits.data(), visits.data() + visits.size(), T(from), T(to)).presence();
}

TEST(VisitTally, TakesVisitsThatOverlapForOnePresence) {
  const PresenceSums sums =
      Presence({{T(0), T(20)}, {T(10), T(40)}, {T(40), T(50)}, {T(80), T(90)}}, 0, 100);
  EXPECT_EQ(sums.presences, 2);
  EXPECT_EQ(sums.mean_stay, absl::Seconds(30));
  EXPECT_EQ(sums.mean_gap, absl::Seconds(30));
  EXPECT_EQ(sums.p95_gap, absl::Seconds(30));
}

TEST(VisitTally, CountsGapsBetweenTwoPresencesOnly) {
  const PresenceSums one = Presence({{T(50), T(60)}}, 0, 100);
  EXPECT_EQ(one.presences, 1);
  EXPECT_EQ(one.mean_gap, absl::ZeroDuration());
  EXPECT_EQ(Presence({}, 0, 100).presences, 0);
}

TEST(VisitTally, PicksTheNearestRankForThe95thPercentile) {
  std::vector<Visit> visits = {{T(0), T(0)}};
  int at = 0;
  for (int gap = 1; gap <= 20; ++gap) {
    at += gap;
    visits.push_back({T(at), T(at)});
  }
  const PresenceSums sums = Presence(visits, 0, 1000);
  EXPECT_EQ(sums.presences, 21);
  EXPECT_EQ(sums.mean_gap, absl::Milliseconds(10'500));
  EXPECT_EQ(sums.p95_gap, absl::Seconds(19));
}

TEST(VisitTally, CountsStaysOfTenToSixteenMinutesOnceWhereTheyBegin) {
  const std::vector<Visit> visits = {
      {T(0), T(599)}, {T(1000), T(1600)}, {T(3000), T(3960)}, {T(5000), T(5961)}};
  EXPECT_EQ(Presence(visits, 0, 10'000).koper_stays, 2);
  EXPECT_EQ(Presence(visits, 0, 1200).koper_stays, 1);
  EXPECT_EQ(Presence(visits, 1200, 10'000).koper_stays, 1);
}

struct RoundSums {
  int met = 0;
  int late = 0;
  int missed = 0;
};

RoundSums Rounds(const std::vector<Visit>& visits, int from, int to, int every) {
  RoundSums sums;
  for (const RoundDue& due : CheckRounds(visits.data(), visits.data() + visits.size(), T(from),
                                         T(to), absl::Seconds(every))) {
    ++(due.met() ? sums.met : due.late() ? sums.late : sums.missed);
  }
  return sums;
}

TEST(CheckRounds, TellsWhenEachWasDueAndWhoCame) {
  const std::vector<Visit> visits = {{T(50), T(55)}, {T(130), T(140)}};
  const auto rounds = CheckRounds(visits.data(), visits.data() + 2, T(0), T(200), absl::Minutes(1));
  ASSERT_EQ(rounds.size(), 3u);
  EXPECT_EQ(rounds[0].due, T(60));
  EXPECT_EQ(rounds[0].visit, T(50));
  EXPECT_EQ(rounds[1].due, T(115));
  EXPECT_EQ(rounds[1].visit, T(130));
  EXPECT_EQ(rounds[2].due, T(200));
  EXPECT_EQ(rounds[2].visit, std::nullopt);
}

TEST(CheckRounds, TellsVisitsInTimeFromLateOnesAndFromNone) {
  // Due at 60: there at 50. Left at 55, due at 115: there at 130, late. Left at 140, due at 200,
  // 260 and 320: there at 330, so two were missed and one was late. Left at 331; 391 is after the
  // end.
  const RoundSums sums = Rounds({{T(50), T(55)}, {T(130), T(140)}, {T(330), T(331)}}, 0, 380, 60);
  EXPECT_EQ(sums.met, 1);
  EXPECT_EQ(sums.late, 2);
  EXPECT_EQ(sums.missed, 2);
}

TEST(CheckRounds, AVisitAtTheVeryInstantIsInTime) {
  EXPECT_EQ(Rounds({{T(60), T(60)}}, 0, 100, 60).met, 1);
  const RoundSums twice = Rounds({{T(120), T(120)}}, 0, 150, 60);
  EXPECT_EQ(twice.late, 1);
  EXPECT_EQ(twice.missed, 0);
}

TEST(CheckRounds, AllAreMissedWhereNobodyComes) {
  const RoundSums sums = Rounds({}, 0, 240, 60);
  EXPECT_EQ(sums.met, 0);
  EXPECT_EQ(sums.late, 0);
  EXPECT_EQ(sums.missed, 4);
}

// What visits add up to by the definitions alone: a line of half seconds, of which those are taken
// at which somebody was there.
struct Counted {
  VisitSums visits;
  PresenceSums presence;
};

Counted Count(const std::vector<Visit>& visits, int from, int to) {
  Counted sums;
  const auto at = [&](absl::Time time) {  // even places are instants, odd ones what lies between
    return 2 * static_cast<int>((time - T(from)) / absl::Seconds(1));
  };
  const int end = 2 * (to - from);
  std::vector<bool> taken(static_cast<size_t>(end + 1), false);
  for (const Visit& visit : visits) {
    const absl::Duration stay = visit.leave - visit.enter;
    const bool begins = visit.enter >= T(from) && visit.enter < T(to);
    if (begins && stay >= absl::Minutes(10) && stay <= absl::Minutes(16)) {
      ++sums.presence.koper_stays;
    }
    // One that ends where the span begins is over, but for a passing moment.
    if (!begins && (visit.enter >= T(to) || visit.leave <= T(from))) continue;
    const int first = std::max(at(visit.enter), 0);
    const int last = std::min(at(visit.leave), end);
    ++sums.visits.visits;
    sums.visits.dwell += absl::Milliseconds(500) * (last - first);
    std::fill(taken.begin() + first, taken.begin() + last + 1, true);
  }
  std::vector<absl::Duration> gaps;
  absl::Duration stay;
  int free_from = 0;  // the place after which nobody was there, or the span's beginning
  for (int i = 0; i <= end; ++i) {
    if (!taken[static_cast<size_t>(i)]) continue;
    const int first = i;
    while (i < end && taken[static_cast<size_t>(i + 1)]) ++i;
    const absl::Duration gap = absl::Milliseconds(500) * (first - free_from);
    sums.visits.longest_gap = std::max(sums.visits.longest_gap, gap);
    if (++sums.presence.presences > 1) gaps.push_back(gap);
    stay += absl::Milliseconds(500) * (i - first);
    free_from = i;
  }
  sums.visits.longest_gap =
      std::max(sums.visits.longest_gap, absl::Milliseconds(500) * (end - free_from));
  if (sums.presence.presences > 0) sums.presence.mean_stay = stay / sums.presence.presences;
  if (gaps.empty()) return sums;
  for (const absl::Duration gap : gaps) sums.presence.mean_gap += gap;
  sums.presence.mean_gap /= static_cast<int64_t>(gaps.size());
  std::sort(gaps.begin(), gaps.end());
  size_t rank = 1;  // the nearest one: that many of a hundred are no longer
  while (100 * rank < 95 * gaps.size()) ++rank;
  sums.presence.p95_gap = gaps[rank - 1];
  return sums;
}

TEST(VisitTally, SaysWhatALineOfHalfSecondsDoes) {
  std::mt19937 random(11);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  for (int round = 0; round < 1000; ++round) {
    std::vector<Visit> visits;
    const int stay_max = 1 + below(round % 2 == 0 ? 40 : 1200);
    for (int count = below(round % 10 == 0 ? 600 : 40); count > 0; --count) {
      const int enter = below(20'000);
      visits.push_back({T(enter), T(enter + below(stay_max))});
    }
    std::sort(visits.begin(), visits.end(), [](const Visit& a, const Visit& b) {
      return std::tie(a.enter, a.leave) < std::tie(b.enter, b.leave);
    });
    const int from = below(8000);
    const int to = from + 1 + below(14'000);
    VisitTally tally(T(from), T(to), visits.size() + static_cast<size_t>(below(100)));
    for (const Visit& visit : visits) tally.Add(visit);
    const auto& [sums, presence] = Count(visits, from, to);
    EXPECT_EQ(tally.visits().visits, sums.visits);
    EXPECT_EQ(tally.visits().dwell, sums.dwell);
    EXPECT_EQ(tally.visits().longest_gap, sums.longest_gap);
    EXPECT_EQ(tally.presence().presences, presence.presences);
    EXPECT_EQ(tally.presence().mean_stay, presence.mean_stay);
    EXPECT_EQ(tally.presence().mean_gap, presence.mean_gap);
    EXPECT_EQ(tally.presence().p95_gap, presence.p95_gap) << "round " << round;
    EXPECT_EQ(tally.presence().koper_stays, presence.koper_stays);
  }
}

}  // namespace
}  // namespace patrol::coverage
