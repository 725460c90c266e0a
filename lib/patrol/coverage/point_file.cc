#include "lib/patrol/coverage/point_file.h"

#include <cmath>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using nlohmann::json;

enum Field : size_t {
  kId,
  kLon,
  kLat,
  kNodeId,
  kWeight,
  kCameraId,
  kEventId,
  kBeginTime,
  kHeading,
  kFieldOfView,
  kRange,
  kFields
};
constexpr const char* kNames[kFields] = {
    "id",       "lon",        "lat",         "node_id",           "weight", "camera_id",
    "event_id", "begin_time", "heading_deg", "field_of_view_deg", "range_m"};

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Takes a row's texts; returns what is wrong with them, or "".
std::string Take(const std::string (&texts)[kFields], bool place_optional, FilePoint* point) {
  point->id = texts[kId];
  point->camera_id = texts[kCameraId];
  point->event_id = texts[kEventId];
  const auto number = [&](Field field, double* value) -> std::string {
    if (absl::SimpleAtod(texts[field], value) && std::isfinite(*value)) return "";
    return absl::StrCat(kNames[field], " \"", texts[field], "\": not a number");
  };
  if (texts[kLon].empty() && texts[kLat].empty()) {
    if (!place_optional || point->camera_id.empty()) return "has no lon and lat";
  } else {
    for (const auto& [field, value] :
         {std::pair(kLon, &point->place.lon), std::pair(kLat, &point->place.lat)}) {
      if (std::string fault = number(field, value); !fault.empty()) return fault;
    }
    if (std::abs(point->place.lon) > 180 || std::abs(point->place.lat) > 90) {
      return absl::StrCat("(", texts[kLon], ", ", texts[kLat], ") is not on the earth");
    }
    point->has_place = true;
  }
  if (!texts[kWeight].empty()) {
    if (std::string fault = number(kWeight, &point->weight); !fault.empty()) return fault;
    if (point->weight < 0) return absl::StrCat("weight ", texts[kWeight], ": is below 0");
  }
  if (!texts[kNodeId].empty()) {
    int64_t node_id = 0;
    if (!absl::SimpleAtoi(texts[kNodeId], &node_id)) {
      return absl::StrCat("node_id \"", texts[kNodeId], "\": not a whole number");
    }
    point->node_id = node_id;
  }
  for (const auto& [field, value] :
       {std::pair(kHeading, &point->heading_deg),
        std::pair(kFieldOfView, &point->field_of_view_deg), std::pair(kRange, &point->range_m)}) {
    if (texts[field].empty()) continue;
    double read = 0;
    if (std::string fault = number(field, &read); !fault.empty()) return fault;
    *value = read;
  }
  if (!texts[kBeginTime].empty()) {
    const absl::StatusOr<absl::Time> time = ParseTime(texts[kBeginTime]);
    if (!time.ok()) return absl::StrCat("begin_time: ", time.status().message());
    point->time = *time;
  }
  return "";
}

void AddPoint(const std::string (&texts)[kFields], const std::string& where, bool place_optional,
              PointFile* file) {
  FilePoint point;
  const std::string fault = Take(texts, place_optional, &point);
  if (!fault.empty()) {
    const std::string id = texts[kId].empty() ? "" : absl::StrCat(" \"", texts[kId], "\"");
    file->faults.push_back(absl::StrCat(where, id, ": ", fault));
    return;
  }
  if (point.id.empty()) {
    point.id = absl::StrCat(file->points.size() + file->faults.size() + 1);
  }
  file->points.push_back(std::move(point));
}

std::string Text(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto at = object.find(key);
  if (at == object.end()) return "";
  if (at->is_string()) return at->get<std::string>();
  return at->is_number() ? at->dump() : "";
}

absl::Status ReadGeoJson(std::string_view text, bool places_optional, PointFile* file) {
  json root;
  try {
    root = json::parse(text);
  } catch (const json::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("is not JSON at byte ", error.byte));
  }
  const auto features = root.is_object() ? root.find("features") : root.end();
  if (features == root.end() || !features->is_array()) {
    return absl::InvalidArgumentError("is not a GeoJSON FeatureCollection");
  }
  size_t index = 0;
  for (const json& feature : *features) {
    const std::string where = absl::StrCat("feature ", index++);
    if (!feature.is_object()) {
      file->faults.push_back(absl::StrCat(where, ": is not an object"));
      continue;
    }
    const json properties = feature.value("properties", json());
    std::string texts[kFields];
    for (size_t field = 0; field < kFields; ++field) texts[field] = Text(properties, kNames[field]);
    if (texts[kId].empty()) texts[kId] = Text(feature, "id");
    const json geometry = feature.value("geometry", json());
    if (geometry.is_object()) {
      const json place = geometry.value("coordinates", json());
      if (Text(geometry, "type") != "Point" || !place.is_array() || place.size() < 2 ||
          !place[0].is_number() || !place[1].is_number()) {
        file->faults.push_back(absl::StrCat(where, texts[kId].empty() ? "" : " \"", texts[kId],
                                            texts[kId].empty() ? "" : "\"",
                                            ": its geometry is not a Point"));
        continue;
      }
      texts[kLon] = place[0].dump();
      texts[kLat] = place[1].dump();
    }
    AddPoint(texts, where, places_optional, file);
  }
  return absl::OkStatus();
}

absl::Status ReadCsv(std::string_view text, bool places_optional, PointFile* file) {
  std::istringstream in{std::string(text)};
  tracks::CsvTable table(in);
  const std::vector<std::string> all(std::begin(kNames), std::end(kNames));
  std::vector<std::string> required;
  if (!places_optional) required = {"lon", "lat"};
  std::vector<std::string> optional;
  for (const std::string& name : all) {
    if (places_optional || (name != "lon" && name != "lat")) optional.push_back(name);
  }
  PATROL_RETURN_IF_ERROR(table.ReadHeader(required, optional));
  std::vector<std::string> columns = required;
  columns.insert(columns.end(), optional.begin(), optional.end());
  tracks::RowFault broken;
  for (;;) {
    const tracks::CsvTable::Next next = table.ReadRow(&broken);
    if (next == tracks::CsvTable::Next::kEnd) return absl::OkStatus();
    if (next == tracks::CsvTable::Next::kFault) {
      file->faults.push_back(ToString(broken));
      continue;
    }
    std::string texts[kFields];
    for (size_t column = 0; column < columns.size(); ++column) {
      for (size_t field = 0; field < kFields; ++field) {
        if (columns[column] != kNames[field]) continue;
        texts[field] = std::string(absl::StripAsciiWhitespace(View(table.field(column))));
      }
    }
    AddPoint(texts, absl::StrCat("line ", table.line()), places_optional, file);
  }
}

}  // namespace

absl::StatusOr<PointFile> ReadPoints(std::string_view text, bool places_optional) {
  PointFile file;
  const size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos) return absl::InvalidArgumentError("is empty");
  if (text[first] == '{' || text[first] == '[') {
    PATROL_RETURN_IF_ERROR(ReadGeoJson(text.substr(first), places_optional, &file));
  } else {
    PATROL_RETURN_IF_ERROR(ReadCsv(text, places_optional, &file));
  }
  if (file.points.empty()) {
    std::string message = "has no usable point";
    if (!file.faults.empty()) absl::StrAppend(&message, "; first fault: ", file.faults.front());
    return absl::InvalidArgumentError(message);
  }
  return file;
}

}  // namespace patrol::coverage
