#include "lib/video/motion/detector.h"

#include <random>
#include <utility>

#include "gtest/gtest.h"
#include "tests/unit/motion/moving_regions.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(40);

class DetectorTest : public testing::Test {
 protected:
  // Shows the scene until the model has learnt it; returns how long that took.
  absl::Duration Learn(absl::Duration interval = kFrame) {
    const absl::Time start = time_;
    while (Show(interval).learning) {
      EXPECT_LT(time_ - start, absl::Seconds(60));
      if (time_ - start > absl::Seconds(60)) break;
    }
    return time_ - start;
  }

  Detection Show(absl::Duration interval = kFrame) {
    time_ += interval;
    return detector_.Process(scene_.Draw(time_));
  }

  // Moving pixels of the mask inside and outside of the square.
  std::pair<double, double> Shares(const Detection& detection) const {
    int inside = 0, inside_moving = 0, outside = 0, outside_moving = 0;
    for (int y = 0; y < detection.mask.height; ++y) {
      for (int x = 0; x < detection.mask.width; ++x) {
        const bool moving = detection.mask.data[y * detection.mask.stride + x] != 0;
        const bool in = scene_.square_x >= 0 && x >= scene_.square_x &&
                        x < scene_.square_x + scene_.square_size && y >= scene_.square_y &&
                        y < scene_.square_y + scene_.square_size;
        (in ? inside : outside) += 1;
        (in ? inside_moving : outside_moving) += moving ? 1 : 0;
      }
    }
    return {inside > 0 ? static_cast<double>(inside_moving) / inside : 0.0,
            static_cast<double>(outside_moving) / outside};
  }

  Scene scene_;
  Detector detector_{Detector::Options()};
  absl::Time time_ = absl::UnixEpoch();
};

TEST_F(DetectorTest, LearnsAStillSceneInAboutTwoSecondsAtFullRate) {
  const absl::Duration took = Learn();
  EXPECT_GE(took, absl::Seconds(2));
  EXPECT_LE(took, absl::Seconds(3));
}

TEST_F(DetectorTest, WhatPassedByWhileABusySceneWasLearntHidesNothingThatFollows) {
  constexpr int kPlaces = 5;
  const auto place = [this](int index) { scene_.square_x = 10 + 60 * index; };
  scene_.square_size = 56;
  scene_.snow_size = 64;  // something always moves
  Detection detection = {.learning = true};
  for (int i = 0; detection.learning; ++i) {
    place(i / 7 % kPlaces);  // 0.3 s each
    detection = Show();
    ASSERT_LT(i, 300);
  }
  for (int index = 0; index < kPlaces; ++index) {
    place(index);
    Show();  // what appears all at once is told a picture later
    EXPECT_GT(Shares(Show()).first, 0.95) << "place " << index;
  }
}

TEST_F(DetectorTest, LearnsFromNinePicturesTwoSecondsApart) {
  EXPECT_LE(Learn(absl::Seconds(2)), absl::Seconds(18));
}

TEST_F(DetectorTest, SeesInTheDarkWhatDiffersByAFewGreyLevels) {
  scene_.light = 0.08;  // 5..11
  scene_.noise = 0.7;
  scene_.square_grey = 230;  // 16 and 18
  Learn();
  for (int i = 0; i < 25; ++i) EXPECT_LT(Shares(Show()).second, 0.001);
  scene_.square_x = 20;
  for (int i = 0; i < 25; ++i) {
    scene_.square_x += 4;
    const auto [inside, outside] = Shares(Show());
    if (i < 2) continue;
    EXPECT_GT(inside, 0.8) << i;
    EXPECT_LT(outside, 0.02) << i;
  }
}

TEST_F(DetectorTest, MarksAMovingSquareAndLittleElse) {
  Learn();
  scene_.square_x = 20;
  for (int i = 0; i < 25; ++i) {
    scene_.square_x += 4;
    const Detection detection = Show();
    if (i < 2) continue;
    const auto [inside, outside] = Shares(detection);
    EXPECT_GT(inside, 0.9) << i;
    EXPECT_LT(outside, 0.02) << i;
    const MovingRegions moving = FindMovingRegions(detection);
    EXPECT_NEAR(moving.box.left, scene_.square_x / 320.0, 0.03);
    EXPECT_NEAR(moving.box.right, (scene_.square_x + 40) / 320.0, 0.03);
    EXPECT_NEAR(moving.box.top, 100 / 240.0, 0.03);
    EXPECT_NEAR(moving.box.bottom, 140 / 240.0, 0.03);
    EXPECT_NEAR(moving.largest_share, 1600.0 / 76800, 0.005);
  }
}

