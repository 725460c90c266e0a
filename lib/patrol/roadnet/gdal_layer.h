#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/gdal_library.h"

namespace patrol::roadnet {

// Owners of GDAL's handles, and what every reader of a vector file does first. Only after OpenGdal.
struct CloseDataset {
  void operator()(void* dataset) const { Gdal().GDALClose(dataset); }
};
struct DestroyTransform {
  void operator()(void* transform) const {
    Gdal().OCTDestroyCoordinateTransformation(static_cast<OGRCoordinateTransformationH>(transform));
  }
};
struct DestroyFeature {
  void operator()(void* feature) const { Gdal().OGR_F_Destroy(static_cast<OGRFeatureH>(feature)); }
};
struct DestroyGeometry {
  void operator()(void* geometry) const {
    Gdal().OGR_G_DestroyGeometry(static_cast<OGRGeometryH>(geometry));
  }
};

// What GDAL said last, after a colon; empty when it said nothing.
std::string LastGdalError();

// Opens a vector file to read it.
//
// Errors: INVALID_ARGUMENT when GDAL reads no such file, in its words.
absl::StatusOr<std::unique_ptr<void, CloseDataset>> OpenVectorFile(const std::string& path);

// The layer named `asked`, or without a name the first that may hold one of `types` (those of its
// geometries, flattened).
//
// Errors: INVALID_ARGUMENT: `has no layer "x"`, `has no layer of lines` (`what`: "lines").
absl::StatusOr<OGRLayerH> FindLayer(GDALDatasetH dataset, const std::string& asked,
                                    std::initializer_list<OGRwkbGeometryType> types,
                                    std::string_view what);

// From the layer's coordinates to WGS-84, longitude first; nullptr where they are that already, or
// where the layer names no system.
//
// Errors: INVALID_ARGUMENT when there is no way to WGS-84.
absl::StatusOr<std::unique_ptr<void, DestroyTransform>> ToWgs84(OGRLayerH layer);

}  // namespace patrol::roadnet
