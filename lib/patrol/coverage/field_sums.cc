#include "lib/patrol/coverage/field_sums.h"

#include "lib/patrol/coverage/area_index.h"

namespace patrol::coverage {

FieldSums::FieldSums(const Chains& chains, const ChainAreas& areas, const AreaIndex& index)
    : areas_(areas),
      index_(index),
      covered_chains_((chains.count() + 63) / 64, 0),
      unknown_chains_(covered_chains_.size(), 0),
      covered_um_(areas.cell_count(), 0),
      unknown_um_(areas.cell_count(), 0),
      part_covered_um_(areas.cell_count(), 0),
      part_unknown_um_(areas.cell_count(), 0),
      area_lengths_(index.areas().size()) {}

void FieldSums::AddWhole(ChainIndex chain, bool now, std::vector<int64_t>* cells_um) const {
  int64_t begin_um = 0;
  for (const ChainAreas::Cut& cut : areas_.cuts(chain)) {
    const int64_t um = cut.end_um - begin_um;
    (*cells_um)[cut.cell] += now ? um : -um;
    begin_um = cut.end_um;
  }
}

void FieldSums::SumCells() {
  town_ = {.patrollable_um = index_.town_patrollable_um()};
  for (size_t area = 0; area < area_lengths_.size(); ++area) {
    area_lengths_[area] = {.patrollable_um = index_.patrollable_um(area)};
  }
  for (uint32_t cell = 1; cell < areas_.cell_count(); ++cell) {
    const int64_t covered_um = covered_um_[cell] + part_covered_um_[cell];
    const int64_t unknown_um = unknown_um_[cell] + part_unknown_um_[cell];
    town_.covered_um += covered_um;
    town_.unknown_um += unknown_um;
    for (const uint32_t area : areas_.areas(cell)) {
      area_lengths_[area].covered_um += covered_um;
      area_lengths_[area].unknown_um += unknown_um;
    }
  }
}

}  // namespace patrol::coverage
