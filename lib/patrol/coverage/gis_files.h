#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/geo/polygon.h"
#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

// The covered part of the map as polygons: roads with `width_m` of land to each side.
//
// A polygon that only widened covered roads would swallow uncovered ones that pass near. So land
// within kPolygonSlackM of an uncovered road is taken out again, and covered road itself put back:
// no point of an uncovered road is inside that is further than kPolygonSlackM from a covered one,
// and no point of a covered road is outside.
//
// stretches: of the whole network, covered or not (CutByWatch).
// Errors: INTERNAL when GEOS fails.
// Cost:   a second for some 10,000 stretches; squares of a few hundred metres are joined first.
inline constexpr double kPolygonSlackM = 0.25;
absl::StatusOr<geo::MultiPolygon> CoveragePolygons(const roadnet::Network& network,
                                                   const std::vector<WatchStretch>& stretches,
                                                   double width_m);

// Writes files that a GIS opens untouched, replacing them. Errors: UNAVAILABLE naming the file and
// what GDAL says.
//
// GeoPackage: layers `roads` (LineString: way_id, seq, covered, watched, state, length_m) and
// `coverage` (MultiPolygon, one feature).
absl::Status WriteGeoPackage(const roadnet::Network& network,
                             const std::vector<WatchStretch>& stretches,
                             const geo::MultiPolygon& coverage, const std::string& path);

// Mapbox vector tiles, a folder of zoom/x/y.pbf for zooms 10..15 with a layer `roads` as above.
absl::Status WriteVectorTiles(const roadnet::Network& network,
                              const std::vector<WatchStretch>& stretches,
                              const std::string& folder);

// GeoTIFF of seconds (float32, -1: no road in the cell, or none reached; WGS-84): the earliest
// arrival at the points of roads in each cell, taken every half cell along them and at their ends.
absl::Status WriteArrivalTiff(const roadnet::Network& network, const Reach& reach, double cell_m,
                              const std::string& path);

}  // namespace patrol::coverage
