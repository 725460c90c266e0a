#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"

namespace patrol::tracks {

// One GPS position of a unit, as it was reported.
struct Fix {
  std::string unit_id;
  absl::Time time;                    // UTC, whole microseconds
  geo::LonLat position;               // WGS-84; readers and FixIntake have converted other datums
  std::optional<double> speed_mps;    // metres a second
  std::optional<double> heading_deg;  // clockwise from north, 0..360
  std::optional<double> accuracy_m;   // radius that holds the true place with 68 %, above 0
};

}  // namespace patrol::tracks
