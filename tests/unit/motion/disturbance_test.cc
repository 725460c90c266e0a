// What must not pass for movement, and movement that must be found all the same. Each disturbance
// is laid over a drawn scene; benchmarks/motion/disturb.cc lays them over real clips.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "lib/video/motion/analyser.h"
#include "lib/video/motion/detector.h"
#include "tests/unit/motion/moving_regions.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(40);
constexpr int kWidth = 320, kHeight = 240;
// What begins an event (Analyser::Options::large_share).
constexpr double kThreshold = 0.0025;

class Luma {
 public:
  explicit Luma(AVFrame* frame) : frame_(frame) {}

  double at(int x, int y) const { return frame_->data[0][y * frame_->linesize[0] + x]; }
  void Set(int x, int y, double value) {
    if (x < 0 || y < 0 || x >= kWidth || y >= kHeight) return;
    frame_->data[0][y * frame_->linesize[0] + x] =
        static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
  }
  void Map(const std::function<double(int, int, double)>& change) {
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) Set(x, y, change(x, y, at(x, y)));
    }
  }

 private:
  AVFrame* frame_;
};

// t: seconds since the disturbance set in.
using Disturb = std::function<void(double t, Luma& luma)>;

class DisturbanceTest : public testing::Test {
 protected:
  struct Seen {
    double outside = 0;  // foreground outside of the square, share of the picture, mean
    double found = 0;    // of the square, mean
    double moving = 0;   // moving share, mean
    int learning = 0;    // pictures
  };

  media::Picture Draw(const Disturb& disturb) {
    time_ += kFrame;
    const media::Picture drawn = scene_.Draw(time_);
    if (disturb == nullptr) return drawn;
    AVFrame* frame = av_frame_clone(drawn.frame());
    EXPECT_GE(av_frame_make_writable(frame), 0);
    Luma luma(frame);
    disturb(absl::ToDoubleSeconds(time_ - onset_), luma);
    media::Picture picture(*frame, time_, true);
    av_frame_free(&frame);
    return picture;
  }

  void Learn(const Disturb& disturb = nullptr) {
    for (int i = 0; i < 75; ++i) detector_.Process(Draw(disturb));
    onset_ = time_;
  }

  // Shows the scene for some seconds; with the square crossing it, or without.
  Seen Show(double seconds, const Disturb& disturb, bool square) {
    Seen seen;
    const int pictures = static_cast<int>(seconds * 25);
    for (int i = 0; i < pictures; ++i) {
      scene_.square_x = square ? 20 + 4 * i % 240 : -1;
      const Detection detection = detector_.Process(Draw(disturb));
      seen.learning += detection.learning ? 1 : 0;
      seen.moving += FindMovingRegions(detection).share / pictures;
      int inside = 0, outside = 0;
      for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
          if (detection.mask.data[y * detection.mask.stride + x] == 0) continue;
          const bool in = square && x >= scene_.square_x - 4 && x < scene_.square_x + 44 &&
                          y >= scene_.square_y - 4 && y < scene_.square_y + 44;
          ++(in ? inside : outside);
        }
      }
      seen.found += std::min(1.0, inside / 1600.0) / pictures;
      seen.outside += static_cast<double>(outside) / (kWidth * kHeight) / pictures;
    }
    scene_.square_x = -1;
    return seen;
  }

  // Two seconds may pass until a step is settled; the square must be found from the start.
  void ExpectSuppressed(const Disturb& disturb) {
    const Seen during = Show(2, disturb, true);
    EXPECT_EQ(during.learning, 0);
    EXPECT_GE(during.found, 0.9) << "a thing that moves meanwhile";
    const Seen settled = Show(4, disturb, false);
    EXPECT_LT(settled.outside, kThreshold);
    EXPECT_LT(settled.moving, kThreshold);
    const Seen after = Show(3, disturb, true);
    EXPECT_GE(after.found, 0.9) << "a thing that moves afterwards";
    EXPECT_LT(after.outside, 2 * kThreshold);
  }

  Scene scene_;
  Detector detector_{Detector::Options()};
  absl::Time time_ = absl::UnixEpoch();
  absl::Time onset_ = absl::UnixEpoch();
};

