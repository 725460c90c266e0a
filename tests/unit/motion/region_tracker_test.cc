#include "lib/video/motion/region_tracker.h"

#include <cstring>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kSize = 96;
constexpr absl::Duration kFrame = absl::Milliseconds(40);

void Fill(int from, int to, uint8_t value, Plane& plane) {
  for (int y = from; y < to; ++y) {
    std::memset(plane.row(y) + from, value, static_cast<size_t>(to - from));
  }
}

// The region of a square that stays in place, differs from a moment ago and grows by two pixels all
// around after a while; its rim differs by so much.
Region Grown(uint8_t rim) {
  RegionTracker tracker(0.001);
  Plane mask(kSize, kSize), change(kSize, kSize);
  absl::Time time = absl::UnixEpoch();
  const auto follow = [&] {
    time += kFrame;
    return tracker.Follow(mask.view(), change.view(), Plane(), time);
  };
  follow();  // nothing there
  Fill(40, 56, 255, mask);
  Fill(40, 56, 60, change);
  for (int i = 0; i < 25; ++i) follow();
  Fill(38, 58, 255, mask);
  Fill(38, 58, rim, change);
  Fill(40, 56, 60, change);
  return follow().at(0);
}

TEST(RegionTrackerTest, AGapWhoseRimGrowsByWhatLookedTheSameBeforeDoesNotMove) {
  const Region region = Grown(4);
  EXPECT_FALSE(region.moving);
  EXPECT_FALSE(region.going);
  EXPECT_GT(region.changed, 0.6) << "what was there a moment ago is still remembered";
}

TEST(RegionTrackerTest, AThingThatGrowsOverGroundThatLookedOtherwiseMoves) {
  const Region region = Grown(20);
  EXPECT_TRUE(region.moving);
  EXPECT_TRUE(region.going);
}

}  // namespace
}  // namespace patrol::motion
