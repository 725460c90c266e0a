#pragma once

#include "absl/types/span.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// Fills in what a window says of visits: of areas, the town and pieces, over the window, its hours
// and shifts, and required rounds. `result` has its options, hours, shifts, areas and pieces.
//
// Cost: O(arcs driven * areas of each + visits * log).
void CountVisits(const roadnet::Network& network, const AreaIndex& index,
                 absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result);

}  // namespace patrol::coverage
