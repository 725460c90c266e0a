// Goal: CPU over the budget costs full decodes first and then the length of intervals, and what is
// to spare is spent. Method: a second of the clock at a time, each with its CPU time.

#include "lib/video/ingest/decode_budget.h"

#include "gtest/gtest.h"

namespace patrol::ingest {
namespace {

class Town {
 public:
  explicit Town(DecodeBudget& budget) : budget_(budget) {}

  // As many full decodes as are allowed, for so many seconds at so many cores.
  DecodeBudget::Steered Run(int seconds, double cores) {
    DecodeBudget::Steered all;
    for (int i = 0; i < seconds; ++i) {
      now_ += absl::Seconds(1);
      cpu_ += absl::Seconds(cores);
      const DecodeBudget::Steered steered = budget_.OnCpu(cpu_, budget_.full_allowed(), now_);
      all.over |= steered.over;
      all.oftener_ended |= steered.oftener_ended;
    }
    return all;
  }

 private:
  DecodeBudget& budget_;
  absl::Duration now_ = absl::Seconds(100);
  absl::Duration cpu_;
};

TEST(DecodeBudget, TakesFullDecodesFirstAndStretchesIntervalsOnceThereAreNone) {
  DecodeBudget budget(1, 8);
  Town town(budget);
  EXPECT_TRUE(town.Run(6, 2).over);
  EXPECT_LT(budget.full_allowed(), 8);
  EXPECT_EQ(budget.stretch(), 1);
  EXPECT_FALSE(budget.Spare());
  town.Run(20, 2);
  EXPECT_EQ(budget.full_allowed(), 0);
  EXPECT_GT(budget.stretch(), 1);
  // And the other way round.
  town.Run(5, 0.5);
  EXPECT_EQ(budget.full_allowed(), 0);
  town.Run(40, 0.5);
  EXPECT_EQ(budget.stretch(), 1);
  EXPECT_EQ(budget.full_allowed(), 8);
}

TEST(DecodeBudget, HalvesIntervalsWhileLittleIsUsedAndSaysWhenThatEnds) {
  DecodeBudget budget(1, 8);
  Town town(budget);
  EXPECT_FALSE(town.Run(5, 0.1).oftener_ended);
  EXPECT_EQ(budget.stretch(), 1);  // it must show first
  town.Run(60, 0.1);
  EXPECT_EQ(budget.stretch(), 0.5);
  EXPECT_FALSE(town.Run(60, 0.4).oftener_ended);
  EXPECT_TRUE(town.Run(120, 0.8).oftener_ended);
  EXPECT_EQ(budget.stretch(), 1);
}

TEST(DecodeBudget, HasRoomForOneMoreWhileAFullDecodeIsFreeAndTheBudgetTookNone) {
  DecodeBudget budget(1, 2);
  EXPECT_TRUE(budget.RoomForOneMore(1));
  EXPECT_FALSE(budget.RoomForOneMore(2));
  EXPECT_TRUE(budget.Spare());
  Town town(budget);
  town.Run(5, 2);
  EXPECT_FALSE(budget.RoomForOneMore(0));
}

}  // namespace
}  // namespace patrol::ingest
