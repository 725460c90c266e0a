#include "lib/patrol/coverage/gis_files.h"

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogr_api.h>

#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/coverage/point_file.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr ArrivalUs kSecond = 1'000'000;

//            4
//            |         a bridge without a junction crosses the street at x = 300;
//   1 ------ | ------ 2 ------ 3    a lane runs 6 m beside it (6-7), reached by nobody
//       6 -------- 7
//            |
//            5
std::shared_ptr<const roadnet::Network> Streets() {
  return HandNetwork()
      .Node(1, 0, 0)
      .Node(2, 1000, 0)
      .Node(3, 2000, 0)
      .Node(4, 300, 400)
      .Node(5, 300, -400)
      .Node(6, 100, -6)
      .Node(7, 500, -6)
      .TwoWay(10, {1, 2, 3})
      .TwoWay(11, {4, 5})
      .TwoWay(12, {6, 7})
      .Build();
}

class GisFilesTest : public testing::Test {
 protected:
  GisFilesTest() : index_(*network_), graph_(*network_, Mode::kCar, {}), reach_(*network_, graph_) {
    reach_.Run({{{network_->FindPiece(10, 0), 400.0}}}, 60 * kSecond);  // 0..1000 of the street
    covered_.resize(network_->piece_count());
    for (const roadnet::PieceIndex piece : reach_.pieces()) {
      reach_.AppendCovered(piece, &covered_[piece]);
      Merge(&covered_[piece]);
    }
    std::filesystem::create_directories(folder_);
  }
  ~GisFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  const std::shared_ptr<const roadnet::Network> network_ = Streets();
  const roadnet::SpatialIndex index_;
  const roadnet::SearchGraph graph_;
  Reach reach_;
  std::vector<std::vector<Interval>> covered_;
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      ("gis_files_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(GisFilesTest, PolygonsHoldCoveredRoadAndNoUncoveredRoad) {
  const auto stretches =
      CutByWatch(*network_, covered_, std::vector<std::vector<Interval>>(network_->piece_count()));
  const auto shape = CoveragePolygons(*network_, stretches, 15);
  ASSERT_TRUE(shape.ok()) << shape.status();
  ASSERT_FALSE(shape->empty());
  int covered_points = 0;
  int uncovered_points = 0;
  for (const WatchStretch& stretch : stretches) {
    const double length_m = network_->piece(stretch.piece).length_m;
    for (double at_m = stretch.share.begin * length_m; at_m <= stretch.share.end * length_m;
         at_m += 0.25) {
      const geo::LonLat place = PlaceAtShare(*network_, stretch.piece, at_m / length_m);
      if (stretch.covered) {
        ++covered_points;
        ASSERT_TRUE(geo::Contains(*shape, place)) << "way " << stretch.piece << " at " << at_m;
        continue;
      }
      // Within half a metre of covered road either is right.
      const auto near = index_.Nearest(place, {.mode = std::nullopt, .radius_m = 0.5});
      bool beside_covered = false;
      for (const roadnet::Candidate& candidate : near) {
        const double share =
            candidate.position.offset_m / network_->piece(candidate.position.piece).length_m;
        for (const Interval& part : covered_[candidate.position.piece]) {
          const double slack = 0.5 / network_->piece(candidate.position.piece).length_m;
          beside_covered |= part.begin - slack <= share && share <= part.end + slack;
        }
      }
      if (beside_covered) continue;
      ++uncovered_points;
      ASSERT_FALSE(geo::Contains(*shape, place)) << "way " << stretch.piece << " at " << at_m;
    }
  }
  EXPECT_GT(covered_points, 3900);
  EXPECT_GT(uncovered_points, 7000);
}

// Whether a point lies within half a metre of covered road: there either side of a polygon's border
// is right.
bool NearCovered(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                 const std::vector<std::vector<Interval>>& covered, geo::LonLat place) {
  for (const auto& candidate : index.Nearest(place, {.mode = std::nullopt, .radius_m = 0.5})) {
    const double length_m = network.piece(candidate.position.piece).length_m;
    for (const Interval& part : covered[candidate.position.piece]) {
      if (part.begin * length_m - 0.5 <= candidate.position.offset_m &&
          candidate.position.offset_m <= part.end * length_m + 0.5) {
        return true;
      }
    }
  }
  return false;
}

TEST(CoveragePolygonsOfRandomTowns, HoldAllCoveredRoadAndNoUncoveredRoad) {
  // Ways cross each other without junctions, run beside each other and meet at sharp angles.
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    HandNetwork drawing;
    const int nodes = 14;
    for (int i = 1; i <= nodes; ++i) drawing.Node(i, below(900) + i * 0.01, below(900));
    for (int way = 0; way < 18; ++way) {
      const int from = 1 + below(nodes);
      drawing.AnyWay(100 + way, {from, from % nodes + 1, 1 + (from + 1 + below(5)) % nodes},
                     5 + below(20), below(3) == 0 ? 0 : 8);
    }
    const auto network = drawing.Build();
    const roadnet::SpatialIndex index(*network);
    const roadnet::SearchGraph graph(*network, Mode::kCar, {});
    Reach reach(*network, graph);
    const auto piece =
        static_cast<roadnet::PieceIndex>(below(static_cast<int>(network->piece_count())));
    reach.Run({{{piece, network->piece(piece).length_m / 3}}},
              static_cast<ArrivalUs>(20 + below(40)) * kSecond);
    std::vector<std::vector<Interval>> covered(network->piece_count());
    for (const roadnet::PieceIndex reached : reach.pieces()) {
      reach.AppendCovered(reached, &covered[reached]);
      Merge(&covered[reached]);
    }
    const auto stretches =
        CutByWatch(*network, covered, std::vector<std::vector<Interval>>(network->piece_count()));
    const auto shape = CoveragePolygons(*network, stretches, 15);
    ASSERT_TRUE(shape.ok()) << shape.status();
    int outside = 0;
    for (const WatchStretch& stretch : stretches) {
      const double length_m = network->piece(stretch.piece).length_m;
      const double end_m = stretch.share.end * length_m;
      for (double at_m = stretch.share.begin * length_m; at_m <= end_m; at_m += 0.5) {
        const geo::LonLat place = PlaceAtShare(*network, stretch.piece, at_m / length_m);
        if (stretch.covered) {
          ASSERT_TRUE(geo::Contains(*shape, place)) << "piece " << stretch.piece << " at " << at_m;
        } else if (geo::Contains(*shape, place)) {
          ASSERT_TRUE(NearCovered(*network, index, covered, place))
              << "piece " << stretch.piece << " at " << at_m;
        } else {
          ++outside;
        }
      }
    }
    EXPECT_GT(outside, 100);
  }
}

