#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/chain_search.h"
#include "lib/patrol/coverage/mode_chains.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/reach_lists.h"

namespace patrol::coverage {

// A stretch of a chain: micrometres from its head, begin < end.
struct ChainStretch {
  int64_t begin_um = 0;
  int64_t end_um = 0;

  friend bool operator==(const ChainStretch&, const ChainStretch&) = default;
};

// Makes of any stretches of a chain their union: in order, disjoint, without empty ones.
void MergeStretches(std::vector<ChainStretch>* stretches);

// What units of one mode reach within T: what is left of it on entering each chain, and the units
// that stand inside chains. Equal to Reach's arrivals to the microsecond.
//
// Threads: const once filled by an OutreachSearch.
class Outreach {
 public:
  struct Standing {
    ChainIndex chain = 0;
    uint32_t link = 0;
    uint32_t source = 0;   // index into the sources
    uint32_t left_us = 0;  // of T, on setting off
    double share = 0;      // of the piece, from its first node in the way's order
    ChainStretch reached;  // on its chain, both ways
  };

  bool empty() const { return standing_.empty(); }
  const ModeChains& chains() const { return *chains_; }
  const uint32_t* left() const { return left_.data(); }
  // Those that set off in time, in order of chain.
  const std::vector<Standing>& standing() const { return standing_; }

  // Appends what is reached of a chain, in no order; [first, last) are the standing() on it.
  void AppendReached(ChainIndex chain, const Standing* first, const Standing* last,
                     std::vector<ChainStretch>* out) const;

  // The most that is left at a point of a piece; 0 where it is not reached or just so.
  uint32_t LeftAt(roadnet::PieceIndex piece, double share) const;

 private:
  friend class OutreachSearch;

  const ModeChains* chains_ = nullptr;
  std::vector<uint32_t> left_;  // [slot_count]
  std::vector<Standing> standing_;
};

// Fills Outreaches of one mode, from lists where there are any, else by a search.
//
// Threads: one at a time; `lists` may be shared with others.
// Cost:    a list each way a unit can leave its chain (about 1 us each); what has no list is
//          searched for together. 8 bytes a state and slot.
class OutreachSearch {
 public:
  // All outlive this.
  OutreachSearch(const roadnet::Network& network, const ModeChains& chains, ReachLists* lists)
      : network_(network), chains_(chains), lists_(*lists), search_(chains) {}

  // Replaces what is in `out`. makes_max: at most so many lists are made on this occasion.
  void Compute(absl::Span<const Source> sources, size_t makes_max, Outreach* out);

 private:
  void Leave(roadnet::StateIndex state, uint32_t left_us, size_t place, size_t* makes,
             uint32_t* left);

  // The list that was used last time at the same place in the order of sources: most units have not
  // left their chain since.
  struct Used {
    roadnet::StateIndex state = roadnet::kNoState;
    std::shared_ptr<const ReachList> list;
  };

  const roadnet::Network& network_;
  const ModeChains& chains_;
  ReachLists& lists_;
  ChainSearch search_;
  std::vector<uint32_t> clear_;  // [slot_count], all 0, for making lists
  std::vector<Used> used_;       // [2 * sources]
  std::vector<ChainExit> rest_;  // without a list
};

}  // namespace patrol::coverage
