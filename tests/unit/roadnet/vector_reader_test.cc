#include "lib/patrol/roadnet/vector_reader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/roadnet/network_file.h"
#include "tests/support/vector_layer.h"

namespace patrol::roadnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class VectorReaderTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  // A line layer: columns kind, dir, kmh, road; in the system `epsg`.
  struct Road {
    std::string wkt;
    std::string kind;
    std::string dir;
    int kmh = 0;
    std::string road;
  };
  std::string WriteLayer(const char* driver, const std::string& name, int epsg,
                         const std::vector<Road>& roads) const {
    const std::string path = (folder_ / name).string();
    std::vector<test::VectorRow> rows;
    for (const Road& road : roads) {
      rows.push_back({road.wkt, {road.kind, road.dir, road.road, std::to_string(road.kmh)}});
    }
    test::WriteVectorLayer(driver, path, "roads", epsg, wkbLineString,
                           {{"kind"}, {"dir"}, {"road"}, {"kmh", OFTInteger}}, rows);
    return path;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      ("vector_reader_" +
       std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

std::string Feature(int id, const std::string& coordinates, const std::string& properties,
                    const std::string& type = "LineString") {
  return R"({"type":"Feature","id":)" + std::to_string(id) + R"(,"geometry":{"type":")" + type +
         R"(","coordinates":)" + coordinates + R"(},"properties":{)" + properties + "}}";
}

std::string Collection(const std::string& features) {
  return R"({"type":"FeatureCollection","features":[)" + features + "]}";
}

TEST_F(VectorReaderTest, MakesWaysOfFeaturesAndNodesOfPlaces) {
  const std::string path =
      Write("roads.geojson",
            Collection(Feature(7, "[[113,23],[113.001,23],[113.001,23],[113.002,23]]",
                               R"("highway":"primary","name":"East Road","maxspeed":"40")") +
                       "," +
                       Feature(5, "[[113.001,23],[113.001,23.001]]",
                               R"("highway":"residential","oneway":"yes")")));
  NetworkReport report;
  const auto network = ReadVector(path, {}, {}, &report);
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_EQ(network->piece_count(), 3u);
  EXPECT_EQ(report.segments_zero_length, 1u);
  EXPECT_EQ(network->node_count(), 4u);
  EXPECT_EQ(network->node(network->FindNode(2)).place, (geo::LonLat{113.001, 23}));
  // The dropped segment keeps its seq, as in OSM files.
  const PieceIndex east = network->FindPiece(7, 2);
  ASSERT_LT(east, network->piece_count());
  EXPECT_EQ(network->name(network->piece(east)), "East Road");
  EXPECT_EQ(network->node(network->piece(east).to).id, 3);
  // 90 % of the posted 40 km/h.
  EXPECT_NEAR(network->time_us(Mode::kCar, ForwardArc(east)),
              network->piece(east).length_m / (36 / 3.6) * 1e6, 1);
  const PieceIndex north = network->FindPiece(5, 0);
  EXPECT_TRUE(network->allowed(Mode::kCar, ForwardArc(north)));
  EXPECT_FALSE(network->allowed(Mode::kCar, BackwardArc(north)));
}

TEST_F(VectorReaderTest, ReadsAGeoPackageInAProjectedSystemWithItsOwnColumns) {
  // EPSG:32649 is UTM 49 north; a kilometre east of its middle meridian, 111 E.
  const std::string path =
      WriteLayer("GPKG", "roads.gpkg", 32649,
                 {{"LINESTRING(500000 2544000,501000 2544000)", "Primary", "T", 60, "North"},
                  {"LINESTRING(501000.05 2544000,502000 2544000)", "secondary", "B", 0, ""}});
  const auto columns = ParseVectorColumns("class=kind,oneway=dir,speed=kmh,name=road");
  ASSERT_TRUE(columns.ok());
  NetworkReport report;
  const auto network = ReadVector(path, *columns, {}, &report);
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_EQ(network->piece_count(), 2u);
  EXPECT_EQ(report.ends_joined, 1u);
  EXPECT_EQ(network->node_count(), 3u);
  EXPECT_NEAR(network->node(0).place.lon, 111.0, 1e-6);
  EXPECT_NEAR(network->node(0).place.lat, 23.003, 0.01);
  EXPECT_EQ(network->piece(0).way_id, 1);
  EXPECT_EQ(network->piece(0).road_class, RoadClass::kPrimary);
  EXPECT_NEAR(network->piece(0).length_m, 1000, 6);  // a sphere, and UTM's scale of 0.9996
  EXPECT_FALSE(network->allowed(Mode::kCar, ForwardArc(0)));
  EXPECT_TRUE(network->allowed(Mode::kCar, BackwardArc(0)));
  EXPECT_TRUE(network->allowed(Mode::kCar, ForwardArc(1)));
  EXPECT_TRUE(network->allowed(Mode::kCar, BackwardArc(1)));
}

