#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/mode_chains.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// Coming out of a chain in a state with so much of T left.
struct ChainExit {
  roadnet::StateIndex state = 0;
  uint32_t left_us = 0;
};

// Dijkstra's algorithm over a mode's chains, from exits to slots, the most left first.
//
// Threads: one at a time. Cost: O(reached edges * log); no allocation once grown; 4 bytes a state.
class ChainSearch {
 public:
  explicit ChainSearch(const ModeChains& chains)
      : chains_(chains), states_(chains.state_count(), 0) {}

  // Raises left[slot] to what is left there, coming from any of `exits`. What is not reached, or
  // reached with nothing left, stays as it is. Appends raised slots to `touched` (some of them
  // more than once) unless it is null.
  void Run(absl::Span<const ChainExit> exits, uint32_t* left, std::vector<SlotIndex>* touched);

 private:
  void Relax(roadnet::StateIndex state, uint32_t left_us);
  uint64_t Pop();

  const ModeChains& chains_;
  std::vector<uint32_t> states_;  // what is left; 0: not reached
  std::vector<roadnet::StateIndex> touched_states_;
  std::vector<uint64_t> heap_;  // four children a node; what is left in the upper half, state below
};

}  // namespace patrol::coverage
