#include "lib/patrol/coverage/reach.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::Mode;
using roadnet::Network;
using roadnet::NodeIndex;
using roadnet::PieceIndex;
using roadnet::RoadPosition;
using roadnet::SearchGraph;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::FieldsAre;

constexpr ArrivalUs kSecond = 1'000'000;

// A network with one search on it.
struct Town {
  explicit Town(std::shared_ptr<const Network> drawn, Mode mode = Mode::kCar)
      : network(std::move(drawn)), graph(*network, mode, {}), reach(*network, graph) {}

  RoadPosition On(int64_t way_id, uint32_t seq, double offset_m) const {
    const PieceIndex piece = network->FindPiece(way_id, seq);
    EXPECT_LT(piece, network->piece_count());
    return {piece, offset_m};
  }
  // Covered stretches of a piece, in metres.
  std::vector<Interval> Covered(int64_t way_id, uint32_t seq) const {
    const PieceIndex piece = network->FindPiece(way_id, seq);
    std::vector<Interval> covered;
    reach.AppendCovered(piece, &covered);
    Merge(&covered);
    for (Interval& part : covered) {
      part.begin *= network->piece(piece).length_m;
      part.end *= network->piece(piece).length_m;
    }
    return covered;
  }
  double ArrivalS(int64_t node_id) const {
    const ArrivalUs us = reach.NodeArrival(network->FindNode(node_id));
    return us == kUnreached ? std::numeric_limits<double>::infinity() : us * 1e-6;
  }

  std::shared_ptr<const Network> network;
  SearchGraph graph;
  Reach reach;
};

auto Stretch(double begin, double end) {
  return FieldsAre(DoubleNear(begin, 1e-4), DoubleNear(end, 1e-4));
}

//   1 ----100---- 2 ----100---- 3
std::shared_ptr<const Network> Street() {
  return HandNetwork().Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).TwoWay(10, {1, 2, 3}).Build();
}

TEST(Reach, GoesBothWaysFromWhereItStandsOnATwoWayPiece) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 30)}}, 5 * kSecond);
  EXPECT_THAT(town.Covered(10, 0), ElementsAre(Stretch(0, 80)));
  EXPECT_THAT(town.Covered(10, 1), ElementsAre());
  EXPECT_NEAR(town.ArrivalS(1), 3, 1e-6);
  EXPECT_EQ(town.ArrivalS(2), std::numeric_limits<double>::infinity());
}

TEST(Reach, GoesOnlyAlongAOneWay) {
  Town town(
      HandNetwork().Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).OneWay(10, {1, 2, 3}).Build());
  town.reach.Run({{town.On(10, 0, 30)}}, 9 * kSecond);
  EXPECT_THAT(town.Covered(10, 0), ElementsAre(Stretch(30, 100)));
  EXPECT_THAT(town.Covered(10, 1), ElementsAre(Stretch(0, 20)));
  EXPECT_EQ(town.ArrivalS(1), std::numeric_limits<double>::infinity());
}

TEST(Reach, EndsInsideAPieceToTheMetre) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 0)}}, 12'345'678);
  EXPECT_THAT(town.Covered(10, 1), ElementsAre(Stretch(0, 23.45678)));
  EXPECT_THAT(town.reach.nodes(), testing::SizeIs(2));
}

//   1 --100-- 2 --300-- 3 --100-- 4, sources at 1 and 4
TEST(Reach, LeavesAGapBetweenWhatComesFromBothEnds) {
  Town town(HandNetwork()
                .Node(1, 0, 0)
                .Node(2, 100, 0)
                .Node(3, 400, 0)
                .Node(4, 500, 0)
                .TwoWay(10, {1, 2, 3, 4})
                .Build());
  const std::vector<Source> both = {{town.On(10, 0, 0)}, {town.On(10, 2, 100)}};
  town.reach.Run(both, 20 * kSecond);
  EXPECT_THAT(town.Covered(10, 1), ElementsAre(Stretch(0, 100), Stretch(200, 300)));
  town.reach.Run(both, 25 * kSecond);
  EXPECT_THAT(town.Covered(10, 1), ElementsAre(Stretch(0, 300)));
}

TEST(Reach, CountsOnceWhatTwoUnitsOnOnePieceBothCover) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 20)}, {town.On(10, 0, 60)}}, 1 * kSecond);
  EXPECT_THAT(town.Covered(10, 0), ElementsAre(Stretch(10, 30), Stretch(50, 70)));
  town.reach.Run({{town.On(10, 0, 20)}, {town.On(10, 0, 60)}}, 3 * kSecond);
  EXPECT_THAT(town.Covered(10, 0), ElementsAre(Stretch(0, 90)));
}

