#include "lib/patrol/tracks/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "lib/patrol/tracks/passages.h"
#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::vector<MatchVerdict> Verdicts(const MatchedTrack& track) {
  std::vector<MatchVerdict> verdicts;
  for (const MatchedFix& fix : track.fixes()) verdicts.push_back(fix.verdict);
  return verdicts;
}

double DrivenM(const MatchedTrack& track) {
  double metres = 0;
  for (size_t i = 0; i < track.stretch_count(); ++i) metres += track.stretch(i).length_m;
  return metres;
}

TEST(Matcher, FollowsTheStreetsThroughNoise) {
  const Ground town(Blocks(6, 6));
  // East along street 2, then north along avenue 103, 10 m/s, noise of 5 m.
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 5);
  std::vector<Fix> fixes;
  for (int t = 0; t <= 80; ++t) {
    const double way = 50 + 10.0 * t;
    const double east = std::min(way, 400.0);
    const double north = 200 + std::max(0.0, way - 400);
    fixes.push_back(FixAt(t, east + noise(random), north + noise(random)));
  }
  const MatchedTrack track = town.Match(fixes);
  EXPECT_THAT(Verdicts(track), Each(MatchVerdict::kMatched));
  EXPECT_THAT(town.WaysOf(track), ElementsAre(2, 103));
  EXPECT_NEAR(DrivenM(track), 800, 20);
  for (size_t i = 1; i < track.stretch_count(); ++i) EXPECT_TRUE(track.stretch(i).continues);
}

TEST(Matcher, FillsTheWayBetweenSparseFixes) {
  const Ground town(Blocks(6, 6));
  const MatchedTrack track =
      town.Match({FixAt(0, 100, 3), FixAt(60, 700, -2), FixAt(120, 803, 500)});
  EXPECT_THAT(town.WaysOf(track), ElementsAre(1, 105));
  EXPECT_NEAR(DrivenM(track), 1200, 10);
}

TEST(Matcher, AGapOfExactlyStaleAfterIsNotStaleAndALongerOneBreaksThePath) {
  const Ground town(Blocks(6, 6));
  const MatchedTrack whole = town.Match({FixAt(0, 100, 0), FixAt(60, 500, 0)});
  EXPECT_EQ(whole.stretch_count(), 1u);
  const MatchedTrack broken = town.Match({FixAt(0, 100, 0), FixAt(60.001, 500, 0)});
  EXPECT_EQ(broken.stretch_count(), 0u);
  EXPECT_EQ(broken.points().size(), 2u);
  EXPECT_FALSE(PositionAt(town.network, broken, FixAt(30, 0, 0).time));
}

TEST(Matcher, ThinnedFixesKeepAParkedUnitKnownWithoutCrawling) {
  const Ground town(Blocks(6, 6));
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 2);
  std::vector<Fix> fixes;
  for (int t = 0; t <= 3600; t += 10) {
    fixes.push_back(FixAt(t, 300 + noise(random), noise(random)));
  }
  const MatchedTrack track = town.Match(fixes);
  EXPECT_LT(DrivenM(track), 1);
  const auto position = PositionAt(town.network, track, FixAt(1805, 0, 0).time);
  ASSERT_TRUE(position);
  EXPECT_LT(geo::GreatCircleM(town.network.Place(position->at), FixAt(0, 300, 0).position), 10);
}

TEST(Matcher, NoiseAlongAOneWayStreetDoesNotSendTheUnitRoundTheBlock) {
  //   4 <--- 3
  //   |      |      one way all round, 100 m a side
  //   1 ---> 2
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 100, 100).Node(4, 0, 100);
  sketch.Way(10, {1, 2, 3, 4, 1}, {{"oneway", "yes"}});
  const Ground ring(sketch.Build());
  const MatchedTrack track = ring.Match(
      {FixAt(0, 20, 2), FixAt(5, 60, 0), FixAt(10, 40, 1), FixAt(15, 42, -1), FixAt(20, 85, 0)});
  EXPECT_NEAR(DrivenM(track), 65, 3);
  EXPECT_THAT(Verdicts(track), Each(MatchVerdict::kMatched));
}

