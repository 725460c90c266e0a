#include "lib/video/motion/zone_watch.h"

#include "gtest/gtest.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr ZoneRules kRules = {.share_min = 0.0006,
                              .share_large = 0.0025,
                              .begin_after = absl::Milliseconds(400),
                              .begin_pictures = 3,
                              .end_after = absl::Seconds(2),
                              .still_after = absl::Seconds(10),
                              .update_every = absl::Seconds(1),
                              .stills = false};

// Picture, from 1, in which a small region that keeps moving begins an event; 0: none of twenty.
int Begins(absl::Duration interval, bool settling) {
  int begun = 0, shown = 0;
  ZoneWatch watch("", 0, kRules, [&](const MotionEvent& event, const media::Picture&) {
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

// Picture, from 1, in which a large region begins an event that takes so much ground, in own sizes,
// in each of the first pictures, four seconds apart, and stands in the others; 0: none of four.
int BeginsSparse(double advance, int moving_pictures) {
  constexpr absl::Duration kInterval = absl::Seconds(4);
  int begun = 0, shown = 0;
  ZoneWatch watch("", 0, kRules, [&](const MotionEvent& event, const media::Picture&) {
    if (event.phase == Phase::kBegin) begun = shown;
  });
  Scene scene(64, 48);
  for (shown = 1; shown <= 4; ++shown) {
    const absl::Time time = absl::UnixEpoch() + shown * kInterval;
    Region region;
    region.share = 0.07;
    region.in_zone[0] = 1;
    region.moving = region.going = shown <= moving_pictures;
    region.advance = region.moving ? advance : 0;
    region.moving_since = region.last_moving = time;
    region.moving_pictures = 1;
    watch.Follow({region}, scene.Draw(time), {.interval = kInterval});
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

TEST(ZoneWatchTest, WherePicturesAreSparseOneThatShowsALargeRegionOnNewGroundBeginsAnEvent) {
  EXPECT_EQ(BeginsSparse(0.8, 1), 1);
}

TEST(ZoneWatchTest, WherePicturesAreSparseALargeRegionThatMostlyStoodThereNeedsASecondPicture) {
  EXPECT_EQ(BeginsSparse(0.3, 1), 0) << "what changed may be what left";
  EXPECT_EQ(BeginsSparse(0.3, 2), 2);
}

}  // namespace
}  // namespace patrol::motion
