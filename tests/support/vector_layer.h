#pragma once

#include <string>
#include <vector>

#include <gdal.h>
#include <gtest/gtest.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

namespace patrol::test {

struct VectorColumn {
  std::string name;
  OGRFieldType type = OFTString;
};

struct VectorRow {
  std::string wkt;
  std::vector<std::string> fields;  // of the first columns; the others have no value
};

// A file with one layer written by GDAL itself, in the system `epsg`.
inline void WriteVectorLayer(const char* driver, const std::string& path, const char* name,
                             int epsg, OGRwkbGeometryType type,
                             const std::vector<VectorColumn>& columns,
                             const std::vector<VectorRow>& rows) {
  GDALAllRegister();
  GDALDatasetH dataset =
      GDALCreate(GDALGetDriverByName(driver), path.c_str(), 0, 0, 0, GDT_Unknown, nullptr);
  OGRSpatialReferenceH system = OSRNewSpatialReference(nullptr);
  OSRImportFromEPSG(system, epsg);
  OSRSetAxisMappingStrategy(system, OAMS_TRADITIONAL_GIS_ORDER);
  OGRLayerH layer = GDALDatasetCreateLayer(dataset, name, system, type, nullptr);
  for (const VectorColumn& column : columns) {
    OGRFieldDefnH field = OGR_Fld_Create(column.name.c_str(), column.type);
    OGR_L_CreateField(layer, field, 1);
    OGR_Fld_Destroy(field);
  }
  for (const VectorRow& row : rows) {
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    for (size_t i = 0; i < row.fields.size(); ++i) {
      OGR_F_SetFieldString(feature, static_cast<int>(i), row.fields[i].c_str());
    }
    std::string wkt = row.wkt;
    char* text = wkt.data();
    OGRGeometryH geometry = nullptr;
    OGR_G_CreateFromWkt(&text, system, &geometry);
    OGR_F_SetGeometryDirectly(feature, geometry);
    EXPECT_EQ(OGR_L_CreateFeature(layer, feature), OGRERR_NONE);
    OGR_F_Destroy(feature);
  }
  OSRDestroySpatialReference(system);
  GDALClose(dataset);
}

}  // namespace patrol::test
