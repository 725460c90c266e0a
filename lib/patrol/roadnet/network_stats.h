#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "lib/patrol/roadnet/network.h"

namespace patrol::roadnet {

// What `patrolctl network info` shows.
struct NetworkStats {
  size_t nodes = 0;                // on pieces usable in the mode
  size_t ways = 0;                 // likewise
  size_t pieces = 0;               // usable in the mode
  size_t arcs = 0;                 // allowed directions in the mode
  double length_m = 0;             // of those pieces
  double patrollable_m = 0;        // of all patrollable pieces
  size_t restrictions = 0;         // forbidden turns that bind the mode
  size_t components = 0;           // weakly connected, over pieces usable in the mode
  double largest_component_m = 0;  // length of the largest
  // Those apart from the largest: the longest first, at most kIslandsListed.
  struct Island {
    NodeIndex first_node = 0;  // its lowest
    size_t nodes = 0;
    double length_m = 0;
  };
  static constexpr size_t kIslandsListed = 20;
  std::vector<Island> islands;
  std::array<double, kRoadClassCount> class_length_m{};  // of pieces usable in the mode
};

NetworkStats ComputeStats(const Network& network, Mode mode);

// The weakly connected component of each node over pieces usable in the mode, numbered from 0 in
// order of their first nodes; nodes without such a piece have components of their own.
std::vector<uint32_t> WeakComponents(const Network& network, Mode mode);

}  // namespace patrol::roadnet
