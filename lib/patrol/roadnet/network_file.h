#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"
#include "lib/patrol/roadnet/road_options.h"
#include "lib/patrol/roadnet/vector_reader.h"

namespace patrol::roadnet {

// Whether ReadNetworkFile takes the file for one of GDAL's, the only ones that have columns.
bool IsVectorFile(const std::string& path);

// Reads a network from whatever holds one: a snapshot (known by its first bytes), OSM (.osm.pbf,
// .osm, .osm.gz, .osm.bz2, known by the name), or else any vector file of GDAL's.
//
// columns: of vector files; options: of all but snapshots, which have theirs built in.
// report:  filled where given; of a snapshot it stays empty.
// Errors:  as of ReadSnapshot, ReadOsm, ReadVector.
absl::StatusOr<Network> ReadNetworkFile(const std::string& path, const VectorColumns& columns = {},
                                        const RoadOptions& options = {},
                                        NetworkReport* report = nullptr);

}  // namespace patrol::roadnet
