#include "lib/geo/datum.h"

#include <gtest/gtest.h>

namespace patrol::geo {
namespace {

TEST(Datum, AgreesWithPublishedExamples) {
  // The example of the widely used coordtransform library.
  const LonLat tiananmen{116.404, 39.915};
  const LonLat gcj = FromWgs84(Datum::kGcj02, tiananmen);
  EXPECT_NEAR(gcj.lon, 116.41024449916938, 1e-9);
  EXPECT_NEAR(gcj.lat, 39.91640428150164, 1e-9);
}

TEST(Datum, Gcj02IsHundredsOfMetresOffInTheDelta) {
  const LonLat town{113.12, 22.84};
  const double offset_m = GreatCircleM(town, FromWgs84(Datum::kGcj02, town));
  EXPECT_GT(offset_m, 500);
  EXPECT_LT(offset_m, 700);
}

TEST(Datum, TheInverseIsWithinAMillimetreAllOverChina) {
  for (const Datum datum : {Datum::kGcj02, Datum::kBd09}) {
    for (double lon = 75; lon <= 134; lon += 0.731) {
      for (double lat = 4; lat <= 53; lat += 0.913) {
        const LonLat place{lon, lat};
        const LonLat back = ToWgs84(datum, FromWgs84(datum, place));
        ASSERT_LT(GreatCircleM(place, back), 0.001) << DatumName(datum) << " " << lon << " " << lat;
      }
    }
  }
}

TEST(Datum, PlacesOutsideChinaAreUntouched) {
  const LonLat athens{23.81, 38.07};
  for (const Datum datum : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    EXPECT_EQ(ToWgs84(datum, athens), athens);
    EXPECT_EQ(FromWgs84(datum, athens), athens);
  }
}

TEST(Datum, NamesReadBackAndNothingElseDoes) {
  for (const Datum datum : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    Datum read = Datum::kWgs84;
    ASSERT_TRUE(ParseDatum(DatumName(datum), &read));
    EXPECT_EQ(read, datum);
  }
  Datum read;
  EXPECT_FALSE(ParseDatum("WGS 84", &read));
}

}  // namespace
}  // namespace patrol::geo
