#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/chains.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// A place in the arrays of what is left of T. Slots lie in blocks of kLanes.
using SlotIndex = uint32_t;
inline constexpr size_t kLanes = 16;

// Chains as one mode passes them. What is *left* of T on entering a chain at an end stands in a
// *slot*: one per node, and one of its own for each way on that some comers may not take (turn
// restrictions). Everything within the chain follows from its two slots.
//
// That who has just come out of a chain may not turn round into it again needs no slot: to get here
// it passed the whole chain earlier.
//
// Also the search graph with its chains as single edges, for the lists of reach_lists.h.
//
// Threads: const after building. Cost: 24 bytes a piece, 20 a chain, 12 an edge, 8 a state.
class ModeChains {
 public:
  struct Edge {
    roadnet::StateIndex state;  // at the chain's other end
    uint32_t time_us;
  };

  // All outlive this.
  ModeChains(const Chains& chains, const roadnet::Network& network,
             const roadnet::SearchGraph& graph);

  const Chains& chains() const { return chains_; }
  const roadnet::SearchGraph& graph() const { return graph_; }

  // Slots, a multiple of kLanes; nothing is ever left in never_slot().
  size_t slot_count() const { return slot_count_; }
  SlotIndex never_slot() const { return static_cast<SlotIndex>(slot_count_ - 1); }

  // Of each chain, [chains().count()]: the slots of entering it at head and tail (never_slot()
  // where the mode may not), and what must be left at both together for all of it to be reached:
  // the time to pass it, or kNeverFull where it takes longer one way than the other.
  static constexpr uint32_t kNeverFull = 0xffffffff;
  const std::vector<SlotIndex>& head_slots() const { return head_slots_; }
  const std::vector<SlotIndex>& tail_slots() const { return tail_slots_; }
  const std::vector<uint32_t>& full_us() const { return full_us_; }

  // Time along a link in the chain's direction and against it; roadnet::kNotAllowed.
  uint32_t ahead_us(uint32_t link) const { return links_[link].ahead_us; }
  uint32_t back_us(uint32_t link) const { return links_[link].back_us; }

  // Where one gets on a chain with `left_us` from its head, and from its tail: micrometres from the
  // head, rounded towards where one came from.
  int64_t FromHead(ChainIndex chain, uint32_t left_us) const {
    return Ahead(chains_.link_begin(chain), chains_.link_end(chain), left_us);
  }
  int64_t FromTail(ChainIndex chain, uint32_t left_us) const {
    return Back(chains_.link_begin(chain), chains_.link_end(chain), left_us);
  }
  // The same from the beginning of link `first` towards the beginning of `end`, and from the end of
  // link `end - 1` back to the beginning of `first`.
  int64_t Ahead(uint32_t first, uint32_t end, uint32_t left_us) const;
  int64_t Back(uint32_t first, uint32_t end, uint32_t left_us) const;

  // The state of coming out of the chain at its tail (head), having started inside; kNoState where
  // the mode may not.
  roadnet::StateIndex tail_state(ChainIndex chain) const { return tail_states_[chain]; }
  roadnet::StateIndex head_state(ChainIndex chain) const { return head_states_[chain]; }

  // What can be done in a state at a chain's end: the chains that can be entered, as edges, and the
  // slots that it stands for.
  size_t state_count() const { return edges_begin_.size() - 1; }
  absl::Span<const Edge> edges(roadnet::StateIndex state) const {
    return {edges_.data() + edges_begin_[state], edges_begin_[state + 1] - edges_begin_[state]};
  }
  absl::Span<const SlotIndex> slots(roadnet::StateIndex state) const {
    return {slots_.data() + slots_begin_[state], slots_begin_[state + 1] - slots_begin_[state]};
  }

 private:
  struct Entry;  // a way into a chain
  // What is needed to get along a link, together.
  struct Link {
    int64_t begin_um;
    int64_t length_um;
    uint32_t ahead_us;
    uint32_t back_us;
  };

  void SetTimes();
  std::vector<Entry> Entries() const;
  void SetSlots(const roadnet::Network& network, const std::vector<Entry>& entries);
  void SetEdges(const std::vector<Entry>& entries);

  const Chains& chains_;
  const roadnet::SearchGraph& graph_;

  size_t slot_count_ = 0;
  std::vector<SlotIndex> head_slots_;
  std::vector<SlotIndex> tail_slots_;
  std::vector<uint32_t> full_us_;
  std::vector<Link> links_;  // [chains().link_count()]
  std::vector<roadnet::StateIndex> tail_states_;
  std::vector<roadnet::StateIndex> head_states_;
  std::vector<uint32_t> edges_begin_;  // [state_count + 1]
  std::vector<Edge> edges_;
  std::vector<uint32_t> slots_begin_;  // [state_count + 1]
  std::vector<SlotIndex> slots_;
};

}  // namespace patrol::coverage