TEST(Matcher, RespectsOneWayStreets) {
  //        4-----5
  //        |     |        1 -> 2 -> 3 is closed from 2 to 3 against the arrow
  //   1 <--2<----3        way 10: 3, 2, 1 one way
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 200, 0).Node(3, 400, 0).Node(4, 200, 150).Node(5, 400, 150);
  sketch.Node(6, 600, 0);
  sketch.Way(10, {3, 2}, {{"oneway", "yes"}}).Way(11, {1, 2}).Way(12, {2, 4, 5, 3}).Way(13, {3, 6});
  const Ground ground(sketch.Build());
  const MatchedTrack track = ground.Match({FixAt(0, 100, 0), FixAt(60, 500, 0)});
  EXPECT_THAT(ground.WaysOf(track), ElementsAre(11, 12, 13));
}

TEST(Matcher, AUnitMayTurnRoundOnATwoWayStreet) {
  const Ground town(Blocks(6, 6));
  std::vector<Fix> fixes;
  for (int t = 0; t <= 24; ++t) fixes.push_back(FixAt(t, 210 + 10 * std::min(t, 24 - t), 0));
  const MatchedTrack track = town.Match(fixes);
  EXPECT_THAT(town.WaysOf(track), ElementsAre(1));
  EXPECT_NEAR(DrivenM(track), 240, 45) << "the very turn may be lost in noise";
  const std::vector<PiecePassage> passages = PiecePassages(town.network, track);
  EXPECT_EQ(passages.size(), 1u) << "it never left the block";
}

TEST(Matcher, TellsMatchedAttachedAndOffNetworkFixes) {
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 1000, 0).Way(10, {1, 2});
  const Ground road(sketch.Build());
  const MatchedTrack track = road.Match(
      {FixAt(0, 500, 49), FixAt(100, 500, 60), FixAt(200, 500, 199), FixAt(300, 500, 201)});
  EXPECT_THAT(Verdicts(track), ElementsAre(MatchVerdict::kMatched, MatchVerdict::kAttached,
                                           MatchVerdict::kAttached, MatchVerdict::kOffNetwork));
  EXPECT_NEAR(track.fixes()[1].distance_m, 60, 0.1);
  EXPECT_NEAR(track.fixes()[1].at.offset_m, 500, 0.5);
  EXPECT_EQ(PositionAt(road.network, track, track.fixes()[0].time)->attach_distance_m, 0);
  EXPECT_NEAR(PositionAt(road.network, track, track.fixes()[1].time)->attach_distance_m, 60, 0.1);
  EXPECT_FALSE(PositionAt(road.network, track, track.fixes()[3].time));
}

TEST(Matcher, AUnitParkedInAYardStaysKnownAndAttached) {
  testing::NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 1000, 0).Way(10, {1, 2});
  const Ground road(sketch.Build());
  std::vector<Fix> fixes;
  for (int t = 0; t <= 1200; t += 30) fixes.push_back(FixAt(t, 500 + t % 7, 120 + t % 5));
  const MatchedTrack track = road.Match(fixes);
  EXPECT_THAT(Verdicts(track), Each(MatchVerdict::kAttached));
  EXPECT_LT(DrivenM(track), 1);
  const auto position = PositionAt(road.network, track, FixAt(615, 0, 0).time);
  ASSERT_TRUE(position);
  EXPECT_NEAR(position->attach_distance_m, 120, 6);
}

TEST(Matcher, LeavesOutFixesThatJumpThereAndBack) {
  const Ground town(Blocks(6, 6));
  std::vector<Fix> fixes;
  for (int t = 0; t <= 20; ++t) fixes.push_back(FixAt(t, 100 + 10 * t, 0));
  fixes[10] = FixAt(10, 205, 900);
  const MatchedTrack track = town.Match(fixes);
  EXPECT_EQ(track.fixes()[10].verdict, MatchVerdict::kOutlier);
  EXPECT_EQ(track.fixes()[10].reason, OutlierReason::kSpeedJump);
  EXPECT_THAT(town.WaysOf(track), ElementsAre(1));
  EXPECT_EQ(track.stretch_count(), 19u);
  EXPECT_TRUE(PositionAt(town.network, track, fixes[10].time)) << "known all the same";
}

