#include "lib/patrol/roadnet/gdal_layer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace patrol::roadnet {

std::string LastGdalError() {
  const char* message = Gdal().CPLGetLastErrorMsg();
  return message == nullptr || *message == 0 ? "" : absl::StrCat(": ", message);
}

absl::StatusOr<std::unique_ptr<void, CloseDataset>> OpenVectorFile(const std::string& path) {
  std::unique_ptr<void, CloseDataset> dataset(Gdal().GDALOpenEx(
      path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY, nullptr, nullptr, nullptr));
  if (dataset != nullptr) return dataset;
  return absl::InvalidArgumentError(
      absl::StrCat("is no vector file that GDAL reads", LastGdalError()));
}

absl::StatusOr<OGRLayerH> FindLayer(GDALDatasetH dataset, const std::string& asked,
                                    std::initializer_list<OGRwkbGeometryType> types,
                                    std::string_view what) {
  if (!asked.empty()) {
    OGRLayerH layer = Gdal().GDALDatasetGetLayerByName(dataset, asked.c_str());
    if (layer != nullptr) return layer;
    return absl::InvalidArgumentError(absl::StrCat("has no layer \"", asked, "\""));
  }
  for (int i = 0; i < Gdal().GDALDatasetGetLayerCount(dataset); ++i) {
    OGRLayerH layer = Gdal().GDALDatasetGetLayer(dataset, i);
    const OGRwkbGeometryType type = Gdal().OGR_GT_Flatten(Gdal().OGR_L_GetGeomType(layer));
    if (type == wkbUnknown || type == wkbGeometryCollection ||
        std::find(types.begin(), types.end(), type) != types.end()) {
      return layer;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("has no layer of ", absl::string_view(what.data(), what.size())));
}

absl::StatusOr<std::unique_ptr<void, DestroyTransform>> ToWgs84(OGRLayerH layer) {
  OGRSpatialReferenceH from = Gdal().OGR_L_GetSpatialRef(layer);
  if (from == nullptr) return std::unique_ptr<void, DestroyTransform>();
  OGRSpatialReferenceH to = Gdal().OSRNewSpatialReference(nullptr);
  Gdal().OSRImportFromEPSG(to, 4326);
  Gdal().OSRSetAxisMappingStrategy(to, OAMS_TRADITIONAL_GIS_ORDER);
  Gdal().OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
  std::unique_ptr<void, DestroyTransform> transform;
  const bool same = Gdal().OSRIsSame(from, to) != 0;
  if (!same) transform.reset(Gdal().OCTNewCoordinateTransformation(from, to));
  Gdal().OSRDestroySpatialReference(to);
  if (!same && transform == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("its coordinates cannot be brought to WGS-84", LastGdalError()));
  }
  return transform;
}

}  // namespace patrol::roadnet
