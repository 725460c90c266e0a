#include "lib/patrol/coverage/gis_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/roadnet/gdal_layer.h"
#include "lib/patrol/roadnet/gdal_library.h"

namespace patrol::coverage {
namespace {

using roadnet::Gdal;
using roadnet::Network;
using roadnet::PieceIndex;

// More cells than this are no map but a mistake: 100 million are 400 MB.
constexpr double kCellsMax = 1e8;
// Quarter circles of buffers in this many segments: off by 1.3 % of the radius.
constexpr int kQuadrantSegments = 5;

using Dataset = std::unique_ptr<void, roadnet::CloseDataset>;
using Geometry = std::unique_ptr<void, roadnet::DestroyGeometry>;

OGRGeometryH Handle(const Geometry& geometry) { return static_cast<OGRGeometryH>(geometry.get()); }

absl::Status Failed(const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("\"", path, "\": cannot be written: ", Gdal().CPLGetLastErrorMsg()));
}

void AddLine(const Network& network, const WatchStretch& stretch, const geo::LocalPlane* plane,
             OGRGeometryH line) {
  for (const double share : {stretch.share.begin, stretch.share.end}) {
    const geo::LonLat place = PlaceAtShare(network, stretch.piece, share);
    if (plane == nullptr) {
      Gdal().OGR_G_AddPoint_2D(line, place.lon, place.lat);
    } else {
      const geo::PointM at = plane->ToPlane(place);
      Gdal().OGR_G_AddPoint_2D(line, at.x, at.y);
    }
  }
}

// All stretches of one kind in one square of the map, as one MultiLineString in metres.
using Squares = std::map<std::pair<int, int>, Geometry>;

void AddToSquares(const Network& network, const geo::LocalPlane& plane, const WatchStretch& stretch,
                  Squares* squares) {
  constexpr double kSquareM = 400;
  const geo::PointM at = plane.ToPlane(PlaceAtShare(network, stretch.piece, stretch.share.begin));
  Geometry& lines = (*squares)[{static_cast<int>(std::floor(at.x / kSquareM)),
                                static_cast<int>(std::floor(at.y / kSquareM))}];
  if (lines == nullptr) lines.reset(Gdal().OGR_G_CreateGeometry(wkbMultiLineString));
  OGRGeometryH line = Gdal().OGR_G_CreateGeometry(wkbLineString);
  AddLine(network, stretch, &plane, line);
  Gdal().OGR_G_AddGeometryDirectly(Handle(lines), line);
}

// The union of everything within `distance_m` of the lines.
Geometry Widened(const Squares& squares, double distance_m) {
  Geometry all(Gdal().OGR_G_CreateGeometry(wkbMultiPolygon));
  for (const auto& [square, lines] : squares) {
    const Geometry wide(Gdal().OGR_G_Buffer(Handle(lines), distance_m, kQuadrantSegments));
    if (wide == nullptr) return nullptr;
    if (Gdal().OGR_GT_Flatten(Gdal().OGR_G_GetGeometryType(Handle(wide))) == wkbPolygon) {
      Gdal().OGR_G_AddGeometry(Handle(all), Handle(wide));
    } else {
      for (int i = 0; i < Gdal().OGR_G_GetGeometryCount(Handle(wide)); ++i) {
        Gdal().OGR_G_AddGeometry(Handle(all), Gdal().OGR_G_GetGeometryRef(Handle(wide), i));
      }
    }
  }
  return Geometry(Gdal().OGR_G_UnionCascaded(Handle(all)));
}

geo::Ring RingOf(OGRGeometryH geometry, const geo::LocalPlane& plane) {
  geo::Ring ring;
  for (int i = 0; i < Gdal().OGR_G_GetPointCount(geometry); ++i) {
    ring.push_back(
        plane.ToLonLat({Gdal().OGR_G_GetX(geometry, i), Gdal().OGR_G_GetY(geometry, i)}));
  }
  return ring;
}

void AppendPolygons(OGRGeometryH geometry, const geo::LocalPlane& plane, geo::MultiPolygon* shape) {
  const int parts = Gdal().OGR_G_GetGeometryCount(geometry);
  if (Gdal().OGR_GT_Flatten(Gdal().OGR_G_GetGeometryType(geometry)) != wkbPolygon) {
    for (int i = 0; i < parts; ++i) {
      AppendPolygons(Gdal().OGR_G_GetGeometryRef(geometry, i), plane, shape);
    }
    return;
  }
  geo::Polygon polygon;
  for (int i = 0; i < parts; ++i) {
    geo::Ring ring = RingOf(Gdal().OGR_G_GetGeometryRef(geometry, i), plane);
    if (i == 0) {
      polygon.outer = std::move(ring);
    } else {
      polygon.holes.push_back(std::move(ring));
    }
  }
  if (!polygon.outer.empty()) shape->push_back(std::move(polygon));
}

OGRSpatialReferenceH Wgs84() {
  OGRSpatialReferenceH system = Gdal().OSRNewSpatialReference(nullptr);
  Gdal().OSRImportFromEPSG(system, 4326);
  Gdal().OSRSetAxisMappingStrategy(system, OAMS_TRADITIONAL_GIS_ORDER);
  return system;
}

Dataset CreateDataset(const char* driver, const std::string& path, char** options) {
  std::error_code no_error;
  std::filesystem::remove_all(path, no_error);
  GDALDriverH found = Gdal().GDALGetDriverByName(driver);
  if (found == nullptr) return nullptr;
  return Dataset(Gdal().GDALCreate(found, path.c_str(), 0, 0, 0, GDT_Unknown, options));
}

void AddField(OGRLayerH layer, const char* name, OGRFieldType type) {
  OGRFieldDefnH field = Gdal().OGR_Fld_Create(name, type);
  Gdal().OGR_L_CreateField(layer, field, 1);
  Gdal().OGR_Fld_Destroy(field);
}

bool WriteRoads(const Network& network, const std::vector<WatchStretch>& stretches,
                OGRLayerH layer) {
  AddField(layer, "way_id", OFTInteger64);
  AddField(layer, "seq", OFTInteger);
  AddField(layer, "covered", OFTInteger);
  AddField(layer, "watched", OFTInteger);
  AddField(layer, "state", OFTString);
  AddField(layer, "length_m", OFTReal);
  for (const WatchStretch& stretch : stretches) {
    const roadnet::Piece& piece = network.piece(stretch.piece);
    OGRFeatureH feature = Gdal().OGR_F_Create(Gdal().OGR_L_GetLayerDefn(layer));
    Gdal().OGR_F_SetFieldInteger64(feature, 0, piece.way_id);
    Gdal().OGR_F_SetFieldInteger(feature, 1, static_cast<int>(piece.seq));
    Gdal().OGR_F_SetFieldInteger(feature, 2, stretch.covered ? 1 : 0);
    Gdal().OGR_F_SetFieldInteger(feature, 3, stretch.watched ? 1 : 0);
    Gdal().OGR_F_SetFieldString(feature, 4,
                                std::string(WatchName(stretch.covered, stretch.watched)).c_str());
    Gdal().OGR_F_SetFieldDouble(feature, 5,
                                piece.length_m * (stretch.share.end - stretch.share.begin));
    OGRGeometryH line = Gdal().OGR_G_CreateGeometry(wkbLineString);
    AddLine(network, stretch, nullptr, line);
    Gdal().OGR_F_SetGeometryDirectly(feature, line);
    const bool written = Gdal().OGR_L_CreateFeature(layer, feature) == OGRERR_NONE;
    Gdal().OGR_F_Destroy(feature);
    if (!written) return false;
  }
  return true;
}

OGRGeometryH ToGeometry(const geo::MultiPolygon& shape) {
  OGRGeometryH all = Gdal().OGR_G_CreateGeometry(wkbMultiPolygon);
  for (const geo::Polygon& polygon : shape) {
    OGRGeometryH one = Gdal().OGR_G_CreateGeometry(wkbPolygon);
    const auto add = [&](const geo::Ring& ring) {
      OGRGeometryH line = Gdal().OGR_G_CreateGeometry(wkbLinearRing);
      for (const geo::LonLat place : ring) Gdal().OGR_G_AddPoint_2D(line, place.lon, place.lat);
      Gdal().OGR_G_AddGeometryDirectly(one, line);
    };
    add(polygon.outer);
    for (const geo::Ring& hole : polygon.holes) add(hole);
    Gdal().OGR_G_AddGeometryDirectly(all, one);
  }
  return all;
}

}  // namespace

