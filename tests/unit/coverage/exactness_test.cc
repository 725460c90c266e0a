// Goal: arrivals and covered metres of Field are those of the definition, whatever the network.
// Method: 10,000 random towns with ways of several pieces, one-ways, other speeds each way, dead
// ends, rings, barriers and turn restrictions (via node, via way, no U-turn). Beside Field runs a
// search of this file's own: over an edge-expanded graph whose states are the last three arcs
// passed, with turns looked up in the network's list. It shares no code with the rooms but the
// network.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/patrol/coverage/field.h"
#include "tests/unit/coverage/hand_network.h"
#include "tests/unit/coverage/one_field.h"

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::BackwardArc;
using roadnet::ForwardArc;
using roadnet::Mode;
using roadnet::Network;
using roadnet::NodeIndex;
using roadnet::PieceIndex;
using roadnet::PieceOf;
using roadnet::ReverseArc;

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

struct Case {
  std::shared_ptr<const Network> network;
  std::vector<UnitSource> units;
  ArrivalUs reach_us = 0;
};

class CaseMaker {
 public:
  explicit CaseMaker(uint32_t seed) : random_(seed) {}

  Case Make() {
    HandNetwork drawing;
    const int junctions = 4 + Below(10);
    for (int i = 1; i <= junctions; ++i) Draw(&drawing, i);
    int next_node = junctions + 1;
    const int way_count = junctions + Below(junctions);
    for (int w = 0; w < way_count; ++w) {
      Way way{100 + w, {1 + Below(junctions)}};
      for (int inside = Below(4); inside > 0; --inside) {
        Draw(&drawing, next_node);
        way.nodes.push_back(next_node++);
      }
      int last = 1 + Below(junctions);
      if (Below(6) == 0) {  // a dead end
        Draw(&drawing, next_node);
        last = next_node++;
      }
      if (last == way.nodes.front() && way.nodes.size() < 3) last = last % junctions + 1;
      way.nodes.push_back(last);
      const double ahead = 3 + Below(20);
      const int kind = Below(8);
      drawing.AnyWay(way.id, way.nodes, ahead, kind < 2 ? 0 : kind == 2 ? 3.0 + Below(20) : ahead);
      ways_.push_back(way);
    }
    if (Below(2) == 0) {
      for (int i = 4 + Below(10); i > 0; --i) Restrict(&drawing);
    }
    for (int i = Below(4); i > 1; --i) drawing.Barrier(1 + Below(next_node - 1));
    Case made;
    made.network = drawing.Build();
    for (int i = 1 + Below(6); i > 0; --i) {
      const auto piece =
          static_cast<PieceIndex>(Below(static_cast<int>(made.network->piece_count())));
      const double share = Below(5) == 0 ? Below(2) : Below(1001) / 1000.0;
      const uint32_t delay_us = Below(3) == 0 ? static_cast<uint32_t>(Below(20'000'000)) : 0;
      made.units.push_back(
          {Mode::kCar, {{piece, share * made.network->piece(piece).length_m}, delay_us}});
    }
    made.reach_us = static_cast<ArrivalUs>(5'000'000 + Below(200'000'000));
    return made;
  }

 private:
  struct Way {
    int64_t id;
    std::vector<int64_t> nodes;
  };
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  void Draw(HandNetwork* drawing, int64_t id) {
    drawing->Node(id, Below(2000) + static_cast<double>(id) * 0.1, Below(2000));
  }
  // A turn between ways that meet, via the node or via a way between two others.
  void Restrict(HandNetwork* drawing) {
    const Way& from = ways_[static_cast<size_t>(Below(static_cast<int>(ways_.size())))];
    const int64_t at = Below(2) == 0 ? from.nodes.front() : from.nodes.back();
    std::vector<const Way*> next;
    for (const Way& way : ways_) {
      if (way.nodes.front() == at || way.nodes.back() == at) next.push_back(&way);
    }
    const Way& second = *next[static_cast<size_t>(Below(static_cast<int>(next.size())))];
    if (Below(3) > 0) {
      drawing->NoTurn(from.id, at, second.id);  // no U-turn where it is the same way
      return;
    }
    const int64_t far = second.nodes.front() == at ? second.nodes.back() : second.nodes.front();
    for (const Way& way : ways_) {
      if (way.id == from.id || way.id == second.id) continue;
      if (way.nodes.front() == far || way.nodes.back() == far) {
        drawing->NoTurnVia(from.id, {second.id}, way.id);
        return;
      }
    }
  }

