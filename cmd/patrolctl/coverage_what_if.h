#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::ctl {

// What if units had been fewer, more, or elsewhere.
struct WhatIfFlags {
  std::vector<std::string> without;  // unit ids
  std::vector<std::string> move;     // UNIT=LON,LAT
  std::vector<std::string> add_at;   // LON,LAT[,22:00-06:00]
};

void AddWhatIfOptions(CLI::App* command, WhatIfFlags* flags);

// What the options ask. mode: of units added.
// Errors: INVALID_ARGUMENT naming the option.
absl::StatusOr<coverage::WhatIf> ReadWhatIf(const WhatIfFlags& flags, roadnet::Mode mode);

// Writes what_if.csv: of each area, and the town (empty area_id), the covered ratio as it was and
// as it would be.
absl::Status WriteWhatIf(const coverage::AreaIndex& index, const coverage::WindowResult& before,
                         const coverage::WindowResult& after, const std::string& folder);

}  // namespace patrol::ctl
