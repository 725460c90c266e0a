#include "lib/patrol/tracks/route_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using roadnet::BackwardArc;
using roadnet::ForwardArc;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kUTurnM = 80;

//   1 ---0--- 2 ---1--- 3      pieces 0, 1 of way 10, two-way, 100 m each; piece 2 of way 11 from 3
//                       |      north, one way, 100 m
//                       4
class RouteSearchTest : public ::testing::Test {
 protected:
  static roadnet::Network Roads() {
    testing::NetworkSketch sketch;
    sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).Node(4, 200, 100);
    sketch.Way(10, {1, 2, 3}).Way(11, {3, 4}, {{"oneway", "yes"}});
    return sketch.Build();
  }

  float Cost(DirectedPlace from, DirectedPlace to, float limit = 1000) {
    search_.SetTargets({{to, 0, 300}}, testing::NetworkSketch::kOrigin);
    search_.Run({{from}}, {.cost_max_m = limit});
    return search_.total(0);
  }
  std::vector<roadnet::ArcIndex> Arcs() const {
    std::vector<roadnet::ArcIndex> arcs;
    search_.AppendArcs(0, &arcs);
    return arcs;
  }

  const Ground ground_{Roads()};
  RouteSearch search_{ground_.network, ground_.graph, {.u_turn_m = kUTurnM}};
};

TEST_F(RouteSearchTest, GoesAheadOnTheSameArc) {
  EXPECT_NEAR(Cost({ForwardArc(0), 20}, {ForwardArc(0), 70}), 50, 1e-3);
  EXPECT_THAT(Arcs(), ElementsAre(ForwardArc(0)));
}

TEST_F(RouteSearchTest, StandingCostsNothing) {
  EXPECT_EQ(Cost({ForwardArc(0), 20}, {ForwardArc(0), 20}), 0);
  EXPECT_THAT(Arcs(), IsEmpty());
}

TEST_F(RouteSearchTest, GoesOnOverNodes) {
  EXPECT_NEAR(Cost({ForwardArc(0), 20}, {ForwardArc(2), 30}), 80 + 100 + 30, 0.5);
  EXPECT_THAT(Arcs(), ElementsAre(ForwardArc(0), ForwardArc(1), ForwardArc(2)));
}

TEST_F(RouteSearchTest, TurningRoundCosts) {
  EXPECT_NEAR(Cost({ForwardArc(0), 60}, {BackwardArc(0), 70}), 30 + kUTurnM, 0.2);
  EXPECT_THAT(Arcs(), ElementsAre(BackwardArc(0)));
  EXPECT_NEAR(Cost({ForwardArc(1), 10}, {BackwardArc(0), 30}), 10 + 30 + kUTurnM, 0.2);
  EXPECT_THAT(Arcs(), ElementsAre(BackwardArc(1), BackwardArc(0)));
}

TEST_F(RouteSearchTest, OneWaysAreOneWay) {
  EXPECT_EQ(Cost({ForwardArc(2), 50}, {ForwardArc(2), 20}), RouteSearch::kNoWay);
  EXPECT_EQ(Cost({ForwardArc(2), 50}, {BackwardArc(1), 20}), RouteSearch::kNoWay);
}

TEST_F(RouteSearchTest, StopsAtTheLimit) {
  EXPECT_EQ(Cost({ForwardArc(0), 20}, {ForwardArc(2), 30}, 205), RouteSearch::kNoWay);
  EXPECT_NE(Cost({ForwardArc(0), 20}, {ForwardArc(2), 30}, 215), RouteSearch::kNoWay);
}

TEST_F(RouteSearchTest, FindsManyTargetsAtOnce) {
  search_.SetTargets(
      {{{ForwardArc(0), 90}, 0, 300}, {{ForwardArc(0), 10}, 0, 300}, {{ForwardArc(1), 50}, 0, 300}},
      testing::NetworkSketch::kOrigin);
  search_.Run({{{ForwardArc(0), 50}}}, {.cost_max_m = 1000});
  EXPECT_NEAR(search_.total(0), 40, 0.1);
  EXPECT_NEAR(search_.total(1), 50 + 10 + 2 * kUTurnM, 0.2) << "round at once, and at the dead end";
  EXPECT_NEAR(search_.total(2), 100, 0.2);
}

// The ways passed between the first metre of way 1 and the end of way 9.
std::vector<int64_t> WaysTaken(const Ground& ground, const RouteTaste& taste,
                               double metres_per_nat) {
  RouteSearch search(ground.network, ground.graph, taste);
  search.SetScale(metres_per_nat);
  const DirectedPlace to{ForwardArc(ground.network.FindPiece(9, 0)), 1};
  search.SetTargets({{to, 0, 1000}}, testing::NetworkSketch::kOrigin);
  const DirectedPlace from{ForwardArc(ground.network.FindPiece(1, 0)), 1};
  search.Run({{from}}, {.cost_max_m = 5000});
  std::vector<roadnet::ArcIndex> arcs;
  if (search.total(0) != RouteSearch::kNoWay) search.AppendArcs(0, &arcs);
  std::vector<int64_t> ways;
  for (const roadnet::ArcIndex arc : arcs) {
    const int64_t way = ground.network.piece(roadnet::PieceOf(arc)).way_id;
    if (ways.empty() || ways.back() != way) ways.push_back(way);
  }
  return ways;
}

//        5 ------ 4 -9- 6     Way 2 (2 3 4, a residential street) is 400 m, way 3 (2 5 4, a main
//        3        2           road) 420 m; both turn twice.
//  1 -1- 2 --2--- 3
TEST(RouteTaste, TakesTheMainRoadWhereLittleIsKnown) {
  testing::NetworkSketch sketch;
  sketch.Node(1, -50, 0).Node(2, 0, 0).Node(3, 200, 0).Node(4, 200, 200);
  sketch.Node(5, -10, 200).Node(6, 300, 200);
  sketch.Way(1, {1, 2}).Way(2, {2, 3, 4}).Way(9, {4, 6});
  sketch.Way(3, {2, 5, 4}, {{"highway", "primary"}});
  const Ground ground(sketch.Build());
  const RouteTaste taste{.slow_nats_per_km = 1};
  EXPECT_THAT(WaysTaken(ground, taste, 5), ElementsAre(1, 2, 9)) << "fixes a second apart";
  EXPECT_THAT(WaysTaken(ground, taste, 100), ElementsAre(1, 3, 9)) << "fixes a minute apart";
}

//             7         Way 2 (2 3 5 4) turns twice at junctions; way 3 (2 7 4) goes nearly
//             straight
//         3     3       on, is some metres longer and bends where nobody can turn off.
//  1 -1- 2       4 -9- 6
//        |2     2|
//        3 --2-- 5
TEST(RouteTaste, TakesFewerTurnsWhereLittleIsKnown) {
  testing::NetworkSketch sketch;
  sketch.Node(1, -50, 0).Node(2, 0, 0).Node(4, 200, 0).Node(6, 300, 0);
  sketch.Node(3, 0, -20).Node(5, 200, -20).Node(7, 100, 75);
  sketch.Way(1, {1, 2}).Way(2, {2, 3, 5, 4}).Way(3, {2, 7, 4}).Way(9, {4, 6});
  const Ground ground(sketch.Build());
  const RouteTaste taste{.turn_nats = 1};
  EXPECT_THAT(WaysTaken(ground, taste, 0), ElementsAre(1, 2, 9));
  EXPECT_THAT(WaysTaken(ground, taste, 100), ElementsAre(1, 3, 9));
}

}  // namespace
}  // namespace patrol::tracks
