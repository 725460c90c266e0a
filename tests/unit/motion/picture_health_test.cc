#include "lib/video/motion/picture_health.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(200);

class PictureHealthTest : public testing::Test {
 protected:
  void Show(absl::Duration how_long) {
    for (absl::Duration shown; shown < how_long; shown += kFrame) {
      time_ += kFrame;
      health_.OnPicture(scene_.Draw(time_));
    }
  }

  // The scene with another grey at each place, and this blue chroma all over.
  void ShowChanged(absl::Duration how_long,
                   const std::function<double(int x, int y, double grey)>& change, int blue = 128) {
    for (absl::Duration shown; shown < how_long; shown += kFrame) {
      time_ += kFrame;
      const media::Picture drawn = scene_.Draw(time_);
      AVFrame* frame = av_frame_clone(drawn.frame());
      ASSERT_GE(av_frame_make_writable(frame), 0);
      for (int y = 0; y < frame->height; ++y) {
        uint8_t* row = frame->data[0] + static_cast<ptrdiff_t>(y) * frame->linesize[0];
        for (int x = 0; x < frame->width; ++x) {
          row[x] = static_cast<uint8_t>(std::clamp(change(x, y, row[x]), 0.0, 255.0));
        }
      }
      std::memset(frame->data[1], blue,
                  static_cast<size_t>(frame->linesize[1]) * static_cast<size_t>(frame->height / 2));
      health_.OnPicture(media::Picture(*frame, time_, true));
      av_frame_free(&frame);
    }
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const HealthFinding& finding : health_.findings()) {
      names.emplace_back(HealthStateName(finding.state));
    }
    return names;
  }

  Scene scene_;
  PictureHealth health_{PictureHealth::Options()};
  absl::Time time_ = absl::UnixEpoch();
};

TEST_F(PictureHealthTest, FindsNothingWrongWithASoundPicture) {
  Show(absl::Seconds(60));
  EXPECT_EQ(Names(), std::vector<std::string>());
  EXPECT_TRUE(health_.past().empty());
}

TEST_F(PictureHealthTest, TellsBlackWithItsOnsetItsStillAndItsEnd) {
  Show(absl::Seconds(10));
  const absl::Time dark_from = time_;
  scene_.light = 0.02;
  scene_.noise = 1;
  Show(absl::Seconds(2));
  EXPECT_TRUE(health_.findings().empty()) << "two seconds are not confirmed yet";
  Show(absl::Seconds(3));
  ASSERT_EQ(Names(), std::vector<std::string>{"black"});
  const HealthFinding finding = health_.findings()[0];
  EXPECT_EQ(finding.onset, dark_from + kFrame);
  EXPECT_GT(finding.severity, 0.5);
  ASSERT_NE(finding.still_jpeg, nullptr);
  EXPECT_EQ(finding.still_jpeg->substr(0, 2), "\xff\xd8");
  EXPECT_GE(finding.still_time, finding.onset + absl::Seconds(3));
  EXPECT_LE(finding.still_time, time_);
  scene_.light = 1;
  scene_.noise = 2;
  Show(absl::Seconds(4));
  EXPECT_TRUE(health_.findings().empty());
  ASSERT_EQ(health_.past().size(), 1u);
  EXPECT_TRUE(health_.past()[0].ended.has_value());
}

TEST_F(PictureHealthTest, TellsOverExposed) {
  Show(absl::Seconds(10));
  scene_.light = 4;
  Show(absl::Seconds(5));
  EXPECT_EQ(Names(), std::vector<std::string>{"over_exposed"});
}

TEST_F(PictureHealthTest, TellsNoise) {
  Show(absl::Seconds(10));
  scene_.noise = 25;
  Show(absl::Seconds(5));
  EXPECT_EQ(Names(), std::vector<std::string>{"noisy"});
}

TEST_F(PictureHealthTest, TellsACoveredLens) {
  Show(absl::Seconds(10));
  scene_.square_x = 0;  // one grey thing with faint stripes over all of it
  scene_.square_y = 0;
  scene_.square_size = 320;
  scene_.square_grey = 90;
  scene_.light = 0.6;
  Show(absl::Seconds(5));
  EXPECT_FALSE(health_.findings().empty());
}