absl::StatusOr<geo::MultiPolygon> CoveragePolygons(const Network& network,
                                                   const std::vector<WatchStretch>& stretches,
                                                   double width_m) {
  PATROL_RETURN_IF_ERROR(roadnet::OpenGdal());
  const roadnet::QuietGdalErrors quiet;
  geo::BoundingBox box;
  for (const WatchStretch& stretch : stretches) {
    if (stretch.covered) box.Extend(PlaceAtShare(network, stretch.piece, stretch.share.begin));
  }
  geo::MultiPolygon shape;
  if (box.empty()) return shape;
  const geo::LocalPlane plane({(box.min_lon + box.max_lon) / 2, (box.min_lat + box.max_lat) / 2});
  // Uncovered roads far from all covered ones take nothing out.
  const double margin_deg = (width_m + 1000) / 50'000;
  const geo::BoundingBox near = {box.min_lon - margin_deg, box.min_lat - margin_deg,
                                 box.max_lon + margin_deg, box.max_lat + margin_deg};
  Squares covered;
  Squares uncovered;
  for (const WatchStretch& stretch : stretches) {
    if (stretch.covered) {
      AddToSquares(network, plane, stretch, &covered);
      continue;
    }
    geo::BoundingBox own;
    own.Extend(PlaceAtShare(network, stretch.piece, stretch.share.begin));
    own.Extend(PlaceAtShare(network, stretch.piece, stretch.share.end));
    if (own.Intersects(near)) AddToSquares(network, plane, stretch, &uncovered);
  }
  Geometry result = Widened(covered, width_m);
  if (result != nullptr && !uncovered.empty()) {
    const Geometry taken = Widened(uncovered, kPolygonSlackM);
    const Geometry road = Widened(covered, kPolygonSlackM);
    if (taken == nullptr || road == nullptr) return absl::InternalError("GEOS cannot widen roads");
    result.reset(Gdal().OGR_G_Difference(Handle(result), Handle(taken)));
    if (result != nullptr) result.reset(Gdal().OGR_G_Union(Handle(result), Handle(road)));
  }
  if (result == nullptr) {
    return absl::InternalError(
        absl::StrCat("GEOS cannot join polygons: ", Gdal().CPLGetLastErrorMsg()));
  }
  AppendPolygons(Handle(result), plane, &shape);
  return shape;
}

