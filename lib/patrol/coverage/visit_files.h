#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// Writes every visit that a window counts, one by one, so that anybody can add them up anew:
//
//   area_visits.csv   unit_id,area_id,enter_time,leave_time
//   piece_visits.csv  unit_id,way_id,seq,enter_time,leave_time
//   town_visits.csv   unit_id,enter_time,leave_time
//
// Those of duty only, not cut at the window's ends; in order of unit and time.
// Errors: the system's, naming the file.
absl::Status WriteVisits(const roadnet::Network& network, const AreaIndex& index,
                         absl::Span<const tracks::MatchedTrack> tracks,
                         const WindowOptions& options, const std::string& folder);

}  // namespace patrol::coverage
