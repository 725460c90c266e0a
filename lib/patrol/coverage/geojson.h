#pragma once

#include <string>

#include "lib/patrol/coverage/snapshot.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

// Covered and unknown stretches of road as a GeoJSON FeatureCollection (RFC 7946; coordinates with
// 6 decimals): LineStrings with `state` ("covered" or "unknown"), `arrival_s` (covered only, at the
// middle of the stretch, one decimal) and `way_id`. Neighbouring pieces of a way in one state are
// one LineString as long as their arrival times differ by less than 10 s.
std::string CoveredRoadsGeoJson(const CoverageSnapshot& snapshot);

// The road network likewise: a LineString for every way (or run of its pieces where some are left
// out), with `way_id`, `class`, `name` and `patrollable`.
std::string NetworkGeoJson(const roadnet::Network& network);

}  // namespace patrol::coverage
