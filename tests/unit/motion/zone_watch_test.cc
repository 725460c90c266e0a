#include "lib/video/motion/zone_watch.h"

#include "gtest/gtest.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

// Picture, from 1, in which a small region that keeps moving begins an event; 0: none of twenty.
int Begins(absl::Duration interval, bool settling) {
  int begun = 0, shown = 0;
  const ZoneRules rules = {.share_min = 0.0006,
                           .share_large = 0.0025,
                           .begin_after = absl::Milliseconds(400),
                           .begin_pictures = 3,
                           .end_after = absl::Seconds(2),
                           .still_after = absl::Seconds(10),
                           .update_every = absl::Seconds(1),
                           .stills = false};
  ZoneWatch watch("", 0, rules, [&](const MotionEvent& event, const media::Picture&) {
    if (event.phase == Phase::kBegin) begun = shown;
  });
  Scene scene(64, 48);
  for (shown = 1; shown <= 20; ++shown) {
    const absl::Time time = absl::UnixEpoch() + shown * interval;
    Region region;
    region.share = 0.001;
    region.in_zone[0] = 1;
    region.moving = region.going = true;
    region.travelled = 2;
    region.moving_since = absl::UnixEpoch() + interval;
    region.last_moving = time;
    region.moving_pictures = shown;
    watch.Follow({region}, scene.Draw(time), {.interval = interval, .settling = settling});
  }
  return begun;
}

TEST(ZoneWatchTest, ASmallRegionThatMovesForSixTenthsOfASecondBeginsAnEvent) {
  EXPECT_EQ(Begins(absl::Milliseconds(40), false), 16);
  EXPECT_EQ(Begins(absl::Milliseconds(250), false), 4);
}

TEST(ZoneWatchTest, WhileTheModelIsYoungItMustBeSeenMovingInTwiceThePictures) {
  EXPECT_EQ(Begins(absl::Milliseconds(250), true), 6);
  EXPECT_EQ(Begins(absl::Milliseconds(40), true), 16);
}

}  // namespace
}  // namespace patrol::motion
