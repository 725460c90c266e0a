#include "lib/geo/area.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::geo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Feature(const std::string& properties, const std::string& geometry) {
  return R"({"type":"Feature","properties":)" + properties + R"(,"geometry":)" + geometry + "}";
}

std::string Collection(const std::string& features) {
  return R"({"type":"FeatureCollection","features":[)" + features + "]}";
}

const char kSquare[] =
    R"({"type":"Polygon","coordinates":[[[113,22],[113.01,22],[113.01,22.01],[113,22.01],[113,22]]]})";
const char kBowTie[] =
    R"({"type":"Polygon","coordinates":[[[113,22],[113.02,22.02],[113.02,22],[113,22.02],[113,22]]]})";

TEST(Areas, ReadsIdNameKindAndParent) {
  const auto areas = ReadAreasGeoJson(Collection(
      Feature(R"({"id":"grid-01","name":"一号网格","kind":"grid","parent":"town"})", kSquare)));
  ASSERT_TRUE(areas.ok()) << areas.status();
  ASSERT_EQ(areas->size(), 1u);
  EXPECT_EQ(areas->front().id, "grid-01");
  EXPECT_EQ(areas->front().name, "一号网格");
  EXPECT_EQ(areas->front().kind, "grid");
  EXPECT_EQ(areas->front().parent, "town");
  EXPECT_EQ(areas->front().shape.front().outer.size(), 5u);
}

TEST(Areas, MissingNameAndKindHaveDefaultsAndNumbersServeAsIds) {
  const auto areas = ReadAreasGeoJson(Feature(R"({"id":17})", kSquare));
  ASSERT_TRUE(areas.ok()) << areas.status();
  EXPECT_EQ(areas->front().id, "17");
  EXPECT_EQ(areas->front().name, "17");
  EXPECT_EQ(areas->front().kind, "area");
}

TEST(Areas, AreTheSameAfterWritingAndReading) {
  Area area{"a-1", "北窖", "village", "town", {}};
  area.shape = {
      {{{113, 22}, {113.03, 22}, {113.03, 22.03}, {113, 22.03}, {113, 22}},
       {{{113.01, 22.01}, {113.02, 22.01}, {113.02, 22.02}, {113.01, 22.02}, {113.01, 22.01}}}},
      {{{114, 22}, {114.01, 22}, {114.01, 22.01}, {114, 22}}, {}}};
  const auto read = ReadAreasGeoJson(AreasToGeoJson({area}));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, std::vector<Area>{area});
  const auto shape = ReadGeometryJson(GeometryToJson(area.shape));
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ(*shape, area.shape);
}

TEST(Areas, ASelfCrossingRingIsRefusedWithFeatureAndPlace) {
  const auto areas = ReadAreasGeoJson(
      Collection(Feature(R"({"id":"ok"})", kSquare) + "," + Feature(R"({"id":"bow"})", kBowTie)));
  EXPECT_EQ(areas.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(areas.status().message()),
              AllOf(HasSubstr("feature 1 (id \"bow\")"), HasSubstr("crosses or touches itself"),
                    HasSubstr("(113.0100000, 22.0100000)")));
}

TEST(Areas, AllFaultsAreToldAtOnce) {
  const std::string features =
      Feature("{}", kSquare) + "," + Feature(R"({"id":"a"})", kSquare) + "," +
      Feature(R"({"id":"a"})", kSquare) + "," +
      Feature(R"({"id":"point"})", R"({"type":"Point","coordinates":[113,22]})") + "," +
      Feature(R"({"id":"far"})",
              R"({"type":"Polygon","coordinates":[[[213,22],[113.1,22],[113.1,22.1],[213,22]]]})") +
      "," +
      Feature(
          R"({"id":"open"})",
          R"({"type":"Polygon","coordinates":[[[113,22],[113.1,22],[113.1,22.1],[113,22.1]]]})") +
      "," + Feature(R"({"id":"none"})", "null") + "," + Feature(R"({"id":"a b"})", kSquare) + "," +
      Feature(R"({"id":"text"})", R"({"type":"Polygon","coordinates":[[["x",22]]]})") + ",3";
  const auto areas = ReadAreasGeoJson(Collection(features));
  ASSERT_FALSE(areas.ok());
  const std::string message(areas.status().message());
  for (const char* fault :
       {"feature 0: has no id", "feature 2 (id \"a\"): its id is given twice",
        "feature 3 (id \"point\"): its geometry is a Point",
        "feature 4 (id \"far\"): outer ring: place 0",
        "feature 5 (id \"open\"): outer ring: is not closed",
        "feature 6 (id \"none\"): has no geometry", "feature 7 (id \"a b\"): its id must have",
        "feature 8 (id \"text\"): outer ring: place 0 is not",
        "feature 9: is not a GeoJSON Feature"}) {
    EXPECT_THAT(message, HasSubstr(fault));
  }
  EXPECT_THAT(message, ::testing::Not(HasSubstr("feature 1")));
}

TEST(Areas, TextThatIsNoGeoJsonIsRefused) {
  EXPECT_THAT(std::string(ReadAreasGeoJson("{\"type\": ").status().message()),
              HasSubstr("is not JSON at byte"));
  EXPECT_FALSE(ReadAreasGeoJson("[]").ok());
  EXPECT_FALSE(ReadAreasGeoJson(R"({"type":"FeatureCollection"})").ok());
  EXPECT_FALSE(ReadAreasGeoJson(R"({"type":"FeatureCollection","features":{}})").ok());
  EXPECT_FALSE(ReadGeometryJson("3").ok());
}

TEST(Areas, MoreThanTheLimitAreRefused) {
  std::string features = "1";
  for (int i = 0; i < 1000; ++i) features += ",1";
  EXPECT_THAT(std::string(ReadAreasGeoJson(Collection(features)).status().message()),
              HasSubstr("1001 features, at most 1000"));
}

}  // namespace
}  // namespace patrol::geo