TEST_F(DisturbanceTest, StepsOfLightByThirtyAndSixtyPercentAreNoMovement) {
  for (const double gain : {1.3, 0.7, 1.6, 0.4}) {
    SCOPED_TRACE(gain);
    detector_.Reset();
    Learn();
    ExpectSuppressed([gain](double, Luma& luma) {
      luma.Map([gain](int, int, double value) { return value * gain; });
    });
  }
}

TEST_F(DisturbanceTest, AStepOfLightThatSaturatesPartOfThePictureIsNoMovement) {
  scene_.light = 1.4;  // 84..196 and the square at 255: a fifth is above 159
  scene_.square_grey = 20;
  Learn();
  ExpectSuppressed(
      [](double, Luma& luma) { luma.Map([](int, int, double value) { return value * 1.6; }); });
}

TEST_F(DisturbanceTest, TheCamerasInfraredLampIsNoMovement) {
  Learn();
  std::minstd_rand random(5);
  std::normal_distribution<double> noise(0, 3);
  ExpectSuppressed([&](double, Luma& luma) {
    luma.Map([&](int x, int y, double value) {
      const double r = std::hypot(2.0 * x / kWidth - 1, 2.0 * y / kHeight - 1);
      return 255 * std::pow(value / 255, 0.8) * (1.25 - 0.6 * std::min(1.2, r)) + noise(random);
    });
  });
}

// The ground behind it was never seen in the new light.
TEST_F(DisturbanceTest, WhatHidTheGroundWhenTheLightChangedLeavesNoTraceBehind) {
  Learn();
  Show(0.4, nullptr, true);
  const auto lamp = [](double, Luma& luma) {
    luma.Map([](int x, int y, double value) {
      const double r = std::hypot(2.0 * x / kWidth - 1, 2.0 * y / kHeight - 1);
      return 255 * std::pow(value / 255, 0.6) * (1.3 - 0.7 * std::min(1.2, r));
    });
  };
  scene_.square_x = 120;
  for (int i = 0; i < 10; ++i) detector_.Process(Draw(lamp));
  Show(1, lamp, false);  // it has gone
  EXPECT_LT(Show(1, lamp, false).outside, kThreshold / 4);
  EXPECT_GE(Show(3, lamp, true).found, 0.8);
}

// An infrared lamp: brighter in the middle, tones bent.
double UnderALamp(int x, int y, double value) {
  const double r = std::hypot(2.0 * x / kWidth - 1, 2.0 * y / kHeight - 1);
  return 255 * std::pow(value / 255, 0.8) * (1.25 - 0.6 * std::min(1.2, r));
}

TEST_F(DisturbanceTest, TheGroundBehindAThingIsKnownInTheNewLightAsSoonAsTheThingHasGone) {
  Learn();
  Show(0.4, nullptr, true);
  const auto lamp = [](double, Luma& luma) { luma.Map(UnderALamp); };
  scene_.square_x = 56;
  for (int i = 0; i < 2; ++i) detector_.Process(Draw(lamp));
  EXPECT_LT(Show(0.2, lamp, false).outside, kThreshold);
}

TEST_F(DisturbanceTest, WhatAShakenCameraDidNotShowWhenTheLightChangedIsNoMovementLater) {
  Learn();
  const auto lamp = [](double, Luma& luma) { luma.Map(UnderALamp); };
  scene_.shake_x = -7;
  for (int i = 0; i < 3; ++i) detector_.Process(Draw(nullptr));
  detector_.Process(Draw(lamp));
  scene_.shake_x = 0;
  EXPECT_LT(Show(0.4, lamp, false).outside, kThreshold);
}

