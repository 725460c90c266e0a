#include "lib/patrol/roadnet/restrictions.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace patrol::roadnet {

namespace {

using Chain = std::vector<ArcIndex>;

// One relation at a time.
class Resolver {
 public:
  Resolver(const Network& network, const NetworkBuilder::Restriction& restriction)
      : network_(network), restriction_(restriction) {}

  // Appends the forbidden chains. Returns why there are none, or "".
  std::string Resolve(std::vector<ForbiddenTurn>& turns) {
    if (restriction_.rules.kind == RestrictionRules::Kind::kNone) {
      return std::string(restriction_.rules.ignored);
    }
    if (restriction_.from_ways.empty() || restriction_.to_ways.empty() ||
        (restriction_.via_node.has_value() != restriction_.via_ways.empty())) {
      return "members are missing";
    }
    for (const std::vector<int64_t>* ways :
         {&restriction_.from_ways, &restriction_.via_ways, &restriction_.to_ways}) {
      for (const int64_t way : *ways) {
        if (PiecesOf(way).first == PiecesOf(way).second) return "a member is not in the network";
      }
    }
    bool met = false;
    for (const int64_t from : restriction_.from_ways) {
      const std::vector<Chain> approaches = Approaches(from);
      if (approaches.size() > 1 && !IsTurnOnOneWay(from)) return "from and via meet more than once";
      for (const Chain& approach : approaches) {
        const std::string fault = ForbidAfter(approach, turns);
        if (!fault.empty()) return fault;
        met = true;
      }
    }
    return met ? "" : "from and via do not meet";
  }

 private:
  // The pieces of a way: [first, second).
  std::pair<PieceIndex, PieceIndex> PiecesOf(int64_t way_id) const {
    const auto& pieces = network_.pieces();
    const auto [begin, end] =
        std::equal_range(pieces.begin(), pieces.end(), Piece{.way_id = way_id},
                         [](const Piece& a, const Piece& b) { return a.way_id < b.way_id; });
    return {static_cast<PieceIndex>(begin - pieces.begin()),
            static_cast<PieceIndex>(end - pieces.begin())};
  }

  // Whether some bound mode may use the arc.
  bool Usable(ArcIndex arc) const {
    for (size_t m = 0; m < kModeCount; ++m) {
      const Mode mode = static_cast<Mode>(m);
      if ((restriction_.rules.modes & ModeBit(mode)) != 0 && network_.allowed(mode, arc))
        return true;
    }
    return false;
  }

  // A no_u_turn from a way into itself: meeting the via twice is no ambiguity there.
  bool IsTurnOnOneWay(int64_t from) const {
    return restriction_.rules.u_turn && restriction_.via_node.has_value() &&
           restriction_.to_ways.size() == 1 && restriction_.to_ways.front() == from;
  }

  std::vector<ArcIndex> ArcsInto(int64_t way_id, NodeIndex node) const {
    std::vector<ArcIndex> arcs;
    const auto [begin, end] = PiecesOf(way_id);
    for (ArcIndex arc = ForwardArc(begin); arc < ForwardArc(end); ++arc) {
      if (network_.head(arc) == node && Usable(arc)) arcs.push_back(arc);
    }
    return arcs;
  }

  std::vector<ArcIndex> ArcsOutOf(int64_t way_id, NodeIndex node) const {
    std::vector<ArcIndex> arcs;
    const auto [begin, end] = PiecesOf(way_id);
    for (ArcIndex arc = ForwardArc(begin); arc < ForwardArc(end); ++arc) {
      if (network_.tail(arc) == node && Usable(arc)) arcs.push_back(arc);
    }
    return arcs;
  }

  // The arcs of a whole way passed from `start`, one of its ends; empty where it cannot be.
  Chain WholeWay(int64_t way_id, NodeIndex start) const {
    const auto [begin, end] = PiecesOf(way_id);
    Chain chain;
    if (network_.piece(begin).from == start) {
      for (PieceIndex piece = begin; piece < end; ++piece) chain.push_back(ForwardArc(piece));
    } else if (network_.piece(end - 1).to == start) {
      for (PieceIndex piece = end; piece > begin; --piece) chain.push_back(BackwardArc(piece - 1));
    }
    for (size_t i = 0; i < chain.size(); ++i) {
      if (!Usable(chain[i])) return {};
      if (i > 0 && network_.head(chain[i - 1]) != network_.tail(chain[i])) return {};
    }
    return chain;
  }

