#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// One time that a unit was on a piece: from coming onto it (or the path's beginning there) to
// leaving it (or the path's end). enter <= leave.
struct PiecePassage {
  roadnet::PieceIndex piece = 0;
  absl::Time enter;
  absl::Time leave;
  // The part of the piece that was driven, metres from its first node: 0 <= from <= to <= length.
  double driven_from_m = 0;
  double driven_to_m = 0;
  bool whole = false;  // driven from end to end

  absl::Duration dwell() const { return leave - enter; }
};

// All passages of a track in the order of enter time. Coming back to a piece after having left it
// is a passage of its own; so is being on it after a break of the path. Turning round on a piece is
// one passage. What is in doubt (Certainty) is no passage. Single points (a fix between two breaks)
// are passages of no duration.
//
// Between two fixes the unit moves along the path by length, as in PositionAt; instants are rounded
// to whole microseconds.
// Cost: O(arcs of the track).
std::vector<PiecePassage> PiecePassages(const roadnet::Network& network, const MatchedTrack& track);
// Of its points [first, end_point) alone, which begin with a break.
std::vector<PiecePassage> PiecePassages(const roadnet::Network& network, const MatchedTrack& track,
                                        size_t first, size_t end_point);

}  // namespace patrol::tracks