TEST(Matcher, ARelocatedUnitIsNoOutlier) {
  const Ground town(Blocks(40, 2));
  std::vector<Fix> fixes;
  for (int t = 0; t < 10; ++t) fixes.push_back(FixAt(t, 20 * t, 0));
  for (int t = 10; t < 20; ++t) fixes.push_back(FixAt(t, 6000 + 20 * t, 0));
  const MatchedTrack track = town.Match(fixes);
  EXPECT_THAT(Verdicts(track), Each(MatchVerdict::kMatched));
  EXPECT_FALSE(PositionAt(town.network, track, FixAt(9.5, 0, 0).time)) << "nobody drove there";
}

TEST(Matcher, PutsFixesInOrderAndNamesDuplicates) {
  const Ground town(Blocks(6, 6));
  const MatchedTrack track =
      town.Match({FixAt(20, 300, 0), FixAt(0, 100, 0), FixAt(10, 200, 0), FixAt(10, 200, 400)});
  EXPECT_THAT(Verdicts(track), ElementsAre(MatchVerdict::kMatched, MatchVerdict::kMatched,
                                           MatchVerdict::kDuplicate, MatchVerdict::kMatched));
  EXPECT_EQ(track.fixes()[1].time, FixAt(10, 0, 0).time);
  EXPECT_NEAR(DrivenM(track), 200, 1);
}

TEST(Matcher, FixesWithinAMicrosecondAreOneInstant) {
  const Ground town(Blocks(6, 6));
  Fix again = FixAt(10, 200, 0);
  again.time += absl::Nanoseconds(400);
  const MatchedTrack track = town.Match({FixAt(0, 100, 0), FixAt(10, 200, 0), again});
  EXPECT_THAT(Verdicts(track), ElementsAre(MatchVerdict::kMatched, MatchVerdict::kMatched,
                                           MatchVerdict::kDuplicate));
}

TEST(Matcher, TwiceTheSameFixesGiveTheSamePath) {
  const Ground town(Blocks(8, 8));
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0, 15);
  std::vector<Fix> fixes;
  for (int t = 0; t <= 300; t += 5) {
    fixes.push_back(FixAt(t, 4 * t + noise(random), 400 + noise(random)));
  }
  const MatchedTrack a = town.Match(fixes);
  const MatchedTrack b = town.Match(fixes);
  ASSERT_EQ(a.points().size(), b.points().size());
  for (size_t i = 0; i < a.points().size(); ++i) EXPECT_EQ(a.points()[i].at(), b.points()[i].at());
}

TEST(Matcher, ALongTrackIsHandedOverPiecemealWithoutASeam) {
  // More used fixes than a chain keeps undecided; each 30 m on, round and round a block.
  const Ground town(Blocks(3, 3));
  std::vector<Fix> fixes;
  for (int t = 0; t < 3000; ++t) {
    const double along = std::fmod(30.0 * t, 800);
    const int side = static_cast<int>(along / 200);
    const double part = along - 200 * side;
    const double east = side == 0 ? part : side == 1 ? 200 : side == 2 ? 200 - part : 0;
    const double north = side == 0 ? 0 : side == 1 ? part : side == 2 ? 200 : 200 - part;
    fixes.push_back(FixAt(3 * t, east, north));
  }
  const MatchedTrack track = town.Match(fixes);
  EXPECT_EQ(track.stretch_count(), 2999u);
  size_t breaks = 0;
  for (const MatchedTrack::Point& point : track.points()) breaks += point.connected ? 0 : 1;
  EXPECT_EQ(breaks, 1u);
  EXPECT_NEAR(DrivenM(track), 30.0 * 2999, 0.02 * 30 * 2999);
}

