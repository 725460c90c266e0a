// Goal: a search over the graph finds what all allowed walks find, and nothing else.
// Method: small networks by hand for each rule, and brute force over every walk of up to eight arcs
// on random ones.
#include "lib/patrol/roadnet/search_graph.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/network_sketch.h"

namespace patrol::roadnet {
namespace {

using patrol::testing::NetworkSketch;
using ::testing::UnorderedElementsAre;

// Ids of the nodes that follow by one edge after having come by `arc`.
std::vector<int64_t> NodesAfter(const Network& network, const SearchGraph& graph, ArcIndex arc) {
  std::vector<int64_t> ids;
  const StateIndex state = graph.entry(arc);
  for (const auto* edge = graph.edges_begin(state); edge != graph.edges_end(state); ++edge) {
    EXPECT_EQ(graph.node(edge->state), network.head(edge->arc));
    ids.push_back(network.node(network.head(edge->arc)).id);
  }
  return ids;
}

// A cross: 1-2-3 from west to east over 2, 4-2-5 from south to north.
NetworkSketch Cross() {
  NetworkSketch sketch;
  sketch.Node(1, -100, 0).Node(2, 0, 0).Node(3, 100, 0).Node(4, 0, -100).Node(5, 0, 100);
  sketch.Way(12, {1, 2}).Way(23, {2, 3}).Way(42, {4, 2}).Way(25, {2, 5});
  return sketch;
}

TEST(SearchGraph, WithoutRestrictionsStatesAreNodes) {
  NetworkSketch sketch = Cross();
  const Network network = sketch.Build();
  const SearchGraph graph(network, Mode::kCar, {});
  EXPECT_EQ(graph.state_count(), network.node_count());
  EXPECT_THAT(NodesAfter(network, graph, network.FindArc(12, 0, 1)),
              UnorderedElementsAre(1, 3, 4, 5));
}

TEST(SearchGraph, ANoTurnForbidsThatTurnFromThatWayAlone) {
  NetworkSketch sketch = Cross();
  sketch.Restriction("no_left_turn", 12, 2, 25);
  const Network network = sketch.Build();
  const SearchGraph graph(network, Mode::kCar, {});
  EXPECT_THAT(NodesAfter(network, graph, network.FindArc(12, 0, 1)), UnorderedElementsAre(3, 4));
  EXPECT_THAT(NodesAfter(network, graph, network.FindArc(42, 0, 4)), UnorderedElementsAre(1, 3, 5));
  EXPECT_THAT(NodesAfter(network, SearchGraph(network, Mode::kFoot, {}), network.FindArc(12, 0, 1)),
              UnorderedElementsAre(1, 3, 4, 5))
      << "walkers are not bound";
  EXPECT_THAT(NodesAfter(network, SearchGraph(network, Mode::kCar, {.ignore_restrictions = true}),
                         network.FindArc(12, 0, 1)),
              UnorderedElementsAre(1, 3, 4, 5));
}

TEST(SearchGraph, AnOnlyTurnForbidsAllOthers) {
  NetworkSketch sketch = Cross();
  sketch.Restriction("only_straight_on", 12, 2, 23);
  const Network network = sketch.Build();
  const SearchGraph graph(network, Mode::kCar, {});
  EXPECT_THAT(NodesAfter(network, graph, network.FindArc(12, 0, 1)), UnorderedElementsAre(3));
}

TEST(SearchGraph, TurningRoundIsPossibleAtDeadEndsAndWhereItIsWaived) {
  NetworkSketch sketch = Cross();
  sketch.Restriction("no_left_turn", 12, 2, 25);
  const Network network = sketch.Build();
  const SearchGraph graph(network, Mode::kCar, {});
  EXPECT_THAT(NodesAfter(network, graph, network.FindArc(23, 0, 2)), UnorderedElementsAre(2))
      << "3 is a dead end";
  const SearchGraph free(network, Mode::kCar, {.u_turns = true});
  EXPECT_THAT(NodesAfter(network, free, network.FindArc(12, 0, 1)), UnorderedElementsAre(1, 3, 4));
}

TEST(SearchGraph, ANodeWhoseOtherWayIsAOneWayAgainstUsIsADeadEnd) {
  NetworkSketch sketch = Cross();
  sketch.Node(6, 200, 0).Way(63, {6, 3}, {{"oneway", "yes"}});
  sketch.Restriction("no_left_turn", 12, 2, 25);
  const Network network = sketch.Build();
  EXPECT_THAT(NodesAfter(network, SearchGraph(network, Mode::kCar, {}), network.FindArc(23, 0, 2)),
              UnorderedElementsAre(2));
  EXPECT_THAT(NodesAfter(network, SearchGraph(network, Mode::kCar, {.ignore_one_way = true}),
                         network.FindArc(23, 0, 2)),
              UnorderedElementsAre(6))
      << "with one-way waived it goes on";
}

TEST(SearchGraph, ANoUTurnHoldsAtADeadEndToo) {
  NetworkSketch sketch = Cross();
  sketch.Restriction("no_u_turn", 23, 3, 23);
  NetworkReport report;
  const Network network = sketch.Build(&report);
  EXPECT_EQ(report.restrictions_used, 1u);
  EXPECT_TRUE(
      NodesAfter(network, SearchGraph(network, Mode::kCar, {}), network.FindArc(23, 0, 2)).empty());
}

// A dual carriageway with a link: 1->2->3 east, 6->5->4 west, 2-5 the link.
NetworkSketch DualCarriageway() {
  NetworkSketch sketch;
  sketch.Node(1, -100, 0).Node(2, 0, 0).Node(3, 100, 0);
  sketch.Node(4, -100, 20).Node(5, 0, 20).Node(6, 100, 20).Node(7, 0, 10).Node(8, 0, 120);
  sketch.Way(12, {1, 2}, {{"oneway", "yes"}}).Way(23, {2, 3}, {{"oneway", "yes"}});
  sketch.Way(65, {6, 5}, {{"oneway", "yes"}}).Way(54, {5, 4}, {{"oneway", "yes"}});
  sketch.Way(27, {2, 7}).Way(57, {5, 7}).Way(58, {5, 8});
  return sketch;
}

TEST(SearchGraph, AViaWayForbidsTheWholeManoeuvreAndNoPartOfIt) {
  NetworkSketch sketch = DualCarriageway();
  sketch.RestrictionOverWays("no_u_turn", 12, {27, 57}, 54);
  NetworkReport report;
  const Network network = sketch.Build(&report);
  ASSERT_EQ(report.restrictions_used, 1u);
  const SearchGraph graph(network, Mode::kCar, {});
  const auto follow = [&](std::vector<std::pair<int64_t, int64_t>> arcs) {
    // The state after passing these (way, from node).
    StateIndex state = graph.entry(network.FindArc(arcs[0].first, 0, arcs[0].second));
    for (size_t i = 1; i < arcs.size(); ++i) {
      const ArcIndex arc = network.FindArc(arcs[i].first, 0, arcs[i].second);
      const auto* edge =
          std::find_if(graph.edges_begin(state), graph.edges_end(state),
                       [&](const SearchGraph::Edge& each) { return each.arc == arc; });
      if (edge == graph.edges_end(state)) return kNoState;
      state = edge->state;
    }
    return state;
  };
  EXPECT_EQ(follow({{12, 1}, {27, 2}, {57, 7}, {54, 5}}), kNoState) << "the u-turn";
  EXPECT_NE(follow({{12, 1}, {27, 2}, {57, 7}, {58, 5}}), kNoState) << "straight over the link";
  EXPECT_NE(follow({{27, 2}, {57, 7}, {54, 5}}), kNoState) << "having started on the link";
  EXPECT_NE(follow({{65, 6}, {57, 5}, {27, 7}, {23, 2}}), kNoState) << "the other way round";
}

TEST(SearchGraph, AnOnlyOverAViaWayLeavesItsEndOneWayOut) {
  NetworkSketch sketch = DualCarriageway();
  sketch.RestrictionOverWays("only_straight_on", 12, {57, 27}, 58);  // members in reverse order
  NetworkReport report;
  const Network network = sketch.Build(&report);
  ASSERT_EQ(report.restrictions_used, 1u);
  for (const ForbiddenTurn& turn : network.forbidden_turns()) {
    ASSERT_EQ(turn.arcs.size(), 4u);
    EXPECT_EQ(network.piece(PieceOf(turn.arcs.front())).way_id, 12);
    EXPECT_NE(network.piece(PieceOf(turn.arcs.back())).way_id, 58);
  }
  EXPECT_EQ(network.forbidden_turns().size(), 2u) << "to 54, and back on the link";
}

TEST(SearchGraph, RestrictionsThatCannotBeReadAreCountedByReason) {
  NetworkSketch sketch = Cross();
  sketch.Restriction("no_left_turn", 12, 2, 99);
  sketch.Restriction("no_left_turn", 12, 3, 25);
  sketch.Restriction("sometimes", 12, 2, 25);
  NetworkReport report;
  const Network network = sketch.Build(&report);
  EXPECT_TRUE(network.forbidden_turns().empty());
  EXPECT_EQ(report.restrictions_read, 3u);
  EXPECT_EQ(report.restrictions_used, 0u);
  EXPECT_EQ(report.restrictions_ignored["a member is not in the network"], 1u);
  EXPECT_EQ(report.restrictions_ignored["from and via do not meet"], 1u);
  EXPECT_EQ(report.restrictions_ignored["of an unknown kind"], 1u);
}

TEST(SearchGraph, LeavesOutWhatTheCrewWalksWhenAsked) {
  NetworkSketch sketch = Cross();
  sketch.Node(6, 100, 100).Way(36, {3, 6}, {{"highway", "steps"}});
  const Network network = sketch.Build();
  const ArcIndex onto = network.FindArc(36, 0, 3);
  EXPECT_NE(SearchGraph(network, Mode::kCar, {}).entry(onto), kNoState);
  EXPECT_EQ(SearchGraph(network, Mode::kCar, {.ignore_walked = true}).entry(onto), kNoState);
}

// ---- brute force ----

constexpr int kArcsMax = 8;
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

// Least time to each node over all walks of up to kArcsMax arcs that begin with `first`, judged by
// the rules themselves and not by the graph.
class Walker {
 public:
  Walker(const Network& network, Mode mode) : network_(network), mode_(mode) {
    best.assign(network.node_count(), kNever);
  }

