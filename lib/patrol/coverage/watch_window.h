#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// Patrollable road by whether a unit could be there in time and whether a camera sees it, metres;
// averages over time. The four add up to the patrollable length.
struct WatchMetres {
  double covered_watched = 0;
  double covered_only = 0;
  double watched_only = 0;
  double neither = 0;

  double total() const { return covered_watched + covered_only + watched_only + neither; }
};

WatchMetres ToMetres(const WatchLengths& lengths);

// What of a window's coverage cameras see: [areas + 1], each area of `index`, and the whole network
// last. What is unknown is not covered.
//
// window:  of these graphs, index and tracks, and with its options.
// watched: [piece_count], merged (WatchedStretches).
// Errors:  as of ComputeWindow.
// Cost:    covers the window once more.
absl::StatusOr<std::vector<WatchMetres>> ComputeWatched(
    const ModeGraphs& graphs, const AreaIndex& index, absl::Span<const tracks::MatchedTrack> tracks,
    const WindowResult& window, const std::vector<std::vector<Interval>>& watched);

// Writes watched.csv into `folder`: area_id,kind,patrollable_m,covered_watched_m,covered_only_m,
// watched_only_m,neither_m; the last row, of the whole network, without an id.
//
// Errors: the system's, naming the file.
absl::Status WriteWatched(const std::vector<geo::Area>& areas, const std::vector<WatchMetres>& rows,
                          const std::string& folder);

}  // namespace patrol::coverage
