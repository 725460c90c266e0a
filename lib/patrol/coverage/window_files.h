#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

class AreaIndex;

// Where a window's tracks came from, for its summary: rows of the fixes file and what became of
// them.
struct FixCounts {
  // Adds a unit's verdicts.
  void Add(const tracks::MatchedTrack& track);

  uint64_t rows = 0;
  uint64_t faulty = 0;  // could not be read
  uint64_t matched = 0;
  uint64_t attached = 0;
  uint64_t off_network = 0;
  uint64_t outlier = 0;
  uint64_t duplicate = 0;
  uint64_t units = 0;
};

// Writes a window's results into `folder` (made when it is not there), in the formats of
// ARCHITECTURE.md:
//
//   summary.json     the window, the fixes, the town's covered, unknown and not covered metres
//                    (averages over time), hour by hour
//   areas.csv        a row per area and hour, and one with an empty hour_start for the window
//   shifts.csv, rounds.csv   see shifts.h; only where shifts were asked for
//   edges.csv        a row per piece that is patrollable or that a unit's mode may use
//   coverage.geojson the same roads with covered_ratio and unknown_ratio over time (two decimals;
//                    neighbouring pieces of a way that are alike are one line)
//   gaps.geojson     patrollable roads with their longest time uncovered: longest_uncovered_s,
//                    begin, end, length_m; the largest length x time first
//
// The same result gives the same bytes.
// Errors: the system's, naming the file.
absl::Status WriteWindow(const roadnet::Network& network, const AreaIndex& index,
                         const WindowResult& result, const FixCounts& fixes,
                         const std::string& folder);

}  // namespace patrol::coverage