TEST_F(GisFilesTest, OfNothingCoveredThereAreNoPolygons) {
  const std::vector<std::vector<Interval>> none(network_->piece_count());
  const auto shape = CoveragePolygons(*network_, CutByWatch(*network_, none, none), 15);
  ASSERT_TRUE(shape.ok());
  EXPECT_TRUE(shape->empty());
}

TEST_F(GisFilesTest, GeoPackageIsReadBackByGdal) {
  const std::vector<std::vector<Interval>> none(network_->piece_count());
  const auto stretches = CutByWatch(*network_, covered_, none);
  const auto shape = CoveragePolygons(*network_, stretches, 15);
  ASSERT_TRUE(shape.ok());
  const std::string path = Path("c.gpkg");
  ASSERT_TRUE(WriteGeoPackage(*network_, stretches, *shape, path).ok());
  ASSERT_TRUE(WriteGeoPackage(*network_, stretches, *shape, path).ok());  // replaces it
  GDALDatasetH dataset =
      GDALOpenEx(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY, nullptr, nullptr, nullptr);
  ASSERT_NE(dataset, nullptr);
  OGRLayerH roads = GDALDatasetGetLayerByName(dataset, "roads");
  ASSERT_NE(roads, nullptr);
  EXPECT_EQ(OGR_L_GetFeatureCount(roads, 1), static_cast<GIntBig>(stretches.size()));
  double covered_m = 0;
  OGR_L_ResetReading(roads);
  while (OGRFeatureH feature = OGR_L_GetNextFeature(roads)) {
    if (OGR_F_GetFieldAsInteger(feature, 2) == 1) covered_m += OGR_F_GetFieldAsDouble(feature, 5);
    OGR_F_Destroy(feature);
  }
  EXPECT_NEAR(covered_m, 1000, 0.01);
  EXPECT_EQ(OGR_L_GetFeatureCount(GDALDatasetGetLayerByName(dataset, "coverage"), 1), 1);
  GDALClose(dataset);
  EXPECT_THAT(
      std::string(WriteGeoPackage(*network_, stretches, *shape, "/no/such/c.gpkg").message()),
      HasSubstr("/no/such/c.gpkg"));
}

