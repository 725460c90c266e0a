#include "lib/patrol/coverage/blind_spots.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/patrol/coverage/speed_profile.h"
#include "lib/patrol/coverage/what_if.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using testing::ElementsAre;
using testing::HasSubstr;

// 2026-02-02T00:00:00Z.
absl::Time T(int seconds) { return absl::FromUnixSeconds(1'769'990'400 + seconds); }

//   1 -- 500 -- 2 -- 500 -- 3 -- 400 -- 4        5 -- 300 -- 6 (an island)
class BlindSpotTest : public testing::Test {
 protected:
  // A unit stands at 1 and reaches 2 and a little more; from half past on it is off duty.
  WindowResult Compute() const {
    WindowOptions options{.from = T(0), .to = T(3600), .reach = absl::Seconds(51)};
    options.duty["u"] = {{T(0), T(1800)}};
    const std::vector<tracks::MatchedTrack> tracks = {StationedTrack(
        "u", Mode::kCar, {{0, 0}, 0}, options.from, options.to, options.stale_after)};
    auto result = ComputeWindow(graphs_, index_, tracks, options, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }

  const std::shared_ptr<const roadnet::Network> network_ = HandNetwork()
                                                               .Node(1, 0, 0)
                                                               .Node(2, 500, 0)
                                                               .Node(3, 1000, 0)
                                                               .Node(4, 1400, 0)
                                                               .Node(5, 0, 2000)
                                                               .Node(6, 300, 2000)
                                                               .TwoWay(10, {1, 2, 3, 4})
                                                               .TwoWay(20, {5, 6})
                                                               .Build();
  const ModeGraphs graphs_{network_};
  const AreaIndex index_{*network_,
                         {BoxArea("south", "grid", -10, -50, 1510, 50),
                          BoxArea("north", "grid", -10, 1950, 1510, 2050)}};
};

TEST_F(BlindSpotTest, AreConnectedRoadsUncoveredAtTheSameTime) {
  const WindowResult result = Compute();
  const std::vector<BlindSpot> spots = FindBlindSpots(*network_, result, 60, {});
  ASSERT_EQ(spots.size(), 3u);
  // 1-2 and 2-3 for half an hour, then 3-4 and the island, all the time.
  EXPECT_THAT(spots[0].pieces, ElementsAre(0, 1));
  EXPECT_EQ(spots[0].begin_step, 180);
  EXPECT_EQ(spots[0].end_step, 360);
  EXPECT_NEAR(spots[0].length_m, 1000, 1e-2);
  EXPECT_THAT(spots[1].pieces, ElementsAre(2));
  EXPECT_EQ(spots[1].steps(), 360);
  EXPECT_THAT(spots[2].pieces, ElementsAre(3));
  EXPECT_TRUE(FindBlindSpots(*network_, result, 361, {}).empty());
}

TEST_F(BlindSpotTest, TellHowMuchOfThemCamerasSee) {
  std::vector<std::vector<Interval>> watched(network_->piece_count());
  watched[0] = {{0.5, 0.75}};
  watched[1] = {{0, 0.5}};
  const std::vector<BlindSpot> spots = FindBlindSpots(*network_, Compute(), 60, watched);
  EXPECT_NEAR(spots[0].watched_m, 375, 1e-2);
  EXPECT_EQ(spots[1].watched_m, 0);
}

TEST_F(BlindSpotTest, AreWrittenAsATableAndAsPolygons) {
  const WindowResult result = Compute();
  const auto folder = std::filesystem::path(testing::TempDir()) / "blind_spots_test";
  std::filesystem::create_directories(folder);
  BlindSpotOptions options;
  options.drawn_max = 2;
  options.polygons_max = 1;
  ASSERT_TRUE(WriteBlindSpots(*network_, index_, result, FindBlindSpots(*network_, result, 60, {}),
                              options, folder.string())
                  .ok());
  const auto text = [&](const char* name) {
    std::ostringstream all;
    all << std::ifstream(folder / name).rdbuf();
    return all.str();
  };
  EXPECT_THAT(text("blind_spots.csv"),
              HasSubstr("\n1,2026-02-02T00:30:00Z,2026-02-02T01:00:00Z,1800,1000.0,500.0,2,,"));
  EXPECT_THAT(text("blind_spots.csv"), HasSubstr(",north\n"));
  const auto map = nlohmann::json::parse(text("blind_spots.geojson"));
  ASSERT_EQ(map["features"].size(), 2u);
  EXPECT_EQ(map["features"][0]["properties"]["rank"], 1);
  EXPECT_EQ(map["features"][0]["geometry"]["type"], "Polygon");
  EXPECT_EQ(map["features"][1]["geometry"]["type"], "MultiLineString");
  EXPECT_EQ(map["features"][1]["geometry"]["coordinates"].size(), 1u);
}

TEST(SpeedProfile, MultipliesTheRulesThatFit) {
  std::istringstream file(
      "hour_begin,hour_end,factor,class,mode\n7,9,0.5,,\n22,6,1.2,primary,\n8,9,0.8,,car\n");
  const auto profile = SpeedProfile::Read(file);
  ASSERT_TRUE(profile.ok()) << profile.status();
  using roadnet::RoadClass;
  EXPECT_DOUBLE_EQ(profile->Factor(8, RoadClass::kPrimary, Mode::kCar), 0.4);
  EXPECT_DOUBLE_EQ(profile->Factor(8, RoadClass::kPrimary, Mode::kEbike), 0.5);
  EXPECT_DOUBLE_EQ(profile->Factor(8, RoadClass::kPrimary, Mode::kFoot), 1);
  EXPECT_DOUBLE_EQ(profile->Factor(23, RoadClass::kPrimary, Mode::kCar), 1.2);
  EXPECT_DOUBLE_EQ(profile->Factor(5, RoadClass::kService, Mode::kCar), 1);
  EXPECT_DOUBLE_EQ(profile->Factor(6, RoadClass::kPrimary, Mode::kCar), 1);
}

TEST(SpeedProfile, NamesTheLineAtFault) {
  for (const char* row : {"7,7,1,,", "7,25,1,,", "7,9,0,,", "7,9,1,motorwy,", "7,9,1,,tank"}) {
    std::istringstream file(std::string("hour_begin,hour_end,factor,class,mode\n") + row + "\n");
    EXPECT_THAT(SpeedProfile::Read(file).status().message(), HasSubstr("line 2")) << row;
  }
}

TEST_F(BlindSpotTest, RoadsThatAreSlowerAtAnHourAreReachedLessFarThen) {
  std::istringstream file("hour_begin,hour_end,factor\n1,2,0.5\n");
  const auto profile = SpeedProfile::Read(file);
  ASSERT_TRUE(profile.ok()) << profile.status();
  WindowOptions options{.from = T(0), .to = T(3 * 3600), .reach = absl::Seconds(40)};
  options.graphs_by_hour = profile->GraphsByHour(*network_, {});
  const std::vector<tracks::MatchedTrack> tracks = {
      StationedTrack("u", Mode::kCar, {{0, 0}, 0}, options.from, options.to, options.stale_after)};
  for (const int threads : {1, 4}) {
    options.threads = threads;
    const auto result = ComputeWindow(graphs_, index_, tracks, options, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_NEAR(result->town.hours[0].covered_ratio(), 400.0 / 1700, 1e-5);
    EXPECT_NEAR(result->town.hours[1].covered_ratio(), 200.0 / 1700, 1e-5);
    EXPECT_NEAR(result->town.hours[2].covered_ratio(), 400.0 / 1700, 1e-5);
    EXPECT_NEAR(result->town.window.covered_ratio(), 1000.0 / 3 / 1700, 1e-5);
    EXPECT_NEAR(result->pieces[0].covered_um_steps * 1e-6, 1000.0 * 360, 1e-2);
  }
}

}  // namespace
}  // namespace patrol::coverage
