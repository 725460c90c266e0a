#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/geo/polygon.h"

namespace patrol::geo {

// A polygon that results are summed over.
struct Area {
  std::string id;    // 1..64 of [A-Za-z0-9._-]
  std::string name;  // what people call it; the id when none was given
  std::string
      kind;  // "town", "village", "grid", "beat" or another word; "area" when none was given
  std::string parent;  // id of the area it belongs to; may be empty
  MultiPolygon shape;

  friend bool operator==(const Area&, const Area&) = default;
};

// Whether `id` can be an area's: 1..64 of [A-Za-z0-9._-].
bool IsAreaId(std::string_view id);

// Reads a GeoJSON FeatureCollection (or one Feature) of Polygons and MultiPolygons with the
// properties id, name, kind, parent; a feature's own "id" serves where the property is missing.
// Longitude and latitude in WGS-84; a third coordinate is dropped.
//
// Errors: INVALID_ARGUMENT naming all faults, one a line: the feature's index (from 0), its id
// where
//         it has one, and the place. All areas are read or none.
absl::StatusOr<std::vector<Area>> ReadAreasGeoJson(std::string_view text);

// The same as a GeoJSON FeatureCollection, coordinates with seven decimals (about 1 cm).
std::string AreasToGeoJson(const std::vector<Area>& areas);

// One geometry, Polygon or MultiPolygon, as GeoJSON.
//
// Errors: INVALID_ARGUMENT naming all faults, as above.
absl::StatusOr<MultiPolygon> ReadGeometryJson(std::string_view text);
std::string GeometryToJson(const MultiPolygon& shape);

}  // namespace patrol::geo
