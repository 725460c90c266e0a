#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::ctl {

// What if units had been fewer, more, or elsewhere.
struct WhatIfFlags {
  std::vector<std::string> without;  // unit ids
  std::vector<std::string> move;     // UNIT=LON,LAT
  std::vector<std::string> add_at;   // LON,LAT[,22:00-06:00]

  bool any() const { return !without.empty() || !move.empty() || !add_at.empty(); }
};

void AddWhatIfOptions(CLI::App* command, WhatIfFlags* flags);

// The tracks as they would be. A unit that is moved or added stands at its place all the time, or,
// added for some hours of the day, is on duty in those: options->duty says so. mode: of those
// added.
//
// Errors: INVALID_ARGUMENT or NOT_FOUND naming the option.
absl::StatusOr<std::vector<tracks::MatchedTrack>> ApplyWhatIf(
    const WhatIfFlags& flags, const roadnet::Network& network, roadnet::Mode mode,
    std::vector<tracks::MatchedTrack> tracks, coverage::WindowOptions* options);

// Writes what_if.csv: of each area, and the town (empty area_id), the covered ratio as it was and
// as it would be.
absl::Status WriteWhatIf(const coverage::AreaIndex& index, const coverage::WindowResult& before,
                         const coverage::WindowResult& after, const std::string& folder);

}  // namespace patrol::ctl
