// Goal: what roads and receivers do to matching, each told by a small map: parallel roads, tunnels,
// turning round, parking, places that no road leads to. Method: tracks with seeded noise on
// sketched networks; what was driven is known.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "lib/patrol/tracks/matcher.h"
#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

double DrivenM(const MatchedTrack& track) {
  double metres = 0;
  for (size_t i = 0; i < track.stretch_count(); ++i) metres += track.stretch(i).length_m;
  return metres;
}

std::vector<MatchVerdict> Verdicts(const MatchedTrack& track) {
  std::vector<MatchVerdict> verdicts;
  for (const MatchedFix& fix : track.fixes()) verdicts.push_back(fix.verdict);
  return verdicts;
}

// Errors of a receiver: alike from second to second, `sigma_m` over time.
class Wander {
 public:
  Wander(unsigned seed, double sigma_m, double alike)
      : random_(seed), noise_(0, sigma_m * std::sqrt(1 - alike * alike)), alike_(alike) {}
  geo::PointM Next() {
    error_.x = alike_ * error_.x + noise_(random_);
    error_.y = alike_ * error_.y + noise_(random_);
    return error_;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<double> noise_;
  const double alike_;
  geo::PointM error_;
};

//  4 ----20---- 5 ----20---- 6     a service road 25 m beside the main road, joined to it
//  |21          |22          |23   at both ends and half way
//  1 ----10---- 2 ----10---- 3
TEST(MatcherRoads, AServiceRoadBesideTheMainRoadIsNotTakenForIt) {
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 600, 0).Node(3, 1200, 0);
  sketch.Node(4, 0, 25).Node(5, 600, 25).Node(6, 1200, 25);
  sketch.Way(10, {1, 2, 3}, {{"highway", "primary"}}).Way(20, {4, 5, 6}, {{"highway", "service"}});
  sketch.Way(21, {1, 4}).Way(22, {2, 5}).Way(23, {3, 6});
  const Ground roads(sketch.Build());
  for (const double north : {0.0, 25.0}) {
    SCOPED_TRACE(north);
    Wander wander(11, 7, 0.5);
    std::vector<Fix> fixes;
    for (int t = 0; t <= 80; ++t) {
      const geo::PointM error = wander.Next();
      fixes.push_back(FixAt(t, 50 + 13 * t + error.x, north + error.y));
    }
    const MatchedTrack track = roads.Match(fixes);
    EXPECT_THAT(roads.WaysOf(track), ElementsAre(north == 0 ? 10 : 20));
  }
}

//  3 <---20--- 4      two carriageways 14 m apart, noise of 8 m
//  1 ---10---> 2
TEST(MatcherRoads, CarriagewaysOfADualRoadAreToldByTheDirectionDriven) {
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 1500, 0).Node(3, 0, 14).Node(4, 1500, 14);
  sketch.Way(10, {1, 2}, {{"oneway", "yes"}}).Way(20, {4, 3}, {{"oneway", "yes"}});
  sketch.Way(30, {3, 1}).Way(40, {2, 4});
  const Ground roads(sketch.Build());
  for (const bool east : {true, false}) {
    SCOPED_TRACE(east);
    Wander wander(12, 8, 0.8);
    std::vector<Fix> fixes;
    for (int t = 0; t <= 90; ++t) {
      const geo::PointM error = wander.Next();
      const double along = east ? 50 + 15 * t : 1450 - 15 * t;
      fixes.push_back(FixAt(t, along + error.x, (east ? 0 : 14) + error.y));
    }
    EXPECT_THAT(roads.WaysOf(roads.Match(fixes)), ElementsAre(east ? 10 : 20));
  }
}

//        5 -----30----- 6           the old road over the hill: 300 m up and down
//        |30            |30
//  1 -10- 2 ====20==== 3 -10- 4     the tunnel: 900 m
Ground Hill() {
  testing::NetworkSketch sketch;
  sketch.Node(1, -600, 0).Node(2, 0, 0).Node(3, 900, 0).Node(4, 1500, 0);
  sketch.Node(5, 0, 300).Node(6, 900, 300);
  sketch.Way(10, {1, 2}).Way(11, {3, 4}).Way(20, {2, 3}, {{"tunnel", "yes"}});
  sketch.Way(30, {2, 5, 6, 3});
  return Ground(sketch.Build());
}

TEST(MatcherRoads, ATunnelWithoutFixesIsDrivenThroughAndTheUnitStaysKnownInIt) {
  const Ground hill = Hill();
  std::vector<Fix> fixes;
  for (int t = 0; t <= 110; ++t) {
    const double along = -500 + 18 * t;
    if (along < 0 || along > 900) fixes.push_back(FixAt(t, along, 3));
  }
  const MatchedTrack track = hill.Match(fixes);
  EXPECT_THAT(hill.WaysOf(track), ElementsAre(10, 20, 11));
  const auto inside = PositionAt(hill.network, track, FixAt(55, 0, 0).time);
  ASSERT_TRUE(inside);
  EXPECT_EQ(hill.network.piece(inside->at.piece).way_id, 20);
}

