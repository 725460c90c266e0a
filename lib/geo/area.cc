#include "lib/geo/area.h"

#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/limits.h"

namespace patrol::geo {

namespace {

using nlohmann::json;

constexpr size_t kIdCharactersMax = 64;

// Parses, or says at which byte the text stops being JSON.
std::optional<json> ParseJson(std::string_view text, std::vector<std::string>& faults) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    faults.push_back(absl::StrCat("is not JSON at byte ", error.byte));
  }
  return std::nullopt;
}

std::optional<LonLat> ReadPlace(const json& value) {
  if (!value.is_array() || value.size() < 2 || !value[0].is_number() || !value[1].is_number()) {
    return std::nullopt;
  }
  return LonLat{value[0].get<double>(), value[1].get<double>()};
}

bool ReadRing(const json& value, const std::string& name, Ring& ring,
              std::vector<std::string>& faults) {
  if (!value.is_array()) {
    faults.push_back(absl::StrCat(name, ": is not a list of places"));
    return false;
  }
  for (size_t i = 0; i < value.size(); ++i) {
    const std::optional<LonLat> place = ReadPlace(value[i]);
    if (!place.has_value()) {
      faults.push_back(absl::StrCat(name, ": place ", i, " is not [longitude, latitude]"));
      return false;
    }
    ring.push_back(*place);
  }
  return true;
}

bool ReadPolygon(const json& rings, const std::string& of, Polygon& polygon,
                 std::vector<std::string>& faults) {
  if (!rings.is_array() || rings.empty()) {
    faults.push_back(absl::StrCat(of, "has no rings"));
    return false;
  }
  if (!ReadRing(rings[0], absl::StrCat(of, "outer ring"), polygon.outer, faults)) return false;
  for (size_t i = 1; i < rings.size(); ++i) {
    Ring& hole = polygon.holes.emplace_back();
    if (!ReadRing(rings[i], absl::StrCat(of, "hole ", i - 1), hole, faults)) return false;
  }
  return true;
}

// Appends what is wrong with the geometry to `faults`; the shape is good when nothing was.
MultiPolygon ReadGeometry(const json& geometry, std::vector<std::string>& faults) {
  MultiPolygon shape;
  if (!geometry.is_object() || !geometry.contains("type") || !geometry["type"].is_string()) {
    faults.push_back("has no geometry");
    return shape;
  }
  const std::string type = geometry["type"];
  if (type != "Polygon" && type != "MultiPolygon") {
    faults.push_back(
        absl::StrCat("its geometry is a ", type, "; Polygon or MultiPolygon is needed"));
    return shape;
  }
  const json coordinates = geometry.value("coordinates", json());
  if (!coordinates.is_array() || coordinates.empty()) {
    faults.push_back("its geometry has no coordinates");
    return shape;
  }
  bool readable = true;
  if (type == "Polygon") {
    readable = ReadPolygon(coordinates, "", shape.emplace_back(), faults);
  } else {
    for (size_t p = 0; p < coordinates.size(); ++p) {
      readable &= ReadPolygon(coordinates[p], absl::StrCat("polygon ", p, ", "),
                              shape.emplace_back(), faults);
    }
  }
  if (readable) {
    for (std::string& fault : FindFaults(shape)) faults.push_back(std::move(fault));
  }
  return shape;
}

// A property as text; numbers are taken as they are written. "" when it is missing or null.
std::string Text(const json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return "";
  const json& value = object[key];
  if (value.is_string()) return value;
  return value.is_number() ? value.dump() : "";
}

