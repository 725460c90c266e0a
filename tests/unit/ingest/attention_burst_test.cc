// Goal: where something begins to move it is looked at closely, for no longer than it is worth.
// Method: as in attention_test.cc.

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "lib/video/ingest/attention.h"
#include "tests/unit/ingest/attention_town.h"

namespace patrol::ingest {
namespace {

TEST(Attention, LooksAtOnceWhereActivityBegins) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30));
  const Attention::Turn turn = town.attention.OnUnit(1, false, kBusy, town.now);
  EXPECT_TRUE(turn.decide);
  const std::vector<Attention::Change> changes = town.attention.Decide(town.now);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].full);
  EXPECT_TRUE(absl::StartsWith(town.State(1).why, "full: activity 6.0 spreads above usual for"));
}

TEST(Attention, EndsABurstAsSoonAsPixelsShowNothing) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.5));
  town.busy.insert(1);
  town.Run(absl::Seconds(5));
  EXPECT_GT(town.full_seconds, 0.2);
  EXPECT_LT(town.full_seconds, 0.7);
  EXPECT_FALSE(town.full.contains(1));
  EXPECT_EQ(town.State(1).level, AttentionLevel::kKeyframes);
  EXPECT_EQ(town.State(1).why,
            "every keyframe: activity 6.0 by size, pixels showed nothing up to 7.1");
}

TEST(Attention, GivesPixelsTimeThatSeeSomethingButNoEventYet) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.5));
  town.busy.insert(1);
  town.shows.insert(1);
  town.Run(absl::Seconds(3));
  EXPECT_TRUE(town.full.contains(1));
  town.Run(absl::Seconds(3));
  EXPECT_FALSE(town.full.contains(1));
}

TEST(Attention, GrowsDeafToActivityThatIsNeverConfirmed) {
  for (const bool pixels_tell : {true, false}) {
    Simulation town(Simulation::Large({}));
    town.pixels_tell = pixels_tell;
    town.Begin(1);
    town.Run(absl::Seconds(30));
    town.busy.insert(1);
    town.Run(absl::Seconds(200));
    // A burst each minute or so; of four seconds where nothing is said of its pictures.
    EXPECT_LE(town.full_seconds, pixels_tell ? 6 : 45);
    EXPECT_GE(town.full_seconds, pixels_tell ? 1 : 12);
    // What is clearly more wins all the same.
    town.busy.clear();
    town.Run(absl::Seconds(7));
    ActivityReading more = kBusy;
    more.level = 20;
    EXPECT_TRUE(town.attention.OnUnit(1, false, more, town.now).decide);
  }
}

ActivityReading FaintOf(double level) {
  ActivityReading faint = kBusy;
  faint.level = level;
  return faint;
}

TEST(Attention, BeginsACandidateAtTheLastKeyframeHoweverFaintItIs) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.3));  // the next keyframe is not near
  EXPECT_TRUE(town.attention.OnUnit(1, false, FaintOf(2), town.now).decide);
  EXPECT_EQ(town.attention.Decide(town.now).size(), 1u);
}

TEST(Attention, WaitsForAKeyframeThatIsAboutToComeUnlessActivityIsHigh) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.6));
  EXPECT_TRUE(town.attention.OnUnit(1, false, FaintOf(2), town.now).decide);
  EXPECT_TRUE(town.attention.Decide(town.now).empty());
  EXPECT_EQ(town.State(1).why, "every keyframe: activity 2.0 by size, its next keyframe is near");
  town.now += absl::Milliseconds(1400);
  town.attention.OnUnit(1, true, kCalm, town.now);
  EXPECT_EQ(town.attention.Decide(town.now).size(), 1u);

  Simulation other(Simulation::Large({}));
  other.Begin(1);
  other.Run(absl::Seconds(30.6));
  other.attention.OnUnit(1, false, FaintOf(2), other.now);
  EXPECT_TRUE(other.attention.Decide(other.now).empty());
  other.attention.OnUnit(1, false, kBusy, other.now);
  EXPECT_EQ(other.attention.Decide(other.now).size(), 1u);
}

TEST(Attention, DoesNotWaitForAKeyframeThatIsLongInComing) {
  Simulation town(Simulation::Large({}), absl::Seconds(6));
  town.Begin(1);
  town.Run(absl::Seconds(28));
  town.attention.OnUnit(1, false, FaintOf(2), town.now);
  EXPECT_EQ(town.attention.Decide(town.now).size(), 1u);
}

TEST(Attention, EndsABurstAtOnceWhenMotionIsConfirmed) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.5));
  town.attention.OnUnit(1, false, kBusy, town.now);
  ASSERT_EQ(town.attention.Decide(town.now).size(), 1u);
  town.attention.OnMotion(1, true, town.now);
  const std::vector<Attention::Change> changes = town.attention.Decide(town.now);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].full);
  EXPECT_TRUE(absl::StartsWith(town.State(1).why, "every keyframe: motion confirmed for"));
}