TEST(Reach, LetsAnAttachedUnitSetOffLater) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 50), 3 * kSecond}}, 5 * kSecond);
  EXPECT_THAT(town.Covered(10, 0), ElementsAre(Stretch(30, 70)));
  EXPECT_EQ(town.reach.ArrivalAt(town.On(10, 0, 50)).time_us, 3 * kSecond);
  EXPECT_EQ(town.reach.ArrivalAt(town.On(10, 0, 60)).time_us, 4 * kSecond);
}

TEST(Reach, ReachesNothingWhenTheWayToTheRoadTakesLonger) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 50), 6 * kSecond}}, 5 * kSecond);
  EXPECT_THAT(town.reach.pieces(), testing::IsEmpty());
  EXPECT_THAT(town.Covered(10, 0), testing::IsEmpty());
  EXPECT_FALSE(town.reach.ArrivalAt(town.On(10, 0, 50)).reached());
}

TEST(Reach, ReachesAPointExactlyAtTheLimit) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 0)}}, 10 * kSecond);
  EXPECT_NEAR(town.ArrivalS(2), 10, 1e-6);
  EXPECT_THAT(town.Covered(10, 0), ElementsAre(Stretch(0, 100)));
  EXPECT_THAT(town.Covered(10, 1), testing::IsEmpty());
}

// From 1 the way to 2 takes 10 s, but there the turn into way 30 is forbidden; by 4 it takes 30 s
// and the turn is free.
//
//        4
//     .     .
//   1 --10--- 2 --30-- 3
TEST(Reach, EntersAPieceWithTheStateThatMayEnterIt) {
  Town town(HandNetwork()
                .Node(1, 0, 0)
                .Node(2, 100, 0)
                .Node(3, 200, 0)
                .Node(4, 0, 100)
                .Node(5, 100, 100)
                .TwoWay(10, {1, 2})
                .TwoWay(20, {1, 4, 5, 2})
                .TwoWay(30, {2, 3})
                .NoTurn(10, 2, 30)
                .Build());
  ASSERT_EQ(town.network->forbidden_turns().size(), 1u);
  town.reach.Run({{town.On(10, 0, 0)}}, 35 * kSecond);
  EXPECT_NEAR(town.ArrivalS(2), 10, 1e-5);
  EXPECT_THAT(town.Covered(30, 0), ElementsAre(Stretch(0, 50)));
  EXPECT_NEAR(town.reach.ArrivalAt(town.On(30, 0, 20)).time_us * 1e-6, 32, 1e-4);
}

TEST(Reach, TellsWhichUnitArrivesFirst) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 10)}, {town.On(10, 1, 90)}, {town.On(10, 1, 95)}}, 60 * kSecond);
  EXPECT_EQ(town.reach.ArrivalAt(town.On(10, 0, 40)).source, 0u);
  EXPECT_EQ(town.reach.ArrivalAt(town.On(10, 1, 40)).source, 1u);
  EXPECT_EQ(town.reach.ArrivalAt(town.On(10, 1, 99)).source, 2u);
}

TEST(Reach, ForgetsTheSearchBefore) {
  Town town(Street());
  town.reach.Run({{town.On(10, 0, 0)}}, 60 * kSecond);
  town.reach.Run({{town.On(10, 1, 100)}}, 2 * kSecond);
  EXPECT_THAT(town.Covered(10, 0), testing::IsEmpty());
  EXPECT_THAT(town.Covered(10, 1), ElementsAre(Stretch(80, 100)));
  EXPECT_EQ(town.ArrivalS(1), std::numeric_limits<double>::infinity());
}

TEST(Reach, FindsNothingWithoutSources) {
  Town town(Street());
  town.reach.Run({}, 60 * kSecond);
  EXPECT_THAT(town.reach.nodes(), testing::IsEmpty());
  EXPECT_THAT(town.reach.pieces(), testing::IsEmpty());
}

// ---- random networks against brute force ----

struct RandomTown {
  std::shared_ptr<const Network> network;
  std::vector<Source> sources;
  ArrivalUs limit_us;
};

