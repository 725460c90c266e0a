#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/chains.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

class AreaIndex;

// Chains cut at the ends of pieces and at area borders, once. A *cell* is a set of areas that some
// road lies in; lengths are summed over cells, and cells over areas. Cell 0 is all that is not
// patrollable; cells from 1 on make up the town.
//
// Threads: const after building. Cost: 16 bytes a cut.
class ChainAreas {
 public:
  struct Cut {
    int64_t end_um;  // from the chain's head; begins where the cut before ends
    roadnet::PieceIndex piece;
    uint32_t cell;
  };

  // The arguments are needed while building only.
  ChainAreas(const roadnet::Network& network, const Chains& chains, const AreaIndex& index);

  // In order from the head.
  absl::Span<const Cut> cuts(ChainIndex chain) const {
    return {cuts_.data() + begin_[chain], begin_[chain + 1] - begin_[chain]};
  }
  size_t cell_count() const { return areas_begin_.size() - 1; }
  // Areas (by index in AreaIndex) that a cell lies in.
  absl::Span<const uint32_t> areas(uint32_t cell) const {
    return {areas_.data() + areas_begin_[cell], areas_begin_[cell + 1] - areas_begin_[cell]};
  }

 private:
  std::vector<uint32_t> begin_;  // [chains + 1]
  std::vector<Cut> cuts_;
  std::vector<uint32_t> areas_begin_;  // [cells + 1]
  std::vector<uint32_t> areas_;
};

}  // namespace patrol::coverage