TEST(MatcherRoads, AReceiverThatHoldsItsLastFixAtThePortalDoesNotSendTheUnitOverTheHill) {
  const Ground hill = Hill();
  std::vector<Fix> fixes;
  for (int t = 0; t <= 110; ++t) {
    const double along = -500 + 18 * t;
    fixes.push_back(FixAt(t, along < 0 || along > 900 ? along : -5, 3));
  }
  const MatchedTrack track = hill.Match(fixes);
  EXPECT_THAT(hill.WaysOf(track), ElementsAre(10, 20, 11));
  EXPECT_NEAR(DrivenM(track), 1980, 30);
}

//  1 ----10---- 2 ----10---- 3
//               |20               a cul-de-sac of 180 m
//               4
TEST(MatcherRoads, AUnitThatTurnsAtTheEndOfACulDeSacHasDrivenItBothWays) {
  testing::NetworkSketch sketch;
  sketch.Node(1, -500, 0).Node(2, 0, 0).Node(3, 500, 0).Node(4, 0, -180);
  sketch.Way(10, {1, 2, 3}).Way(20, {2, 4});
  const Ground roads(sketch.Build());
  for (const int seconds : {1, 5, 10}) {
    SCOPED_TRACE(seconds);
    Wander wander(13, 4, 0.5);
    std::vector<Fix> fixes;
    for (int t = 0; t <= 76; t += seconds) {
      const double along = 10.0 * t;  // 200 m east, 180 m in, 180 m out, 200 m east
      const geo::PointM error = wander.Next();
      const double east = along < 200 ? along - 200 : along < 560 ? 0 : along - 560;
      const double north = along < 200   ? 0
                           : along < 380 ? 200 - along
                           : along < 560 ? along - 560
                                         : 0;
      fixes.push_back(FixAt(t, east + error.x, north + error.y));
    }
    const MatchedTrack track = roads.Match(fixes);
    EXPECT_THAT(roads.WaysOf(track), ElementsAre(10, 20, 10));
    // The turn lies between two fixes 10 m a second apart: so much of it, to and fro, is not known.
    EXPECT_NEAR(DrivenM(track), 760, 20.0 * seconds + 10);
  }
}

TEST(MatcherRoads, AUnitParkedAtACrossingDoesNotCrawlHoweverItsReceiverWanders) {
  const Ground town(Blocks(6, 6));
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE(seed);
    // Eight hours, a fix each five seconds, errors of 8 m that wander for minutes.
    Wander wander(seed, 8, 0.98);
    std::vector<Fix> fixes;
    for (int t = 0; t <= 8 * 3600; t += 5) {
      const geo::PointM error = wander.Next();
      fixes.push_back(FixAt(t, 392 + error.x, 400 + error.y));
    }
    const MatchedTrack track = town.Match(fixes);
    EXPECT_LT(DrivenM(track), 60);
    for (int hour = 0; hour < 8; ++hour) {
      const auto position = PositionAt(town.network, track, FixAt(3600 * hour + 2, 0, 0).time);
      ASSERT_TRUE(position);
      EXPECT_LT(geo::GreatCircleM(town.network.Place(position->at), FixAt(0, 392, 400).position),
                40);
    }
  }
}

TEST(MatcherRoads, AFixThatNoRoadLeadsToIsAnOutlierAndSaysWhy) {
  //  3 --20-- 4     an island, a kilometre off: ferries go there, no road
  //
  //  1 --10-- 2
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 1500, 0).Node(3, 0, 1000).Node(4, 1500, 1000);
  sketch.Way(10, {1, 2}).Way(20, {3, 4});
  const Ground roads(sketch.Build());
  const MatchedTrack track = roads.Match({FixAt(0, 100, 0), FixAt(10, 200, 0), FixAt(30, 400, 1000),
                                          FixAt(50, 600, 0), FixAt(60, 700, 0)});
  EXPECT_THAT(Verdicts(track),
              ElementsAre(MatchVerdict::kMatched, MatchVerdict::kMatched, MatchVerdict::kOutlier,
                          MatchVerdict::kMatched, MatchVerdict::kMatched));
  EXPECT_EQ(track.fixes()[2].reason, OutlierReason::kNoWay);
  EXPECT_EQ(OutlierReasonName(track.fixes()[2].reason), "no_way");
  EXPECT_THAT(roads.WaysOf(track), ElementsAre(10)) << "nothing is credited on the island";
}

TEST(MatcherRoads, NothingIsDrivenOnAnyRoadWhileAUnitIsInAField) {
  //  2 --10-- 3      a square of roads, 1 km a side; the unit crosses the field
  //  |        |
  //  1 --10-- 4
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 0, 1000).Node(3, 1000, 1000).Node(4, 1000, 0);
  sketch.Way(10, {1, 2, 3, 4, 1});
  const Ground roads(sketch.Build());
  std::vector<Fix> fixes;
  for (int t = 0; t <= 600; t += 10) fixes.push_back(FixAt(t, 250 + 0.8 * t, 500));
  const MatchedTrack track = roads.Match(fixes);
  EXPECT_THAT(Verdicts(track), Each(MatchVerdict::kOffNetwork));
  EXPECT_EQ(track.stretch_count(), 0u);
}

}  // namespace
}  // namespace patrol::tracks
