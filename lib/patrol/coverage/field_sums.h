#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/chain_areas.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/snapshot.h"

namespace patrol::coverage {

// Lengths covered and unknown of every area and the town, brought from one field to the next by
// what differs between the two: most chains stay wholly covered, or not at all.
//
// Threads: one at a time. Cost: O(chains / 64 + chains that changed + parts + cells' areas).
class FieldSums {
 public:
  // All outlive this.
  FieldSums(const Chains& chains, const ChainAreas& areas, const AreaIndex& index);

  // Brings the sums to `field`. For each chain that is wholly covered now and was not, or the other
  // way round, calls covered(chain, now); for wholly unknown ones unknown(chain, now). For what the
  // field's parts cover of a piece within one cell, part_covered(piece, length_um); likewise
  // part_unknown.
  template <typename Covered, typename Unknown, typename PartCovered, typename PartUnknown>
  void Update(const Field& field, const Covered& covered, const Unknown& unknown,
              const PartCovered& part_covered, const PartUnknown& part_unknown) {
    ForEachChange(field.covered_chains(), &covered_chains_, [&](ChainIndex chain, bool now) {
      AddWhole(chain, now, &covered_um_);
      covered(chain, now);
    });
    ForEachChange(field.unknown_chains(), &unknown_chains_, [&](ChainIndex chain, bool now) {
      AddWhole(chain, now, &unknown_um_);
      unknown(chain, now);
    });
    std::fill(part_covered_um_.begin(), part_covered_um_.end(), 0);
    std::fill(part_unknown_um_.begin(), part_unknown_um_.end(), 0);
    for (const Field::Part& part : field.parts()) {
      const absl::Span<const ChainAreas::Cut> cuts = areas_.cuts(part.chain);
      ForEachCut(cuts, field.covered(part), [&](const ChainAreas::Cut& cut, int64_t um) {
        part_covered_um_[cut.cell] += um;
        part_covered(cut.piece, um);
      });
      ForEachCut(cuts, field.unknown(part), [&](const ChainAreas::Cut& cut, int64_t um) {
        part_unknown_um_[cut.cell] += um;
        part_unknown(cut.piece, um);
      });
    }
    SumCells();
  }
  void Update(const Field& field) {
    const auto no_chain = [](ChainIndex, bool) {};
    const auto no_piece = [](roadnet::PieceIndex, int64_t) {};
    Update(field, no_chain, no_chain, no_piece, no_piece);
  }

  const RoadLengths& town() const { return town_; }
  const std::vector<RoadLengths>& areas() const { return area_lengths_; }  // in the index's order

  // Calls each(cut, length_um) for what of a chain's stretches lies on each of its cuts.
  template <typename Each>
  static void ForEachCut(absl::Span<const ChainAreas::Cut> cuts,
                         absl::Span<const ChainStretch> stretches, const Each& each) {
    auto stretch = stretches.begin();
    int64_t begin_um = 0;
    for (auto cut = cuts.begin(); cut != cuts.end() && stretch != stretches.end(); ++cut) {
      int64_t um = 0;
      for (; stretch != stretches.end() && stretch->begin_um < cut->end_um; ++stretch) {
        const int64_t from_um = stretch->begin_um > begin_um ? stretch->begin_um : begin_um;
        const int64_t to_um = stretch->end_um < cut->end_um ? stretch->end_um : cut->end_um;
        um += to_um - from_um;
        if (stretch->end_um > cut->end_um) break;  // it goes on in the next cut
      }
      if (um > 0) each(*cut, um);
      begin_um = cut->end_um;
    }
  }

 private:
  template <typename Each>
  static void ForEachChange(const std::vector<uint64_t>& now, std::vector<uint64_t>* before,
                            const Each& each) {
    for (size_t word = 0; word < now.size(); ++word) {
      uint64_t changed = now[word] ^ (*before)[word];
      if (changed == 0) continue;
      (*before)[word] = now[word];
      for (; changed != 0; changed &= changed - 1) {
        const int bit = std::countr_zero(changed);
        each(static_cast<ChainIndex>(64 * word + static_cast<size_t>(bit)),
             (now[word] >> bit & 1) != 0);
      }
    }
  }
  void AddWhole(ChainIndex chain, bool now, std::vector<int64_t>* cells_um) const;
  void SumCells();

  const ChainAreas& areas_;
  const AreaIndex& index_;
  std::vector<uint64_t> covered_chains_;  // of the last field
  std::vector<uint64_t> unknown_chains_;
  std::vector<int64_t> covered_um_;  // [cell], of wholly covered chains
  std::vector<int64_t> unknown_um_;
  std::vector<int64_t> part_covered_um_;  // [cell], of parts
  std::vector<int64_t> part_unknown_um_;
  RoadLengths town_;
  std::vector<RoadLengths> area_lengths_;
};

}  // namespace patrol::coverage
