#include "lib/patrol/tracks/datum_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using geo::Datum;
using ::testing::HasSubstr;
using ::testing::StrEq;

// A car that drives through the blocks with noise of 5 m, a fix each 70 m.
std::vector<Fix> Drive(int fixes) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 5);
  std::vector<Fix> drive;
  for (int i = 0; i < fixes; ++i) {
    const int street = (i / 20) % 10;
    drive.push_back(FixAt(7 * i, 50 + 70 * (i % 20) + noise(random), 200 * street + noise(random)));
  }
  return drive;
}

// What is made of the drive when its positions are in `truly` and were read as `read_as`.
DatumFit FitOf(const std::vector<Fix>& drive, Datum truly, Datum read_as,
               const Ground& town = Ground(Blocks(12, 12))) {
  DatumCheck check(town.network, town.index, read_as);
  for (Fix fix : drive) {
    fix.position = geo::ToWgs84(read_as, geo::FromWgs84(truly, fix.position));
    check.Take(fix);
  }
  return check.Fit(roadnet::Mode::kCar);
}

TEST(DatumCheck, NamesTheDatumThatPositionsWereNotReadIn) {
  const Ground town(Blocks(12, 12));
  const std::vector<Fix> drive = Drive(200);
  for (const Datum truly : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    for (const Datum read_as : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
      SCOPED_TRACE(std::string(geo::DatumName(truly)) + " read as " +
                   std::string(geo::DatumName(read_as)));
      const DatumFit fit = FitOf(drive, truly, read_as, town);
      EXPECT_EQ(fit.read_as, read_as);
      EXPECT_GT(fit.places, 100u);
      EXPECT_LT(fit.median_m[static_cast<size_t>(truly)], 8);
      if (truly == read_as) {
        EXPECT_FALSE(fit.suspected);
      } else {
        ASSERT_TRUE(fit.suspected);
        EXPECT_EQ(*fit.suspected, truly);
      }
    }
  }
}

TEST(DatumCheck, SaysWhatItSuspectsAndWhy) {
  DatumFit fit;
  fit.places = 812;
  fit.median_m = {143, 4, 60};
  EXPECT_THAT(DatumFitText(fit), StrEq(""));
  fit.suspected = Datum::kGcj02;
  EXPECT_THAT(DatumFitText(fit),
              StrEq("gcj02 rather than wgs84: taken so, half of 812 places lie within 4 m of a "
                    "road, else 143 m"));
  fit.median_m[0] = 200;
  EXPECT_THAT(DatumFitText(fit), HasSubstr("else beyond 200 m"));
}

TEST(DatumCheck, SuspectsNothingOfAFewPlaces) {
  EXPECT_FALSE(FitOf(Drive(20), Datum::kGcj02, Datum::kWgs84).suspected);
}

TEST(DatumCheck, AParkedUnitIsOnePlaceHoweverLongItReports) {
  std::vector<Fix> parked;
  for (int i = 0; i < 5000; ++i) parked.push_back(FixAt(i, 300 + i % 9, i % 7));
  const DatumFit fit = FitOf(parked, Datum::kGcj02, Datum::kWgs84);
  EXPECT_EQ(fit.places, 1u);
  EXPECT_FALSE(fit.suspected);
}

TEST(DatumCheck, PositionsThatFitNoDatumAreNotSuspected) {
  // Boats on a lake, 60 m from the next road and more whatever they are taken for.
  std::mt19937 random(8);
  std::uniform_real_distribution<double> place(60, 140);
  std::vector<Fix> boats;
  for (int i = 0; i < 300; ++i) {
    boats.push_back(FixAt(i, 200 * (i % 10) + place(random), 200 * (i % 9) + place(random)));
  }
  EXPECT_FALSE(FitOf(boats, Datum::kWgs84, Datum::kWgs84).suspected);
}

TEST(DatumCheck, PlacesBeyondTheNetworkTellNothing) {
  const Ground town(Blocks(12, 12));
  DatumCheck check(town.network, town.index, Datum::kWgs84);
  for (int i = 0; i < 100; ++i) check.Take(FixAt(i, 20000 + 100 * i, 60));
  EXPECT_EQ(check.Fit(roadnet::Mode::kCar).places, 0u);
  EXPECT_FALSE(check.Fit(roadnet::Mode::kCar).suspected);
}

TEST(DatumCheck, ALongFileIsLookedAtAllOver) {
  const Ground town(Blocks(12, 12));
  DatumCheck check(town.network, town.index, Datum::kWgs84);
  // More places than are looked at come in BD-09 first: the many after them, in GCJ-02, decide.
  const std::vector<Fix> drive = Drive(10000);
  for (size_t i = 0; i < drive.size(); ++i) {
    Fix fix = drive[i];
    const Datum datum = i < drive.size() / 5 ? Datum::kBd09 : Datum::kGcj02;
    fix.position = geo::FromWgs84(datum, fix.position);
    check.Take(fix);
  }
  const DatumFit fit = check.Fit(roadnet::Mode::kCar);
  EXPECT_LE(fit.places, DatumCheck::kPlacesMax);
  ASSERT_TRUE(fit.suspected);
  EXPECT_EQ(*fit.suspected, Datum::kGcj02);
}

}  // namespace
}  // namespace patrol::tracks
