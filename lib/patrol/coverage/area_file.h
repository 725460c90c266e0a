#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/geo/area.h"

namespace patrol::coverage {

// Whether a file that begins so is GeoJSON, not another vector file.
bool LooksLikeGeoJson(std::string_view beginning);

// The areas of a file: GeoJSON, or any vector file that GDAL reads (GeoPackage, Shapefile, ...), of
// which the first layer with polygons is taken: the columns id, name, kind and parent in any case,
// without an id the feature's own number; coordinates are brought to WGS-84.
//
// Errors: NOT_FOUND when it cannot be read; INVALID_ARGUMENT, both naming the file, as of
//         geo::ReadAreasGeoJson, which judges either kind: all faults at once.
absl::StatusOr<std::vector<geo::Area>> ReadAreasFile(const std::string& path);

}  // namespace patrol::coverage
