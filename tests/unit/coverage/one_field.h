#pragma once

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/chain_areas.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/field_sums.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach_kernel.h"

namespace patrol::coverage {

// A field with all that it takes to compute one.
struct OneField {
  OneField(const ModeGraphs& graphs, ArrivalUs reach_us, size_t list_bytes_max = 64 << 20)
      : kernel(std::make_shared<ReachKernel>(
            std::shared_ptr<const ModeGraphs>(std::shared_ptr<void>(), &graphs), reach_us,
            list_bytes_max)),
        search(kernel),
        field(kernel) {}

  void Compute(absl::Span<const UnitSource> known, absl::Span<const UnitSource> stale) {
    search.Compute(known, stale, FieldSearch::kAnyNumber, &field);
  }
  Field::PieceCover Piece(roadnet::PieceIndex piece) const {
    Field::PieceCover cover;
    field.GetPiece(piece, &cover);
    return cover;
  }
  void Sum(const AreaIndex& index, RoadLengths* town, std::vector<RoadLengths>* areas) const {
    const ChainAreas chain_areas(kernel->graphs().network(), kernel->chains(), index);
    FieldSums sums(kernel->chains(), chain_areas, index);
    sums.Update(field);
    *town = sums.town();
    *areas = sums.areas();
  }

  std::shared_ptr<ReachKernel> kernel;
  FieldSearch search;
  Field field;
};

}  // namespace patrol::coverage
