#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/lonlat.h"

namespace patrol::coverage {

// A place of a file: a candidate post, a demand point, a camera or a past motion event.
struct FilePoint {
  std::string id;                  // property or column `id`; its number from 1 where none is given
  geo::LonLat place;               // meaningless where has_place is false
  bool has_place = false;          // only events may lack one: their camera has it
  std::optional<int64_t> node_id;  // `node_id`: the very node of the network
  double weight = 1;               // `weight`
  std::string camera_id;           // `camera_id`, of events
  std::string event_id;            // `event_id`
  std::optional<absl::Time> time;  // `begin_time`
  // of cameras
  std::optional<double> heading_deg;
  std::optional<double> field_of_view_deg;
  std::optional<double> range_m;
};

struct PointFile {
  std::vector<FilePoint> points;
  // Rows and features that could not be used: place in the file and what is wrong with them.
  std::vector<std::string> faults;
};

// Reads GeoJSON (a FeatureCollection of Points) or CSV with a header (columns lon, lat, and the
// others where there are any), told apart by the first character. The properties of a feature are
// the columns of a row.
//
// places_optional: rows without lon and lat are taken when they have a camera_id.
// Errors: INVALID_ARGUMENT when it is neither, or has no usable row; what is wrong with single rows
//         is in `faults`, and the others are read.
absl::StatusOr<PointFile> ReadPoints(std::string_view text, bool places_optional);

}  // namespace patrol::coverage