TEST_F(GisFilesTest, ArrivalTimesLieInTheCellsOfTheirRoads) {
  const std::string path = Path("a.tif");
  ASSERT_TRUE(WriteArrivalTiff(*network_, reach_, 45, path).ok());  // no road on an edge
  GDALDatasetH dataset = GDALOpen(path.c_str(), GA_ReadOnly);
  ASSERT_NE(dataset, nullptr);
  double transform[6];
  GDALGetGeoTransform(dataset, transform);
  const auto value_at = [&](double x, double y) {
    const geo::LonLat place = At(x, y);
    float value = 0;
    EXPECT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Read,
                           static_cast<int>((place.lon - transform[0]) / transform[1]),
                           static_cast<int>((place.lat - transform[3]) / transform[5]), 1, 1,
                           &value, 1, 1, GDT_Float32, 0, 0),
              CE_None);
    return value;
  };
  EXPECT_NEAR(value_at(410, 1), 0, 5);  // half a cell is 2.4 s wide
  EXPECT_NEAR(value_at(910, 1), 50, 5);
  EXPECT_EQ(value_at(1500, 1), -1);
  EXPECT_EQ(value_at(310, 300), -1);
  GDALClose(dataset);
  EXPECT_EQ(WriteArrivalTiff(*network_, reach_, 0.01, path).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(GisFilesTest, VectorTilesHoldTheRoadsWithTheirState) {
  const std::vector<std::vector<Interval>> none(network_->piece_count());
  const std::string folder = Path("tiles");
  const absl::Status written =
      WriteVectorTiles(*network_, CutByWatch(*network_, covered_, none), folder);
  ASSERT_TRUE(written.ok()) << written;
  // Read back at the finest zoom. The end of the street, on the border of two tiles, is in both;
  // GDAL 3.6 does not give it back, so it is not asked for.
  size_t zooms = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) ++zooms;
  }
  EXPECT_EQ(zooms, 6u);
  GDALDatasetH tiles = GDALOpenEx((folder + "/15").c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY,
                                  nullptr, nullptr, nullptr);
  ASSERT_NE(tiles, nullptr) << CPLGetLastErrorMsg();
  OGRLayerH roads = GDALDatasetGetLayerByName(tiles, "roads");
  ASSERT_NE(roads, nullptr);
  OGRFeatureDefnH columns = OGR_L_GetLayerDefn(roads);
  const int way = OGR_FD_GetFieldIndex(columns, "way_id");
  const int state = OGR_FD_GetFieldIndex(columns, "state");
  ASSERT_GE(way, 0);
  ASSERT_GE(state, 0);
  std::set<std::pair<int64_t, std::string>> found;
  while (OGRFeatureH feature = OGR_L_GetNextFeature(roads)) {
    found.insert({OGR_F_GetFieldAsInteger64(feature, way), OGR_F_GetFieldAsString(feature, state)});
    OGR_F_Destroy(feature);
  }
  GDALClose(tiles);
  EXPECT_THAT(found, testing::IsSupersetOf({std::pair<int64_t, std::string>(10, "covered only"),
                                            std::pair<int64_t, std::string>(11, "neither"),
                                            std::pair<int64_t, std::string>(12, "neither")}));
}

