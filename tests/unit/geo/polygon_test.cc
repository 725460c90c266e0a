#include "lib/geo/polygon.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::geo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Ring Square(double west, double south, double size) {
  return {{west, south},
          {west + size, south},
          {west + size, south + size},
          {west, south + size},
          {west, south}};
}

// A square of 0.03 degrees with a hole of 0.01 in its middle.
MultiPolygon SquareWithHole() { return {{Square(113, 22, 0.03), {Square(113.01, 22.01, 0.01)}}}; }

TEST(Polygon, ContainsItsInsideButNotItsHole) {
  const MultiPolygon shape = SquareWithHole();
  EXPECT_TRUE(Contains(shape, {113.005, 22.005}));
  EXPECT_FALSE(Contains(shape, {113.015, 22.015}));
  EXPECT_FALSE(Contains(shape, {113.04, 22.015}));
}

TEST(Polygon, APlaceOnASharedBorderIsInExactlyOneOfTheTwo) {
  const LonLat top{113.0137, 22.03};
  const LonLat bottom{113.0171, 22};
  const MultiPolygon west = {{{{113, 22}, bottom, top, {113, 22.03}, {113, 22}}, {}}};
  const MultiPolygon east = {{{bottom, {113.03, 22}, {113.03, 22.03}, top, bottom}, {}}};
  for (double share = 0.05; share < 1; share += 0.05) {
    const LonLat place{bottom.lon + share * (top.lon - bottom.lon),
                       bottom.lat + share * (top.lat - bottom.lat)};
    EXPECT_NE(Contains(west, place), Contains(east, place)) << share;
  }
}

TEST(Polygon, AreaIsThatOfTheSphereLessTheHole) {
  const double degree_m = 111195.08;
  const double square_m2 = 0.03 * degree_m * 0.03 * degree_m * std::cos(22.015 * M_PI / 180);
  const double hole_m2 = 0.01 * degree_m * 0.01 * degree_m * std::cos(22.015 * M_PI / 180);
  EXPECT_NEAR(AreaM2(SquareWithHole()), square_m2 - hole_m2, square_m2 * 1e-6);
}

TEST(Polygon, AreaAndCentroidDoNotDependOnTheRingsDirection) {
  MultiPolygon shape = SquareWithHole();
  const double area_m2 = AreaM2(shape);
  std::reverse(shape[0].outer.begin(), shape[0].outer.end());
  EXPECT_NEAR(AreaM2(shape), area_m2, 1e-3);
  const LonLat centre = Centroid(shape);
  EXPECT_NEAR(centre.lon, 113.015, 1e-6);
  EXPECT_NEAR(centre.lat, 22.015, 1e-6);
}

TEST(Polygon, CentroidMovesAwayFromAHoleOnOneSide) {
  const MultiPolygon shape = {{Square(113, 22, 0.03), {Square(113.001, 22.01, 0.01)}}};
  EXPECT_GT(Centroid(shape).lon, 113.015);
}

TEST(Polygon, BoundsAreThoseOfAllOuterRings) {
  const MultiPolygon shape = {{Square(113, 22, 0.01), {}}, {Square(113.1, 22.2, 0.01), {}}};
  const BoundingBox box = Bounds(shape);
  EXPECT_DOUBLE_EQ(box.min_lon, 113);
  EXPECT_DOUBLE_EQ(box.max_lon, 113.11);
  EXPECT_DOUBLE_EQ(box.max_lat, 22.21);
  EXPECT_TRUE(Bounds({}).empty());
}

TEST(ClipSegment, CutsAtBordersAndHoles) {
  const std::vector<Interval> parts =
      ClipSegment(SquareWithHole(), {112.99, 22.015}, {113.04, 22.015});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NEAR(parts[0].begin, 0.2, 1e-9);
  EXPECT_NEAR(parts[0].end, 0.4, 1e-9);
  EXPECT_NEAR(parts[1].begin, 0.6, 1e-9);
  EXPECT_NEAR(parts[1].end, 0.8, 1e-9);
}

TEST(ClipSegment, KeepsAWholeInnerSegmentAndNothingOfAnOuterOne) {
  EXPECT_THAT(ClipSegment(SquareWithHole(), {113.001, 22.001}, {113.002, 22.029}),
              ElementsAre(Interval{0, 1}));
  EXPECT_THAT(ClipSegment(SquareWithHole(), {113.2, 22.001}, {113.3, 22.029}), IsEmpty());
  // Its box meets the shape's, the segment does not.
  EXPECT_THAT(ClipSegment(SquareWithHole(), {112.99, 22.02}, {113.02, 22.05}), IsEmpty());
}

