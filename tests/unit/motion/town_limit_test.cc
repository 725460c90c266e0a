#include "lib/video/motion/town_limit.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

using ::testing::ElementsAre;

class TownLimitTest : public testing::Test, public MotionSink {
 protected:
  void OnMotion(const MotionEvent& event) override {
    told_.push_back(event.camera_id + std::to_string(event.sequence));
  }

  void Tell(const std::string& camera, int64_t sequence, Phase phase) {
    MotionEvent event;
    event.camera_id = camera;
    event.sequence = sequence;
    event.phase = phase;
    limit_.OnMotion(event);
  }

  ManualClock clock_{absl::UnixEpoch()};
  TownLimit limit_{2, clock_, *this};
  std::vector<std::string> told_;
};

TEST_F(TownLimitTest, TellsNothingOfWhatIsOverTheLimitAndCountsItByCamera) {
  for (const char* camera : {"a", "b", "c"}) Tell(camera, 1, Phase::kBegin);
  for (const char* camera : {"a", "c"}) Tell(camera, 1, Phase::kUpdate);
  for (const char* camera : {"a", "b", "c"}) Tell(camera, 1, Phase::kEnd);
  EXPECT_THAT(told_, ElementsAre("a1", "b1", "a1", "a1", "b1"));
  EXPECT_EQ(limit_.over_limit("c"), 1);
  EXPECT_EQ(limit_.over_limit("a"), 0);
  EXPECT_EQ(limit_.over_limit(), 1);
}

TEST_F(TownLimitTest, TellsAgainWhenAnHourHasPassed) {
  Tell("a", 1, Phase::kBegin);
  clock_.Advance(absl::Minutes(30));
  Tell("a", 2, Phase::kBegin);
  Tell("b", 1, Phase::kBegin);
  clock_.Advance(absl::Minutes(30));
  Tell("b", 2, Phase::kBegin);
  Tell("b", 3, Phase::kBegin);
  EXPECT_THAT(told_, ElementsAre("a1", "a2", "b2"));
  EXPECT_EQ(limit_.over_limit("b"), 2);
  // What was refused stays so to its end, also where there is room by then.
  clock_.Advance(absl::Hours(2));
  Tell("b", 3, Phase::kUpdate);
  Tell("b", 3, Phase::kEnd);
  EXPECT_EQ(told_.size(), 3u);
}

TEST_F(TownLimitTest, ForgetsACameraThatIsRemovedButNotTheTownsSum) {
  for (int64_t i = 1; i <= 3; ++i) Tell("a", i, Phase::kBegin);
  limit_.Forget("a");
  EXPECT_EQ(limit_.over_limit("a"), 0);
  EXPECT_EQ(limit_.over_limit(), 1);
  // Added anew, its sequence begins again.
  clock_.Advance(absl::Hours(1));
  Tell("a", 3, Phase::kBegin);
  EXPECT_EQ(told_.back(), "a3");
}

}  // namespace
}  // namespace patrol::motion
