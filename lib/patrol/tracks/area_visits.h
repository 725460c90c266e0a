#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/geo/area.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// The parts of pieces that lie inside each area.
//
// Threads: const after building. Cost: 24 bytes a piece and area.
class AreaCuts {
 public:
  struct Part {
    uint32_t area;   // index into the areas given
    double begin_m;  // metres from the piece's first node, begin_m < end_m
    double end_m;
  };

  // A part of one piece.
  struct Cut {
    roadnet::PieceIndex piece;
    Part part;
  };

  // Of cuts made otherwise, in any order; those of one area do not overlap.
  AreaCuts(size_t piece_count, size_t area_count, std::vector<Cut> cuts);

  // Areas may overlap (a grid lies in a village). Nothing is kept of the arguments.
  AreaCuts(const roadnet::Network& network, const roadnet::SpatialIndex& index,
           const std::vector<geo::Area>& areas);

  // Ordered by area, then begin_m.
  absl::Span<const Part> parts(roadnet::PieceIndex piece) const {
    return absl::MakeConstSpan(parts_.data() + offsets_[piece],
                               offsets_[piece + 1] - offsets_[piece]);
  }
  size_t area_count() const { return area_count_; }

 private:
  size_t area_count_;
  std::vector<uint32_t> offsets_;  // [piece_count + 1]
  std::vector<Part> parts_;
};

// One stay of a unit in an area: from coming in (or the path's beginning inside) to going out (or
// the path's end inside). enter <= leave.
struct AreaVisit {
  uint32_t area = 0;  // index into the areas of the cuts
  absl::Time enter;
  absl::Time leave;

  absl::Duration dwell() const { return leave - enter; }
};

// All visits of a track, in the order of enter time, then area. Going out and coming in again are
// two visits; a break of the path ends a visit. The unit is where its path on the network is, also
// while attached to it; a way in doubt (Certainty) goes on with a visit, but does not begin one
// unless the unit stands there: the way beside it is mostly in the same area. Instants as in
// PiecePassages. Cost: O(arcs of the track x areas of each).
std::vector<AreaVisit> AreaVisits(const roadnet::Network& network, const MatchedTrack& track,
                                  const AreaCuts& cuts);

}  // namespace patrol::tracks
