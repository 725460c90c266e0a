// Trees and flags in the wind: they move in their place all day long and are no movement; what
// passes in front of them is.
#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "lib/video/motion/analyser.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr int kWidth = 320, kHeight = 240;

int Hash(int x, int y) {
  const auto bits = static_cast<unsigned>(x * 7919 + y * 104729) * 2654435761u;
  return static_cast<int>(bits >> 24);
}

// Grey of a bush whose leaves swing, each with its neighbours, by some pixels; below zero: none
// there. t: seconds.
double BushAt(double x, double y, double t) {
  if (x > 170 || y > 140) return -1;
  const double gust = 0.6 + 0.4 * std::sin(0.7 * t);
  const double dx = 3.0 * gust * std::sin(2.6 * t + x / 17 + y / 29);
  const double dy = 1.5 * gust * std::sin(3.1 * t + x / 23);
  const double from_x = x + dx - 80, from_y = y + dy - 70;
  const double rim = 1 + 0.15 * std::sin(5 * std::atan2(from_y, from_x));
  if (std::hypot(from_x / 60, from_y / 45) > rim) return -1;
  return 40 + Hash(static_cast<int>(from_x + 100) / 5, static_cast<int>(from_y + 100) / 5) % 90;
}

// Grey of a flag on a pole at its left: waves run along it, darker in their folds, and its free end
// swings up and down.
double FlagAt(double x, double y, double t) {
  const double along = (x - 220) / 70;
  if (along < 0 || y > 130) return -1;
  const double wave = std::sin(9 * along - 5.5 * t);
  const double lift = 6 * along * (wave + 0.5 * std::sin(1.3 * t));
  const double down = y - 60 - lift;
  const double length = 1 - 0.05 * std::sin(1.7 * t);
  if (along > length || down < 0 || down > 40) return -1;
  return (static_cast<int>(down / 14) == 1 ? 215 : 120) + 22 * wave;
}

class WavingTest : public testing::Test {
 protected:
  media::Picture Draw(bool bush, bool flag) {
    const media::Picture drawn = scene_.Draw(time_);
    AVFrame* frame = av_frame_clone(drawn.frame());
    EXPECT_GE(av_frame_make_writable(frame), 0);
    const double t = absl::ToDoubleSeconds(time_ - absl::UnixEpoch());
    for (int y = 0; y < kHeight; ++y) {
      uint8_t* row = frame->data[0] + y * frame->linesize[0];
      for (int x = 0; x < kWidth; ++x) {
        const bool square = scene_.square_x >= 0 && x >= scene_.square_x &&
                            x < scene_.square_x + 40 && y >= scene_.square_y &&
                            y < scene_.square_y + 40;
        if (square) continue;  // in front of both
        double grey = bush ? BushAt(x, y, t) : -1;
        if (grey < 0 && flag) grey = FlagAt(x, y, t);
        if (grey < 0) continue;
        row[x] = static_cast<uint8_t>(std::clamp(grey + row[x] % 5 - 2, 0.0, 255.0));
      }
    }
    media::Picture picture(*frame, time_, true);
    av_frame_free(&frame);
    return picture;
  }

  // Wind alone, then something walks through in front of it.
  // unknown: for so long after the start the model has not seen all of it.
  void ExpectNoEventButOfWhatPasses(bool bush, bool flag, absl::Duration interval,
                                    absl::Duration wind,
                                    absl::Duration unknown = absl::ZeroDuration()) {
    SCOPED_TRACE(interval);
    Analyser::Options options;
    options.still_width_max = 0;
    Recorder recorder;
    Analyser analyser("park", options, &recorder);
    const absl::Time start = time_;
    while (time_ - start < wind) {
      time_ += interval;
      analyser.OnPicture(Draw(bush, flag));
    }
    for (const MotionEvent& event : recorder.told) {
      EXPECT_LT(event.begin - start, unknown) << event.reason;
    }
    const int told = recorder.Count(Phase::kBegin);
    const double step = 60 * absl::ToDoubleSeconds(interval);  // pixels
    for (double x = 0; x < 270; x += step) {
      scene_.square_x = static_cast<int>(x);
      time_ += interval;
      analyser.OnPicture(Draw(bush, flag));
    }
    scene_.square_x = -1;
    EXPECT_GE(recorder.Count(Phase::kBegin), told + 1);
    for (int i = 0; i < 80; ++i) {
      time_ += std::min<absl::Duration>(interval, absl::Milliseconds(200));
      analyser.OnPicture(Draw(bush, flag));
    }
    EXPECT_EQ(recorder.Count(Phase::kEnd), recorder.Count(Phase::kBegin));
  }

  Scene scene_{kWidth, kHeight};
  absl::Time time_ = absl::UnixEpoch();
};

TEST_F(WavingTest, ABushInTheWindIsNoMovement) {
  ExpectNoEventButOfWhatPasses(true, false, absl::Milliseconds(80), absl::Seconds(40));
  ExpectNoEventButOfWhatPasses(true, false, absl::Milliseconds(200), absl::Seconds(60));
}

TEST_F(WavingTest, AFlagInTheWindIsNoMovementOnceItsSwingIsKnown) {
  ExpectNoEventButOfWhatPasses(false, true, absl::Milliseconds(80), absl::Seconds(40),
                               absl::Seconds(20));
  ExpectNoEventButOfWhatPasses(false, true, absl::Milliseconds(200), absl::Seconds(60));
}

TEST_F(WavingTest, NeitherIsMovementWherePicturesAreSecondsApart) {
  ExpectNoEventButOfWhatPasses(true, true, absl::Seconds(2), absl::Minutes(6));
}

}  // namespace
}  // namespace patrol::motion