TEST_F(VectorReaderTest, KnowsWhatValuesOfClassAndDirectionStandFor) {
  const std::string path =
      WriteLayer("GPKG", "roads.gpkg", 4326,
                 {{"LINESTRING(113 23,113.01 23)", "国道", "2", 0, ""},
                  {"LINESTRING(113 23.1,113.01 23.1)", "县道", "3", 0, ""},
                  {"LINESTRING(113 23.2,113.01 23.2)", "Trunk", "1", 0, ""},
                  {"LINESTRING(113 23.3,113.01 23.3)", "乡道", "both", -5, ""}});
  const auto columns = ParseVectorColumns(
      "class=kind,oneway=dir,speed=kmh,class:国道=trunk,class:县道=tertiary,oneway:2=yes,oneway:3=-"
      "1,"
      "oneway:1=no");
  ASSERT_TRUE(columns.ok()) << columns.status();
  NetworkReport report;
  const auto network = ReadVector(path, *columns, {}, &report);
  ASSERT_TRUE(network.ok()) << network.status();
  const auto allowed = [&](PieceIndex piece) {
    return std::pair(network->allowed(Mode::kCar, ForwardArc(piece)),
                     network->allowed(Mode::kCar, BackwardArc(piece)));
  };
  EXPECT_EQ(network->piece(0).road_class, RoadClass::kTrunk);
  EXPECT_EQ(allowed(0), std::pair(true, false));
  EXPECT_EQ(network->piece(1).road_class, RoadClass::kTertiary);
  EXPECT_EQ(allowed(1), std::pair(false, true));
  EXPECT_EQ(network->piece(2).road_class, RoadClass::kTrunk);
  EXPECT_EQ(allowed(2), std::pair(true, true));
  EXPECT_EQ(network->piece(3).road_class, RoadClass::kOther);
  EXPECT_EQ(allowed(3), std::pair(true, true));
  EXPECT_THAT(report.classes_unknown.named, ElementsAre(Pair("乡道", 1u)));
  EXPECT_THAT(report.one_ways_unknown.named, ElementsAre(Pair("both", 1u)));
  EXPECT_THAT(report.speeds_unknown.named, ElementsAre(Pair("-5", 1u)));
}

TEST(UnknownValues, NamesTheMostFrequentAndCountsAll) {
  UnknownValues values;
  for (int i = 0; i < 30; ++i) values.Add(std::to_string(i));
  values.Add("7");
  EXPECT_EQ(values.count, 31u);
  EXPECT_EQ(values.named.size(), UnknownValues::kNamedMax);
  EXPECT_EQ(values.Text(2), "7 2, 0 1, ...");
}

TEST_F(VectorReaderTest, ReadsAShapefile) {
  const std::string path = WriteLayer("ESRI Shapefile", "roads.shp", 4326,
                                      {{"LINESTRING(113 23,113.01 23)", "tertiary", "", 0, "a"}});
  VectorColumns columns;
  columns.road_class = "kind";
  const auto network = ReadNetworkFile(path, columns);
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_EQ(network->piece_count(), 1u);
  EXPECT_EQ(network->piece(0).way_id, 0);  // a shapefile counts from 0
  EXPECT_EQ(network->piece(0).road_class, RoadClass::kTertiary);
}

TEST_F(VectorReaderTest, PartsOfALineAreNotJoinedByARoad) {
  const std::string path =
      Write("parts.geojson",
            Collection(Feature(1, "[[[113,23],[113.001,23]],[[113.005,23],[113.006,23]]]",
                               R"("highway":"primary")", "MultiLineString")));
  const auto network = ReadVector(path, {});
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_EQ(network->piece_count(), 2u);
  EXPECT_EQ(network->piece(0).seq, 0u);
  EXPECT_EQ(network->piece(1).seq, 2u);
}