absl::Status WriteGeoPackage(const Network& network, const std::vector<WatchStretch>& stretches,
                             const geo::MultiPolygon& coverage, const std::string& path) {
  PATROL_RETURN_IF_ERROR(roadnet::OpenGdal());
  const roadnet::QuietGdalErrors quiet;
  Dataset dataset = CreateDataset("GPKG", path, nullptr);
  if (dataset == nullptr) return Failed(path);
  OGRSpatialReferenceH system = Wgs84();
  bool good = Gdal().GDALDatasetStartTransaction(dataset.get(), 0) == OGRERR_NONE;
  OGRLayerH roads =
      Gdal().GDALDatasetCreateLayer(dataset.get(), "roads", system, wkbLineString, nullptr);
  good = good && roads != nullptr && WriteRoads(network, stretches, roads);
  OGRLayerH polygons =
      Gdal().GDALDatasetCreateLayer(dataset.get(), "coverage", system, wkbMultiPolygon, nullptr);
  if (good && polygons != nullptr) {
    OGRFeatureH feature = Gdal().OGR_F_Create(Gdal().OGR_L_GetLayerDefn(polygons));
    Gdal().OGR_F_SetGeometryDirectly(feature, ToGeometry(coverage));
    good = Gdal().OGR_L_CreateFeature(polygons, feature) == OGRERR_NONE;
    Gdal().OGR_F_Destroy(feature);
  }
  good = good && polygons != nullptr &&
         Gdal().GDALDatasetCommitTransaction(dataset.get()) == OGRERR_NONE;
  Gdal().OSRDestroySpatialReference(system);
  dataset.reset();
  return good && Gdal().CPLGetLastErrorType() < CE_Failure ? absl::OkStatus() : Failed(path);
}

absl::Status WriteVectorTiles(const Network& network, const std::vector<WatchStretch>& stretches,
                              const std::string& folder) {
  PATROL_RETURN_IF_ERROR(roadnet::OpenGdal());
  const roadnet::QuietGdalErrors quiet;
  char** options = nullptr;
  options = Gdal().CSLSetNameValue(options, "FORMAT", "DIRECTORY");
  options = Gdal().CSLSetNameValue(options, "MINZOOM", "10");
  options = Gdal().CSLSetNameValue(options, "MAXZOOM", "15");
  options = Gdal().CSLSetNameValue(options, "COMPRESS", "NO");
  Dataset dataset = CreateDataset("MVT", folder, options);
  Gdal().CSLDestroy(options);
  if (dataset == nullptr) return Failed(folder);
  OGRSpatialReferenceH system = Wgs84();
  OGRLayerH roads =
      Gdal().GDALDatasetCreateLayer(dataset.get(), "roads", system, wkbLineString, nullptr);
  const bool good = roads != nullptr && WriteRoads(network, stretches, roads);
  Gdal().OSRDestroySpatialReference(system);
  dataset.reset();  // tiles are made here
  return good && Gdal().CPLGetLastErrorType() < CE_Failure ? absl::OkStatus() : Failed(folder);
}

