#pragma once

#include <string>

#include "absl/time/time.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// The track of a unit that would stand at a place from `from` to `to` (both included) and report
// often enough never to be stale: what a window says of it is what it would be with that unit.
tracks::MatchedTrack StationedTrack(const std::string& unit_id, roadnet::Mode mode,
                                    const tracks::UnitPosition& position, absl::Time from,
                                    absl::Time to, absl::Duration stale_after);

}  // namespace patrol::coverage
