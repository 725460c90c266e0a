#include "lib/patrol/coverage/route.h"

#include <memory>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/reach.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using roadnet::PieceIndex;
using roadnet::SearchGraph;
using testing::ElementsAre;

// From 1 the way to 2 takes 10 s, but there the turn into way 30 is forbidden; by 4 it takes 30 s.
//
//   4 ------- 5
//   |         |
//   1 --10--- 2 --30-- 3
std::shared_ptr<const roadnet::Network> Town() {
  return HandNetwork()
      .Node(1, 0, 0)
      .Node(2, 100, 0)
      .Node(3, 200, 0)
      .Node(4, 0, 100)
      .Node(5, 100, 100)
      .TwoWay(10, {1, 2})
      .TwoWay(20, {1, 4, 5, 2})
      .TwoWay(30, {2, 3})
      .NoTurn(10, 2, 30)
      .Build();
}

TEST(FindRoute, GoesRoundWhereATurnIsForbidden) {
  const auto network = Town();
  const SearchGraph graph(*network, Mode::kCar, {});
  const std::vector<Source> sources = {{{network->FindPiece(10, 0), 20}, 1'000'000}};
  const auto route =
      FindRoute(*network, graph, sources, {network->FindPiece(30, 0), 50}, 100'000'000);
  ASSERT_TRUE(route.has_value());
  EXPECT_NEAR(route->time_us * 1e-6, 1 + 2 + 30 + 5, 1e-4);
  EXPECT_NEAR(route->length_m, 20 + 300 + 50, 1e-2);
  EXPECT_THAT(route->arcs, ElementsAre(network->FindArc(10, 0, 2), network->FindArc(20, 0, 1),
                                       network->FindArc(20, 1, 4), network->FindArc(20, 2, 5),
                                       network->FindArc(30, 0, 2)));
  EXPECT_EQ(route->line.size(), 6u);
  EXPECT_FALSE(FindRoute(*network, graph, sources, {network->FindPiece(30, 0), 50}, 37'000'000));
}

TEST(FindRoute, TakesTheUnitThatIsThereFirst) {
  const auto network = Town();
  const SearchGraph graph(*network, Mode::kCar, {});
  const std::vector<Source> sources = {{{network->FindPiece(10, 0), 20}, 9'000'000},
                                       {{network->FindPiece(10, 0), 100}}};
  const auto route =
      FindRoute(*network, graph, sources, {network->FindPiece(10, 0), 30}, 100'000'000);
  ASSERT_TRUE(route.has_value());
  EXPECT_EQ(route->source, 1u);
  EXPECT_NEAR(route->time_us * 1e-6, 7, 1e-4);
  EXPECT_NEAR(route->length_m, 70, 1e-6);
  EXPECT_THAT(route->arcs, ElementsAre(network->FindArc(10, 0, 2)));
}

TEST(FindRoute, ArrivesWhenReachDoes) {
  std::mt19937 random(3);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    HandNetwork drawing;
    const int nodes = 5 + below(15);
    for (int i = 1; i <= nodes; ++i) drawing.Node(i, below(2000) + i * 0.1, below(2000));
    for (int way = 0; way < 2 * nodes; ++way) {
      const int a = 1 + below(nodes);
      const int b = 1 + below(nodes);
      if (a == b) continue;
      if (below(3) == 0) {
        drawing.OneWay(100 + way, {a, b}, 3 + below(20));
      } else {
        drawing.TwoWay(100 + way, {a, b}, 3 + below(20));
      }
    }
    const auto network = drawing.Build();
    const SearchGraph graph(*network, Mode::kCar, {});
    const auto any_place = [&] {
      const auto piece = static_cast<PieceIndex>(below(static_cast<int>(network->piece_count())));
      return roadnet::RoadPosition{piece, network->piece(piece).length_m * below(101) / 100};
    };
    const std::vector<Source> sources = {{any_place()},
                                         {any_place(), static_cast<ArrivalUs>(below(9'000'000))}};
    Reach reach(*network, graph);
    reach.Run(sources, 300'000'000);
    for (int i = 0; i < 20; ++i) {
      const roadnet::RoadPosition target = any_place();
      const auto route = FindRoute(*network, graph, sources, target, 300'000'000);
      const Arrival arrival = reach.ArrivalAt(target);
      ASSERT_EQ(route.has_value(), arrival.reached());
      if (!route) continue;
      ASSERT_EQ(route->time_us, arrival.time_us);
      for (size_t k = 0; k + 1 < route->arcs.size(); ++k) {
        ASSERT_EQ(network->head(route->arcs[k]), network->tail(route->arcs[k + 1]));
      }
    }
  }
}

}  // namespace
}  // namespace patrol::coverage
