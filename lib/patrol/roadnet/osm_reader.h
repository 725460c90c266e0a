#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"
#include "lib/patrol/roadnet/road_options.h"

namespace patrol::roadnet {

// Reads a road network from an OSM file: .osm.pbf, .osm, also .osm.gz and .osm.bz2.
//
// report: filled where given.
// Errors: NOT_FOUND when the file cannot be opened; INVALID_ARGUMENT, naming the file, when it is
//         truncated, damaged, of another format or has no usable road.
// Threads: any; uses libosmium's own reading threads meanwhile.
absl::StatusOr<Network> ReadOsm(const std::string& path, const RoadOptions& options = {},
                                NetworkReport* report = nullptr);

}  // namespace patrol::roadnet
