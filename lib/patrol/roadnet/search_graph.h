#pragma once

#include <cstdint>
#include <vector>

#include "lib/patrol/roadnet/network.h"

namespace patrol::roadnet {

using StateIndex = uint32_t;
inline constexpr StateIndex kNoState = 0xffffffff;

// The road graph of one mode as a plain directed graph that any shortest-path search can run on,
// with one-way roads, access and turn restrictions already in its shape.
//
// A *state* is a node together with as much of how one came there as decides what one may do next.
// Where the mode is bound by no restriction, states are the nodes themselves. Otherwise a state is
// an arc just passed, and chains of restrictions over via-ways add states of their own. Turning
// round is possible at dead ends (nodes that the mode can leave only the way it came, barriers
// among them; and anywhere where `u_turns` says so), never elsewhere; a network without
// restrictions needs no such rule, since turning round reaches nothing earlier. A node's arrival is
// the least over its states.
//
// Threads: const after building; safe from any number of threads.
// Cost:    8 bytes an edge, 8 a state.
class SearchGraph {
 public:
  struct Options {
    bool ignore_one_way = false;       // waived, e.g. under blue light
    bool ignore_restrictions = false;  // likewise; barriers still bind
    bool u_turns = false;              // turning round at any node
    bool ignore_walked = false;        // leaves out pieces the mode's crew passes on foot
  };
  struct Edge {
    ArcIndex arc;      // passed by this edge
    StateIndex state;  // reached at its head
  };

  // `network` is read here and not kept.
  SearchGraph(const Network& network, Mode mode, const Options& options);

  Mode mode() const { return mode_; }
  size_t state_count() const { return state_node_.size(); }
  NodeIndex node(StateIndex state) const { return state_node_[state]; }

  const Edge* edges_begin(StateIndex state) const { return edges_.data() + offsets_[state]; }
  const Edge* edges_end(StateIndex state) const { return edges_.data() + offsets_[state + 1]; }

  // The state of having come to the head of `arc` by it, having started on it; kNoState where the
  // arc may not be used.
  StateIndex entry(ArcIndex arc) const { return entry_[arc]; }

  // Time to pass `arc` (with one-way waived: that of the other direction), or kNotAllowed.
  TravelTimeUs time_us(ArcIndex arc) const { return times_us_[arc]; }

 private:
  Mode mode_;
  std::vector<NodeIndex> state_node_;
  std::vector<uint32_t> offsets_;
  std::vector<Edge> edges_;
  std::vector<StateIndex> entry_;
  std::vector<TravelTimeUs> times_us_;
};

}  // namespace patrol::roadnet