  // The chains from an arc of `from` to the last via, inclusive of both.
  std::vector<Chain> Approaches(int64_t from) const {
    std::vector<Chain> chains;
    if (restriction_.via_node.has_value()) {
      const NodeIndex via = network_.FindNode(*restriction_.via_node);
      if (via == network_.node_count()) return chains;
      for (const ArcIndex arc : ArcsInto(from, via)) chains.push_back({arc});
      return chains;
    }
    std::vector<int64_t> vias = restriction_.via_ways;
    ApproachesBy(from, vias, chains);
    if (chains.empty() && vias.size() > 1) {
      std::reverse(vias.begin(), vias.end());
      ApproachesBy(from, vias, chains);
    }
    return chains;
  }

  void ApproachesBy(int64_t from, const std::vector<int64_t>& vias,
                    std::vector<Chain>& chains) const {
    const auto [begin, end] = PiecesOf(vias.front());
    for (const NodeIndex start : {network_.piece(begin).from, network_.piece(end - 1).to}) {
      Chain passed;
      NodeIndex at = start;
      for (const int64_t via : vias) {
        const Chain whole = WholeWay(via, at);
        if (whole.empty()) {
          passed.clear();
          break;
        }
        passed.insert(passed.end(), whole.begin(), whole.end());
        at = network_.head(whole.back());
      }
      if (passed.empty()) continue;
      for (const ArcIndex arc : ArcsInto(from, start)) {
        if (arc == ReverseArc(passed.front())) continue;
        Chain chain = {arc};
        chain.insert(chain.end(), passed.begin(), passed.end());
        chains.push_back(std::move(chain));
      }
      // A via that starts and ends at one node is the same from both.
      if (network_.piece(begin).from == network_.piece(end - 1).to) break;
    }
  }

  std::string ForbidAfter(const Chain& approach, std::vector<ForbiddenTurn>& turns) const {
    const NodeIndex at = network_.head(approach.back());
    const ArcIndex back = ReverseArc(approach.back());
    std::vector<ArcIndex> named;
    for (const int64_t to : restriction_.to_ways) {
      std::vector<ArcIndex> arcs = ArcsOutOf(to, at);
      const bool same_way = network_.piece(PieceOf(back)).way_id == to;
      if (same_way && restriction_.rules.u_turn) {
        arcs = {back};
      } else if (same_way) {
        arcs.erase(std::remove(arcs.begin(), arcs.end(), back), arcs.end());
      }
      if (arcs.empty()) return "via and to do not meet";
      if (arcs.size() > 1) return "via and to meet more than once";
      named.push_back(arcs.front());
    }
    if (restriction_.rules.kind == RestrictionRules::Kind::kNo) {
      for (const ArcIndex arc : named) Forbid(approach, arc, turns);
      return "";
    }
    for (const ArcIndex* arc = network_.out_begin(at); arc != network_.out_end(at); ++arc) {
      if (!Usable(*arc)) continue;
      if (std::find(named.begin(), named.end(), *arc) == named.end()) Forbid(approach, *arc, turns);
    }
    return "";
  }

  void Forbid(const Chain& approach, ArcIndex last, std::vector<ForbiddenTurn>& turns) const {
    ForbiddenTurn turn;
    turn.arcs = approach;
    turn.arcs.push_back(last);
    turn.modes = restriction_.rules.modes;
    turn.relation_id = restriction_.relation_id;
    turns.push_back(std::move(turn));
  }

  const Network& network_;
  const NetworkBuilder::Restriction& restriction_;
};

}  // namespace

std::vector<ForbiddenTurn> ResolveRestrictions(
    const Network& network, const std::vector<NetworkBuilder::Restriction>& restrictions,
    NetworkReport& report) {
  std::vector<ForbiddenTurn> turns;
  for (const NetworkBuilder::Restriction& restriction : restrictions) {
    const size_t before = turns.size();
    const std::string fault = Resolver(network, restriction).Resolve(turns);
    if (fault.empty()) {
      ++report.restrictions_used;
    } else {
      // All of a relation or nothing of it.
      turns.resize(before);
      ++report.restrictions_ignored[fault];
    }
  }
  std::sort(turns.begin(), turns.end(), [](const ForbiddenTurn& a, const ForbiddenTurn& b) {
    return std::tie(a.relation_id, a.arcs, a.modes) < std::tie(b.relation_id, b.arcs, b.modes);
  });
  turns.erase(std::unique(turns.begin(), turns.end(),
                          [](const ForbiddenTurn& a, const ForbiddenTurn& b) {
                            return a.relation_id == b.relation_id && a.arcs == b.arcs;
                          }),
              turns.end());
  return turns;
}

}  // namespace patrol::roadnet
