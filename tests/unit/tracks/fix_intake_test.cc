#include "lib/patrol/tracks/fix_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using ::testing::HasSubstr;

class FixIntakeTest : public ::testing::Test {
 protected:
  FixIntakeTest() { intake_.AddUnit("u"); }

  IntakeResult Take(const Fix& fix, geo::Datum datum = geo::Datum::kWgs84) {
    FixIntake::Batch batch(intake_);
    IntakeResult result = batch.Take(fix, datum);
    batch.Commit();
    return result;
  }

  ManualClock clock_{kNoon + absl::Hours(1)};
  FixIntake intake_{clock_};
};

TEST_F(FixIntakeTest, AcceptsGoodFixesInOrder) {
  EXPECT_EQ(Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kAccepted);
  const IntakeResult second = Take(FixAt(1, 10, 0));
  EXPECT_EQ(second.verdict, IntakeVerdict::kAccepted);
  EXPECT_EQ(second.message, "");
}

TEST_F(FixIntakeTest, RefusesFieldsOutOfRangeAndNamesThem) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Fix fix = FixAt(0, 0, 0);
  fix.position.lat = 91.2;
  EXPECT_EQ(Take(fix).verdict, IntakeVerdict::kInvalid);
  EXPECT_EQ(Take(fix).message, "position.lat: 91.2 is outside -90..90");
  fix = FixAt(0, 0, 0);
  fix.position.lon = nan;
  EXPECT_THAT(Take(fix).message, HasSubstr("position.lon"));
  fix = FixAt(0, 0, 0);
  fix.speed_mps = 100.5;
  EXPECT_THAT(Take(fix).message, HasSubstr("speed_mps: 100.5"));
  fix = FixAt(0, 0, 0);
  fix.heading_deg = -1;
  EXPECT_THAT(Take(fix).message, HasSubstr("heading_deg"));
  fix = FixAt(0, 0, 0);
  fix.accuracy_m = 0;
  EXPECT_THAT(Take(fix).message, HasSubstr("accuracy_m"));
  fix = FixAt(0, 0, 0);
  fix.time = absl::UnixEpoch();
  EXPECT_THAT(Take(fix).message, HasSubstr("time: 1970"));
  fix.time = absl::InfiniteFuture();
  EXPECT_THAT(Take(fix).message, HasSubstr("time"));
}

TEST_F(FixIntakeTest, RefusesUnknownUnits) {
  const IntakeResult result = Take(FixAt(0, 0, 0, "ghost"));
  EXPECT_EQ(result.verdict, IntakeVerdict::kUnknownUnit);
  EXPECT_EQ(result.message, "unit: there is no unit \"ghost\"");
  intake_.RemoveUnit("u");
  EXPECT_EQ(Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kUnknownUnit);
}

