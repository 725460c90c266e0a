#include "lib/patrol/coverage/area_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"
#include "tests/support/vector_layer.h"

namespace patrol::coverage {
namespace {

using testing::HasSubstr;

class AreaFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.File(name); }

  std::string WriteLayer(const char* driver, const std::string& name, int epsg,
                         OGRwkbGeometryType type, const std::vector<test::VectorColumn>& columns,
                         const std::vector<test::VectorRow>& rows) const {
    test::WriteVectorLayer(driver, Path(name), "beats", epsg, type, columns, rows);
    return Path(name);
  }

  std::string Fault(const std::string& path) const {
    return std::string(ReadAreasFile(path).status().message());
  }

  const test::TemporaryFolder folder_;
};

constexpr char kSquare[] = "POLYGON((113 22.9,113.01 22.9,113.01 22.91,113 22.91,113 22.9))";

TEST_F(AreaFileTest, ReadsPolygonsOfAGeoPackageWithTheirColumnsInAnyCase) {
  const auto areas = ReadAreasFile(WriteLayer(
      "GPKG", "beats.gpkg", 4326, wkbPolygon, {{"ID"}, {"Name"}, {"KIND"}, {"parent"}, {"chief"}},
      {{kSquare, {"b-1", "东门 \"1\"", "beat", "town", "x"}}, {kSquare, {"b-2"}}}));
  ASSERT_TRUE(areas.ok()) << areas.status();
  ASSERT_EQ(areas->size(), 2u);
  EXPECT_EQ((*areas)[0].id, "b-1");
  EXPECT_EQ((*areas)[0].name, "东门 \"1\"");
  EXPECT_EQ((*areas)[0].kind, "beat");
  EXPECT_EQ((*areas)[0].parent, "town");
  EXPECT_EQ((*areas)[1].name, "b-2");
  EXPECT_EQ((*areas)[1].kind, "area");
  ASSERT_EQ((*areas)[0].shape.size(), 1u);
  EXPECT_EQ((*areas)[0].shape[0].outer.front(), (geo::LonLat{113, 22.9}));
}

TEST_F(AreaFileTest, BringsAProjectedShapefileToWgs84AndNumbersAreasWithoutAnId) {
  // Longitude 113, latitude 22.9 in UTM 49 is 705,208 east, 2,533,906 north.
  const auto areas = ReadAreasFile(WriteLayer(
      "ESRI Shapefile", "beats.shp", 32649, wkbPolygon, {{"name"}},
      {{"POLYGON((705000 2533000,706000 2533000,706000 2534000,705000 2534000,705000 2533000))",
        {"east"}}}));
  ASSERT_TRUE(areas.ok()) << areas.status();
  EXPECT_EQ((*areas)[0].id, "0");
  EXPECT_EQ((*areas)[0].name, "east");
  for (const geo::LonLat& corner : (*areas)[0].shape[0].outer) {
    EXPECT_NEAR(corner.lon, 113, 0.01);
    EXPECT_NEAR(corner.lat, 22.9, 0.01);
  }
}

TEST_F(AreaFileTest, NamesAllFaultsOfAVectorFileAtOnceAsOfGeoJson) {
  const std::string path =
      WriteLayer("GPKG", "bad.gpkg", 4326, wkbPolygon, {{"id"}},
                 {{kSquare, {"a"}}, {kSquare, {"a"}}, {"POLYGON((0 0,1 1,1 0,0 1,0 0))", {"bow"}}});
  EXPECT_THAT(Fault(path), HasSubstr(path));
  EXPECT_THAT(Fault(path), HasSubstr("\"a\""));
  EXPECT_THAT(Fault(path), HasSubstr("\"bow\""));
}

TEST_F(AreaFileTest, RefusesWhatHoldsNoAreas) {
  EXPECT_THAT(Fault(WriteLayer("GPKG", "roads.gpkg", 4326, wkbLineString, {{"id"}},
                               {{"LINESTRING(0 0,1 1)", {"a"}}})),
              HasSubstr("has no layer of polygons"));
  std::ofstream(Path("areas.bin")) << "\x01\x02 no areas";
  EXPECT_THAT(Fault(Path("areas.bin")), HasSubstr("is no vector file that GDAL reads"));
  EXPECT_THAT(Fault(Path("none.gpkg")), HasSubstr("none.gpkg: cannot be read, or is empty"));
}

TEST_F(AreaFileTest, ReadsGeoJsonWithoutGdal) {
  std::ofstream(Path("areas.json")) << R"( {"type":"Feature","properties":{"id":"a"},"geometry":
    {"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}})";
  const auto areas = ReadAreasFile(Path("areas.json"));
  ASSERT_TRUE(areas.ok()) << areas.status();
  EXPECT_EQ(areas->size(), 1u);
}

}  // namespace
}  // namespace patrol::coverage
