#include "lib/patrol/tracks/detour_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using roadnet::ForwardArc;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

//   1 --0-- 2 --1-- 3 --2-- 4       pieces of 100 m; 2-5-6-3 is 40 m longer than 2-3
//            \4   6/
//             5-5-6
class DetourSearchTest : public ::testing::Test {
 protected:
  static roadnet::Network Roads() {
    testing::NetworkSketch sketch;
    sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).Node(4, 300, 0);
    sketch.Node(5, 100, 20).Node(6, 200, 20);
    sketch.Way(10, {1, 2, 3, 4}).Way(20, {2, 5, 6, 3});
    return sketch.Build();
  }

  const std::vector<Detour>& Run(double from_m, double to_m, float slack_m,
                                 const std::vector<OtherSource>& others = {}) {
    DrivenWay way;
    way.from = {ForwardArc(0), from_m};
    way.to = {ForwardArc(2), to_m};
    way.arcs = driven_;
    way.straight_m = static_cast<float>(100 - from_m + 100 + to_m);
    way.around = ground_.network.Place({2, to_m});
    search_.Run(way, others, slack_m);
    return search_.detours();
  }

  const std::vector<roadnet::ArcIndex> driven_ = {ForwardArc(0), ForwardArc(1), ForwardArc(2)};
  const Ground ground_{Roads()};
  const WayCosts costs_{ground_.network, ground_.graph, {}};
  DetourSearch search_{ground_.network, ground_.graph, costs_};
};

TEST_F(DetourSearchTest, AWayRoundTellsWhatItSparesAndHowMuchDearerItIs) {
  const std::vector<Detour>& detours = Run(50, 50, 60);
  ASSERT_EQ(detours.size(), 1u);
  EXPECT_EQ(detours[0].source, Detour::kNoSource);
  EXPECT_EQ(detours[0].first, 1u);
  EXPECT_EQ(detours[0].last, 2u);
  EXPECT_NEAR(detours[0].excess_m, 40, 0.5);
  EXPECT_THAT(search_.ArcsOf(detours[0]), ElementsAre(ForwardArc(5), ForwardArc(4), ForwardArc(3)));
}

TEST_F(DetourSearchTest, WhatIsDearerThanTheSlackIsNotFound) {
  EXPECT_THAT(Run(50, 50, 30), IsEmpty());
}

TEST_F(DetourSearchTest, AnotherSourceSparesTheWayFromItsBeginning) {
  const std::vector<Detour>& detours = Run(50, 50, 20, {{{ForwardArc(4), 60}, 10}});
  ASSERT_EQ(detours.size(), 1u);
  EXPECT_EQ(detours[0].source, 0u);
  EXPECT_EQ(detours[0].first, 0u);
  EXPECT_EQ(detours[0].last, 2u);
}

TEST_F(DetourSearchTest, ASourceOnTheDrivenWayGoesAlongIt) {
  const std::vector<Detour>& detours = Run(50, 50, 200, {{{ForwardArc(1), 30}, 10}});
  ASSERT_FALSE(detours.empty());
  EXPECT_EQ(detours[0].source, 0u);
  EXPECT_EQ(detours[0].last, 1u);
  EXPECT_THAT(search_.ArcsOf(detours[0]), ElementsAre(ForwardArc(1)));
}

}  // namespace
}  // namespace patrol::tracks