TEST_F(FixIntakeTest, RefusesFixesFromTheFutureButToleratesASkewedClock) {
  const double now = 3600;
  EXPECT_EQ(Take(FixAt(now + 30, 0, 0)).verdict, IntakeVerdict::kAccepted);
  const IntakeResult result = Take(FixAt(now + 30.001, 0, 0));
  EXPECT_EQ(result.verdict, IntakeVerdict::kFuture);
  EXPECT_THAT(result.message, HasSubstr("ahead of the service's clock, at most 30s"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Take(FixAt(now + 30.001, 0, 0)).verdict, IntakeVerdict::kAccepted);
}

TEST_F(FixIntakeTest, TellsDuplicatesFromLateFixes) {
  Take(FixAt(0, 0, 0));
  Take(FixAt(10, 0, 0));
  EXPECT_EQ(Take(FixAt(10, 5, 0)).verdict, IntakeVerdict::kDuplicate);
  EXPECT_EQ(Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kDuplicate);
  EXPECT_EQ(Take(FixAt(5, 0, 0)).verdict, IntakeVerdict::kLate);
  EXPECT_EQ(Take(FixAt(5, 0, 0)).verdict, IntakeVerdict::kDuplicate) << "late, but known";
  EXPECT_EQ(Take(FixAt(11, 0, 0)).verdict, IntakeVerdict::kAccepted);
}

TEST_F(FixIntakeTest, LeavesOutASpeedJumpAndGoesOn) {
  Take(FixAt(0, 0, 0));
  const IntakeResult jump = Take(FixAt(1, 2000, 0));
  EXPECT_EQ(jump.verdict, IntakeVerdict::kSpeedJump);
  EXPECT_THAT(jump.message, HasSubstr("position: 2000 m"));
  EXPECT_TRUE(IsStored(jump.verdict));
  EXPECT_EQ(Take(FixAt(2, 20, 0)).verdict, IntakeVerdict::kAccepted);
}

TEST_F(FixIntakeTest, ToleratesNoiseBetweenFixesCloseInTime) {
  Take(FixAt(0, 0, 0));
  EXPECT_EQ(Take(FixAt(0.1, 50, 0)).verdict, IntakeVerdict::kAccepted);
}

TEST_F(FixIntakeTest, BelievesARelocationThatPersists) {
  Take(FixAt(0, 0, 0));
  EXPECT_EQ(Take(FixAt(1, 9000, 0)).verdict, IntakeVerdict::kSpeedJump);
  EXPECT_EQ(Take(FixAt(2, 9010, 0)).verdict, IntakeVerdict::kSpeedJump);
  EXPECT_EQ(Take(FixAt(3, 9020, 0)).verdict, IntakeVerdict::kAccepted);
  EXPECT_EQ(Take(FixAt(4, 9030, 0)).verdict, IntakeVerdict::kAccepted);
  EXPECT_EQ(Take(FixAt(5, 0, 0)).verdict, IntakeVerdict::kSpeedJump);
}

TEST_F(FixIntakeTest, JumpsThatDoNotAgreeAreNoRelocation) {
  Take(FixAt(0, 0, 0));
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(Take(FixAt(i, i % 2 == 0 ? 9000 : -9000, 0)).verdict, IntakeVerdict::kSpeedJump);
  }
  EXPECT_EQ(Take(FixAt(6, 10, 0)).verdict, IntakeVerdict::kAccepted);
}

TEST_F(FixIntakeTest, ConvertsTheDatum) {
  const Fix truth = FixAt(0, 0, 0);
  Fix shifted = truth;
  shifted.position = geo::FromWgs84(geo::Datum::kGcj02, truth.position);
  ASSERT_GT(geo::GreatCircleM(shifted.position, truth.position), 400);
  const IntakeResult result = Take(shifted, geo::Datum::kGcj02);
  EXPECT_LT(geo::GreatCircleM(result.fix.position, truth.position), 0.001);
}

TEST_F(FixIntakeTest, RoundsTimesDownToWholeMicroseconds) {
  Fix fix = FixAt(0, 0, 0);
  fix.time += absl::Nanoseconds(1999);
  EXPECT_EQ(Take(fix).fix.time, FixAt(0, 0, 0).time + absl::Microseconds(1));
}

TEST_F(FixIntakeTest, ABatchThatIsNotCommittedCanBeRepeated) {
  {
    FixIntake::Batch refused(intake_);
    EXPECT_EQ(refused.Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kAccepted);
    EXPECT_EQ(refused.Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kDuplicate) << "within it";
    EXPECT_EQ(refused.Take(FixAt(1, 0, 0)).verdict, IntakeVerdict::kAccepted);
  }
  EXPECT_EQ(Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kAccepted);
  EXPECT_EQ(Take(FixAt(1, 0, 0)).verdict, IntakeVerdict::kAccepted);
}

TEST_F(FixIntakeTest, GoesOnAfterARestartAsIfNothingHadHappened) {
  FixIntake restarted(clock_);
  restarted.Restore(FixAt(0, 0, 0));
  restarted.Restore(FixAt(10, 0, 0));
  FixIntake::Batch batch(restarted);
  EXPECT_EQ(batch.Take(FixAt(10, 0, 0)).verdict, IntakeVerdict::kDuplicate);
  EXPECT_EQ(batch.Take(FixAt(0, 0, 0)).verdict, IntakeVerdict::kDuplicate);
  EXPECT_EQ(batch.Take(FixAt(5, 0, 0)).verdict, IntakeVerdict::kLate);
  EXPECT_EQ(batch.Take(FixAt(11, 5000, 0)).verdict, IntakeVerdict::kSpeedJump);
  EXPECT_EQ(batch.Take(FixAt(12, 30, 0)).verdict, IntakeVerdict::kAccepted);
}

}  // namespace
}  // namespace patrol::tracks
