#include "lib/video/motion/town_limit.h"

#include <map>
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

// Begins an event of each camera in turn, so many times; told by camera.
std::map<std::string, int> Flood(TownLimit& limit, const std::vector<std::string>& cameras,
                                 int times, int64_t first_sequence,
                                 const std::vector<std::string>& told) {
  const size_t before = told.size();
  MotionEvent event;
  event.phase = Phase::kBegin;
  for (int i = 0; i < times; ++i) {
    for (const std::string& camera : cameras) {
      event.camera_id = camera;
      event.sequence = first_sequence + i;
      limit.OnMotion(event);
    }
  }
  std::map<std::string, int> counts;
  for (size_t i = before; i < told.size(); ++i) ++counts[told[i].substr(0, 1)];
  return counts;
}

TEST_F(TownLimitTest, KeepsAQuarterForCamerasThatToldLittleSoThatAStormDoesNotSilenceThem) {
  TownLimit limit(80, clock_, *this);
  for (const char* quiet : {"c", "d"}) Flood(limit, {quiet}, 1, 1, told_);
  const auto storm = Flood(limit, {"a", "b"}, 100, 1, told_);
  EXPECT_EQ(storm.at("a") + storm.at("b"), 60 - 2);
  EXPECT_EQ(limit.over_limit("a") + limit.over_limit("b"), 200 - 58);
  // The quiet ones and a new one are told all they see, as long as that is little.
  EXPECT_EQ(Flood(limit, {"c", "d", "e"}, 3, 10, told_),
            (std::map<std::string, int>{{"c", 3}, {"d", 3}, {"e", 3}}));
  EXPECT_EQ(limit.over_limit("c"), 0);
  EXPECT_TRUE(Flood(limit, {"a"}, 1, 200, told_).empty());
  // Their own storm leaves room for who told nothing.
  Flood(limit, {"c", "d", "e"}, 100, 20, told_);
  EXPECT_EQ(Flood(limit, {"f"}, 1, 1, told_).count("f"), 1u);
  EXPECT_LE(told_.size(), 80u);
  // An hour on the storm is told again.
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Flood(limit, {"a"}, 60, 300, told_).at("a"), 60);
}

TEST_F(TownLimitTest, NeverTellsMoreThanTheLimitHoweverManyCamerasCome) {
  TownLimit limit(40, clock_, *this);
  std::vector<std::string> cameras;
  for (char name = 'a'; name <= 'z'; ++name) cameras.emplace_back(1, name);
  // All are as loud as each other: none is left out, and little is kept for who comes late.
  EXPECT_EQ(Flood(limit, cameras, 5, 1, told_).size(), cameras.size());
  EXPECT_GE(told_.size(), 34u);
  for (char name = 'A'; name <= 'Z'; ++name) Flood(limit, {std::string(1, name)}, 5, 1, told_);
  EXPECT_EQ(told_.size(), 40u);
  limit.Forget("a");
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Flood(limit, {"a"}, 1, 1, told_).at("a"), 1);
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