absl::Status WriteArrivalTiff(const Network& network, const Reach& reach, double cell_m,
                              const std::string& path) {
  PATROL_RETURN_IF_ERROR(roadnet::OpenGdal());
  const roadnet::QuietGdalErrors quiet;
  geo::BoundingBox box;
  for (const roadnet::Node& node : network.nodes()) box.Extend(node.place);
  const double middle_lat = (box.min_lat + box.max_lat) / 2;
  const double row_deg = cell_m / geo::kMetresPerDegree;
  const double column_deg = row_deg / std::max(0.01, std::cos(middle_lat * geo::kRadiansPerDegree));
  // The outermost roads lie in the middle of their cells, not on an edge.
  const double left = box.min_lon - column_deg / 2, top = box.max_lat + row_deg / 2;
  const double columns_wanted = std::floor((box.max_lon - left) / column_deg) + 1;
  const double rows_wanted = std::floor((top - box.min_lat) / row_deg) + 1;
  if (columns_wanted * rows_wanted > kCellsMax) {
    return absl::InvalidArgumentError(absl::StrCat("cells of ", cell_m, " m: ", columns_wanted,
                                                   " x ", rows_wanted, " are too many, at most ",
                                                   kCellsMax));
  }
  const int columns = static_cast<int>(columns_wanted);
  const int rows = static_cast<int>(rows_wanted);
  std::vector<float> cells(static_cast<size_t>(columns) * static_cast<size_t>(rows), -1.0f);
  for (const PieceIndex p : reach.pieces()) {
    const double length_m = network.piece(p).length_m;
    const int steps = std::max(1, static_cast<int>(std::ceil(length_m / (cell_m / 2))));
    for (int step = 0; step <= steps; ++step) {
      const double share = static_cast<double>(step) / steps;
      const Arrival arrival = reach.ArrivalAtShare(p, share);
      if (!arrival.reached()) continue;
      const geo::LonLat place = PlaceAtShare(network, p, share);
      const int column =
          std::clamp(static_cast<int>((place.lon - left) / column_deg), 0, columns - 1);
      const int row = std::clamp(static_cast<int>((top - place.lat) / row_deg), 0, rows - 1);
      float& cell = cells[static_cast<size_t>(row) * static_cast<size_t>(columns) +
                          static_cast<size_t>(column)];
      const auto seconds = static_cast<float>(arrival.time_us * 1e-6);
      if (cell < 0 || seconds < cell) cell = seconds;
    }
  }
  char** options = Gdal().CSLSetNameValue(nullptr, "COMPRESS", "DEFLATE");
  GDALDriverH driver = Gdal().GDALGetDriverByName("GTiff");
  Dataset dataset(driver == nullptr ? nullptr
                                    : Gdal().GDALCreate(driver, path.c_str(), columns, rows, 1,
                                                        GDT_Float32, options));
  Gdal().CSLDestroy(options);
  if (dataset == nullptr) return Failed(path);
  double transform[6] = {left, column_deg, 0, top, 0, -row_deg};
  Gdal().GDALSetGeoTransform(dataset.get(), transform);
  OGRSpatialReferenceH system = Wgs84();
  Gdal().GDALSetSpatialRef(dataset.get(), system);
  Gdal().OSRDestroySpatialReference(system);
  GDALRasterBandH band = Gdal().GDALGetRasterBand(dataset.get(), 1);
  Gdal().GDALSetRasterNoDataValue(band, -1);
  const bool good = Gdal().GDALRasterIO(band, GF_Write, 0, 0, columns, rows, cells.data(), columns,
                                        rows, GDT_Float32, 0, 0) == CE_None;
  dataset.reset();
  return good && Gdal().CPLGetLastErrorType() < CE_Failure ? absl::OkStatus() : Failed(path);
}

}  // namespace patrol::coverage