// What is decided early stays decided: where later fixes taught otherwise, a way leads on from
// there, if there is any.
TEST(Matcher, AShortDelayLeavesThePathNearlyWholeAndNearlyTheSame) {
  const Ground town(Blocks(8, 8));
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, 10);
    std::vector<Fix> fixes;
    double east = 400, north = 400;
    int heading = 0;
    for (int t = 0; t < 3000; t += 10) {
      if (random() % 3 == 0) heading = static_cast<int>(random() % 4);
      (heading % 2 == 0 ? east : north) += heading < 2 ? 80 : -80;
      east = std::clamp(east, 0.0, 1400.0);
      north = std::clamp(north, 0.0, 1400.0);
      const double on_east = heading % 2 == 0 ? east : 200 * std::round(east / 200);
      const double on_north = heading % 2 == 0 ? 200 * std::round(north / 200) : north;
      fixes.push_back(FixAt(t, on_east + noise(random), on_north + noise(random)));
    }
    const MatchedTrack late = town.Match(fixes);
    for (const size_t undecided : {4, 8, 64}) {
      SCOPED_TRACE(undecided);
      MatchOptions options;
      options.undecided_max = undecided;
      const MatchedTrack soon = town.Match(fixes, options);
      ASSERT_EQ(soon.points().size(), late.points().size());
      size_t same = 0;
      size_t torn = 0;
      for (size_t i = 0; i < soon.points().size(); ++i) {
        torn += soon.points()[i].connected != late.points()[i].connected ? 1 : 0;
        if (soon.points()[i].piece == late.points()[i].piece) ++same;
      }
      for (size_t i = 1; i < soon.stretch_count(); ++i) {
        if (!soon.stretch(i).continues) continue;
        EXPECT_EQ(soon.stretch(i).from, soon.stretch(i - 1).to);
      }
      EXPECT_GT(same, soon.points().size() * (undecided < 64 ? 80 : 95) / 100);
      EXPECT_LE(torn, soon.points().size() * (undecided < 64 ? 2 : 0) / 100);
    }
  }
}

TEST(Matcher, EmptyTracksHaveNoPath) {
  const Ground town(Blocks(2, 2));
  const MatchedTrack track = town.Match({});
  EXPECT_TRUE(track.fixes().empty());
  EXPECT_EQ(track.stretch_count(), 0u);
}

// Whatever the fixes: stretches join, arcs join, positions lie on their pieces, times ascend.
TEST(Matcher, PathsAreContinuousWhateverTheFixes) {
  const Ground town(Blocks(8, 8));
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> place(-300, 1700);
    std::uniform_real_distribution<double> step(-80, 80);
    std::vector<Fix> fixes;
    double t = 0, x = place(random), y = place(random);
    for (int i = 0; i < 150; ++i) {
      t += static_cast<double>(random() % 70);
      if (random() % 20 == 0) x = place(random), y = place(random);
      x += step(random), y += step(random);
      fixes.push_back(FixAt(t, x, y));
    }
    const MatchedTrack track = town.Match(fixes);
    ASSERT_EQ(track.fixes().size(), fixes.size());
    roadnet::ArcIndex last_arc = 0;
    bool driven = false;
    for (size_t i = 0; i < track.stretch_count(); ++i) {
      const Stretch s = track.stretch(i);
      ASSERT_LT(s.start, s.end);
      ASSERT_LE(s.end - s.start, absl::Seconds(60));
      ASSERT_LE(s.to.offset_m, town.network.piece(s.to.piece).length_m);
      ASSERT_GE(s.to.offset_m, 0);
      if (!s.continues) driven = false;
      if (s.arcs.empty()) {
        ASSERT_EQ(s.from, s.to);
        continue;
      }
      ASSERT_EQ(roadnet::PieceOf(s.arcs.front()), s.from.piece);
      ASSERT_EQ(roadnet::PieceOf(s.arcs.back()), s.to.piece);
      if (driven) {
        ASSERT_TRUE(s.arcs.front() == last_arc || s.arcs.front() == roadnet::ReverseArc(last_arc));
      }
      for (size_t k = 1; k < s.arcs.size(); ++k) {
        ASSERT_EQ(town.network.head(s.arcs[k - 1]), town.network.tail(s.arcs[k]));
      }
      last_arc = s.arcs.back();
      driven = true;
    }
  }
}

}  // namespace
}  // namespace patrol::tracks
