#include "lib/patrol/coverage/what_if.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/nearest.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using testing::ElementsAre;
using testing::HasSubstr;

// 2026-02-02T00:00:00Z.
const absl::Time kBegin = absl::FromUnixSeconds(1'769'990'400);

//   1 -- 1000 -- 2 -- 1000 -- 3
class WhatIfTest : public testing::Test {
 protected:
  std::vector<tracks::MatchedTrack> Tracks() const {
    std::vector<tracks::MatchedTrack> tracks;
    for (const char* id : {"a", "b"}) {
      tracks.push_back(StationedTrack(id, Mode::kCar, {{0, 0}, 0}, options_.from, options_.to,
                                      options_.stale_after));
    }
    return tracks;
  }

  absl::StatusOr<std::vector<tracks::MatchedTrack>> Apply(const WhatIf& what_if) {
    return ApplyWhatIf(what_if, roadnet::SpatialIndex(*network_), Tracks(), &options_);
  }

  static std::vector<std::string> IdsOf(const std::vector<tracks::MatchedTrack>& tracks) {
    std::vector<std::string> ids;
    for (const tracks::MatchedTrack& track : tracks) ids.push_back(track.unit_id());
    return ids;
  }

  const std::shared_ptr<const roadnet::Network> network_ =
      HandNetwork().Node(1, 0, 0).Node(2, 1000, 0).Node(3, 2000, 0).TwoWay(10, {1, 2, 3}).Build();
  WindowOptions options_{.from = kBegin, .to = kBegin + absl::Hours(48)};
};

TEST_F(WhatIfTest, TakesAwayMovesAndAddsUnits) {
  const auto tracks = Apply({.without = {"a"},
                             .moved = {{"b", At(1500, 0)}},
                             .added = {{.place = At(500, 100), .mode = Mode::kFoot}}});
  ASSERT_TRUE(tracks.ok()) << tracks.status();
  ASSERT_THAT(IdsOf(*tracks), ElementsAre("b", "added-1"));
  const tracks::MatchedTrack::Point& moved = (*tracks)[0].points().front();
  EXPECT_EQ(moved.piece, 1u);
  EXPECT_NEAR(moved.offset_m, 500, 0.01);
  const auto& added = (*tracks)[1];
  EXPECT_EQ(added.mode(), Mode::kFoot);
  EXPECT_EQ(added.points().front().time(), options_.from);
  EXPECT_EQ(added.points().back().time(), options_.to);
  // Beyond 50 m the straight way to the road is walked.
  EXPECT_NEAR(added.points().front().attach_distance_m, 100, 0.1);
  EXPECT_TRUE(options_.duty.empty());
}

TEST_F(WhatIfTest, AnAddedUnitIsOnDutyInItsHoursOfEachDayPastMidnightToo) {
  const DayHours night{absl::Hours(22), absl::Hours(6)};
  ASSERT_TRUE(Apply({.added = {{.place = At(500, 0), .hours = night}}}).ok());
  const std::vector<DutyInterval>& duty = options_.duty["added-1"];
  ASSERT_EQ(duty.size(), 4u);
  for (size_t day = 0; day < duty.size(); ++day) {
    const absl::Time evening = kBegin + absl::Hours(24 * static_cast<int>(day) - 2);
    EXPECT_EQ(duty[day].from, evening);
    EXPECT_EQ(duty[day].to, evening + absl::Hours(8));
  }
}

TEST_F(WhatIfTest, AnAddedUnitTakesNoNameThatAUnitHas) {
  std::vector<tracks::MatchedTrack> tracks = Tracks();
  tracks.push_back(StationedTrack("added-1", Mode::kCar, {{0, 0}, 0}, options_.from, options_.to,
                                  options_.stale_after));
  const auto after = ApplyWhatIf({.added = {{At(0, 0)}, {At(9, 0)}}},
                                 roadnet::SpatialIndex(*network_), std::move(tracks), &options_);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_THAT(IdsOf(*after), ElementsAre("a", "b", "added-1", "added-2", "added-3"));
}

TEST_F(WhatIfTest, NamesTheUnitWithoutFixesAndThePlaceWithoutRoad) {
  const auto said = [&](const WhatIf& what_if, absl::StatusCode code) {
    const auto tracks = Apply(what_if);
    EXPECT_EQ(tracks.status().code(), code);
    return std::string(tracks.status().message());
  };
  EXPECT_THAT(said({.without = {"a", "a"}}, absl::StatusCode::kNotFound), HasSubstr("\"a\""));
  EXPECT_THAT(said({.moved = {{"c", At(0, 0)}}}, absl::StatusCode::kNotFound), HasSubstr("\"c\""));
  const auto far = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(said({.added = {{At(0, 250)}}}, far), HasSubstr("no road for car within 200 m"));
  EXPECT_THAT(said({.moved = {{"a", At(0, 250)}}}, far), HasSubstr("no road for car"));
}

}  // namespace
}  // namespace patrol::coverage
