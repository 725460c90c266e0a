#pragma once

#include <cstdint>
#include <vector>

#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::sim {

// Quickest ways for the simulated units of one mode, one at a time.
class RouteFinder {
 public:
  // Keeps `network`.
  RouteFinder(const roadnet::Network& network, roadnet::Mode mode);

  // Arcs from the head of `last` (or from anywhere at `from`, when `last` is none) to the node
  // `to`; empty when there is no way, or none that takes less than an hour.
  std::vector<roadnet::ArcIndex> Find(roadnet::NodeIndex from, roadnet::ArcIndex last,
                                      roadnet::NodeIndex to);

  static constexpr roadnet::ArcIndex kNoArc = 0xffffffff;

 private:
  const roadnet::Network& network_;
  const roadnet::SearchGraph graph_;
  // Per state, valid where `round_` matches: least time and the edge it was reached by.
  std::vector<uint64_t> time_us_;
  std::vector<roadnet::ArcIndex> by_arc_;
  std::vector<roadnet::StateIndex> before_;
  std::vector<uint32_t> seen_in_;
  uint32_t round_ = 0;
};

}  // namespace patrol::sim
