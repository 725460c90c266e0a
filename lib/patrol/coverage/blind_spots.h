#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

// Patrollable pieces that hang together and of which no metre was covered, all at the same time.
struct BlindSpot {
  std::vector<roadnet::PieceIndex> pieces;  // ascending
  int64_t begin_step = 0;                   // [begin, end): within each piece's longest time
  int64_t end_step = 0;
  double length_m = 0;
  double watched_m = 0;  // of it in view of a camera: "watched only"; the rest is "neither"

  int64_t steps() const { return end_step - begin_step; }
  double length_times_steps() const { return length_m * static_cast<double>(steps()); }
};

// The blind spots of a window, the largest length x time first. Every patrollable piece that was
// uncovered for `steps_min` steps on end is in exactly one, with its longest such time.
//
// A spot grows from the piece uncovered longest over pieces that share a node with it, as long as
// at least nine tenths of that piece's time are common to all.
// watched: [piece_count], merged; empty where no cameras are given.
// Cost: O(pieces log pieces).
std::vector<BlindSpot> FindBlindSpots(const roadnet::Network& network, const WindowResult& result,
                                      int64_t steps_min,
                                      const std::vector<std::vector<Interval>>& watched);

struct BlindSpotOptions {
  absl::Duration at_least = absl::Minutes(10);  // shorter times are none
  size_t drawn_max = 100;                       // of the first so many, as roads ...
  size_t polygons_max = 0;  // ... or, of so many, as polygons: up to seconds each
  double width_m = 15;      // of land to each side of a road
  bool cameras = false;     // whether watched_m means anything
};

// The first ones as a GeoJSON FeatureCollection, with rank, begin, end, uncovered_s, length_m,
// metre_hours and, with cameras, watched_m.
// Errors: INTERNAL when GEOS fails.
absl::StatusOr<std::string> BlindSpotsGeoJson(const roadnet::Network& network,
                                              const WindowResult& result,
                                              const std::vector<BlindSpot>& spots,
                                              const BlindSpotOptions& options);

// Writes them: blind_spots.csv (all), blind_spots.geojson (BlindSpotsGeoJson).
// Errors: the system's, naming the file; INTERNAL when GEOS fails.
absl::Status WriteBlindSpots(const roadnet::Network& network, const AreaIndex& index,
                             const WindowResult& result, const std::vector<BlindSpot>& spots,
                             const BlindSpotOptions& options, const std::string& folder);

}  // namespace patrol::coverage