TEST_F(VectorReaderTest, LeavesOutWhatIsNoRoadAndCountsIt) {
  const std::string path =
      Write("mixed.geojson",
            Collection(Feature(1, "[[113,23],[113.001,23]]", R"("highway":"primary")") + "," +
                       Feature(2, "[[113,23.1],[113.001,23.1]]", R"("waterway":"river")") + "," +
                       Feature(3, "[113,23]", R"("highway":"bus_stop")", "Point") + "," +
                       Feature(4, "[[113,23],[113.002,23.002],[113,23.002],[113.002,23]]",
                               R"("highway":"Gasse")")));
  NetworkReport report;
  const auto network = ReadVector(path, {}, {}, &report);
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(report.ways_used, 2u);
  EXPECT_EQ(report.features_without_line, 1u);
  EXPECT_EQ(report.classes_unknown.count, 1u);
  EXPECT_THAT(report.classes_unknown.named, ElementsAre(Pair("gasse", 1u)));
  EXPECT_THAT(report.ways_self_crossing, ElementsAre(4));
}

TEST_F(VectorReaderTest, ReadsTagsThatGdalKeptOfAnOsmFile) {
  const std::string path = Write(
      "osm.geojson",
      Collection(
          Feature(1, "[[113,23],[113.001,23]]",
                  R"("highway":"primary","other_tags":"\"oneway\"=>\"-1\",\"x\"=>\"a\\\"b\"")") +
          "," + Feature(2, "[[113,23],[113,23.001]]", R"("highway":"primary","access":"no")")));
  RoadOptions options;
  options.crew_walks = false;
  const auto network = ReadVector(path, {}, options);
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_EQ(network->piece_count(), 1u);
  EXPECT_FALSE(network->allowed(Mode::kCar, ForwardArc(0)));
}

TEST_F(VectorReaderTest, NamesTheFileAndWhatIsWrongWithIt) {
  EXPECT_EQ(ReadVector((folder_ / "none.gpkg").string(), {}).status().code(),
            absl::StatusCode::kNotFound);
  const auto fails = [&](const std::string& path, const VectorColumns& columns) {
    const auto network = ReadVector(path, columns);
    EXPECT_FALSE(network.ok());
    EXPECT_THAT(std::string(network.status().message()), HasSubstr(path));
    return std::string(network.status().message());
  };
  EXPECT_THAT(fails(Write("text.gpkg", "no geopackage"), {}), HasSubstr("no vector file"));
  const std::string good = Write(
      "good.geojson", Collection(Feature(1, "[[113,23],[113.001,23]]", R"("kind":"primary")")));
  VectorColumns columns;
  columns.road_class = "klass";
  EXPECT_THAT(fails(good, columns), HasSubstr("has no column \"klass\"; it has"));
  columns = {};
  columns.layer = "streets";
  EXPECT_THAT(fails(good, columns), HasSubstr("has no layer \"streets\""));
  const std::string far = Write(
      "far.geojson",
      Collection(Feature(9, "[[500000,2544000],[501000,2544000]]", R"("highway":"primary")")));
  EXPECT_THAT(fails(far, {}), HasSubstr("feature 9: a place is not on the earth"));
  EXPECT_THAT(fails(Write("empty.geojson", Collection("")), {}), HasSubstr("no usable road"));
}

TEST(VectorColumns, AreReadFromOneOption) {
  const auto columns = ParseVectorColumns("class=fclass, layer=roads,snap=1.5");
  ASSERT_TRUE(columns.ok());
  EXPECT_EQ(columns->road_class, "fclass");
  EXPECT_EQ(columns->layer, "roads");
  EXPECT_EQ(columns->snap_m, 1.5);
  EXPECT_TRUE(ParseVectorColumns("").ok());
  EXPECT_FALSE(ParseVectorColumns("klass=a").ok());
  EXPECT_FALSE(ParseVectorColumns("class:a=primry").ok());
  EXPECT_FALSE(ParseVectorColumns("oneway:2=maybe").ok());
  EXPECT_FALSE(ParseVectorColumns("snap=-1").ok());
  EXPECT_FALSE(ParseVectorColumns("snap=nan").ok());
}

}  // namespace
}  // namespace patrol::roadnet
