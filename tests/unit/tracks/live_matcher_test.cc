#include "lib/patrol/tracks/live_matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/tracks/random_track.h"
#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using roadnet::Mode;

TEST(LiveMatcher, GivesTheMatchedPositionAtOnce) {
  const Ground town(Blocks(6, 6));
  LiveMatcher live(town.network, town.index, town.graphs);
  live.Feed(FixAt(0, 100, 4), Mode::kCar);
  const LivePosition position = live.Feed(FixAt(5, 150, 6), Mode::kCar);
  EXPECT_EQ(position.verdict, MatchVerdict::kMatched);
  ASSERT_TRUE(position.position);
  EXPECT_EQ(town.network.piece(position.position->at.piece).way_id, 1);
  EXPECT_NEAR(position.position->at.offset_m, 150, 1);
  EXPECT_EQ(position.position->attach_distance_m, 0);
  EXPECT_NEAR(position.distance_m, 6, 0.1);
  EXPECT_EQ(live.Last("u")->position, position.position);
}

TEST(LiveMatcher, APositionStaysForStaleAfterAndNoLonger) {
  const Ground town(Blocks(2, 2));
  LiveMatcher live(town.network, town.index, town.graphs);
  const LivePosition position = live.Feed(FixAt(0, 100, 0), Mode::kCar);
  EXPECT_FALSE(position.stale(FixAt(60, 0, 0).time, absl::Seconds(60)));
  EXPECT_TRUE(position.stale(FixAt(60.001, 0, 0).time, absl::Seconds(60)));
}

TEST(LiveMatcher, TellsUnitsOffTheNetworkAndAttachedOnes) {
  const Ground town(Blocks(2, 2));
  LiveMatcher live(town.network, town.index, town.graphs);
  EXPECT_EQ(live.Feed(FixAt(0, 100, -120), Mode::kCar).verdict, MatchVerdict::kAttached);
  const LivePosition off = live.Feed(FixAt(30, 100, -400), Mode::kCar);
  EXPECT_EQ(off.verdict, MatchVerdict::kOffNetwork);
  EXPECT_FALSE(off.position);
  EXPECT_EQ(live.Feed(FixAt(60, 100, 0), Mode::kCar).verdict, MatchVerdict::kMatched);
}

TEST(LiveMatcher, LateFixesAndDuplicatesChangeNothing) {
  const Ground town(Blocks(6, 6));
  LiveMatcher live(town.network, town.index, town.graphs);
  const LivePosition now = live.Feed(FixAt(10, 300, 0), Mode::kCar);
  EXPECT_EQ(live.Feed(FixAt(10, 900, 0), Mode::kCar).verdict, MatchVerdict::kDuplicate);
  const LivePosition late = live.Feed(FixAt(5, 900, 0), Mode::kCar);
  EXPECT_EQ(late.verdict, MatchVerdict::kLate);
  EXPECT_EQ(late.position, now.position);
  EXPECT_EQ(live.Last("u")->position, now.position);
}

TEST(LiveMatcher, MatchesEachModeToItsOwnRoads) {
  // A foot way 8 m beside a street.
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 500, 0).Node(3, 0, 8).Node(4, 500, 8);
  sketch.Way(10, {1, 2}).Way(11, {3, 4}, {{"highway", "footway"}});
  const Ground ground(sketch.Build());
  LiveMatcher live(ground.network, ground.index, ground.graphs);
  const auto way = [&](const LivePosition& live_position) {
    return ground.network.piece(live_position.position->at.piece).way_id;
  };
  EXPECT_EQ(way(live.Feed(FixAt(0, 250, 8, "walker"), Mode::kFoot)), 11);
  EXPECT_EQ(way(live.Feed(FixAt(0, 250, 8, "driver"), Mode::kCar)), 10);
  EXPECT_EQ(way(live.Feed(FixAt(1, 250, 8, "driver"), Mode::kFoot)), 11) << "got out of the car";
}

TEST(LiveMatcher, ForgetsUnits) {
  const Ground town(Blocks(2, 2));
  LiveMatcher live(town.network, town.index, town.graphs);
  live.Feed(FixAt(10, 100, 0), Mode::kCar);
  live.Remove("u");
  EXPECT_FALSE(live.Last("u"));
  EXPECT_EQ(live.Feed(FixAt(5, 100, 0), Mode::kCar).verdict, MatchVerdict::kMatched);
}

// The property behind "live is causal": after each fix, the live position is where a matcher ends
// that has seen the same fixes and none more.
TEST(LiveMatcher, AgreesWithTheMatcherOnEveryPrefix) {
  const Ground town(Blocks(8, 8));
  for (unsigned seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Fix> fixes = RandomTrack(seed, "u");
    LiveMatcher live(town.network, town.index, town.graphs);
    for (size_t i = 0; i < fixes.size(); ++i) {
      const LivePosition now = live.Feed(fixes[i], Mode::kCar);
      const MatchedTrack track = town.Match({fixes.begin(), fixes.begin() + i + 1});
      if (track.fixes().back().verdict == MatchVerdict::kOutlier) break;  // FixIntake's business
      ASSERT_EQ(now.verdict, track.fixes().back().verdict) << "fix " << i;
      const auto offline = PositionAt(town.network, track, fixes[i].time);
      ASSERT_EQ(now.position.has_value(), offline.has_value()) << "fix " << i;
      if (offline) {
        EXPECT_LT(geo::GreatCircleM(town.network.Place(now.position->at),
                                    town.network.Place(offline->at)),
                  1e-6)
            << "fix " << i;
      }
    }
  }
}

TEST(LiveMatcher, UnitsDoNotDisturbEachOtherHoweverTheirFixesInterleave) {
  const Ground town(Blocks(8, 8));
  std::map<std::string, std::vector<Fix>> tracks;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const std::string unit = "u" + std::to_string(seed);
    tracks[unit] = RandomTrack(seed, unit);
  }
  std::map<std::string, std::vector<LivePosition>> alone;
  for (const auto& [unit, fixes] : tracks) {
    LiveMatcher live(town.network, town.index, town.graphs);
    for (const Fix& fix : fixes) alone[unit].push_back(live.Feed(fix, Mode::kCar));
  }
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    LiveMatcher live(town.network, town.index, town.graphs);
    std::map<std::string, size_t> next;
    size_t left = 5 * tracks.begin()->second.size();
    while (left > 0) {
      const std::string unit = "u" + std::to_string(1 + random() % 5);
      // A chunk of up to seven fixes of one unit.
      for (size_t chunk = random() % 8; chunk > 0 && next[unit] < tracks[unit].size(); --chunk) {
        const size_t i = next[unit]++;
        --left;
        const LivePosition now = live.Feed(tracks[unit][i], Mode::kCar);
        ASSERT_EQ(now.verdict, alone[unit][i].verdict);
        ASSERT_EQ(now.position, alone[unit][i].position);
      }
    }
  }
}

}  // namespace
}  // namespace patrol::tracks
