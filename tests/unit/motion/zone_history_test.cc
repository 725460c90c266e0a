#include "lib/video/motion/zone_history.h"

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

const absl::Time kNine = absl::UnixEpoch() + absl::Hours(9);

TEST(ZoneHistory, KnowsWhatIsUsualOfAnHourOnceItSawHalfAnHourOfIt) {
  ZoneHistory history;
  for (int s = 0; s < 1700; s += 2) {
    history.Note(kNine + absl::Seconds(s), absl::Seconds(2), s % 8 == 0);
  }
  EXPECT_LT(history.usual_share(kNine), 0);
  for (int s = 1700; s < 1900; s += 2) {
    history.Note(kNine + absl::Seconds(s), absl::Seconds(2), s % 8 == 0);
  }
  EXPECT_NEAR(history.usual_share(kNine), 0.25, 0.01);
  EXPECT_LT(history.usual_share(kNine + absl::Hours(1)), 0);
}

TEST(ZoneHistory, GoesOnWithTheHoursOfAnEarlierRunButIsNotBusyByThem) {
  ZoneHistory before;
  for (int s = 0; s < 3600; s += 2) {
    before.Note(kNine + absl::Seconds(s), absl::Seconds(2), true);
  }
  ASSERT_TRUE(before.busy());
  ZoneHistory after;
  after.TakeUp(before.hours());
  EXPECT_DOUBLE_EQ(after.usual_share(kNine), 1);
  EXPECT_FALSE(after.busy());
  EXPECT_DOUBLE_EQ(after.moving_share(), 0);
  const absl::Time next_day = kNine + absl::Hours(24);
  for (int s = 0; s < 3600; s += 2) {
    after.Note(next_day + absl::Seconds(s), absl::Seconds(2), false);
  }
  EXPECT_DOUBLE_EQ(after.usual_share(next_day), 0.5);
}

}  // namespace
}  // namespace patrol::motion
