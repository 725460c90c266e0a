#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace patrol::v1 {
class PrivacyMask;
}

namespace patrol::ctl {

// Reads a privacy mask from a file like GeoJSON: a Polygon, MultiPolygon, Feature,
// FeatureCollection or GeometryCollection whose coordinates are shares of the picture's width and
// height from its top left, 0..1. The outermost object may say width, height and rotation_deg of
// the picture that it was drawn on. An empty FeatureCollection is a mask without polygons: none.
//
// text: the file's. Errors: INVALID_ARGUMENT naming the place in the file.
absl::StatusOr<v1::PrivacyMask> ReadPrivacyFile(const std::string& text);

}  // namespace patrol::ctl
