#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/post_events.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::roadnet {
class SpatialIndex;
}

namespace patrol::coverage {

struct WindowOptions;

// How a window is asked to differ from what was.
struct WhatIf {
  // A unit that would have stood at a place instead of where it was.
  struct Moved {
    std::string unit_id;
    geo::LonLat place;
  };
  // One more unit that would have stood at a place, all the time or at some hours of each day.
  struct Added {
    geo::LonLat place;
    roadnet::Mode mode = roadnet::Mode::kCar;
    std::optional<DayHours> hours;  // of WindowOptions::zone
  };

  std::vector<std::string> without;  // ids of units that would not have been there
  std::vector<Moved> moved;
  std::vector<Added> added;

  size_t changes() const { return without.size() + moved.size() + added.size(); }
  bool any() const { return changes() > 0; }
};

// The tracks as they would have been in the window of `options`, whose duty says afterwards when
// added units were there. Those are named added-1, added-2 and so on, past names that units have.
// Errors: NOT_FOUND naming a unit that has no track; INVALID_ARGUMENT naming a place that has no
//         road of the unit's mode within 200 m.
absl::StatusOr<std::vector<tracks::MatchedTrack>> ApplyWhatIf(
    const WhatIf& what_if, const roadnet::SpatialIndex& index,
    std::vector<tracks::MatchedTrack> tracks, WindowOptions* options);

// The track of a unit that would stand at a place from `from` to `to` (both included) and report
// often enough never to be stale: what a window says of it is what it would be with that unit.
tracks::MatchedTrack StationedTrack(const std::string& unit_id, roadnet::Mode mode,
                                    const tracks::UnitPosition& position, absl::Time from,
                                    absl::Time to, absl::Duration stale_after);

}  // namespace patrol::coverage