  void Walk(ArcIndex first) {
    walk_ = {first};
    Go(network_.time_us(mode_, first));
  }

  std::vector<uint64_t> best;

 private:
  bool Forbidden() const {
    for (const ForbiddenTurn& turn : network_.forbidden_turns()) {
      if ((turn.modes & ModeBit(mode_)) == 0 || turn.arcs.size() > walk_.size()) continue;
      if (std::equal(turn.arcs.rbegin(), turn.arcs.rend(), walk_.rbegin())) return true;
    }
    return false;
  }

  void Go(uint64_t time) {
    const NodeIndex node = network_.head(walk_.back());
    best[node] = std::min(best[node], time);
    if (walk_.size() == kArcsMax) return;
    const ArcIndex back = ReverseArc(walk_.back());
    bool other_way = false;
    for (const ArcIndex* arc = network_.out_begin(node); arc != network_.out_end(node); ++arc) {
      other_way |= *arc != back && network_.allowed(mode_, *arc);
    }
    for (const ArcIndex* arc = network_.out_begin(node); arc != network_.out_end(node); ++arc) {
      if (!network_.allowed(mode_, *arc) || (*arc == back && other_way)) continue;
      walk_.push_back(*arc);
      if (!Forbidden()) Go(time + network_.time_us(mode_, *arc));
      walk_.pop_back();
    }
  }

