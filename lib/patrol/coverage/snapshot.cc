#include "lib/patrol/coverage/snapshot.h"

#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"

namespace patrol::coverage {

std::vector<CoveredStretch> CoverageSnapshot::Stretches() const {
  std::vector<CoveredStretch> out;
  Field::PieceCover cover;
  for (roadnet::PieceIndex piece = 0; piece < graphs->network().piece_count(); ++piece) {
    field->GetPiece(piece, &cover);
    // Both are in order and disjoint.
    auto unknown = cover.unknown.begin();
    const auto add_unknown_before = [&](double begin) {
      for (; unknown != cover.unknown.end() && unknown->begin < begin; ++unknown) {
        out.push_back({piece, false, kUnreached, *unknown});
      }
    };
    for (const Interval& share : cover.covered) {
      add_unknown_before(share.begin);
      out.push_back(
          {piece, true, field->ArrivalAtShare(piece, (share.begin + share.end) / 2), share});
    }
    add_unknown_before(2);
  }
  return out;
}

}  // namespace patrol::coverage
