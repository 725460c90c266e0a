#include "lib/patrol/tracks/track.h"

#include <gtest/gtest.h>

#include "lib/patrol/tracks/passages.h"
#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using roadnet::BackwardArc;
using roadnet::ForwardArc;

//   1 ---100 m--- 2 ---100 m--- 3      way 10
class TrackTest : public ::testing::Test {
 protected:
  static roadnet::Network Road() {
    testing::NetworkSketch sketch;
    sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).Way(10, {1, 2, 3});
    return sketch.Build();
  }

  absl::Time At(double seconds) const { return FixAt(seconds, 0, 0).time; }

  void Break(double seconds, roadnet::PieceIndex piece, double offset, double attach = 0) {
    track_.AddBreak(At(seconds), {{piece, offset}, attach});
    Used(seconds, MatchVerdict::kMatched);
  }
  void Point(double seconds, roadnet::PieceIndex piece, double offset,
             std::vector<roadnet::ArcIndex> arcs, double length, double attach = 0,
             std::vector<Certainty> certainty = {}) {
    track_.AddPoint(At(seconds), {{piece, offset}, attach}, arcs, length, certainty);
    Used(seconds, MatchVerdict::kMatched);
  }
  void Used(double seconds, MatchVerdict verdict) {
    MatchedFix fix;
    fix.time = At(seconds);
    fix.verdict = verdict;
    track_.AddFix(fix);
  }

  const roadnet::Network network_ = Road();
  const double length_ = network_.piece(0).length_m;
  MatchedTrack track_{"u", roadnet::Mode::kCar};
};

TEST_F(TrackTest, MovesBetweenTwoFixesByTheSameShareOfLengthAsOfTime) {
  Break(0, 0, 50);
  Point(10, 1, 50, {ForwardArc(0), ForwardArc(1)}, length_);

  EXPECT_EQ(PositionAt(network_, track_, At(0))->at, (roadnet::RoadPosition{0, 50}));
  const auto quarter = PositionAt(network_, track_, At(2.5));
  EXPECT_EQ(quarter->at.piece, 0u);
  EXPECT_NEAR(quarter->at.offset_m, 75, 0.1);
  const auto later = PositionAt(network_, track_, At(7.5));
  EXPECT_EQ(later->at.piece, 1u);
  EXPECT_NEAR(later->at.offset_m, 25, 0.1);
  EXPECT_EQ(PositionAt(network_, track_, At(10))->at, (roadnet::RoadPosition{1, 50}));
}

TEST_F(TrackTest, MovesBackwardAlongBackwardArcs) {
  Break(0, 1, 50);
  Point(10, 0, 50, {BackwardArc(1), BackwardArc(0)}, length_);
  EXPECT_NEAR(PositionAt(network_, track_, At(2.5))->at.offset_m, 25, 0.1);
  EXPECT_EQ(PositionAt(network_, track_, At(7.5))->at.piece, 0u);
}

TEST_F(TrackTest, StandsWhereAStretchHasNoArcs) {
  Break(0, 0, 50);
  Point(10, 0, 50, {}, 0);
  EXPECT_EQ(PositionAt(network_, track_, At(4))->at, (roadnet::RoadPosition{0, 50}));
}

TEST_F(TrackTest, HasNoPositionBeforeTheFirstFixAfterTheLastAndAcrossBreaks) {
  Break(0, 0, 50);
  Break(100, 0, 60);
  EXPECT_FALSE(PositionAt(network_, track_, At(-0.001)));
  EXPECT_TRUE(PositionAt(network_, track_, At(0)));
  EXPECT_FALSE(PositionAt(network_, track_, At(0.001)));
  EXPECT_FALSE(PositionAt(network_, track_, At(99.999)));
  EXPECT_TRUE(PositionAt(network_, track_, At(100)));
  EXPECT_FALSE(PositionAt(network_, track_, At(100.001)));
}

TEST_F(TrackTest, TheStraightWayToTheRoadChangesEvenly) {
  Break(0, 0, 50, 80);
  Point(10, 0, 50, {}, 0, 0);
  EXPECT_NEAR(PositionAt(network_, track_, At(5))->attach_distance_m, 40, 1e-6);
}

