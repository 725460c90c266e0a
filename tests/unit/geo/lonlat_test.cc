#include "lib/geo/lonlat.h"

#include <cmath>

#include <gtest/gtest.h>

namespace patrol::geo {
namespace {

TEST(LonLat, ADegreeOfLatitudeIsARadiansShareOfTheRadius) {
  EXPECT_NEAR(GreatCircleM({113, 22}, {113, 23}), 111195.08, 0.01);
}

TEST(LonLat, GreatCircleIsTheSameInBothDirectionsAndZeroInPlace) {
  const LonLat a{113.1, 22.9};
  const LonLat b{113.2, 22.7};
  EXPECT_DOUBLE_EQ(GreatCircleM(a, b), GreatCircleM(b, a));
  EXPECT_EQ(GreatCircleM(a, a), 0);
}

TEST(LonLat, GreatCircleGoesTheShortWayOverThe180thMeridian) {
  EXPECT_NEAR(GreatCircleM({179.999, 0}, {-179.999, 0}), 222.39, 0.01);
}

TEST(LocalPlane, ReturnsThePlaceItWasGiven) {
  const LocalPlane plane({113, 22.9});
  const LonLat place{113.07, 22.83};
  const LonLat back = plane.ToLonLat(plane.ToPlane(place));
  EXPECT_NEAR(back.lon, place.lon, 1e-12);
  EXPECT_NEAR(back.lat, place.lat, 1e-12);
}

TEST(LocalPlane, DistancesFromTheOriginAreTrueWithin20Km) {
  const LonLat origin{113, 22.9};
  const LocalPlane plane(origin);
  for (const LonLat place : {LonLat{113.01, 22.9}, {113.0, 22.91}, {113.1, 23.0}, {112.9, 22.85}}) {
    const PointM point = plane.ToPlane(place);
    const double true_m = GreatCircleM(origin, place);
    EXPECT_NEAR(std::hypot(point.x, point.y), true_m, true_m * 1e-3);
  }
}

TEST(LocalPlane, PlacesBeyondThe180thMeridianAreNear) {
  const LocalPlane plane({179.999, -17});
  EXPECT_LT(plane.ToPlane({-179.999, -17}).x, 300);
  EXPECT_GT(plane.ToPlane({-179.999, -17}).x, 0);
  EXPECT_NEAR(plane.ToLonLat({300, 0}).lon, -179.998, 0.002);
}

}  // namespace
}  // namespace patrol::geo