TEST_F(GisFilesTest, WhatIsCoveredAndWhatIsWatchedAddUpToTheWhole) {
  // Looks east from x = 900, 200 m far: sees 900..1100 of the street.
  CameraView view{"c", At(900, 0), 90, 60, 200};
  const auto watched = WatchedStretches(*network_, index_, {view});
  const tracks::AreaCuts cuts(*network_, index_, {BoxArea("west", "grid", -10, -3, 950, 3)});
  const auto sums = SumWatched(*network_, cuts, covered_, watched);
  ASSERT_THAT(sums, SizeIs(2));
  const auto metres = [](int64_t um) { return static_cast<double>(um) * 1e-6; };
  EXPECT_NEAR(metres(sums[1].covered_watched_um), 100, 0.1);
  EXPECT_NEAR(metres(sums[1].covered_only_um), 900, 0.1);
  EXPECT_NEAR(metres(sums[1].watched_only_um), 100, 0.2);
  EXPECT_NEAR(metres(sums[1].total_um()), 2000 + 800 + 400, 0.1);
  EXPECT_NEAR(metres(sums[0].covered_watched_um), 50, 0.1);
  EXPECT_NEAR(metres(sums[0].covered_only_um), 900, 0.1);
}

TEST(CameraView, ShapeIsTheSectorItLooksInto) {
  const auto inside = [](const CameraView& view, double x, double y) {
    return geo::Contains(ViewShape(view), At(x, y));
  };
  const CameraView north_east{"c", At(0, 0), 45, 90, 100};
  EXPECT_TRUE(inside(north_east, 50, 50));
  EXPECT_TRUE(inside(north_east, 5, 90));
  EXPECT_FALSE(inside(north_east, 80, 80));  // 113 m off
  EXPECT_FALSE(inside(north_east, -5, 50));
  EXPECT_FALSE(inside(north_east, 50, -5));
  const CameraView around{"c", At(0, 0), 0, 360, 100};
  for (int degrees = 0; degrees < 360; degrees += 7) {
    const double angle = degrees * 3.14159265358979323846 / 180;
    EXPECT_TRUE(inside(around, 99 * std::sin(angle), 99 * std::cos(angle)));
    EXPECT_FALSE(inside(around, 101 * std::sin(angle), 101 * std::cos(angle)));
  }
  EXPECT_NEAR(geo::AreaM2(ViewShape(around)), 3.14159265358979323846 * 1e4, 40);
}

TEST(CameraView, IsReadWithHeadingViewAndRange) {
  const auto views = ReadCameraViews(
      "camera_id,lon,lat,heading_deg,field_of_view_deg,range_m\n"
      "a,113,23,90,60,80\nb,113,23,,,\nc,113,23,10,400,\nd,113,23,10,,\n",
      50);
  ASSERT_TRUE(views.ok()) << views.status();
  ASSERT_THAT(views->views, SizeIs(3));
  EXPECT_EQ(views->views[0].range_m, 80);
  EXPECT_EQ(views->views[1].field_of_view_deg, 360);
  EXPECT_EQ(views->views[1].range_m, 50);
  EXPECT_EQ(views->views[2].field_of_view_deg, 90);
  EXPECT_THAT(views->faults, ElementsAre(HasSubstr("camera \"c\": field_of_view_deg 400")));
}

}  // namespace
}  // namespace patrol::coverage
