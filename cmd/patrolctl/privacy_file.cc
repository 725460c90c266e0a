#include "cmd/patrolctl/privacy_file.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "patrol/v1/camera_service.pb.h"

namespace patrol::ctl {

namespace {

using Json = nlohmann::json;

// Collections in collections: no program writes more than two.
constexpr int kDepthMax = 8;

absl::Status Fault(const std::string& place, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(place.empty() ? "the file" : place, ": ", what));
}

const Json* Member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

absl::Status AddRing(const Json& ring, const std::string& place, v1::PrivacyMask* mask) {
  if (!ring.is_array()) return Fault(place, "is no list of corners");
  v1::PrivacyPolygon& polygon = *mask->add_polygons();
  for (size_t i = 0; i < ring.size(); ++i) {
    const Json& corner = ring[i];
    if (!corner.is_array() || corner.size() < 2 || !corner[0].is_number() ||
        !corner[1].is_number()) {
      return Fault(absl::StrCat(place, "[", i, "]"), "is no corner [x, y]");
    }
    // GeoJSON repeats the first corner at the end.
    if (i > 0 && i + 1 == ring.size() && corner == ring[0]) break;
    v1::PrivacyCorner& added = *polygon.add_corners();
    added.set_x(corner[0]);
    added.set_y(corner[1]);
  }
  return absl::OkStatus();
}

// coordinates: rings, the outer one first.
absl::Status AddPolygon(const Json& coordinates, const std::string& place, v1::PrivacyMask* mask) {
  if (!coordinates.is_array() || coordinates.empty()) return Fault(place, "has no outline");
  if (coordinates.size() > 1) return Fault(place, "has a hole, which a privacy mask cannot have");
  return AddRing(coordinates[0], place + "[0]", mask);
}

absl::Status Add(const Json& object, const std::string& place, int depth, v1::PrivacyMask* mask) {
  if (depth > kDepthMax) return Fault(place, "lies too deep");
  const Json* const type = object.is_object() ? Member(object, "type") : nullptr;
  if (type == nullptr || !type->is_string()) return Fault(place, "is no GeoJSON: it has no type");
  const std::string name = *type;
  const auto list = [&](const char* member) -> const Json* {
    const Json* const found = Member(object, member);
    return found != nullptr && found->is_array() ? found : nullptr;
  };
  const std::string dot = place.empty() ? "" : place + ".";
  if (name == "Polygon" || name == "MultiPolygon") {
    const Json* const coordinates = list("coordinates");
    const std::string at = dot + "coordinates";
    if (coordinates == nullptr) return Fault(at, "is no list");
    if (name == "Polygon") return AddPolygon(*coordinates, at, mask);
    for (size_t i = 0; i < coordinates->size(); ++i) {
      PATROL_RETURN_IF_ERROR(AddPolygon((*coordinates)[i], absl::StrCat(at, "[", i, "]"), mask));
    }
    return absl::OkStatus();
  }
  if (name == "Feature") {
    const Json* const geometry = Member(object, "geometry");
    if (geometry == nullptr) return Fault(dot + "geometry", "is not there");
    return Add(*geometry, dot + "geometry", depth + 1, mask);
  }
  if (name != "FeatureCollection" && name != "GeometryCollection") {
    return Fault(dot + "type", absl::StrCat("\"", name, "\" has no area"));
  }
  const char* const member = name == "FeatureCollection" ? "features" : "geometries";
  const Json* const parts = list(member);
  if (parts == nullptr) return Fault(dot + member, "is no list");
  for (size_t i = 0; i < parts->size(); ++i) {
    PATROL_RETURN_IF_ERROR(
        Add((*parts)[i], absl::StrCat(dot, member, "[", i, "]"), depth + 1, mask));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ReadWhole(const Json& object, const char* name) {
  const Json* const found = Member(object, name);
  if (found == nullptr) return 0;
  if (!found->is_number_integer()) return Fault(name, "is no whole number");
  return found->get<int>();
}

}  // namespace

absl::StatusOr<v1::PrivacyMask> ReadPrivacyFile(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Fault("", "is no JSON");
  v1::PrivacyMask mask;
  PATROL_RETURN_IF_ERROR(Add(json, "", 0, &mask));
  PATROL_ASSIGN_OR_RETURN(const int width, ReadWhole(json, "width"));
  PATROL_ASSIGN_OR_RETURN(const int height, ReadWhole(json, "height"));
  PATROL_ASSIGN_OR_RETURN(const int rotation_deg, ReadWhole(json, "rotation_deg"));
  mask.set_width(width);
  mask.set_height(height);
  mask.set_rotation_deg(rotation_deg);
  return mask;
}

}  // namespace patrol::ctl