TEST(ClipSegment, ASegmentAlongASharedBorderBelongsToExactlyOne) {
  const MultiPolygon west = {{Square(113, 22, 0.01), {}}};
  const MultiPolygon east = {{Square(113.01, 22, 0.01), {}}};
  const LonLat a{113.01, 22.002};
  const LonLat b{113.01, 22.008};
  EXPECT_EQ(ClipSegment(west, a, b).size() + ClipSegment(east, a, b).size(), 1u);
}

TEST(ClipSegment, PartsOverAPartitionAddUpToTheWholeSegment) {
  // Four areas around one place, with slanted borders.
  const LonLat middle{113.0153, 22.0147};
  const LonLat s{113.013, 22};
  const LonLat e{113.03, 22.016};
  const LonLat n{113.017, 22.03};
  const LonLat w{113, 22.011};
  const std::vector<MultiPolygon> areas = {
      {{{{113, 22}, s, middle, w, {113, 22}}, {}}},
      {{{s, {113.03, 22}, e, middle, s}, {}}},
      {{{middle, e, {113.03, 22.03}, n, middle}, {}}},
      {{{w, middle, n, {113, 22.03}, w}, {}}},
  };
  std::mt19937_64 random(7);
  const auto coordinate = [&] { return static_cast<double>(random() % 30000) * 1e-6; };
  for (int i = 0; i < 2000; ++i) {
    const LonLat a{113 + coordinate(), 22 + coordinate()};
    const LonLat b{113 + coordinate(), 22 + coordinate()};
    double sum = 0;
    for (const MultiPolygon& area : areas) {
      for (const Interval& part : ClipSegment(area, a, b)) sum += part.end - part.begin;
    }
    ASSERT_NEAR(sum, 1, 1e-9) << i;
  }
}

TEST(FindFaults, AValidShapeHasNone) {
  EXPECT_THAT(FindFaults(SquareWithHole()), IsEmpty());
  MultiPolygon turned = SquareWithHole();
  std::reverse(turned[0].outer.begin(), turned[0].outer.end());
  EXPECT_THAT(FindFaults(turned), IsEmpty());
}

TEST(FindFaults, ASelfCrossingRingIsNamedWithThePlaceOfTheCrossing) {
  const MultiPolygon bow_tie = {
      {{{113, 22}, {113.02, 22.02}, {113.02, 22}, {113, 22.02}, {113, 22}}, {}}};
  EXPECT_THAT(FindFaults(bow_tie),
              ElementsAre(HasSubstr("outer ring: crosses or touches itself at (113.0100000, "
                                    "22.0100000)")));
}

TEST(FindFaults, ARingThatTouchesItselfIsAFault) {
  const MultiPolygon pinched = {
      {{{113, 22}, {113.02, 22}, {113.02, 22.02}, {113.01, 22}, {113, 22.02}, {113, 22}}, {}}};
  EXPECT_THAT(FindFaults(pinched), ElementsAre(HasSubstr("(113.0100000, 22.0000000)")));
}

TEST(FindFaults, UnclosedShortAndOutOfRangeRingsAreNamed) {
  Ring open = Square(113, 22, 0.01);
  open.pop_back();
  EXPECT_THAT(FindFaults({{open, {}}}), ElementsAre(HasSubstr("is not closed")));
  EXPECT_THAT(FindFaults({{{{113, 22}, {113.1, 22}, {113, 22}}, {}}}),
              ElementsAre(HasSubstr("has 3 places, at least 4")));
  EXPECT_THAT(FindFaults({{{{113, 22}, {113.1, 92}, {113.2, 22}, {113, 22}}, {}}}),
              ElementsAre(HasSubstr("place 1 (113.1000000, 92.0000000) is out of range")));
  EXPECT_THAT(FindFaults({}), ElementsAre("has no polygon"));
}

TEST(FindFaults, AHoleOutsideAndOverlappingPolygonsAreNamed) {
  EXPECT_THAT(FindFaults({{Square(113, 22, 0.01), {Square(113.02, 22.02, 0.001)}}}),
              ElementsAre(HasSubstr("has a hole that is not inside")));
  EXPECT_THAT(FindFaults({{Square(113, 22, 0.02), {}}, {Square(113.01, 22.01, 0.02), {}}}),
              ElementsAre(HasSubstr("two of its rings cross or overlap at (113.0")));
}

TEST(FindFaults, AllFaultyRingsAreToldAtOnce) {
  Ring open = Square(113, 22, 0.01);
  open.pop_back();
  const std::vector<std::string> faults =
      FindFaults({{open, {}}, {Square(113.1, 22, 0.01), {{{113.1, 22}, {113.1, 22}}}}});
  EXPECT_THAT(faults, ElementsAre(HasSubstr("polygon 0, outer ring"),
                                  HasSubstr("polygon 1, hole 0: has 2 places")));
}

}  // namespace
}  // namespace patrol::geo