TEST_F(TrackTest, StretchesTellWhetherTheyContinue) {
  Break(0, 0, 10);
  Point(10, 0, 50, {ForwardArc(0)}, 40);
  Point(20, 0, 90, {ForwardArc(0)}, 40);
  Break(100, 0, 20);
  Point(110, 0, 30, {ForwardArc(0)}, 10);
  ASSERT_EQ(track_.stretch_count(), 3u);
  EXPECT_FALSE(track_.stretch(0).continues);
  EXPECT_TRUE(track_.stretch(1).continues);
  EXPECT_FALSE(track_.stretch(2).continues);
  EXPECT_EQ(track_.stretch(1).start, At(10));
  EXPECT_EQ(track_.stretch(1).to.offset_m, 90);
  EXPECT_EQ(track_.stretch(2).arcs.size(), 1u);
}

TEST_F(TrackTest, CursorTellsWhyThereIsNoPosition) {
  Break(0, 0, 10);
  Point(10, 0, 50, {ForwardArc(0)}, 40);
  Used(40, MatchVerdict::kOffNetwork);
  Used(50, MatchVerdict::kOffNetwork);
  Used(55, MatchVerdict::kOutlier);
  Break(200, 0, 70);

  TrackCursor cursor(network_, track_);
  EXPECT_EQ(cursor.At(At(-1)).knowledge, Knowledge::kNothing);
  EXPECT_EQ(cursor.At(At(5)).knowledge, Knowledge::kKnown);
  EXPECT_EQ(cursor.At(At(20)).knowledge, Knowledge::kOffNetwork) << "on its way off the network";
  EXPECT_EQ(cursor.At(At(45)).knowledge, Knowledge::kOffNetwork);
  EXPECT_EQ(cursor.At(At(50)).knowledge, Knowledge::kOffNetwork) << "at the fix itself";
  const UnitKnowledge stale = cursor.At(At(60));
  EXPECT_EQ(stale.knowledge, Knowledge::kStale);
  EXPECT_EQ(stale.since, At(50)) << "an outlier tells nothing";
  EXPECT_EQ(stale.position->at, (roadnet::RoadPosition{0, 50})) << "the last matched one";
  EXPECT_EQ(cursor.At(At(200)).knowledge, Knowledge::kKnown);
  EXPECT_EQ(cursor.At(At(201)).since, At(200));
  EXPECT_EQ(cursor.At(At(5)).knowledge, Knowledge::kKnown) << "earlier again";
  EXPECT_EQ(cursor.At(At(60)).since, At(50));
}

TEST_F(TrackTest, WhatIsKnownOfTheUnitIsTheSameOnceFixesAreGivenUp) {
  Break(0, 0, 10);
  Point(10, 0, 50, {ForwardArc(0)}, 40, 12);
  Used(40, MatchVerdict::kOffNetwork);
  Used(55, MatchVerdict::kOutlier);
  Break(200, 0, 70);
  Used(400, MatchVerdict::kOutlier);
  MatchedTrack kept = track_;
  kept.KeepPath();
  EXPECT_EQ(kept.first_fix(), At(0));
  EXPECT_EQ(kept.last_fix(), At(400)) << "whatever became of it";
  TrackCursor whole(network_, track_);
  TrackCursor path(network_, kept);
  for (double seconds = -1; seconds < 420; seconds += 0.5) {
    const UnitKnowledge want = whole.At(At(seconds));
    const UnitKnowledge got = path.At(At(seconds));
    ASSERT_EQ(got.knowledge, want.knowledge) << seconds;
    ASSERT_EQ(got.position, want.position) << seconds;
    ASSERT_EQ(got.since, want.since) << seconds;
  }
  EXPECT_EQ(PiecePassages(network_, kept).size(), PiecePassages(network_, track_).size());
}