  std::mt19937 random_;
  std::vector<Way> ways_;
};

// When each arc is entered and each node is reached, by states of the last three arcs passed.
class EdgeExpanded {
 public:
  explicit EdgeExpanded(const Case& town) : network_(*town.network) {
    for (const roadnet::ForbiddenTurn& turn : network_.forbidden_turns()) {
      EXPECT_LE(turn.arcs.size(), kPassed + 1) << "this search remembers too little";
      forbidden_.insert(turn.arcs);
      if (turn.relation_id == roadnet::ForbiddenTurn::kBarrier) barred_.insert(turn.arcs);
    }
    entry.assign(network_.arc_count(), kNever);
    node.assign(network_.node_count(), kNever);
    for (const UnitSource& unit : town.units) {
      const auto& [position, delay_us] = unit.source;
      const double share = position.offset_m / network_.piece(position.piece).length_m;
      for (const ArcIndex arc : {ForwardArc(position.piece), BackwardArc(position.piece)}) {
        if (!Allowed(arc)) continue;
        const double part = roadnet::IsBackward(arc) ? share : 1 - share;
        const double us = std::nearbyint(network_.time_us(Mode::kCar, arc) * part);
        Relax({arc}, delay_us + static_cast<uint64_t>(us));
      }
    }
    while (!queue_.empty()) {
      const auto [us, passed] = queue_.top();
      queue_.pop();
      if (us == best_.at(passed)) Settle(passed, us);
    }
  }

  std::vector<uint64_t> entry;  // [arc]
  std::vector<uint64_t> node;

 private:
  static constexpr size_t kPassed = 5;
  using Passed = std::vector<ArcIndex>;

  bool Allowed(ArcIndex arc) const { return network_.allowed(Mode::kCar, arc); }
  void Relax(Passed passed, uint64_t us) {
    // Only what a restriction may still ask for is remembered.
    while (passed.size() > 1 && !BeginsARestriction(passed)) passed.erase(passed.begin());
    const auto [it, is_new] = best_.try_emplace(passed, us);
    if (!is_new && it->second <= us) return;
    it->second = us;
    queue_.push({us, std::move(passed)});
  }
  bool BeginsARestriction(const Passed& passed) const {
    const auto it = forbidden_.lower_bound(passed);
    return it != forbidden_.end() && it->size() > passed.size() &&
           std::equal(passed.begin(), passed.end(), it->begin());
  }
  bool Forbidden(const Passed& passed) const {
    for (size_t i = 0; i + 1 < passed.size(); ++i) {
      if (forbidden_.contains(Passed(passed.begin() + static_cast<ptrdiff_t>(i), passed.end()))) {
        return true;
      }
    }
    return false;
  }
  void Settle(const Passed& passed, uint64_t us) {
    const ArcIndex last = passed.back();
    const NodeIndex at = network_.head(last);
    node[at] = std::min(node[at], us);
    bool dead_end = true;
    for (const ArcIndex* to = network_.out_begin(at); to != network_.out_end(at); ++to) {
      if (*to != ReverseArc(last) && Allowed(*to) && !barred_.contains({last, *to})) {
        dead_end = false;
      }
    }
    for (const ArcIndex* to = network_.out_begin(at); to != network_.out_end(at); ++to) {
      if (!Allowed(*to) || (*to == ReverseArc(last) && !dead_end && !forbidden_.empty())) continue;
      Passed next = passed;
      next.push_back(*to);
      if (Forbidden(next)) continue;
      entry[*to] = std::min(entry[*to], us);
      Relax(next, us + network_.time_us(Mode::kCar, *to));
    }
  }

