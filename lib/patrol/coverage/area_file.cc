#include "lib/patrol/coverage/area_file.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/gdal_layer.h"
#include "lib/patrol/roadnet/gdal_library.h"

namespace patrol::coverage {
namespace {

using nlohmann::json;
using roadnet::Gdal;

// The columns that say something of an area.
json Properties(OGRFeatureH feature, OGRFeatureDefnH definition) {
  json properties = json::object();
  for (int i = 0; i < Gdal().OGR_FD_GetFieldCount(definition); ++i) {
    if (Gdal().OGR_F_IsFieldSetAndNotNull(feature, i) == 0) continue;
    const std::string column = Gdal().OGR_Fld_GetNameRef(Gdal().OGR_FD_GetFieldDefn(definition, i));
    for (const char* known : {"id", "name", "kind", "parent"}) {
      if (!absl::EqualsIgnoreCase(column, known)) continue;
      properties[known] =
          std::string(absl::StripAsciiWhitespace(Gdal().OGR_F_GetFieldAsString(feature, i)));
    }
  }
  return properties;
}

// The feature's shape as GeoJSON, in WGS-84; null without one.
absl::StatusOr<json> Geometry(OGRFeatureH feature, OGRCoordinateTransformationH transform) {
  OGRGeometryH given = Gdal().OGR_F_GetGeometryRef(feature);
  if (given == nullptr) return json();
  // Arcs become chords of four degrees, as GDAL has it.
  const std::unique_ptr<void, roadnet::DestroyGeometry> owner(
      Gdal().OGR_G_GetLinearGeometry(given, 0, nullptr));
  const auto geometry = static_cast<OGRGeometryH>(owner.get());
  if (transform != nullptr && Gdal().OGR_G_Transform(geometry, transform) != OGRERR_NONE) {
    return absl::InvalidArgumentError(absl::StrCat("feature ", Gdal().OGR_F_GetFID(feature),
                                                   ": a place is not on the earth",
                                                   roadnet::LastGdalError()));
  }
  char* const text = Gdal().OGR_G_ExportToJson(geometry);
  json shape = text == nullptr ? json() : json::parse(text, nullptr, false);
  Gdal().VSIFree(text);
  return shape;
}

// The layer's features as a GeoJSON FeatureCollection.
absl::StatusOr<std::string> ReadAsGeoJson(const std::string& path) {
  PATROL_ASSIGN_OR_RETURN(const auto dataset, roadnet::OpenVectorFile(path));
  PATROL_ASSIGN_OR_RETURN(OGRLayerH layer, roadnet::FindLayer(dataset.get(), "",
                                                              {wkbPolygon, wkbMultiPolygon,
                                                               wkbCurvePolygon, wkbMultiSurface},
                                                              "polygons"));
  PATROL_ASSIGN_OR_RETURN(const auto transform, roadnet::ToWgs84(layer));
  OGRFeatureDefnH definition = Gdal().OGR_L_GetLayerDefn(layer);
  json features = json::array();
  Gdal().OGR_L_ResetReading(layer);
  for (;;) {
    const std::unique_ptr<void, roadnet::DestroyFeature> owner(Gdal().OGR_L_GetNextFeature(layer));
    if (owner == nullptr) break;
    const auto feature = static_cast<OGRFeatureH>(owner.get());
    PATROL_ASSIGN_OR_RETURN(
        json geometry,
        Geometry(feature, static_cast<OGRCoordinateTransformationH>(transform.get())));
    features.push_back({{"type", "Feature"},
                        {"id", Gdal().OGR_F_GetFID(feature)},
                        {"properties", Properties(feature, definition)},
                        {"geometry", std::move(geometry)}});
  }
  if (Gdal().CPLGetLastErrorType() >= CE_Failure) {
    return absl::InvalidArgumentError(absl::StrCat("is damaged", roadnet::LastGdalError()));
  }
  return json{{"type", "FeatureCollection"}, {"features", std::move(features)}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

bool LooksLikeGeoJson(std::string_view beginning) {
  const size_t at = beginning.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return at != std::string_view::npos && (beginning[at] == '{' || beginning[at] == '[');
}

absl::StatusOr<std::vector<geo::Area>> ReadAreasFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  // A folder opens, but can't be read.
  if (!in || in.peek() == std::ifstream::traits_type::eof()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read, or is empty"));
  }
  std::string text(256, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (LooksLikeGeoJson(text)) {
    in.clear();
    in.seekg(0);
    std::ostringstream all;
    all << in.rdbuf();
    text = std::move(all).str();
  } else {
    if (absl::Status opened = roadnet::OpenGdal(); !opened.ok()) return Annotate(opened, path);
    const roadnet::QuietGdalErrors quiet;
    absl::StatusOr<std::string> read = ReadAsGeoJson(path);
    if (!read.ok()) return Annotate(read.status(), path);
    text = *std::move(read);
  }
  absl::StatusOr<std::vector<geo::Area>> areas = geo::ReadAreasGeoJson(text);
  if (!areas.ok()) return Annotate(areas.status(), path);
  return areas;
}

}  // namespace patrol::coverage