// Reads one feature; its faults are appended without the feature's name.
Area ReadFeature(const json& feature, std::vector<std::string>& faults) {
  Area area;
  if (!feature.is_object() || Text(feature, "type") != "Feature") {
    faults.push_back("is not a GeoJSON Feature");
    return area;
  }
  const json properties = feature.value("properties", json::object());
  area.id = Text(properties, "id");
  if (area.id.empty()) area.id = Text(feature, "id");
  if (area.id.empty()) {
    faults.push_back("has no id");
  } else if (!IsAreaId(area.id)) {
    faults.push_back("its id must have 1..64 characters of A-Z, a-z, 0-9, '.', '_', '-'");
  }
  area.name = Text(properties, "name");
  if (area.name.empty()) area.name = area.id;
  area.kind = Text(properties, "kind");
  if (area.kind.empty()) area.kind = "area";
  area.parent = Text(properties, "parent");
  if (!area.parent.empty() && area.parent == area.id) faults.push_back("is its own parent");
  area.shape = ReadGeometry(feature.value("geometry", json()), faults);
  return area;
}

// Coordinates as GeoJSON, seven decimals.
json ToJson(const Ring& ring) {
  json places = json::array();
  for (const LonLat& place : ring) {
    places.push_back({std::round(place.lon * 1e7) / 1e7, std::round(place.lat * 1e7) / 1e7});
  }
  return places;
}

json ToJson(const Polygon& polygon) {
  json rings = json::array({ToJson(polygon.outer)});
  for (const Ring& hole : polygon.holes) rings.push_back(ToJson(hole));
  return rings;
}

json ToJson(const MultiPolygon& shape) {
  if (shape.size() == 1) return {{"type", "Polygon"}, {"coordinates", ToJson(shape.front())}};
  json polygons = json::array();
  for (const Polygon& polygon : shape) polygons.push_back(ToJson(polygon));
  return {{"type", "MultiPolygon"}, {"coordinates", std::move(polygons)}};
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

bool IsAreaId(std::string_view id) {
  if (id.empty() || id.size() > kIdCharactersMax) return false;
  for (const char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

absl::StatusOr<std::vector<Area>> ReadAreasGeoJson(std::string_view text) {
  std::vector<std::string> faults;
  std::vector<Area> areas;
  const std::optional<json> parsed = ParseJson(text, faults);
  if (!parsed.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("areas: ", faults.front()));
  }
  const std::string type = Text(*parsed, "type");
  if (type != "FeatureCollection" && type != "Feature") {
    return absl::InvalidArgumentError("areas: is not a GeoJSON FeatureCollection");
  }
  const json features =
      type == "Feature" ? json::array({*parsed}) : parsed->value("features", json());
  if (!features.is_array()) {
    return absl::InvalidArgumentError("areas: the FeatureCollection has no list of features");
  }
  if (features.size() > limits::kAreasMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("areas: ", features.size(), " features, at most ", limits::kAreasMax));
  }
  std::set<std::string> ids;
  for (size_t i = 0; i < features.size(); ++i) {
    std::vector<std::string> own;
    Area area = ReadFeature(features[i], own);
    if (!area.id.empty() && !ids.insert(area.id).second) own.push_back("its id is given twice");
    const std::string name = area.id.empty()
                                 ? absl::StrCat("feature ", i)
                                 : absl::StrCat("feature ", i, " (id \"", area.id, "\")");
    for (const std::string& fault : own) faults.push_back(absl::StrCat(name, ": ", fault));
    areas.push_back(std::move(area));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return areas;
}

std::string AreasToGeoJson(const std::vector<Area>& areas) {
  json features = json::array();
  for (const Area& area : areas) {
    json properties = {{"id", area.id}, {"name", area.name}, {"kind", area.kind}};
    if (!area.parent.empty()) properties["parent"] = area.parent;
    features.push_back({{"type", "Feature"},
                        {"properties", std::move(properties)},
                        {"geometry", ToJson(area.shape)}});
  }
  return Dump({{"type", "FeatureCollection"}, {"features", std::move(features)}});
}

absl::StatusOr<MultiPolygon> ReadGeometryJson(std::string_view text) {
  std::vector<std::string> faults;
  MultiPolygon shape;
  if (const std::optional<json> parsed = ParseJson(text, faults)) {
    shape = ReadGeometry(*parsed, faults);
  }
  if (!faults.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("geometry: ", absl::StrJoin(faults, "\n")));
  }
  return shape;
}

std::string GeometryToJson(const MultiPolygon& shape) { return Dump(ToJson(shape)); }

}  // namespace patrol::geo
