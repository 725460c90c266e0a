#include "lib/video/ingest/gop_ring.h"

#include "gtest/gtest.h"

namespace patrol::ingest {
namespace {

media::AccessUnitPtr Unit(double seconds, bool keyframe, size_t bytes = 100, bool damaged = false) {
  auto unit = std::make_shared<media::AccessUnit>();
  unit->time = absl::UnixEpoch() + absl::Seconds(seconds);
  unit->keyframe = keyframe;
  unit->damaged = damaged;
  unit->data.resize(bytes);
  return unit;
}

// A GOP of 2 s at 10 units a second.
void AddGop(GopRing* ring, double begin, size_t bytes = 100) {
  for (int i = 0; i < 20; ++i) ring->Add(Unit(begin + i * 0.1, i == 0, bytes));
}

TEST(GopRing, KeepsWholeGopsBackToThePreRoll) {
  RingBudget budget(1 << 30);
  GopRing ring(1 << 20, absl::Seconds(5), &budget);
  for (int gop = 0; gop < 10; ++gop) AddGop(&ring, gop * 2.0);
  const auto all = ring.All();
  EXPECT_TRUE(all.front()->keyframe);
  EXPECT_EQ(all.front()->time, absl::UnixEpoch() + absl::Seconds(14));
  EXPECT_EQ(all.size(), 60u);
  EXPECT_EQ(ring.LastGop().size(), 20u);
  EXPECT_TRUE(ring.LastGop().front()->keyframe);
  EXPECT_EQ(ring.shortenings(), 0);
}

TEST(GopRing, KeepsWhatLiesBeforeAMovementUntilItsEventIsTold) {
  RingBudget budget(1 << 30);
  GopRing ring(1 << 20, absl::Seconds(5), &budget);
  for (int gop = 0; gop < 10; ++gop) AddGop(&ring, gop * 2.0);
  const absl::Time before = ring.All().front()->time;
  ring.Hold();
  AddGop(&ring, 20);
  EXPECT_EQ(ring.All().front()->time, before);
  // What moves on does not keep it for longer.
  ring.Hold();
  AddGop(&ring, 22);
  AddGop(&ring, 24);
  EXPECT_EQ(ring.All().front()->time, absl::UnixEpoch() + absl::Seconds(20));
  EXPECT_EQ(ring.shortenings(), 0);
  ring.Hold();
  const absl::Time later = ring.All().front()->time;
  AddGop(&ring, 26);
  EXPECT_EQ(ring.All().front()->time, later);
}

TEST(GopRing, HoldsNothingBeyondItsLimits) {
  RingBudget budget(1 << 30);
  GopRing ring(10'000, absl::Seconds(5), &budget);
  for (int gop = 0; gop < 10; ++gop) {
    ring.Hold();
    AddGop(&ring, gop * 2.0);
    EXPECT_LE(ring.bytes(), 10'000u);
  }
}

TEST(GopRing, GivesUpWhatItHeldWithoutItsPreRollBeingShortened) {
  RingBudget budget(1 << 30);
  GopRing one(1 << 20, absl::Seconds(5), &budget);
  AddGop(&one, 0);
  GopRing ring(4 * one.bytes(), absl::Seconds(5), &budget);
  for (int gop = 0; gop < 4; ++gop) AddGop(&ring, gop * 2.0);
  ring.Hold();
  AddGop(&ring, 8);
  EXPECT_EQ(ring.All().front()->time, absl::UnixEpoch() + absl::Seconds(2));
  ring.Add(Unit(10, true));
  EXPECT_EQ(ring.All().front()->time, absl::UnixEpoch() + absl::Seconds(4));
  EXPECT_EQ(ring.shortenings(), 0);
}

TEST(GopRing, BeginsWithAKeyframe) {
  RingBudget budget(1 << 30);
  GopRing ring(1 << 20, absl::Seconds(5), &budget);
  ring.Add(Unit(0, false));
  EXPECT_TRUE(ring.LastGop().empty());
  ring.Add(Unit(1, true));
  ring.Add(Unit(2, false));
  EXPECT_EQ(ring.LastGop().size(), 2u);
}

TEST(GopRing, LeavesOutADamagedUnitAndWhatDependsOnIt) {
  RingBudget budget(1 << 30);
  GopRing ring(1 << 20, absl::Seconds(5), &budget);
  ring.Add(Unit(0, true));
  ring.Add(Unit(1, false));
  ring.Add(Unit(2, false, 100, /*damaged=*/true));
  ring.Add(Unit(3, false));
  EXPECT_EQ(ring.LastGop().size(), 2u);
  ring.Add(Unit(4, true, 100, /*damaged=*/true));
  ring.Add(Unit(5, false));
  EXPECT_EQ(ring.LastGop().size(), 2u);
  ring.Add(Unit(6, true));
  EXPECT_EQ(ring.LastGop().size(), 1u);
}

TEST(GopRing, DoesNotContinueAGopOverABreak) {
  RingBudget budget(1 << 30);
  GopRing ring(1 << 20, absl::Seconds(5), &budget);
  AddGop(&ring, 0);
  ring.Break();
  ring.Add(Unit(2, false));
  EXPECT_EQ(ring.LastGop().size(), 20u);
}

TEST(GopRing, ShortensThePreRollUnderItsByteLimitAndCounts) {
  RingBudget budget(1 << 30);
  GopRing ring(10'000, absl::Seconds(60), &budget);
  for (int gop = 0; gop < 10; ++gop) AddGop(&ring, gop * 2.0);
  EXPECT_LE(ring.bytes(), 10'000u);
  EXPECT_GT(ring.shortenings(), 0);
  EXPECT_EQ(ring.LastGop().size(), 20u);
  EXPECT_EQ(budget.bytes.load(), ring.bytes());
}

media::AccessUnitPtr Renewing(double seconds, media::Refresh refresh, size_t bytes = 100) {
  auto unit = std::make_shared<media::AccessUnit>(*Unit(seconds, false, bytes));
  unit->refresh = refresh;
  return unit;
}

// Without keyframes: can be entered every 2 s, 10 units a second.
void AddRenewing(GopRing* ring, int from, int to, media::Refresh refresh, size_t bytes = 100) {
  for (int i = from; i < to; ++i) {
    ring->Add(i % 20 == 0 ? Renewing(i * 0.1, refresh, bytes) : Unit(i * 0.1, false, bytes));
  }
}

TEST(GopRing, KeepsAStreamWithoutKeyframesFromWhereItCanBeEntered) {
  for (const auto refresh : {media::Refresh::kAnnounced, media::Refresh::kUnannounced}) {
    RingBudget budget(1 << 30);
    GopRing ring(1 << 20, absl::Seconds(5), &budget);
    AddRenewing(&ring, 5, 200, refresh);
    const auto all = ring.All();
    EXPECT_EQ(all.front()->refresh, refresh);
    EXPECT_EQ(all.front()->time, absl::UnixEpoch() + absl::Seconds(14));
    // Its pictures are whole only some time after it was entered.
    EXPECT_EQ(ring.LastGop(), all);
    EXPECT_EQ(ring.shortenings(), 0);
  }
}

TEST(GopRing, DoesNotLeadOverAGapInAStreamWithoutKeyframes) {
  RingBudget budget(1 << 30);
  GopRing ring(1 << 20, absl::Seconds(5), &budget);
  AddRenewing(&ring, 0, 50, media::Refresh::kAnnounced);
  ring.Add(Unit(5, false, 100, /*damaged=*/true));
  AddRenewing(&ring, 51, 75, media::Refresh::kAnnounced);
  EXPECT_EQ(ring.LastGop().front()->time, absl::UnixEpoch() + absl::Seconds(6));
  EXPECT_EQ(ring.LastGop().size(), 15u);
}

TEST(GopRing, HoldsAStreamWithoutKeyframesWithinItsLimits) {
  RingBudget budget(1 << 30);
  GopRing ring(10'000, absl::Seconds(60), &budget);
  AddRenewing(&ring, 0, 1000, media::Refresh::kUnannounced);
  EXPECT_LE(ring.bytes(), 10'000u);
  EXPECT_TRUE(ring.accepting());
  EXPECT_EQ(ring.All().back()->time, absl::UnixEpoch() + absl::Seconds(99.9));
  EXPECT_EQ(budget.bytes.load(), ring.bytes());
}

TEST(GopRing, AGopIsNotCutWhereItCouldBeEnteredInItsMiddle) {
  RingBudget budget(1 << 30);
  GopRing ring(10'000, absl::Seconds(5), &budget);
  ring.Add(Unit(0, true));
  AddRenewing(&ring, 1, 30, media::Refresh::kAnnounced);
  EXPECT_EQ(ring.LastGop().size(), 30u);
  // Nor given up for what nobody says to be decodable, when it is too large; for a recovery point
  // it is.
  AddRenewing(&ring, 30, 200, media::Refresh::kUnannounced);
  EXPECT_TRUE(ring.LastGop().front()->keyframe);
  AddRenewing(&ring, 200, 225, media::Refresh::kAnnounced);
  EXPECT_EQ(ring.LastGop().front()->time, absl::UnixEpoch() + absl::Seconds(20));
}

TEST(GopRing, KeepsTheBeginningOfAGopThatIsTooLargeItself) {
  RingBudget budget(1 << 30);
  GopRing ring(2'000, absl::Seconds(5), &budget);
  AddGop(&ring, 0, 300);
  const auto gop = ring.LastGop();
  ASSERT_FALSE(gop.empty());
  EXPECT_LT(gop.size(), 20u);
  EXPECT_TRUE(gop.front()->keyframe);
  EXPECT_LE(ring.bytes(), 2'000u);
  EXPECT_EQ(ring.shortenings(), 1);
}

TEST(GopRing, HoldsNothingWhenAKeyframeAloneIsTooLarge) {
  RingBudget budget(1 << 30);
  GopRing ring(1'000, absl::Seconds(5), &budget);
  ring.Add(Unit(0, true, 100));
  ring.Add(Unit(1, true, 5'000));
  ring.Add(Unit(2, false, 100));
  EXPECT_TRUE(ring.LastGop().empty());
  EXPECT_EQ(budget.bytes.load(), 0u);
}

TEST(GopRing, SharesOneBudgetAmongAllRingsAndGivesItBack) {
  RingBudget budget(12'000);
  {
    GopRing first(1 << 20, absl::Seconds(60), &budget);
    GopRing second(1 << 20, absl::Seconds(60), &budget);
    for (int gop = 0; gop < 5; ++gop) {
      AddGop(&first, gop * 2.0);
      AddGop(&second, gop * 2.0);
      EXPECT_LE(budget.bytes.load(), 12'000u);
    }
    EXPECT_GT(first.shortenings() + second.shortenings(), 0);
  }
  EXPECT_EQ(budget.bytes.load(), 0u);
}

}  // namespace
}  // namespace patrol::ingest