TEST(Attention, BeginsABurstWithAKeyframeWhereActivityIsFaintlyUp) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.5));
  // Between keyframes there would be much to catch up with.
  EXPECT_FALSE(town.attention.OnUnit(1, false, kFaint, town.now).decide);
  EXPECT_TRUE(town.attention.Decide(town.now).empty());
  town.now = absl::Seconds(132);
  const Attention::Turn turn = town.attention.OnUnit(1, true, kFaint, town.now);
  EXPECT_FALSE(turn.decide) << "only once the ring has this keyframe";
  EXPECT_FALSE(turn.decode) << "not alone as well";
  ASSERT_EQ(town.attention.Decide(town.now).size(), 1u);
  EXPECT_TRUE(absl::StartsWith(town.State(1).why, "full: activity 1.3 spreads above usual for"));
}

TEST(Attention, HasNoFaintBurstsWhereThereAreKeyframesAllTheTime) {
  Simulation town(Simulation::Large({}), absl::Milliseconds(500));
  town.Begin(1);
  town.Run(absl::Seconds(30));
  town.faint.insert(1);
  town.Run(absl::Seconds(30));
  EXPECT_TRUE(town.ever_full.empty());
}

TEST(Attention, GrowsDeafToFaintActivityThatIsNeverConfirmedButNotToMore) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30));
  town.faint.insert(1);
  town.Run(absl::Seconds(200));
  // A short one each minute or two.
  EXPECT_GE(town.State(1).candidates.rejected, 1);
  EXPECT_LE(town.State(1).candidates.rejected, 5);
  EXPECT_LE(town.full_seconds, 3);
  ActivityReading more = kFaint;
  more.level = 1.7;
  EXPECT_TRUE(town.attention.OnUnit(1, false, more, town.now).decide)
      << "what is enough between keyframes stays so";
}

TEST(Attention, HasNoFaintBurstsOnceTheBudgetIsNearlySpent) {
  Simulation town(Simulation::Large({.budget_cores = 1}));
  town.Begin(1);
  const auto run = [&](double cores) {
    for (int i = 0; i < 300; ++i) {
      town.cpu += kStep * cores;
      town.Run(kStep);
    }
  };
  run(0.9);
  town.faint.insert(1);
  run(0.9);
  ASSERT_EQ(town.attention.Totals(town.now).full_decodes_allowed, limits::kFullDecodesMaxDefault);
  EXPECT_TRUE(town.ever_full.empty());
  run(0.6);
  EXPECT_TRUE(town.ever_full.contains(1));
}

TEST(Attention, RejectsACandidateWithinTwoSecondsWherePixelsShowNothingAndCountsIt) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.5));
  town.busy.insert(1);
  town.Run(absl::Seconds(2));
  EXPECT_EQ(town.State(1).candidates, CandidateCounts{.rejected = 1});
  EXPECT_FALSE(town.full.contains(1));
}

TEST(Attention, CountsACandidateAsConfirmedWhenAnEventBegins) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.5));
  town.busy.insert(1);
  town.shows.insert(1);
  town.Run(absl::Seconds(1));
  EXPECT_EQ(town.State(1).candidates, CandidateCounts{});
  town.attention.OnMotion(1, true, town.now);
  EXPECT_EQ(town.State(1).candidates, CandidateCounts{.confirmed = 1});
  town.attention.OnMotion(1, false, town.now);
  EXPECT_EQ(town.State(1).candidates, CandidateCounts{.confirmed = 1});
}

TEST(Attention, TellsCandidatesWithoutAnEventFromThoseNobodyLookedAt) {
  Simulation moved(Simulation::Large({}));
  moved.Begin(1);
  moved.Run(absl::Seconds(30.5));
  moved.busy.insert(1);
  moved.shows.insert(1);
  moved.Run(absl::Seconds(6));
  EXPECT_EQ(moved.State(1).candidates.no_event, 1);

  Simulation poor(Simulation::Large({.full_decodes_max = 0}));
  poor.Begin(1);
  poor.Run(absl::Seconds(30.5));
  poor.busy.insert(1);
  poor.Run(absl::Seconds(7));
  EXPECT_EQ(poor.State(1).candidates.undecided, 1);
  EXPECT_EQ(poor.State(1).candidates.rejected, 0);

  Simulation lost(Simulation::Large({}));
  lost.Begin(1);
  lost.Run(absl::Seconds(30.5));
  lost.attention.OnUnit(1, false, kBusy, lost.now);
  lost.attention.End(1);
  EXPECT_EQ(lost.State(1).candidates, CandidateCounts{.undecided = 1})
      << "kept over the stream's end";
}

TEST(Attention, CountsWhatADecodedKeyframeShowsAsNoCandidateOfActivity) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.2));
  town.attention.OnPixels(1, absl::UnixEpoch() + town.now, true, town.now);
  town.Run(absl::Seconds(6));
  EXPECT_EQ(town.State(1).candidates, CandidateCounts{});
}

TEST(Attention, LooksCloserWhereADecodedKeyframeShowsSomething) {
  Simulation town(Simulation::Large({}));
  town.Begin(1);
  town.Run(absl::Seconds(30.2));
  town.attention.OnPixels(1, absl::UnixEpoch() + town.now, false, town.now);
  EXPECT_TRUE(town.attention.Decide(town.now).empty());
  town.attention.OnPixels(1, absl::UnixEpoch() + town.now, true, town.now);
  EXPECT_EQ(town.attention.Decide(town.now).size(), 1u);
  EXPECT_EQ(town.State(1).why, "full: a decoded keyframe shows movement");
}

}  // namespace
}  // namespace patrol::ingest
