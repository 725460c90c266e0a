// What patrold's keeper of one camera's analyser makes of pictures that are hidden or stay away.
#include "cmd/patrold/camera_watcher.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "lib/video/motion/analyser.h"
#include "tests/unit/motion/scene.h"

namespace patrol::patrold {
namespace {

using motion::Phase;

constexpr absl::Duration kFrame = absl::Milliseconds(40);

class CameraWatcherTest : public testing::Test {
 protected:
  // Something moves through the scene; its event is open.
  void BeginEvent() {
    for (int i = 0; i < 150; ++i) {
      scene_.square_x = i < 100 ? -1 : 20 + 3 * (i - 100);
      Show(scene_.Draw(time_));
    }
    ASSERT_TRUE(watcher_.moving());
    ASSERT_EQ(recorder_.Count(Phase::kBegin), 1);
    ASSERT_EQ(recorder_.Count(Phase::kEnd), 0);
  }

  // A picture is of a while ago by the camera's clock.
  std::optional<bool> Show(const media::Picture& picture) {
    time_ += kFrame;
    return watcher_.OnPicture(picture, motion::OnsetSource::kPictures, time_ + kLag);
  }

  static constexpr absl::Duration kLag = absl::Minutes(5);
  motion::Scene scene_;
  motion::Recorder recorder_;
  bool told_moving_ = false;
  CameraWatcher watcher_{"gate", motion::Analyser::Options(), &recorder_,
                         CameraWatcher::Telling{.moving = [this](bool now) { told_moving_ = now; },
                                                .view_moved = [](const std::string&) {}}};
  absl::Time time_ = absl::UnixEpoch();
};

TEST_F(CameraWatcherTest, EndsAnEventOfWhichNoPictureIsSeenAnyLonger) {
  BeginEvent();
  const absl::Time last = time_ + kLag;
  watcher_.EndUnseen(last - absl::Seconds(1));
  EXPECT_TRUE(watcher_.moving()) << "there was one since";
  watcher_.EndUnseen(last + absl::Seconds(1));
  EXPECT_FALSE(watcher_.moving());
  EXPECT_FALSE(told_moving_);
  ASSERT_EQ(recorder_.Count(Phase::kEnd), 1);
  EXPECT_EQ(recorder_.told.back().ending, motion::Ending::kViewLost);
  EXPECT_LE(recorder_.told.back().time, time_) << "it ends with the last moving picture";
}

TEST_F(CameraWatcherTest, EndsAnEventWhenThePicturesAreHidden) {
  BeginEvent();
  const media::Picture drawn = scene_.Draw(time_);
  const media::Picture hidden(*drawn.frame(), drawn.time(), false, /*hidden=*/true);
  EXPECT_EQ(Show(hidden), std::nullopt);
  EXPECT_FALSE(watcher_.moving());
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
  for (int i = 0; i < 50; ++i) Show(hidden);
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
}

}  // namespace
}  // namespace patrol::patrold