TEST_F(PictureHealthTest, TellsLowLightOfAnEvenSceneAndNoBandsOfIt) {
  Show(absl::Seconds(10));
  scene_.light = 0.4;  // 24..56
  Show(absl::Seconds(5));
  EXPECT_EQ(Names(), std::vector<std::string>{"low_light"});
}

// A street seen from the front: pavement, road with a line, hedge, shops and the floors above them,
// each over the whole width. The sun makes each brighter by a factor of its own.
double Street(int x, int y, bool sun, double grey) {
  constexpr std::array<double, 8> kGrey = {90, 60, 100, 60, 40, 75, 110, 70};
  constexpr std::array<double, 8> kSun = {1.4, 1, 1.3, 1.1, 1.5, 1.1, 1.4, 1};
  const size_t surface = static_cast<size_t>(y) / 30;
  return kGrey[surface] * (sun ? kSun[surface] : 1) + (grey - 100) / 8 + x / 40 % 2 * 6;
}

TEST_F(PictureHealthTest, DoesNotCallAStreetBandedWhenTheSunComesOutOverIt) {
  const auto street = [](bool sun) {
    return [sun](int x, int y, double grey) { return Street(x, y, sun, grey); };
  };
  ShowChanged(absl::Seconds(10), street(false));
  ShowChanged(absl::Seconds(20), street(true));
  EXPECT_EQ(Names(), std::vector<std::string>());
  ShowChanged(absl::Seconds(20), street(false));
  EXPECT_EQ(Names(), std::vector<std::string>());
  EXPECT_TRUE(health_.past().empty());
}

TEST_F(PictureHealthTest, TellsBandsOverAStreetWhetherTheyMoveOrStandAndInAnotherLight) {
  const auto banded = [this](double turns, bool moving) {
    return [this, turns, moving](int x, int y, double grey) {
      const double phase = moving ? 5 * absl::ToDoubleSeconds(time_ - absl::UnixEpoch()) : 0;
      return Street(x, y, true, grey) + 14 * std::sin(y * turns * 2 * 3.14159265 / 240 + phase);
    };
  };
  ShowChanged(absl::Seconds(10),
              [](int x, int y, double grey) { return Street(x, y, false, grey); });
  for (const double turns : {3.0, 7.0}) {
    for (const bool moving : {false, true}) {
      ShowChanged(absl::Seconds(5), banded(turns, moving));
      EXPECT_EQ(Names(), std::vector<std::string>{"banded"}) << turns << " bands " << moving;
      ShowChanged(absl::Seconds(5),
                  [](int x, int y, double grey) { return Street(x, y, true, grey); });
      EXPECT_EQ(Names(), std::vector<std::string>());
    }
  }
}

TEST_F(PictureHealthTest, TellsACoverThroughWhichALittleOfTheViewIsSeen) {
  Show(absl::Seconds(10));
  ShowChanged(absl::Seconds(5), [](int, int, double grey) { return 110 + (grey - 100) * 0.1; });
  EXPECT_EQ(Names(), std::vector<std::string>{"covered"});
}

TEST_F(PictureHealthTest, TellsAPlainerViewInFocusAsMovedNotAsCovered) {
  Show(absl::Seconds(10));
  ShowChanged(absl::Seconds(5), [](int x, int y, double grey) {
    return 110 + (x + y) % 40 / 38 * 80 + (grey - 100) / 30;
  });
  EXPECT_EQ(Names(), std::vector<std::string>{"moved"});
}

TEST_F(PictureHealthTest, TellsACoverByTheFirstKeyframeWhateverNoiseLiesOverIt) {
  Show(absl::Seconds(10));
  std::minstd_rand random(5);
  ShowChanged(absl::Seconds(5), [&random](int x, int, double) {
    return 100 + x / 20.0 + static_cast<double>(random() % 33) - 16;
  });
  const std::vector<std::string> names = Names();
  EXPECT_NE(std::find(names.begin(), names.end(), "covered"), names.end());
  EXPECT_EQ(std::find(names.begin(), names.end(), "moved"), names.end());
}

TEST_F(PictureHealthTest, CallsAnotherViewWithHorizontalEdgesMovedNotBanded) {
  Show(absl::Seconds(10));
  ShowChanged(absl::Seconds(5), [](int x, int y, double) {
    return Street(x, y, true, 100) + (x % 20 < 2 ? 50 : 0);  // posts of a fence
  });
  EXPECT_EQ(Names(), std::vector<std::string>{"moved"});
}

