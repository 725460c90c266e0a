#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"
#include "lib/patrol/roadnet/road_options.h"

namespace patrol::roadnet {

// Where a vector file keeps what is to be known of a road. Empty: the first column named as one of
// those in parentheses, in any case, where there is one.
struct VectorColumns {
  std::string layer;       // the first with lines
  std::string road_class;  // (highway, fclass, class) OSM's values; without one, all roads are
                           // "unclassified"
  std::string
      one_way;        // (oneway) OSM's values, or F, FT: along the line, T, TF: against it, B: both
  std::string speed;  // (maxspeed) km/h or as in OSM; 0 or empty: none posted
  std::string name;   // (name)
  // What values of the class and one-way columns stand for in OSM, by lower-case value: 国道 ->
  // trunk, 2 -> yes. Values that are not here are taken for OSM's own.
  std::map<std::string, std::string> class_values;
  std::map<std::string, std::string> one_way_values;
  // An end of a line this near to another line's vertex is joined to it, metres. Vertices at the
  // very same place are always one node.
  double snap_m = 0.1;
};

// Reads "class=A,oneway=B,speed=C,name=D,layer=L,snap=0.5", in any order, all of them optional, and
// what values stand for: "class:国道=trunk,oneway:2=yes,oneway:3=-1,oneway:1=no".
// Errors: INVALID_ARGUMENT naming what is none of these, no class or no direction.
absl::StatusOr<VectorColumns> ParseVectorColumns(const std::string& text);

// Reads a road network from any vector file that GDAL reads: GeoPackage, Shapefile, GeoJSON, ...
// Coordinates are brought to WGS-84; a file that names no system must be in it.
//
// Way ids are the features' ids; node ids count from 1 in the order in which places first appear.
// A further column named like an OSM key (access, surface, junction, ...), or GDAL's `other_tags`
// of an OSM file, is read as that tag. Points, polygons and features without a line are counted; so
// are lines that cross themselves and ends that were joined.
//
// report: filled where given.
// Errors: NOT_FOUND when the file cannot be opened; INVALID_ARGUMENT, naming the file, when it has
//         no layer of lines, lacks a column asked for, is in an unknown system, or has no usable
//         road.
// Threads: any, one call at a time for one file.
absl::StatusOr<Network> ReadVector(const std::string& path, const VectorColumns& columns,
                                   const RoadOptions& options = {},
                                   NetworkReport* report = nullptr);

}  // namespace patrol::roadnet
