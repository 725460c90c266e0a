#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "lib/patrol/coverage/chain_search.h"
#include "lib/patrol/coverage/mode_chains.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// What is left of T at each slot when one comes out of a chain with all of T: in blocks of kLanes
// slots, those reached soonest first.
//
// Threads: immutable. Cost: 72 bytes a block; 2-3 times the slots reached.
class ReachList {
 public:
  // values: [kLanes * blocks.size()], 0 where not reached.
  ReachList(std::vector<uint32_t> blocks, std::vector<uint32_t> most, std::vector<uint32_t> values);

  // Raises left[] to what is left when one sets out with so much less.
  void Raise(uint32_t less_us, uint32_t* left) const;

  size_t bytes() const;

 private:
  std::vector<uint32_t> blocks_;
  std::vector<uint32_t> most_;  // the most that is left in each block; never growing
  std::vector<uint32_t> values_;
};

// The lists of one mode and T, made when they are first wanted and kept within a limit of bytes,
// the least recently used going first. A list is as good as a search from its chain's end, at a
// hundredth of its cost; where the limit is too small for what is asked, a list is made only for
// ends that are asked for again and again, so that searching is never dearer than without lists.
//
// Threads: every member may be called from any thread.
class ReachLists {
 public:
  // `chains` outlives this. reach_us: T.
  ReachLists(const ModeChains& chains, uint32_t reach_us, size_t bytes_max);

  // The list of coming out of a chain in `state`, if there is one.
  std::shared_ptr<const ReachList> Find(roadnet::StateIndex state);

  // Whether a list not found is worth making (counts how often it was not found).
  bool Wants(roadnet::StateIndex state);

  // Makes and keeps a list. `left`: [slot_count], all 0, and is so afterwards.
  std::shared_ptr<const ReachList> Make(roadnet::StateIndex state, ChainSearch* search,
                                        uint32_t* left);

  uint32_t reach_us() const { return reach_us_; }
  size_t bytes() const;
  size_t made() const;

 private:
  struct Kept {
    roadnet::StateIndex state;
    std::shared_ptr<const ReachList> list;
  };

  const ModeChains& chains_;
  const uint32_t reach_us_;
  const size_t bytes_max_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::list<Kept> kept_;                           // the last used first
  std::vector<std::list<Kept>::iterator> places_;  // [state]; kept_.end() where there is none
  std::vector<uint8_t> missed_;                    // [state]
  size_t bytes_ = 0;
  size_t made_ = 0;
};

}  // namespace patrol::coverage
