#include "lib/patrol/roadnet/search_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace patrol::roadnet {

namespace {

using Chain = std::vector<ArcIndex>;

// The chains that bind one mode, and every beginning of one: an automaton over arcs passed, as in
// Aho and Corasick 1975, kept as sets since chains are few and short.
struct Chains {
  std::set<Chain> forbidden;
  std::map<Chain, StateIndex> beginnings;  // of two arcs or more, not whole; their states
  std::vector<bool> starts;                // [arc] whether a chain starts with it
  std::set<Chain> barred;                  // of forbidden, those across a barrier

  // Whether passing the last arc of `passed` completes a forbidden chain.
  bool Forbids(const Chain& passed) const {
    for (size_t i = 0; i + 1 < passed.size(); ++i) {
      if (starts[passed[i]] && forbidden.contains(Chain(passed.begin() + i, passed.end()))) {
        return true;
      }
    }
    return false;
  }

  // The state of the longest beginning that `passed` ends with, or kNoState for none of two arcs.
  StateIndex StateAfter(const Chain& passed) const {
    for (size_t i = 0; i + 1 < passed.size(); ++i) {
      if (!starts[passed[i]]) continue;
      const auto at = beginnings.find(Chain(passed.begin() + i, passed.end()));
      if (at != beginnings.end()) return at->second;
    }
    return kNoState;
  }
};

Chains BindingChains(const Network& network, Mode mode, const std::vector<TravelTimeUs>& times_us,
                     bool barriers_only) {
  Chains chains;
  chains.starts.assign(network.arc_count(), false);
  for (const ForbiddenTurn& turn : network.forbidden_turns()) {
    if ((turn.modes & ModeBit(mode)) == 0) continue;
    const bool barrier = turn.relation_id == ForbiddenTurn::kBarrier;
    if (barriers_only && !barrier) continue;
    if (std::any_of(turn.arcs.begin(), turn.arcs.end(),
                    [&](ArcIndex arc) { return times_us[arc] == kNotAllowed; })) {
      continue;
    }
    chains.forbidden.insert(turn.arcs);
    if (barrier) chains.barred.insert(turn.arcs);
    chains.starts[turn.arcs.front()] = true;
    for (size_t length = 2; length < turn.arcs.size(); ++length) {
      chains.beginnings.emplace(Chain(turn.arcs.begin(), turn.arcs.begin() + length), kNoState);
    }
  }
  return chains;
}

}  // namespace

SearchGraph::SearchGraph(const Network& network, Mode mode, const Options& options) : mode_(mode) {
  const ArcIndex arcs = static_cast<ArcIndex>(network.arc_count());
  times_us_.resize(arcs, kNotAllowed);
  for (ArcIndex arc = 0; arc < arcs; ++arc) {
    if (options.ignore_walked && !network.driven(mode, PieceOf(arc))) continue;
    times_us_[arc] = network.time_us(mode, arc);
    if (options.ignore_one_way && times_us_[arc] == kNotAllowed) {
      times_us_[arc] = network.time_us(mode, ReverseArc(arc));
    }
  }
  Chains chains = BindingChains(network, mode, times_us_, options.ignore_restrictions);
  entry_.assign(arcs, kNoState);

  if (chains.forbidden.empty()) {
    for (NodeIndex node = 0; node < network.node_count(); ++node) {
      state_node_.push_back(node);
      offsets_.push_back(static_cast<uint32_t>(edges_.size()));
      for (const ArcIndex* arc = network.out_begin(node); arc != network.out_end(node); ++arc) {
        if (times_us_[*arc] == kNotAllowed) continue;
        entry_[*arc] = network.head(*arc);
        edges_.push_back({*arc, network.head(*arc)});
      }
    }
    offsets_.push_back(static_cast<uint32_t>(edges_.size()));
    return;
  }

  // A state per usable arc, then one per beginning of a chain; `passed` is what a state remembers.
  std::vector<Chain> passed;
  for (ArcIndex arc = 0; arc < arcs; ++arc) {
    if (times_us_[arc] == kNotAllowed) continue;
    entry_[arc] = static_cast<StateIndex>(passed.size());
    passed.push_back({arc});
  }
  for (auto& [beginning, state] : chains.beginnings) {
    state = static_cast<StateIndex>(passed.size());
    passed.push_back(beginning);
  }
  for (const Chain& chain : passed) {
    const ArcIndex came_by = chain.back();
    const NodeIndex node = network.head(came_by);
    state_node_.push_back(node);
    offsets_.push_back(static_cast<uint32_t>(edges_.size()));
    const bool dead_end =
        std::none_of(network.out_begin(node), network.out_end(node), [&](ArcIndex arc) {
          return arc != ReverseArc(came_by) && times_us_[arc] != kNotAllowed &&
                 (chains.barred.empty() || !chains.barred.contains({came_by, arc}));
        });
    Chain next = chain;
    next.push_back(0);
    for (const ArcIndex* arc = network.out_begin(node); arc != network.out_end(node); ++arc) {
      if (times_us_[*arc] == kNotAllowed) continue;
      if (*arc == ReverseArc(came_by) && !dead_end && !options.u_turns) continue;
      next.back() = *arc;
      if (chains.Forbids(next)) continue;
      const StateIndex longer = chains.StateAfter(next);
      edges_.push_back({*arc, longer != kNoState ? longer : entry_[*arc]});
    }
  }
  offsets_.push_back(static_cast<uint32_t>(edges_.size()));
}

}  // namespace patrol::roadnet