TEST_F(DisturbanceTest, HeadlightsThatSweepAcrossTheNightAreNoMovement) {
  const auto night = [](double, Luma& luma) {
    luma.Map([](int, int, double value) { return value * 0.5; });
  };
  Learn(night);
  const Seen seen = Show(
      6,
      [](double t, Luma& luma) {
        const double centre = (std::fmod(t, 2.5) / 2 * 1.6 - 0.3) * kWidth;
        luma.Map([centre](int x, int y, double value) {
          const double dx = (x - centre) / 52, dy = (y - 144) / 48.0;
          return value * 0.5 * (1 + 1.5 * std::exp(-dx * dx - dy * dy));
        });
      },
      false);
  EXPECT_EQ(seen.learning, 0);
  EXPECT_LT(seen.moving, kThreshold);
  EXPECT_GE(Show(3, night, true).found, 0.9);
}

TEST_F(DisturbanceTest, ASunThatComesOutSlowlyIsNoMovement) {
  Learn();
  ExpectSuppressed([](double t, Luma& luma) {
    luma.Map([t](int, int, double value) { return value * (1 + 0.06 * t); });
  });
}

TEST_F(DisturbanceTest, RainAndSnowAreNoMovement) {
  for (const bool rain : {true, false}) {
    SCOPED_TRACE(rain ? "rain" : "snow");
    detector_.Reset();
    std::minstd_rand random(6);
    const auto fall = [&](double, Luma& luma) {
      for (int i = 0; i < 85; ++i) {
        const int x = static_cast<int>(random() % kWidth), y = static_cast<int>(random() % kHeight);
        if (rain) {
          for (int k = 0; k < 9; ++k) luma.Set(x + k / 4, y + k, 190);
        } else {
          for (int k = 0; k < 9; ++k) luma.Set(x + k % 3, y + k / 3, 235);
        }
      }
    };
    Learn(fall);
    ExpectSuppressed(fall);
  }
}

TEST_F(DisturbanceTest, TheErrorOfEachKeyframeIsNoMovement) {
  Learn();
  ExpectSuppressed([](double t, Luma& luma) {
    const int step = std::max(2, 14 - static_cast<int>(std::lround(t * 25)) % 50);
    luma.Map([step](int, int, double value) {
      return static_cast<int>(value) / step * step + step / 2;
    });
  });
}

TEST_F(DisturbanceTest, AClockInThePictureIsNoMovement) {
  const auto clock = [](double t, Luma& luma) {
    std::minstd_rand random(static_cast<unsigned>(std::floor(t) + 100));
    for (int digit = 0; digit < 8; ++digit) {  // those at the end change every second
      const unsigned shape = digit < 6 ? 0x5a5u : static_cast<unsigned>(random() >> 8);
      for (int cell = 0; cell < 15; ++cell) {
        const double grey = (shape >> cell & 1) != 0 ? 235 : 16;
        for (int k = 0; k < 4; ++k) {
          luma.Set(6 + 8 * digit + cell % 3 * 2 + k % 2, 6 + cell / 3 * 2 + k / 2, grey);
        }
      }
    }
  };
  Learn(clock);
  ExpectSuppressed(clock);
}

TEST_F(DisturbanceTest, ACameraThatShakesIsNoMovement) {
  Learn();
  std::minstd_rand random(9);
  const auto unit = [&] { return static_cast<double>(random()) / 2147483647.0 * 2 - 1; };
  for (const double pixels : {0.3, 1.0, 3.0, 8.0}) {
    SCOPED_TRACE(pixels);
    const Seen seen = Show(
        3,
        [&](double, Luma&) {
          scene_.shake_x = pixels * unit();
          scene_.shake_y = pixels * unit();
          scene_.turned_degrees = 0.3 * unit();
        },
        false);
    EXPECT_LT(seen.outside, kThreshold);
    EXPECT_LT(seen.moving, kThreshold);
  }
}

