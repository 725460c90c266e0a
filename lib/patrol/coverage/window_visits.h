#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/visits.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// The visits of one unit while it was on duty, each kind in order of enter time.
struct TrackVisits {
  // Replaces all. The town is the network: a visit to it lasts as long as the path does not break.
  void Find(const roadnet::Network& network, const AreaIndex& index,
            const tracks::MatchedTrack& track, const WindowOptions& options);

  std::vector<std::pair<size_t, Visit>> areas;
  std::vector<std::pair<roadnet::PieceIndex, Visit>> pieces;
  std::vector<Visit> town;
};

// Fills in what a window says of visits: of areas, the town and pieces, over the window, its hours
// and shifts, and required rounds. `result` has its options, hours, shifts, areas and pieces.
//
// Threads: one of its own beside the calling one, unless the window has one alone.
// Cost:    O(arcs driven * areas of each + visits * log). Memory: visits of pieces of six hours and
//          a twentieth of the gaps between all; visits of areas.
void CountVisits(const roadnet::Network& network, const AreaIndex& index,
                 absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result);

}  // namespace patrol::coverage
