#pragma once

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include "absl/status/status.h"

namespace patrol::roadnet {

// A function of the opened library by its name; null, and OpenGdal() an error, where it has none.
void* FindInGdal(const char* name);

// GDAL's C interface, opened where the first vector or raster file is read or written and not when
// the program starts: with the hundred libraries it brings it takes 35 MB and a third of a start,
// of programs that mostly never need it.
//
// A call is told to the compiler by GDAL's own header; the library opened is the one of that
// header's interface (its SONAME), so the two agree as if it were linked.
struct GdalCalls {
#define PATROL_GDAL_CALL(name) \
  decltype(&::name) name = reinterpret_cast<decltype(&::name)>(FindInGdal(#name))
  PATROL_GDAL_CALL(CPLErrorReset);
  PATROL_GDAL_CALL(CPLGetLastErrorMsg);
  PATROL_GDAL_CALL(CPLGetLastErrorType);
  PATROL_GDAL_CALL(CPLPopErrorHandler);
  PATROL_GDAL_CALL(CPLPushErrorHandler);
  PATROL_GDAL_CALL(CPLQuietErrorHandler);
  PATROL_GDAL_CALL(CSLDestroy);
  PATROL_GDAL_CALL(CSLSetNameValue);
  PATROL_GDAL_CALL(GDALAllRegister);
  PATROL_GDAL_CALL(GDALClose);
  PATROL_GDAL_CALL(GDALCreate);
  PATROL_GDAL_CALL(GDALDatasetCommitTransaction);
  PATROL_GDAL_CALL(GDALDatasetCreateLayer);
  PATROL_GDAL_CALL(GDALDatasetGetLayer);
  PATROL_GDAL_CALL(GDALDatasetGetLayerByName);
  PATROL_GDAL_CALL(GDALDatasetGetLayerCount);
  PATROL_GDAL_CALL(GDALDatasetStartTransaction);
  PATROL_GDAL_CALL(GDALGetDriverByName);
  PATROL_GDAL_CALL(GDALGetRasterBand);
  PATROL_GDAL_CALL(GDALOpenEx);
  PATROL_GDAL_CALL(GDALRasterIO);
  PATROL_GDAL_CALL(GDALSetGeoTransform);
  PATROL_GDAL_CALL(GDALSetRasterNoDataValue);
  PATROL_GDAL_CALL(GDALSetSpatialRef);
  PATROL_GDAL_CALL(OCTDestroyCoordinateTransformation);
  PATROL_GDAL_CALL(OCTNewCoordinateTransformation);
  PATROL_GDAL_CALL(OCTTransform);
  PATROL_GDAL_CALL(OGR_FD_GetFieldCount);
  PATROL_GDAL_CALL(OGR_FD_GetFieldDefn);
  PATROL_GDAL_CALL(OGR_F_Create);
  PATROL_GDAL_CALL(OGR_F_Destroy);
  PATROL_GDAL_CALL(OGR_F_GetFID);
  PATROL_GDAL_CALL(OGR_F_GetFieldAsString);
  PATROL_GDAL_CALL(OGR_F_GetGeometryRef);
  PATROL_GDAL_CALL(OGR_F_IsFieldSetAndNotNull);
  PATROL_GDAL_CALL(OGR_F_SetFieldDouble);
  PATROL_GDAL_CALL(OGR_F_SetFieldInteger);
  PATROL_GDAL_CALL(OGR_F_SetFieldInteger64);
  PATROL_GDAL_CALL(OGR_F_SetFieldString);
  PATROL_GDAL_CALL(OGR_F_SetGeometryDirectly);
  PATROL_GDAL_CALL(OGR_Fld_Create);
  PATROL_GDAL_CALL(OGR_Fld_Destroy);
  PATROL_GDAL_CALL(OGR_Fld_GetNameRef);
  PATROL_GDAL_CALL(OGR_GT_Flatten);
  PATROL_GDAL_CALL(OGR_G_AddGeometry);
  PATROL_GDAL_CALL(OGR_G_AddGeometryDirectly);
  PATROL_GDAL_CALL(OGR_G_AddPoint_2D);
  PATROL_GDAL_CALL(OGR_G_Buffer);
  PATROL_GDAL_CALL(OGR_G_CreateGeometry);
  PATROL_GDAL_CALL(OGR_G_DestroyGeometry);
  PATROL_GDAL_CALL(OGR_G_Difference);
  PATROL_GDAL_CALL(OGR_G_ExportToJson);
  PATROL_GDAL_CALL(OGR_G_GetGeometryCount);
  PATROL_GDAL_CALL(OGR_G_GetGeometryRef);
  PATROL_GDAL_CALL(OGR_G_GetGeometryType);
  PATROL_GDAL_CALL(OGR_G_GetLinearGeometry);
  PATROL_GDAL_CALL(OGR_G_GetPointCount);
  PATROL_GDAL_CALL(OGR_G_GetX);
  PATROL_GDAL_CALL(OGR_G_GetY);
  PATROL_GDAL_CALL(OGR_G_Transform);
  PATROL_GDAL_CALL(OGR_G_Union);
  PATROL_GDAL_CALL(OGR_G_UnionCascaded);
  PATROL_GDAL_CALL(OGR_L_CreateFeature);
  PATROL_GDAL_CALL(OGR_L_CreateField);
  PATROL_GDAL_CALL(OGR_L_GetGeomType);
  PATROL_GDAL_CALL(OGR_L_GetLayerDefn);
  PATROL_GDAL_CALL(OGR_L_GetNextFeature);
  PATROL_GDAL_CALL(OGR_L_GetSpatialRef);
  PATROL_GDAL_CALL(OGR_L_ResetReading);
  PATROL_GDAL_CALL(OSRDestroySpatialReference);
  PATROL_GDAL_CALL(OSRImportFromEPSG);
  PATROL_GDAL_CALL(OSRIsSame);
  PATROL_GDAL_CALL(OSRNewSpatialReference);
  PATROL_GDAL_CALL(OSRSetAxisMappingStrategy);
  PATROL_GDAL_CALL(VSIFree);
#undef PATROL_GDAL_CALL
};

// Opens GDAL and registers its drivers, once; it stays open. Errors: UNAVAILABLE, naming the
// library and what the system says. Threads: any.
absl::Status OpenGdal();

// GDAL's calls. Only after OpenGdal() has succeeded.
const GdalCalls& Gdal();

// While it lives what troubles GDAL is not told on stderr; the last trouble is in the error we
// return (CPLGetLastErrorMsg).
class QuietGdalErrors {
 public:
  QuietGdalErrors() {
    Gdal().CPLPushErrorHandler(Gdal().CPLQuietErrorHandler);
    Gdal().CPLErrorReset();
  }
  ~QuietGdalErrors() { Gdal().CPLPopErrorHandler(); }
  QuietGdalErrors(const QuietGdalErrors&) = delete;
  QuietGdalErrors& operator=(const QuietGdalErrors&) = delete;
};

}  // namespace patrol::roadnet