TEST_F(DetectorTest, FindsTheSquareAtOnePictureEveryTwoSeconds) {
  Learn(absl::Seconds(2));
  for (int i = 0; i < 10; ++i) Show(absl::Seconds(2));
  for (const int x : {30, 200, 100}) {
    scene_.square_x = x;
    const Detection detection = Show(absl::Seconds(2));
    const auto [inside, outside] = Shares(detection);
    EXPECT_GT(inside, 0.9);
    EXPECT_LT(outside, 0.02);
    EXPECT_GT(FindMovingRegions(detection).share, 0.015);
  }
}

TEST_F(DetectorTest, SeesNothingInTheNoiseOfADimLight) {
  scene_.light = 0.35;  // 21..49: half the usual distance
  scene_.noise = 4;
  Learn();
  for (int i = 0; i < 75; ++i) EXPECT_LT(Shares(Show()).second, 0.001) << i;
}

TEST_F(DetectorTest, SeesNothingInNoiseAtAnyRate) {
  scene_.noise = 4.0;
  Learn();
  for (int i = 0; i < 100; ++i) EXPECT_LT(Show().foreground_share, 0.0005);
  for (int i = 0; i < 30; ++i) EXPECT_LT(Show(absl::Seconds(2)).foreground_share, 0.0005);
  for (int i = 0; i < 100; ++i) EXPECT_LT(Show().foreground_share, 0.0005);
}

TEST_F(DetectorTest, TakesOutUniformChangesOfLight) {
  Learn();
  for (const double light : {0.7, 1.3, 1.0, 0.5, 1.0}) {
    scene_.light = light;
    for (int i = 0; i < 75; ++i) {
      const Detection detection = Show();
      EXPECT_FALSE(detection.learning) << light;
      EXPECT_LT(detection.foreground_share, 0.01) << light << " picture " << i;
    }
  }
}

TEST_F(DetectorTest, StillFindsTheSquareRightAfterTheLightChanged) {
  Learn();
  scene_.light = 0.7;
  scene_.square_x = 60;
  for (int i = 0; i < 30; ++i) {
    scene_.square_x += 4;
    const auto [inside, outside] = Shares(Show());
    EXPECT_GT(inside, 0.9) << i;
    EXPECT_LT(outside, 0.02) << i;
  }
}

TEST_F(DetectorTest, CallsAThingThatStoppedForegroundButNotMoving) {
  Learn();
  scene_.square_x = 100;
  for (int i = 0; i < 10; ++i) {
    scene_.square_x += 4;
    Show();
  }
  for (int i = 0; i < 75; ++i) Show();
  const Detection detection = Show();
  EXPECT_GT(detection.foreground_share, 0.015);
  EXPECT_EQ(FindMovingRegions(detection).share, 0.0);
}

TEST_F(DetectorTest, AbsorbsWhatStandsStillForLong) {
  Learn();
  scene_.square_x = 100;
  Show();
  EXPECT_GT(Show().foreground_share, 0.015);
  for (int i = 0; i < 300; ++i) Show(absl::Seconds(1));
  EXPECT_LT(Show().foreground_share, 0.004);
}

TEST_F(DetectorTest, LearnsAnewWhenTheWholePictureBecomesAnother) {
  Learn();
  bool light_step = false, learnt_anew = false;
  const media::Picture drawn = scene_.Draw(time_);
  AVFrame* frame = av_frame_clone(drawn.frame());
  ASSERT_GE(av_frame_make_writable(frame), 0);
  for (int y = 0; y < 240; ++y) {  // a fence
    for (int x = 0; x < 320; ++x) {
      frame->data[0][y * frame->linesize[0] + x] = x / 12 % 2 == 0 ? 20 : 235;
    }
  }
  for (int i = 0; i < 100; ++i) {
    time_ += kFrame;
    const Detection detection = detector_.Process(media::Picture(*frame, time_, true));
    light_step |= detection.light_step;
    learnt_anew |= detection.learning;
    if (!detection.light_step && !detection.learning) {
      EXPECT_LT(FindMovingRegions(detection).share, 0.5);
    }
  }
  av_frame_free(&frame);
  EXPECT_TRUE(light_step);
  EXPECT_TRUE(learnt_anew);
}

TEST_F(DetectorTest, StartsAnewWithAnotherPictureSize) {
  Learn();
  Scene larger(640, 360);
  const Detection detection = detector_.Process(larger.Draw(time_ + kFrame));
  EXPECT_TRUE(detection.learning);
  EXPECT_EQ(detection.mask.width, 320);
  EXPECT_EQ(detection.mask.height, 180);
}

