#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/geo/lonlat.h"
#include "lib/geo/polygon.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/area_visits.h"

namespace patrol::coverage {

// What a camera can see of the map: a sector, as if nothing stood in the way.
struct CameraView {
  std::string id;
  geo::LonLat place;
  double heading_deg = 0;          // of the middle, clockwise from north
  double field_of_view_deg = 360;  // 360: all around
  double range_m = 50;
};

struct CameraViews {
  std::vector<CameraView> views;
  std::vector<std::string> faults;  // rows left out: which and why
};

// Reads cameras from CSV (id or camera_id, lon, lat, heading_deg, field_of_view_deg, range_m) or
// GeoJSON Points with these properties. Without a heading a camera sees all around; without a
// range, `range_m` far.
//
// Errors: INVALID_ARGUMENT when it is neither, or has no usable camera.
absl::StatusOr<CameraViews> ReadCameraViews(std::string_view text, double range_m);

// The sector as a polygon: its arc as chords of at most five degrees, outside the circle as much as
// inside (areas equal to 1e-3).
geo::MultiPolygon ViewShape(const CameraView& view);

// Stretches of pieces that some camera sees: [piece_count], merged.
std::vector<std::vector<Interval>> WatchedStretches(const roadnet::Network& network,
                                                    const roadnet::SpatialIndex& index,
                                                    const std::vector<CameraView>& views);

// Patrollable road by whether a unit can be there in time and whether a camera sees it; metres. The
// four add up to the patrollable length.
struct WatchLengths {
  int64_t covered_watched_um = 0;
  int64_t covered_only_um = 0;
  int64_t watched_only_um = 0;
  int64_t neither_um = 0;

  int64_t total_um() const {
    return covered_watched_um + covered_only_um + watched_only_um + neither_um;
  }
};

// [areas + 1]: each area of the cuts, and the whole network last.
//
// covered, watched: [piece_count], merged.
std::vector<WatchLengths> SumWatched(const roadnet::Network& network, const tracks::AreaCuts& cuts,
                                     const std::vector<std::vector<Interval>>& covered,
                                     const std::vector<std::vector<Interval>>& watched);

// A stretch of one state, for maps.
struct WatchStretch {
  roadnet::PieceIndex piece = 0;
  Interval share;
  bool covered = false;
  bool watched = false;
};

// "covered and watched", "covered only", "watched only", "neither".
std::string_view WatchName(bool covered, bool watched);

// All patrollable pieces cut where either begins or ends, in order of piece and place.
std::vector<WatchStretch> CutByWatch(const roadnet::Network& network,
                                     const std::vector<std::vector<Interval>>& covered,
                                     const std::vector<std::vector<Interval>>& watched);

}  // namespace patrol::coverage
