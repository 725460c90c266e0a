#include "lib/patrol/tracks/fix_log.h"

#include "gtest/gtest.h"

namespace patrol::tracks {
namespace {

Fix At(int second, double lon) {
  Fix fix;
  fix.unit_id = "n-1";
  fix.time = absl::UnixEpoch() + absl::Seconds(second) + absl::Microseconds(7);
  fix.position = {lon, 22.93000000000001};
  return fix;
}

TEST(FixLogTest, FixesComeBackAsTheyWereInTheirOrder) {
  FixLog log;
  Fix measured = At(50, 113.1);
  measured.speed_mps = 0;
  measured.accuracy_m = 8.5;
  log.Add(At(60, 113.2));
  log.Add(measured);
  log.Add(At(70, 113.3));
  const std::vector<Fix> fixes = log.Read("n-1");
  ASSERT_EQ(fixes.size(), 3u);
  EXPECT_EQ(fixes[0].unit_id, "n-1");
  EXPECT_EQ(fixes[0].time, At(60, 0).time);
  EXPECT_EQ(fixes[0].position, At(60, 113.2).position);
  EXPECT_FALSE(fixes[0].speed_mps || fixes[0].heading_deg || fixes[0].accuracy_m);
  EXPECT_EQ(fixes[1].speed_mps, 0);
  EXPECT_FALSE(fixes[1].heading_deg);
  EXPECT_EQ(fixes[1].accuracy_m, 8.5);
  EXPECT_FALSE(fixes[2].speed_mps || fixes[2].heading_deg || fixes[2].accuracy_m);
}

TEST(FixLogTest, TellsTheEarliestAndTheLatestTimeWhateverTheOrder) {
  FixLog log;
  EXPECT_EQ(log.first(), absl::InfiniteFuture());
  EXPECT_EQ(log.last(), absl::InfinitePast());
  log.Add(At(60, 113));
  log.Add(At(90, 113));
  log.Add(At(30, 113));
  EXPECT_EQ(log.first(), At(30, 0).time);
  EXPECT_EQ(log.last(), At(90, 0).time);
}

}  // namespace
}  // namespace patrol::tracks