TEST_F(PictureHealthTest, TellsADarkBlueScreenAsALostSignal) {
  Show(absl::Seconds(10));
  ShowChanged(
      absl::Seconds(5), [](int, int, double) { return 24.0; }, 180);
  EXPECT_EQ(Names(), std::vector<std::string>{"signal_lost"});
}

TEST_F(PictureHealthTest, TellsAnAlikeViewAsMovedOnceTheDetectorDidNotFindTheLearntOne) {
  Show(absl::Seconds(10));
  Scene elsewhere(320, 240, 77);
  const media::Picture other = elsewhere.Draw(time_);
  const auto half_of_it = [&other](int x, int y, double grey) {
    return (grey + other.plane(0)[y * other.stride(0) + x]) / 2;
  };
  ShowChanged(absl::Seconds(5), half_of_it);
  EXPECT_EQ(Names(), std::vector<std::string>());
  const absl::Time lost = time_ - absl::Seconds(4);
  health_.OnAnotherView(lost);
  ShowChanged(absl::Seconds(5), half_of_it);
  ASSERT_EQ(Names(), std::vector<std::string>{"moved"});
  EXPECT_EQ(health_.findings()[0].onset, lost);
  Show(absl::Seconds(5));
  EXPECT_EQ(Names(), std::vector<std::string>());
  ShowChanged(absl::Seconds(5), half_of_it);
  EXPECT_EQ(Names(), std::vector<std::string>())
      << "it was the learnt view again: " << health_.Reason(HealthState::kMoved).value_or("");
}

TEST_F(PictureHealthTest, TellsAMovedCameraAndAcceptsTheNewView) {
  Show(absl::Seconds(10));
  Scene elsewhere(320, 240, 77);
  const auto show = [&](absl::Duration how_long) {
    for (absl::Duration shown; shown < how_long; shown += kFrame) {
      time_ += kFrame;
      health_.OnPicture(elsewhere.Draw(time_));
    }
  };
  show(absl::Seconds(5));
  ASSERT_EQ(Names(), std::vector<std::string>{"moved"});
  health_.AcceptView();
  EXPECT_TRUE(health_.findings().empty());
  show(absl::Seconds(20));
  EXPECT_TRUE(health_.findings().empty());
}

TEST_F(PictureHealthTest, TellsAFrozenPictureAfterTenSecondsAndKeyframesOfIt) {
  Show(absl::Seconds(10));
  const media::Picture frozen = scene_.Draw(time_ + kFrame);
  const absl::Time froze_at = time_ + kFrame;
  for (int i = 0; i < 45; ++i) {
    time_ += kFrame;
    health_.OnPicture(media::Picture(*frozen.frame(), time_, i % 10 == 0));
  }
  EXPECT_TRUE(health_.findings().empty()) << "nine seconds";
  for (int i = 0; i < 20; ++i) {
    time_ += kFrame;
    health_.OnPicture(media::Picture(*frozen.frame(), time_, i % 10 == 0));
  }
  ASSERT_EQ(Names(), std::vector<std::string>{"frozen"});
  EXPECT_EQ(health_.findings()[0].onset, froze_at);
}

TEST_F(PictureHealthTest, DoesNotCallTheSkippedFramesOfAnEmptyRoomFrozen) {
  Show(absl::Seconds(4));
  for (int gop = 0; gop < 6; ++gop) {  // each keyframe is coded anew, and repeated for 8 s
    const media::Picture key = scene_.Draw(time_);
    for (int i = 0; i < 40; ++i) {
      time_ += kFrame;
      health_.OnPicture(media::Picture(*key.frame(), time_, i == 0));
    }
  }
  EXPECT_TRUE(health_.findings().empty());
}

TEST_F(PictureHealthTest, TellsALostSignalUntilTheNextPicture) {
  Show(absl::Seconds(10));
  health_.OnSignalLost(time_);
  ASSERT_EQ(Names(), std::vector<std::string>{"signal_lost"});
  time_ += absl::Minutes(5);
  Show(absl::Seconds(4));
  EXPECT_TRUE(health_.findings().empty());
  ASSERT_EQ(health_.past().size(), 1u);
}

}  // namespace
}  // namespace patrol::motion