  const Network& network_;
  const Mode mode_;
  std::vector<ArcIndex> walk_;
};

// The same over the graph's edges.
std::vector<uint64_t> BestByGraph(const Network& network, const SearchGraph& graph,
                                  ArcIndex first) {
  std::vector<uint64_t> best(network.node_count(), kNever);
  std::map<StateIndex, uint64_t> reached = {{graph.entry(first), graph.time_us(first)}};
  for (int arcs = 1; arcs <= kArcsMax; ++arcs) {
    std::map<StateIndex, uint64_t> next;
    for (const auto& [state, time] : reached) {
      best[graph.node(state)] = std::min(best[graph.node(state)], time);
      for (const auto* edge = graph.edges_begin(state); edge != graph.edges_end(state); ++edge) {
        const uint64_t later = time + graph.time_us(edge->arc);
        const auto [at, is_new] = next.emplace(edge->state, later);
        if (!is_new) at->second = std::min(at->second, later);
      }
    }
    reached = std::move(next);
  }
  return best;
}

TEST(SearchGraph, AgreesWithAllWalksOnRandomNetworksWithRestrictions) {
  std::mt19937_64 random(2026);
  size_t turns = 0;
  size_t chains = 0;
  for (int round = 0; round < 60; ++round) {
    // A grid of 4 x 3 nodes, uneven, some streets missing, some one-way, some two pieces long.
    NetworkSketch sketch;
    const auto node = [](int x, int y) { return 10 * y + x + 1; };
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 4; ++x) {
        sketch.Node(node(x, y), 100.0 * x + random() % 40, 100.0 * y + random() % 40);
      }
    }
    struct Street {
      int64_t id;
      int64_t a;
      int64_t b;
    };
    std::vector<Street> streets;
    const auto add = [&](int64_t a, int64_t b) {
      if (random() % 8 == 0) return;
      const int64_t id = static_cast<int64_t>(streets.size()) + 1;
      const char* one_way = random() % 4 == 0 ? "yes" : "no";
      sketch.Way(id, {a, b}, {{"oneway", one_way}});
      streets.push_back({id, a, b});
    };
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 4; ++x) {
        if (x < 3) add(node(x, y), node(x + 1, y));
        if (y < 2) add(node(x, y), node(x, y + 1));
      }
    }
    const auto other_end = [](const Street& street, int64_t end) {
      return street.a == end ? street.b : street.a;
    };
    for (int i = 0; i < 8; ++i) {
      const Street& from = streets[random() % streets.size()];
      const int64_t via = random() % 2 == 0 ? from.a : from.b;
      const char* kind = random() % 3 == 0 ? "only_straight_on" : "no_left_turn";
      std::vector<Street> next;
      for (const Street& street : streets) {
        if (street.id != from.id && (street.a == via || street.b == via)) next.push_back(street);
      }
      if (next.empty()) continue;
      const Street& second = next[random() % next.size()];
      if (i % 2 == 0) {
        sketch.Restriction(kind, from.id, via, second.id);
        continue;
      }
      const int64_t beyond = other_end(second, via);
      for (const Street& third : streets) {
        if (third.id == second.id || third.id == from.id) continue;
        if (third.a == beyond || third.b == beyond) {
          sketch.RestrictionOverWays(kind, from.id, {second.id}, third.id);
          break;
        }
      }
    }
    const Network network = sketch.Build();
    for (const ForbiddenTurn& turn : network.forbidden_turns()) {
      ++(turn.arcs.size() > 2 ? chains : turns);
    }
    const SearchGraph graph(network, Mode::kCar, {});
    for (int i = 0; i < 3; ++i) {
      const ArcIndex first = random() % network.arc_count();
      if (!network.allowed(Mode::kCar, first)) continue;
      Walker walker(network, Mode::kCar);
      walker.Walk(first);
      ASSERT_EQ(BestByGraph(network, graph, first), walker.best)
          << "round " << round << ", arc " << first;
    }
  }
  EXPECT_GT(turns, 100u);
  EXPECT_GT(chains, 50u);
}

}  // namespace
}  // namespace patrol::roadnet
