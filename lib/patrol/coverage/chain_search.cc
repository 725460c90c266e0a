#include "lib/patrol/coverage/chain_search.h"

#include <algorithm>

namespace patrol::coverage {

using roadnet::StateIndex;

void ChainSearch::Run(absl::Span<const ChainExit> exits, uint32_t* left,
                      std::vector<SlotIndex>* touched) {
  for (const ChainExit& exit : exits) Relax(exit.state, exit.left_us);
  while (!heap_.empty()) {
    const uint64_t top = Pop();
    const auto left_us = static_cast<uint32_t>(top >> 32);
    const auto state = static_cast<StateIndex>(top & 0xffffffff);
    if (left_us != states_[state]) continue;  // more was found after this was pushed
    for (const SlotIndex slot : chains_.slots(state)) {
      if (left_us <= left[slot]) continue;
      left[slot] = left_us;
      if (touched != nullptr) touched->push_back(slot);
    }
    for (const ModeChains::Edge& edge : chains_.edges(state)) {
      if (left_us > edge.time_us) Relax(edge.state, left_us - edge.time_us);
    }
  }
  for (const StateIndex state : touched_states_) states_[state] = 0;
  touched_states_.clear();
}

void ChainSearch::Relax(StateIndex state, uint32_t left_us) {
  if (left_us <= states_[state]) return;
  if (states_[state] == 0) touched_states_.push_back(state);
  states_[state] = left_us;
  const uint64_t item = uint64_t{left_us} << 32 | state;
  size_t at = heap_.size();
  heap_.push_back(item);
  while (at > 0) {
    const size_t parent = (at - 1) / 4;
    if (heap_[parent] >= item) break;
    heap_[at] = heap_[parent];
    at = parent;
  }
  heap_[at] = item;
}

uint64_t ChainSearch::Pop() {
  const uint64_t top = heap_.front();
  const uint64_t item = heap_.back();
  heap_.pop_back();
  const size_t size = heap_.size();
  if (size == 0) return top;
  size_t at = 0;
  for (;;) {
    const size_t first = 4 * at + 1;
    if (first >= size) break;
    size_t largest = first;
    for (size_t child = first + 1; child < std::min(first + 4, size); ++child) {
      if (heap_[child] > heap_[largest]) largest = child;
    }
    if (heap_[largest] <= item) break;
    heap_[at] = heap_[largest];
    at = largest;
  }
  heap_[at] = item;
  return top;
}

}  // namespace patrol::coverage
