// A camera that shows one view after another: the presets of a PTZ, day and infrared night. Each is
// learnt once and known again.
#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/motion/analyser.h"
#include "lib/video/motion/detector.h"
#include "tests/unit/motion/moving_regions.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(40);

// One of the places a camera may show: patches of its own, and faintly the drawn scene.
class View {
 public:
  explicit View(unsigned seed) {
    std::minstd_rand random(seed + 1);
    random.discard(10);
    for (int& patch : patches_) patch = static_cast<int>(random() >> 8) % 140 - 70;
  }

  int& square_x() { return scene_.square_x; }

  media::Picture Draw(absl::Time time, bool infrared = false) {
    const media::Picture drawn = scene_.Draw(time);
    AVFrame* frame = av_frame_clone(drawn.frame());
    EXPECT_GE(av_frame_make_writable(frame), 0);
    for (int y = 0; y < 240; ++y) {
      uint8_t* row = frame->data[0] + y * frame->linesize[0];
      for (int x = 0; x < 320; ++x) {
        const bool square = scene_.square_x >= 0 && x >= scene_.square_x &&
                            x < scene_.square_x + 40 && y >= 100 && y < 140;
        const int patch = patches_[static_cast<size_t>(y / 13 * 25 + x / 13)];
        const int grey = square ? row[x] : 100 + (row[x] - 100) / 3 + patch;
        // The tones of an infrared picture: what is dark by day is bright.
        row[x] = static_cast<uint8_t>(std::clamp(infrared ? 220 - grey * 4 / 5 : grey, 0, 255));
      }
    }
    media::Picture picture(*frame, time, true);
    av_frame_free(&frame);
    return picture;
  }

 private:
  Scene scene_;
  std::array<int, 25 * 19> patches_{};
};

class KnownViewsTest : public testing::Test {
 protected:
  // Ten pictures of a camera that turns: each shows another place.
  template <typename Show>
  void Turn(const Show& show) {
    for (unsigned i = 0; i < 10; ++i) {
      View between(100 + i);
      show(between);
    }
  }

  Detection Detect(View& scene, absl::Duration interval = kFrame) {
    time_ += interval;
    return detector_.Process(scene.Draw(time_));
  }

  void LearnView(View& scene) {
    for (int i = 0; i < 150; ++i) Detect(scene);
    EXPECT_FALSE(Detect(scene).learning);
  }

  Detector detector_{Detector::Options()};
  absl::Time time_ = absl::UnixEpoch();
};

TEST_F(KnownViewsTest, FourPresetsAreKnownAtTheirFirstStillPicture) {
  std::vector<View> presets;
  for (unsigned i = 0; i < 4; ++i) presets.emplace_back(i);
  for (View& preset : presets) {
    LearnView(preset);
    Turn([&](View& between) { Detect(between); });
  }
  for (const size_t i : {0u, 2u, 1u, 3u, 0u}) {
    View& preset = presets[i];
    // The first picture says that it is here, the next that it stands still.
    Detect(preset);
    EXPECT_FALSE(Detect(preset).view_lost) << i;
    const Detection still = Detect(preset);
    EXPECT_FALSE(still.learning) << i;
    EXPECT_FALSE(still.light_step) << i;
    // What is kept of a view is a little coarse: single places may stand out, nothing moves.
    EXPECT_LT(still.foreground_share, 0.01) << i;
    EXPECT_LT(FindMovingRegions(still).share, 0.0025) << i;
    // What is there all at once is told by its second picture.
    preset.square_x() = 100;
    Detect(preset);
    preset.square_x() = 104;
    const Detection found = Detect(preset);
    EXPECT_NEAR(found.foreground_share, 1600.0 / 76800, 0.01) << i;
    preset.square_x() = -1;
    Turn([&](View& between) { Detect(between); });
  }
}

TEST_F(KnownViewsTest, APresetIsKnownAtItsFirstPictureWherePicturesAreSecondsApart) {
  View one(1), two(2);
  LearnView(one);
  Turn([&](View& between) { Detect(between); });
  LearnView(two);
  EXPECT_FALSE(Detect(one, absl::Seconds(2)).view_lost);
  EXPECT_FALSE(Detect(one, absl::Seconds(2)).light_step);
}

TEST_F(KnownViewsTest, ACameraThatTurnsIsInDoubtUntilItIsBackOrKnownToHaveMoved) {
  constexpr absl::Duration interval = absl::Milliseconds(200);
  Recorder recorder;
  Analyser analyser("ptz", Analyser::Options(), &recorder);
  View home(1), elsewhere(2);
  const auto show = [&](View& view, absl::Duration how_long, bool doubtful) {
    for (absl::Duration shown; shown < how_long; shown += interval) {
      time_ += interval;
      analyser.OnPicture(view.Draw(time_));
      if (!doubtful) continue;
      EXPECT_TRUE(analyser.ViewInDoubt() || analyser.ViewMoved().has_value()) << shown;
    }
  };
  show(home, absl::Seconds(6), false);
  EXPECT_FALSE(analyser.ViewInDoubt());
  // It looks elsewhere for a moment and back: in doubt from the first picture of that.
  Turn([&](View& between) { show(between, interval, true); });
  show(home, absl::Seconds(3), true);
  show(home, absl::Seconds(5), false);
  EXPECT_FALSE(analyser.ViewInDoubt());
  EXPECT_EQ(analyser.ViewMoved(), std::nullopt);
  // It stays elsewhere: there is no picture between the doubt and its being told.
  show(elsewhere, absl::Seconds(20), true);
  EXPECT_NE(analyser.ViewMoved(), std::nullopt);
  EXPECT_FALSE(analyser.ViewInDoubt());
}

TEST_F(KnownViewsTest, ACameraThatTurnsFromPresetToPresetRaisesNoEvent) {
  Recorder recorder;
  Analyser analyser("ptz", Analyser::Options(), &recorder);
  const auto show = [&](View& scene) {
    time_ += kFrame;
    analyser.OnPicture(scene.Draw(time_));
  };
  View one(1), two(2);
  for (int tour = 0; tour < 3; ++tour) {
    for (View* preset : {&one, &two}) {
      for (int i = 0; i < 150; ++i) show(*preset);
      Turn(show);
    }
  }
  EXPECT_EQ(recorder.told.size(), 0u);
  // Back at the first: movement there is told again.
  for (int i = 0; i < 150; ++i) show(one);
  for (int i = 0; i < 50; ++i) {
    one.square_x() = 20 + 4 * i;
    show(one);
  }
  EXPECT_EQ(recorder.Count(Phase::kBegin), 1);
}

TEST_F(KnownViewsTest, DayAndInfraredNightAreTwoModelsWithinTwelveBytesAPixel) {
  View scene(0);
  LearnView(scene);
  for (int night = 0; night < 2; ++night) {
    int learning = 0;
    Detection detection;
    for (int i = 0; i < 150; ++i) {
      time_ += kFrame;
      detection = detector_.Process(scene.Draw(time_, true));
      learning += detection.learning ? 1 : 0;
    }
    EXPECT_FALSE(detection.learning || detection.view_lost);
    EXPECT_LT(detection.foreground_share, 0.0025);
    if (night > 0) {
      EXPECT_EQ(learning, 0) << "it is known";
    }
    learning = 0;
    for (int i = 0; i < 150; ++i) learning += Detect(scene).learning ? 1 : 0;
    EXPECT_EQ(learning, 0) << "the day is known";
  }
  EXPECT_LT(static_cast<double>(detector_.memory_bytes()) / (320 * 240), 12);
}

}  // namespace
}  // namespace patrol::motion