  const Network& network_;
  std::set<Passed> forbidden_;
  std::set<Passed> barred_;  // of them, those across a barrier
  std::map<Passed, uint64_t> best_;
  std::priority_queue<std::pair<uint64_t, Passed>, std::vector<std::pair<uint64_t, Passed>>,
                      std::greater<>>
      queue_;
};

// Metres of a piece within reach: the union of intervals, in plain floating point.
double CoveredMetres(const Case& town, const EdgeExpanded& truth, PieceIndex piece) {
  const Network& network = *town.network;
  const double length_m = network.piece(piece).length_m;
  const double ahead = network.time_us(Mode::kCar, ForwardArc(piece));
  const double back = network.time_us(Mode::kCar, BackwardArc(piece));
  std::vector<std::pair<double, double>> parts;
  const double reach = town.reach_us;
  if (ahead > 0 && truth.entry[ForwardArc(piece)] <= town.reach_us) {
    parts.push_back({0, (reach - static_cast<double>(truth.entry[ForwardArc(piece)])) / ahead});
  }
  if (back > 0 && truth.entry[BackwardArc(piece)] <= town.reach_us) {
    parts.push_back({1 - (reach - static_cast<double>(truth.entry[BackwardArc(piece)])) / back, 1});
  }
  for (const UnitSource& unit : town.units) {
    const auto& [position, delay_us] = unit.source;
    if (position.piece != piece || delay_us > town.reach_us) continue;
    const double share = position.offset_m / length_m;
    const double left = reach - delay_us;
    parts.push_back(
        {back > 0 ? share - left / back : share, ahead > 0 ? share + left / ahead : share});
  }
  std::sort(parts.begin(), parts.end());
  double total = 0;
  double at = 0;
  for (const auto& [begin, end] : parts) {
    const double from = std::max(at, begin);
    const double to = std::min(1.0, end);
    if (to > from) total += to - from;
    at = std::max(at, to);
  }
  return total * length_m;
}

void Compare(const Case& town, const EdgeExpanded& truth, const Field& field) {
  const Network& network = *town.network;
  std::vector<uint64_t> node(network.node_count(), kNever);
  double want_m = 0;
  double got_m = 0;
  Field::PieceCover cover;
  for (PieceIndex piece = 0; piece < network.piece_count(); ++piece) {
    field.GetPiece(piece, &cover);
    const double want = CoveredMetres(town, truth, piece);
    ASSERT_NEAR(static_cast<double>(cover.covered_um) * 1e-6, want, 1e-4) << "piece " << piece;
    want_m += want;
    got_m += static_cast<double>(cover.covered_um) * 1e-6;
    ASSERT_EQ(cover.unknown_um, 0);
    for (const double share : {0.0, 1.0}) {
      const ArrivalUs us = field.ArrivalAtShare(piece, share);
      // A unit that stands at the very beginning of a one-way is on the piece, not at the node.
      if (std::any_of(town.units.begin(), town.units.end(), [&](const UnitSource& unit) {
            const auto& [at, delay_us] = unit.source;
            return at.piece == piece && at.offset_m == share * network.piece(piece).length_m &&
                   us == delay_us;
          })) {
        continue;
      }
      const NodeIndex at = share == 0 ? network.piece(piece).from : network.piece(piece).to;
      if (us != kUnreached) node[at] = std::min<uint64_t>(node[at], us);
    }
  }
  ASSERT_NEAR(got_m, want_m, 1e-4 + 1e-6 * want_m);
  for (const UnitSource& unit : town.units) {
    // ... where it can go on to it, it is there at once.
    const auto& [position, delay_us] = unit.source;
    const roadnet::Piece& piece = network.piece(position.piece);
    if (delay_us >= town.reach_us) continue;
    for (const ArcIndex arc : {ForwardArc(position.piece), BackwardArc(position.piece)}) {
      const double end_m = roadnet::IsBackward(arc) ? 0 : piece.length_m;
      if (position.offset_m != end_m || !network.allowed(Mode::kCar, arc)) continue;
      node[network.head(arc)] = std::min<uint64_t>(node[network.head(arc)], delay_us);
    }
  }
  for (NodeIndex n = 0; n < network.node_count(); ++n) {
    // Reached with nothing left covers no length, and Field leaves it out.
    ASSERT_EQ(node[n], truth.node[n] < town.reach_us ? truth.node[n] : kNever) << "node " << n;
  }
}

