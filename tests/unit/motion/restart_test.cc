// A town's 700 cameras come back after a power cut, or the service is started anew: nothing of that
// is movement. Method: a noisy scene that differs a little each time, at every rate of pictures.
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/motion/analyser.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr int kCameras = 700;

class RestartTest : public testing::Test {
 protected:
  RestartTest() {
    scene_.square_size = 24;
    scene_.square_y = 40;
  }

  // How far apart a camera's pictures come: full rate, analysed at five a second, or keyframes.
  static absl::Duration IntervalOf(int camera) {
    constexpr absl::Duration kIntervals[] = {absl::Milliseconds(40), absl::Milliseconds(200),
                                             absl::Seconds(2)};
    return kIntervals[camera % 3];
  }

  void Show(Analyser& analyser, int pictures, absl::Duration interval) {
    for (int i = 0; i < pictures; ++i) {
      time_ += interval;
      analyser.OnPicture(scene_.Draw(time_));
    }
  }

  // Another light, another place by some pixels, a car that has come or gone.
  void ComeBackOtherwise() {
    const auto between = [this](double least, double most) {
      return least + (most - least) * static_cast<double>(random_() % 1000) / 1000;
    };
    scene_.light = between(0.7, 1.35);
    scene_.shake_x = between(-3, 3);
    scene_.shake_y = between(-3, 3);
    scene_.square_x = random_() % 2 == 0 ? -1 : 25 + static_cast<int>(random_() % 3) * 20;
  }

  static Analyser::Options WithoutStills() {
    Analyser::Options options;
    options.still_width_max = 0;
    return options;
  }

  Scene scene_{128, 96};
  std::minstd_rand random_{7};
  Recorder recorder_;
  absl::Time time_ = absl::UnixEpoch();
};

TEST_F(RestartTest, SevenHundredStartsRaiseNoEvent) {
  for (int camera = 0; camera < kCameras; ++camera) {
    Analyser analyser("camera", WithoutStills(), &recorder_);
    ComeBackOtherwise();
    const absl::Duration interval = IntervalOf(camera);
    // Until two seconds, or eight pictures, and a while after.
    Show(analyser, interval < absl::Milliseconds(100) ? 70 : 20, interval);
    ASSERT_TRUE(recorder_.told.empty()) << camera << ": " << recorder_.told.front().reason;
    EXPECT_FALSE(analyser.status().learning) << camera;
  }
}

TEST_F(RestartTest, SevenHundredReconnectsRaiseNoEventAndLearnNothingAnew) {
  Analyser analyser("camera", WithoutStills(), &recorder_);
  Show(analyser, 75, absl::Milliseconds(40));
  ASSERT_FALSE(analyser.status().learning);
  int relearnt = 0;
  for (int time = 0; time < kCameras; ++time) {
    analyser.OnStreamLost(time_);
    time_ += absl::Seconds(1 + static_cast<int>(random_() % 1500));
    ComeBackOtherwise();
    const absl::Duration interval = IntervalOf(time);
    Show(analyser, 1, interval);
    relearnt += analyser.status().learning ? 1 : 0;
    Show(analyser, interval < absl::Milliseconds(100) ? 40 : 12, interval);
    ASSERT_TRUE(recorder_.told.empty()) << time << ": " << recorder_.told.front().reason;
  }
  EXPECT_EQ(relearnt, 0) << "the view is the one that was kept";
}

}  // namespace
}  // namespace patrol::motion