TEST_F(TrackTest, CursorTakesAGapOfExactlyStaleAfterForHeardOf) {
  Used(0, MatchVerdict::kOffNetwork);
  Used(60, MatchVerdict::kOffNetwork);
  Used(120.001, MatchVerdict::kOffNetwork);
  TrackCursor cursor(network_, track_, absl::Seconds(60));
  EXPECT_EQ(cursor.At(At(30)).knowledge, Knowledge::kOffNetwork);
  EXPECT_EQ(cursor.At(At(90)).knowledge, Knowledge::kStale);
  EXPECT_FALSE(cursor.At(At(90)).position) << "it was never on the network";
}

TEST_F(TrackTest, PassagesHaveEnterLeaveAndTheDrivenPart) {
  Break(0, 0, 50);
  Point(10, 1, 50, {ForwardArc(0), ForwardArc(1)}, length_);
  Point(70, 1, 50, {}, 0);
  Point(80, 0, 50, {BackwardArc(1), BackwardArc(0)}, length_);

  const std::vector<PiecePassage> passages = PiecePassages(network_, track_);
  ASSERT_EQ(passages.size(), 3u);
  EXPECT_EQ(passages[0].piece, 0u);
  EXPECT_EQ(passages[0].enter, At(0));
  EXPECT_NEAR(absl::ToDoubleSeconds(passages[0].leave - At(5)), 0, 0.01);
  EXPECT_NEAR(passages[0].driven_from_m, 50, 1e-9);
  EXPECT_EQ(passages[0].driven_to_m, length_);
  EXPECT_FALSE(passages[0].whole);
  EXPECT_EQ(passages[1].piece, 1u) << "there, turned round and back: one passage";
  EXPECT_EQ(passages[1].enter, passages[0].leave);
  EXPECT_NEAR(absl::ToDoubleSeconds(passages[1].dwell()), 70, 0.02);
  EXPECT_EQ(passages[2].piece, 0u) << "coming back is a passage of its own";
  EXPECT_EQ(passages[2].leave, At(80));
}

TEST_F(TrackTest, ABreakEndsAPassageAndWholePiecesAreTold) {
  Break(0, 0, 0);
  Point(10, 1, 10, {ForwardArc(0), ForwardArc(1)}, length_ + 10);
  Break(100, 1, 20);
  const std::vector<PiecePassage> passages = PiecePassages(network_, track_);
  ASSERT_EQ(passages.size(), 3u);
  EXPECT_TRUE(passages[0].whole);
  EXPECT_FALSE(passages[1].whole);
  EXPECT_EQ(passages[1].leave, At(10));
  EXPECT_EQ(passages[2].piece, 1u);
  EXPECT_EQ(passages[2].dwell(), absl::ZeroDuration());
}

TEST_F(TrackTest, WhatIsInDoubtIsNoPassageButThePositionIsThere) {
  Break(0, 0, 50);
  Point(10, 1, 50, {ForwardArc(0), ForwardArc(1)}, length_, 0,
        {Certainty::kSure, Certainty::kDoubtful});
  Point(70, 1, 50, {}, 0);
  Point(80, 0, 50, {BackwardArc(1), BackwardArc(0)}, length_, 0,
        {Certainty::kDoubtful, Certainty::kSure});

  const std::vector<PiecePassage> passages = PiecePassages(network_, track_);
  ASSERT_EQ(passages.size(), 2u);
  EXPECT_EQ(passages[0].piece, 0u);
  EXPECT_NEAR(absl::ToDoubleSeconds(passages[0].leave - At(5)), 0, 0.01);
  EXPECT_EQ(passages[1].piece, 0u) << "coming back is a passage of its own";
  EXPECT_NEAR(absl::ToDoubleSeconds(passages[1].enter - At(75)), 0, 0.01);
  EXPECT_EQ(PositionAt(network_, track_, At(40))->at, (roadnet::RoadPosition{1, 50}));
}

TEST_F(TrackTest, APathThatBeginsWithAWayInDoubtBeginsInDoubt) {
  Break(0, 0, 50);
  Point(10, 1, 50, {ForwardArc(0), ForwardArc(1)}, length_, 0,
        {Certainty::kDoubtful, Certainty::kSure});
  const std::vector<PiecePassage> passages = PiecePassages(network_, track_);
  ASSERT_EQ(passages.size(), 1u);
  EXPECT_EQ(passages[0].piece, 1u);
}

}  // namespace
}  // namespace patrol::tracks