class Exactness : public testing::TestWithParam<uint32_t> {};

TEST_P(Exactness, EqualsASearchOverAnEdgeExpandedGraphToTheMicrosecond) {
  size_t restricted = 0;
  size_t chained = 0;
  for (uint32_t seed = GetParam(); seed < GetParam() + 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Case town = CaseMaker(seed).Make();
    restricted += town.network->forbidden_turns().empty() ? 0 : 1;
    const EdgeExpanded truth(town);
    const ModeGraphs graphs(town.network);
    // With lists for all ends, none, and so few bytes that lists come and go.
    OneField listed(graphs, town.reach_us);
    chained += listed.kernel->chains().count() < town.network->piece_count() ? 1 : 0;
    listed.Compute(town.units, {});
    Compare(town, truth, listed.field);
    if (HasFatalFailure()) return;
    listed.Compute({}, {});
    listed.Compute(town.units, {});  // lists are warm now
    Compare(town, truth, listed.field);
    if (HasFatalFailure()) return;
    Field searched(listed.kernel);
    OneField tiny(graphs, town.reach_us, seed % 2 == 0 ? 0 : 3000);
    tiny.search.Compute(town.units, {}, seed % 3, &tiny.field);
    Compare(town, truth, tiny.field);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(restricted, 500u);
  EXPECT_GT(chained, 1000u);
}

INSTANTIATE_TEST_SUITE_P(TenThousandTowns, Exactness, testing::Values(0, 2000, 4000, 6000, 8000));

int64_t Total(const Network& network, const Field& field) {
  Field::PieceCover cover;
  int64_t total = 0;
  for (PieceIndex piece = 0; piece < network.piece_count(); ++piece) {
    field.GetPiece(piece, &cover);
    total += cover.covered_um;
  }
  return total;
}

TEST(Exactness, CoverageNeverShrinksWithMoreUnitsMoreTimeOrFewerRestrictions) {
  for (uint32_t seed = 20'000; seed < 20'300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Case town = CaseMaker(seed).Make();
    const ModeGraphs graphs(town.network);
    const ModeGraphs free(town.network, [] {
      ModeGraphs::Options options{};
      options[static_cast<size_t>(Mode::kCar)].ignore_restrictions = true;
      return options;
    }());
    const auto total = [&](const ModeGraphs& own, ArrivalUs reach_us) {
      OneField field(own, reach_us);
      field.Compute(town.units, {});
      return Total(*town.network, field.field);
    };
    const int64_t all = total(graphs, town.reach_us);
    // Each stretch's two ends are rounded to whole micrometres.
    const auto slack_um = static_cast<int64_t>(4 * town.network->piece_count());
    EXPECT_GE(total(graphs, town.reach_us + 7'000'000) + slack_um, all);
    EXPECT_GE(total(free, town.reach_us) + slack_um, all);
    town.units.pop_back();
    EXPECT_LE(total(graphs, town.reach_us), all + slack_um);
  }
}

}  // namespace
}  // namespace patrol::coverage