// A blurred disc that crosses the picture in a third of a second, every two seconds.
void Insect(double t, Luma& luma) {
  const double since = std::fmod(t, 2.0);
  if (since > 0.36) return;
  const double cx = since / 0.36 * 1.2 * kWidth - 32, cy = (0.3 + 0.4 * since) * kHeight;
  luma.Map([cx, cy](int x, int y, double value) {
    const double r = std::hypot(x - cx, y - cy);
    const double cover = std::clamp((26 - r) / 12, 0.0, 1.0);
    return value + cover * (200 - value);
  });
}

TEST_F(DisturbanceTest, AnInsectNearTheLensIsNotForegroundAndWhatMovesMeanwhileIs) {
  Learn();
  EXPECT_LT(Show(4, Insect, false).outside, kThreshold);
  const Seen seen = Show(4, Insect, true);
  EXPECT_GE(seen.found, 0.9);
  EXPECT_LT(seen.outside, 2 * kThreshold);
}

TEST_F(DisturbanceTest, AnInsectNearTheLensBeginsNoEvent) {
  Recorder recorder;
  Analyser analyser("c", Analyser::Options(), &recorder);
  for (int i = 0; i < 300; ++i) analyser.OnPicture(Draw(nullptr));
  ASSERT_EQ(recorder.told.size(), 0u);
  onset_ = time_;
  for (int i = 0; i < 250; ++i) {
    analyser.OnPicture(Draw(Insect));
  }
  EXPECT_EQ(recorder.Count(Phase::kBegin), 0);
}

TEST_F(DisturbanceTest, AnEventEndsWithTheHandThatTookSomethingAwayNotWithTheGapItLeft) {
  Recorder recorder;
  Analyser analyser("c", Analyser::Options(), &recorder);
  double hand_to = 0;  // it comes from above, down to here
  bool taken = false;
  const auto shelf = [&](double, Luma& luma) {
    luma.Map([&](int x, int y, double value) {
      if (x >= 110 && x < 190 && y < hand_to) return 190.0 + x / 8 % 2 * 20;
      return !taken && x >= 135 && x < 165 && y >= 80 && y < 150 ? 20.0 : value;
    });
  };
  const auto show = [&](double seconds, const std::function<double(double)>& reach) {
    for (double t = 0; t < seconds; t += 0.04) {
      hand_to = reach(t);
      analyser.OnPicture(Draw(shelf));
    }
  };
  show(13, [](double) { return 0.0; });
  ASSERT_TRUE(recorder.told.empty());
  show(1, [](double t) { return 170 * t; });
  show(0.4, [](double) { return 170.0; });
  taken = true;
  show(0.6, [](double t) { return 170 * (1 - t / 0.6); });
  const absl::Time left = time_;
  show(14, [](double) { return 0.0; });
  ASSERT_EQ(recorder.Count(Phase::kEnd), 1);
  EXPECT_LE(recorder.told.back().time - left, absl::Milliseconds(250));
  EXPECT_GE(recorder.told.back().time - left, -absl::Milliseconds(600));
}

TEST_F(DisturbanceTest, DistantThingsOfFourPixelsAreFoundByTheSmallTargetPresetOnly) {
  scene_.square_size = 4;
  for (const int smallest : {4, 10}) {
    SCOPED_TRACE(smallest);
    Detector::Options options;
    options.min_object_size = smallest;
    Detector detector(options);
    for (int i = 0; i < 75; ++i) detector.Process(Draw(nullptr));
    int found = 0;
    for (int i = 0; i < 25; ++i) {
      scene_.square_x = 20 + 4 * i;
      const Detection detection = detector.Process(Draw(nullptr));
      found += detection.mask.data[102 * detection.mask.stride + scene_.square_x + 2] != 0 ? 1 : 0;
    }
    scene_.square_x = -1;
    EXPECT_GE(found, smallest == 4 ? 23 : 0);
    EXPECT_LE(found, smallest == 4 ? 25 : 2);
  }
}

}  // namespace
}  // namespace patrol::motion