RandomTown MakeRandomTown(uint32_t seed, int forbidden_turns) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  HandNetwork drawing;
  const int nodes = 6 + below(20);
  for (int i = 0; i < nodes; ++i) drawing.Node(i + 1, below(2000) + i * 0.1, below(2000));
  const int ways = nodes + below(nodes);
  std::vector<std::pair<int, int>> ends;
  std::set<std::pair<int, int>> joined;
  for (int way = 0; way < ways; ++way) {
    const int a = 1 + below(nodes);
    int b = 1 + below(nodes);
    if (a == b) b = a % nodes + 1;
    ends.push_back({a, b});
    const double mps = 3 + below(20);
    if (below(3) == 0) {
      drawing.OneWay(100 + way, {a, b}, mps);
    } else {
      drawing.TwoWay(100 + way, {a, b}, mps);
    }
  }
  for (int i = 0; i < forbidden_turns; ++i) {
    const int from = below(ways);
    const int to = below(ways);
    if (from == to) continue;
    for (const int node : {ends[from].first, ends[from].second}) {
      if (node == ends[to].first || node == ends[to].second) {
        drawing.NoTurn(100 + from, node, 100 + to);
        break;
      }
    }
  }
  RandomTown town;
  town.network = drawing.Build();
  const int sources = 1 + below(5);
  for (int i = 0; i < sources; ++i) {
    const auto piece =
        static_cast<PieceIndex>(below(static_cast<int>(town.network->piece_count())));
    const double share = below(5) == 0 ? 0 : below(1001) / 1000.0;
    town.sources.push_back({{piece, share * town.network->piece(piece).length_m},
                            below(3) == 0 ? static_cast<ArrivalUs>(below(20'000'000)) : 0});
  }
  town.limit_us = static_cast<ArrivalUs>(10'000'000 + below(300'000'000));
  return town;
}

