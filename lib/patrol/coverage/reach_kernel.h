#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>

#include "lib/patrol/coverage/chains.h"
#include "lib/patrol/coverage/mode_chains.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/reach_lists.h"

namespace patrol::coverage {

// What searches for one T share: the network's chains, and of each mode in use its slots and lists.
//
// Threads: every member may be called from any thread.
class ReachKernel {
 public:
  struct ModePart {
    ModePart(const ReachKernel& kernel, roadnet::Mode mode, size_t list_bytes_max);

    ModeChains chains;
    ReachLists lists;
  };

  // reach_us: T. list_bytes_max: kept in lists, for each mode in use.
  ReachKernel(std::shared_ptr<const ModeGraphs> graphs, ArrivalUs reach_us, size_t list_bytes_max);

  const ModeGraphs& graphs() const { return *graphs_; }
  const std::shared_ptr<const ModeGraphs>& shared_graphs() const { return graphs_; }
  const Chains& chains() const { return chains_; }
  ArrivalUs reach_us() const { return reach_us_; }

  // Made when first asked for.
  ModePart& mode(roadnet::Mode mode);

  // Bytes in lists now, and lists made so far, of all modes.
  size_t list_bytes() const;
  size_t lists_made() const;

 private:
  const std::shared_ptr<const ModeGraphs> graphs_;
  const ArrivalUs reach_us_;
  const size_t list_bytes_max_;
  const Chains chains_;

  mutable std::mutex mutex_;
  // guarded by mutex_; what is there stays
  std::array<std::unique_ptr<ModePart>, roadnet::kModeCount> modes_;
};

}  // namespace patrol::coverage