TEST_F(DetectorTest, GoesOnWhenTheClockIsSetBack) {
  Learn();
  time_ -= absl::Hours(2);
  for (int i = 0; i < 50; ++i) {
    const Detection detection = Show();
    EXPECT_FALSE(detection.learning);
    EXPECT_EQ(FindMovingRegions(detection).share, 0.0);
  }
}

TEST_F(DetectorTest, TakesAnySizeOfPicture) {
  for (const auto& [width, height] :
       {std::pair(1, 1), std::pair(7, 5), std::pair(17, 1000), std::pair(1000, 3),
        std::pair(333, 251), std::pair(1921, 1081)}) {
    Detector detector{Detector::Options()};
    Scene scene(width, height);
    Detection detection;
    for (int i = 0; i < 20; ++i) {
      detection = detector.Process(scene.Draw(absl::UnixEpoch() + i * absl::Milliseconds(400)));
    }
    EXPECT_FALSE(detection.learning) << width << "x" << height;
    EXPECT_LE(static_cast<int64_t>(detection.mask.width) * detection.mask.height, 92160);
  }
}

TEST_F(DetectorTest, HoldsTwelveBytesAPixel) {
  Scene scene(640, 360);
  detector_.Process(scene.Draw(time_));
  EXPECT_LT(static_cast<double>(detector_.memory_bytes()) / (320 * 180),
            12);  // rows are padded, 336 for 320
}

// Shakes to random sides, seeded.
struct Shake {
  double amplitude = 0;
  double degrees = 0;
  std::minstd_rand random{9};

  double Next() { return static_cast<double>(random()) / 2147483647.0 * 2 - 1; }
  void Apply(Scene& scene) {
    scene.shake_x = amplitude * Next();
    scene.shake_y = amplitude * Next();
    scene.turned_degrees = degrees * Next();
  }
};

TEST_F(DetectorTest, SeesNothingWhenTheCameraShakesByFractionsOfAPixelOrByEightAndTurns) {
  for (const auto& [amplitude, degrees] :
       {std::pair(0.3, 0.0), std::pair(1.5, 0.1), std::pair(8.0, 0.0), std::pair(8.0, 0.3)}) {
    detector_.Reset();
    scene_.shake_x = scene_.shake_y = scene_.turned_degrees = 0;
    Learn();
    Shake shake{.amplitude = amplitude, .degrees = degrees};
    for (int i = 0; i < 40; ++i) {
      shake.Apply(scene_);
      const Detection detection = Show();
      EXPECT_FALSE(detection.learning);
      EXPECT_LT(detection.foreground_share, 0.003) << amplitude << " pixels, picture " << i;
      EXPECT_LT(FindMovingRegions(detection).share, 0.003);
    }
  }
}

TEST_F(DetectorTest, LearnsWhileTheCameraShakes) {
  Shake shake{.amplitude = 6};
  for (int i = 0; i < 100; ++i) {
    shake.Apply(scene_);
    Show();
  }
  for (int i = 0; i < 40; ++i) {
    shake.Apply(scene_);
    const Detection detection = Show();
    EXPECT_FALSE(detection.learning);
    EXPECT_LT(detection.foreground_share, 0.003) << i;
  }
}

TEST_F(DetectorTest, FindsTheSquareAndTheShakeWhileTheCameraShakes) {
  Learn();
  Shake shake{.amplitude = 5};
  scene_.square_x = 40;
  for (int i = 0; i < 40; ++i) {
    scene_.square_x += 4;
    shake.Apply(scene_);
    const Detection detection = Show();
    const auto [inside, outside] = Shares(detection);
    EXPECT_GT(inside, 0.9) << i;
    EXPECT_LT(outside, 0.02) << i;
    EXPECT_NEAR(detection.displacement.dx, scene_.shake_x, 0.4) << i;
    EXPECT_NEAR(detection.displacement.dy, scene_.shake_y, 0.4) << i;
  }
}

TEST_F(DetectorTest, FindsTheShakeAtOnePictureEveryTwoSeconds) {
  Learn(absl::Seconds(2));
  Shake shake{.amplitude = 8};
  for (int i = 0; i < 20; ++i) {
    shake.Apply(scene_);
    EXPECT_LT(Show(absl::Seconds(2)).foreground_share, 0.003) << i;
  }
}

}  // namespace
}  // namespace patrol::motion
