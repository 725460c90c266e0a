#include "lib/patrol/roadnet/nearest.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/network_sketch.h"

namespace patrol::roadnet {
namespace {

using patrol::testing::NetworkSketch;
using ::testing::ElementsAre;

geo::LonLat At(double east_m, double north_m) {
  return geo::LocalPlane(NetworkSketch::kOrigin).ToLonLat({east_m, north_m});
}

TEST(SpatialIndex, FindsTheFootOfThePerpendicularAndTheEnds) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Way(1, {1, 2});
  const Network network = sketch.Build();
  const SpatialIndex index(network);
  const auto beside = index.Nearest(At(30, 20), {});
  ASSERT_EQ(beside.size(), 1u);
  EXPECT_NEAR(beside[0].position.offset_m, 30, 0.01);
  EXPECT_NEAR(beside[0].distance_m, 20, 0.01);
  const auto beyond = index.Nearest(At(130, 40), {});
  ASSERT_EQ(beyond.size(), 1u);
  EXPECT_NEAR(beyond[0].position.offset_m, network.piece(0).length_m, 1e-9);
  EXPECT_NEAR(beyond[0].distance_m, 50, 0.01);
}

TEST(SpatialIndex, KeepsToRadiusCountAndMode) {
  NetworkSketch sketch;
  for (int i = 0; i < 5; ++i) {
    sketch.Node(2 * i, 0, 10.0 * i).Node(2 * i + 1, 100, 10.0 * i);
    sketch.Way(i, {2 * i, 2 * i + 1}, {{"highway", i == 1 ? "footway" : "residential"}});
  }
  const Network network = sketch.Build();
  const SpatialIndex index(network);
  const auto pieces = [&](const SpatialIndex::Query& query) {
    std::vector<PieceIndex> found;
    for (const Candidate& candidate : index.Nearest(At(50, 0), query)) {
      found.push_back(candidate.position.piece);
    }
    return found;
  };
  EXPECT_THAT(pieces({.radius_m = 25}), ElementsAre(0, 1, 2));
  EXPECT_THAT(pieces({.radius_m = 100, .count_max = 2}), ElementsAre(0, 1));
  EXPECT_THAT(pieces({.mode = Mode::kCar, .radius_m = 25}), ElementsAre(0, 2));
  EXPECT_THAT(pieces({.mode = Mode::kCar, .radius_m = 25, .ignore_walked = false}),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(pieces({.mode = Mode::kFoot, .radius_m = 25}), ElementsAre(0, 1, 2));
}

TEST(SpatialIndex, AgreesWithLookingAtEveryPieceOfRandomNetworks) {
  std::mt19937_64 random(11);
  const auto metres = [&](double span) {
    return static_cast<double>(random() % 100000) / 1e5 * span;
  };
  for (const geo::LonLat origin : {geo::LonLat{113, 22.9}, {179.9995, -17}, {10, 78}}) {
    const geo::LocalPlane plane(origin);
    NetworkBuilder builder;
    for (int i = 0; i < 300; ++i) {
      // Mostly short pieces, some longer than everything else together.
      const double span = i % 20 == 0 ? 20000 : 200;
      const double x = metres(5000) - 2500;
      const double y = metres(5000) - 2500;
      builder.AddNode(2 * i, plane.ToLonLat({x, y}));
      builder.AddNode(2 * i + 1, plane.ToLonLat({x + metres(span) + 1, y + metres(span)}));
      builder.AddWay({i, {2 * i, 2 * i + 1}, ReadWayRules({{"highway", "primary"}}, {})});
    }
    const Network network = *std::move(builder).Build();
    const SpatialIndex index(network);
    for (int i = 0; i < 100; ++i) {
      const geo::LonLat place = plane.ToLonLat({metres(6000) - 3000, metres(6000) - 3000});
      std::vector<std::pair<double, PieceIndex>> expected;
      for (PieceIndex piece = 0; piece < network.piece_count(); ++piece) {
        const Candidate candidate = NearestOn(network, piece, place);
        if (candidate.distance_m <= 300) expected.emplace_back(candidate.distance_m, piece);
      }
      std::sort(expected.begin(), expected.end());
      std::vector<std::pair<double, PieceIndex>> found;
      for (const Candidate& candidate :
           index.Nearest(place, {.radius_m = 300, .count_max = 1000})) {
        found.emplace_back(candidate.distance_m, candidate.position.piece);
        EXPECT_NEAR(geo::GreatCircleM(place, network.Place(candidate.position)),
                    candidate.distance_m, 0.2);
      }
      ASSERT_EQ(found, expected) << "at " << origin.lon;
    }
  }
}

TEST(SpatialIndex, PiecesInABoxAreInOrder) {
  NetworkSketch sketch;
  for (int i = 0; i < 40; ++i) {
    sketch.Node(2 * i, 100.0 * i, 0).Node(2 * i + 1, 100.0 * i, 50).Way(i, {2 * i, 2 * i + 1});
  }
  const Network network = sketch.Build();
  geo::BoundingBox box;
  box.Extend(At(150, 10));
  box.Extend(At(420, 20));
  EXPECT_THAT(SpatialIndex(network).PiecesIn(box), ElementsAre(2, 3, 4));
}

TEST(SpatialIndex, AnEmptyNetworkHasNothingNear) {
  NetworkSketch sketch;
  const Network network = sketch.Build();
  EXPECT_TRUE(SpatialIndex(network).Nearest(NetworkSketch::kOrigin, {.radius_m = 1e6}).empty());
}

}  // namespace
}  // namespace patrol::roadnet