// When each arc is entered at its tail and each node is reached, by relaxing arc after arc until
// nothing changes; turns as the network forbids them, turning round at dead ends only.
struct BruteForce {
  explicit BruteForce(const RandomTown& town) : network(*town.network) {
    constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
    entry.assign(network.arc_count(), kNever);
    node.assign(network.node_count(), kNever);
    std::vector<uint64_t> done(network.arc_count(), kNever);  // having passed the arc
    std::set<std::pair<ArcIndex, ArcIndex>> forbidden;
    for (const auto& turn : network.forbidden_turns()) {
      EXPECT_EQ(turn.arcs.size(), 2u);
      forbidden.insert({turn.arcs[0], turn.arcs[1]});
    }
    for (const Source& source : town.sources) {
      const double q = source.position.offset_m / network.piece(source.position.piece).length_m;
      for (const ArcIndex arc : {roadnet::ForwardArc(source.position.piece),
                                 roadnet::BackwardArc(source.position.piece)}) {
        const double time = network.time_us(Mode::kCar, arc);
        if (time == 0) continue;
        const double part = std::nearbyint(time * (roadnet::IsBackward(arc) ? q : 1 - q));
        done[arc] = std::min(done[arc], source.delay_us + static_cast<uint64_t>(part));
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (ArcIndex from = 0; from < network.arc_count(); ++from) {
        if (done[from] == kNever) continue;
        const NodeIndex at = network.head(from);
        node[at] = std::min(node[at], done[from]);
        int others = 0;
        for (const ArcIndex* to = network.out_begin(at); to != network.out_end(at); ++to) {
          if (*to != roadnet::ReverseArc(from) && network.allowed(Mode::kCar, *to)) ++others;
        }
        for (const ArcIndex* to = network.out_begin(at); to != network.out_end(at); ++to) {
          if (!network.allowed(Mode::kCar, *to) || forbidden.contains({from, *to})) continue;
          if (*to == roadnet::ReverseArc(from) && others > 0) continue;
          entry[*to] = std::min(entry[*to], done[from]);
          const uint64_t us = done[from] + network.time_us(Mode::kCar, *to);
          if (us < done[*to]) {
            done[*to] = us;
            changed = true;
          }
        }
      }
    }
  }

  const Network& network;
  std::vector<uint64_t> entry;
  std::vector<uint64_t> node;
};

class RandomReach : public testing::TestWithParam<int> {};

TEST_P(RandomReach, EqualsBruteForceToTheMicrosecond) {
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const RandomTown town = MakeRandomTown(seed, GetParam());
    const SearchGraph graph(*town.network, Mode::kCar, {});
    Reach reach(*town.network, graph);
    reach.Run(town.sources, town.limit_us);
    const BruteForce brute(town);
    for (NodeIndex node = 0; node < town.network->node_count(); ++node) {
      const uint64_t want = brute.node[node] <= town.limit_us ? brute.node[node] : kUnreached;
      ASSERT_EQ(reach.NodeArrival(node), want) << "node " << node;
    }
    for (PieceIndex piece = 0; piece < town.network->piece_count(); ++piece) {
      std::vector<Interval> covered;
      reach.AppendCovered(piece, &covered);
      Merge(&covered);
      // A point is covered when the brute force gets there in time, from the ends or a source.
      for (int i = 0; i <= 200; ++i) {
        const double share = i / 200.0;
        double best = std::numeric_limits<double>::infinity();
        const ArcIndex arcs[2] = {roadnet::ForwardArc(piece), roadnet::BackwardArc(piece)};
        for (int direction = 0; direction < 2; ++direction) {
          const double time = town.network->time_us(Mode::kCar, arcs[direction]);
          const double along = direction == 0 ? share : 1 - share;
          if (time == 0) continue;
          if (brute.entry[arcs[direction]] != std::numeric_limits<uint64_t>::max()) {
            best = std::min(best, static_cast<double>(brute.entry[arcs[direction]]) + time * along);
          }
          for (const Source& source : town.sources) {
            if (source.position.piece != piece) continue;
            const double q = source.position.offset_m / town.network->piece(piece).length_m;
            const double ahead = along - (direction == 0 ? q : 1 - q);
            if (ahead >= 0) best = std::min(best, source.delay_us + time * ahead);
          }
        }
        if (std::abs(best - town.limit_us) < 2) continue;  // rounding decides
        bool inside = false;
        for (const Interval& part : covered) inside |= share >= part.begin && share <= part.end;
        ASSERT_EQ(inside, best <= town.limit_us) << "piece " << piece << " at " << share;
        const Arrival arrival = reach.ArrivalAtShare(piece, share);
        ASSERT_EQ(arrival.reached(), inside);
        if (inside) {
          ASSERT_NEAR(arrival.time_us, best, 1);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutRestrictions, RandomReach, testing::Values(0, 12));

double TotalCovered(const Network& network, const Reach& reach) {
  double total = 0;
  std::vector<Interval> covered;
  for (const PieceIndex piece : reach.pieces()) {
    covered.clear();
    reach.AppendCovered(piece, &covered);
    Merge(&covered);
    total += LengthWithin(covered.data(), covered.data() + covered.size(), {0, 1}) *
             network.piece(piece).length_m;
  }
  return total;
}

TEST(Reach, NeverShrinksWithMoreUnitsMoreTimeOrFewerRestrictions) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const RandomTown town = MakeRandomTown(seed, 12);
    const SearchGraph graph(*town.network, Mode::kCar, {});
    const SearchGraph free(*town.network, Mode::kCar, {.ignore_restrictions = true});
    Reach reach(*town.network, graph);
    Reach free_reach(*town.network, free);
    reach.Run(town.sources, town.limit_us);
    const double all = TotalCovered(*town.network, reach);
    free_reach.Run(town.sources, town.limit_us);
    EXPECT_GE(TotalCovered(*town.network, free_reach), all - 1e-6);
    reach.Run(town.sources, town.limit_us * 2);
    EXPECT_GE(TotalCovered(*town.network, reach), all - 1e-6);
    reach.Run(absl::MakeConstSpan(town.sources).subspan(1), town.limit_us);
    EXPECT_LE(TotalCovered(*town.network, reach), all + 1e-6);
  }
}

TEST(Reach, SearchesNoFurtherThanItsTargetAndFindsTheSameArrival) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const RandomTown town = MakeRandomTown(seed, 12);
    const SearchGraph graph(*town.network, Mode::kCar, {});
    Reach whole(*town.network, graph);
    whole.Run(town.sources, town.limit_us);
    Reach targeted(*town.network, graph);
    for (PieceIndex piece = 0; piece < town.network->piece_count(); ++piece) {
      const RoadPosition target{piece, town.network->piece(piece).length_m * 0.37};
      targeted.RunTo(town.sources, town.limit_us, target);
      EXPECT_EQ(targeted.ArrivalAt(target).time_us, whole.ArrivalAt(target).time_us);
      EXPECT_LE(targeted.nodes().size(), whole.nodes().size());
    }
  }
}

}  // namespace
}  // namespace patrol::coverage
