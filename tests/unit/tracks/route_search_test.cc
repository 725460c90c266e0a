#include "lib/patrol/tracks/route_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

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

// A town with diagonals, one-way streets and a few missing pieces; every street has two nodes a
// block, so that roads also go on where nobody can turn off.
roadnet::Network RandomTown(std::mt19937* random) {
  testing::NetworkSketch sketch;
  constexpr int kSide = 6;
  const auto id = [](int column, int row) { return int64_t{1} + row * kSide + column; };
  std::uniform_real_distribution<double> jitter(-30, 30);
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column) {
      sketch.Node(id(column, row), 120.0 * column + jitter(*random), 120.0 * row + jitter(*random));
    }
  }
  int64_t way = 1;
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column) {
      for (const auto& [east, north] : {std::pair(1, 0), std::pair(0, 1), std::pair(1, 1)}) {
        if (column + east >= kSide || row + north >= kSide) continue;
        const unsigned chance = (*random)() % 10;
        if (chance < (east + north == 2 ? 7u : 1u)) continue;
        const std::vector<int64_t> nodes = {id(column, row), id(column + east, row + north)};
        if (chance == 9) {
          sketch.Way(way++, nodes, {{"oneway", "yes"}});
        } else {
          sketch.Way(way++, nodes);
        }
      }
    }
  }
  return sketch.Build();
}

// What one search for all sources must not lose: the best way of each of them.
TEST(RouteSearchProperty, AllSourcesTogetherFindWhatEachFindsAlone) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Ground town(RandomTown(&random));
    RouteSearch search(town.network, town.graph,
                       {.u_turn_m = 80, .u_turn_nats = 1, .turn_nats = 0.6, .slow_nats_per_km = 1});
    search.SetScale(static_cast<double>(random() % 60));
    const auto place = [&] {
      while (true) {
        const auto arc = static_cast<roadnet::ArcIndex>(random() % town.network.arc_count());
        if (town.graph.time_us(arc) == roadnet::kNotAllowed) continue;
        const double length = town.network.piece(roadnet::PieceOf(arc)).length_m;
        return DirectedPlace{arc, length * static_cast<double>(random() % 101) / 100};
      }
    };
    std::vector<RouteTarget> targets;
    for (int i = 0; i < 12; ++i) {
      targets.push_back({place(), static_cast<float>(random() % 200), 1500});
    }
    std::vector<RouteSource> sources;
    for (int i = 0; i < 10; ++i) sources.push_back({place(), static_cast<float>(random() % 200)});
    const RouteBounds bounds{
        .straight_m = static_cast<float>(random() % 500), .short_share = 0.25, .cost_max_m = 1500};
    search.SetTargets(targets, testing::NetworkSketch::kOrigin);
    std::vector<float> alone(targets.size(), RouteSearch::kNoWay);
    for (const RouteSource& source : sources) {
      search.Run({source}, bounds);
      for (size_t t = 0; t < targets.size(); ++t) alone[t] = std::min(alone[t], search.total(t));
    }
    search.Run(sources, bounds);
    for (size_t t = 0; t < targets.size(); ++t) {
      SCOPED_TRACE(t);
      if (alone[t] == RouteSearch::kNoWay) {
        EXPECT_EQ(search.total(t), RouteSearch::kNoWay);
        continue;
      }
      EXPECT_NEAR(search.total(t), alone[t], 0.05);
      // The way it tells is that long, and joins source and target.
      std::vector<roadnet::ArcIndex> arcs;
      search.AppendArcs(t, &arcs);
      const DirectedPlace& from = sources[search.source(t)].place;
      double length = 0;
      for (size_t i = 0; i < arcs.size(); ++i) {
        const bool joins = i == 0 || town.network.head(arcs[i - 1]) == town.network.tail(arcs[i]);
        EXPECT_TRUE(joins) << "arc " << i;
        length += town.network.piece(roadnet::PieceOf(arcs[i])).length_m;
      }
      if (arcs.empty()) continue;
      EXPECT_EQ(arcs.back(), targets[t].place.arc);
      ASSERT_EQ(roadnet::PieceOf(arcs.front()), roadnet::PieceOf(from.arc));
      const double piece_m = town.network.piece(roadnet::PieceOf(from.arc)).length_m;
      length -= arcs.front() == from.arc ? from.along_m : piece_m - from.along_m;
      length -=
          town.network.piece(roadnet::PieceOf(arcs.back())).length_m - targets[t].place.along_m;
      EXPECT_NEAR(search.length(t), length, 0.1);
    }
    // Less to look for changes nothing of what is the likeliest.
    size_t best = 0;
    for (size_t t = 1; t < targets.size(); ++t) {
      if (alone[t] + targets[t].handicap_m < alone[best] + targets[best].handicap_m) best = t;
    }
    if (alone[best] == RouteSearch::kNoWay) continue;
    RouteBounds narrow = bounds;
    narrow.slack_m = 100;
    search.Run(sources, narrow);
    EXPECT_NEAR(search.total(best), alone[best], 0.05);
  }
}

}  // namespace
}  // namespace patrol::tracks
