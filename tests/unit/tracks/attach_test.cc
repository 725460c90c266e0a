#include "lib/patrol/tracks/attach.h"

#include <gtest/gtest.h>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using roadnet::Mode;

class AttachPlaceTest : public ::testing::Test {
 protected:
  std::optional<Attachment> Attach(double x, double y) const {
    return AttachPlace(town_.index, FixAt(0, x, y).position, Mode::kCar, AttachTo::kDriven);
  }
  const Ground town_ = Ground(Blocks(2, 2));  // streets each 200 m from (0, 0)
};

TEST_F(AttachPlaceTest, APlaceUpToFiftyMetresOffIsOnTheNetwork) {
  const auto attached = Attach(100, -49);
  ASSERT_TRUE(attached);
  EXPECT_NEAR(attached->distance_m, 49, 0.1);
  EXPECT_EQ(attached->walk_m, 0);
  EXPECT_EQ(attached->walk_us(), 0u);
  EXPECT_EQ(attached->position().attach_distance_m, 0);
}

TEST_F(AttachPlaceTest, APlaceUpToTwoHundredMetresOffIsWalkedTo) {
  const auto attached = Attach(100, -140);
  ASSERT_TRUE(attached);
  EXPECT_NEAR(attached->walk_m, 140, 0.2);
  EXPECT_NEAR(static_cast<double>(attached->walk_us()), 100e6, 2e5);
  EXPECT_EQ(attached->position().attach_distance_m, attached->walk_m);
}

TEST_F(AttachPlaceTest, APlaceFurtherOffIsOffTheNetworkAndNamed) {
  EXPECT_FALSE(Attach(100, -203));
  EXPECT_EQ(NoRoadText({113.02, 22.91}, Mode::kCar),
            "no road for car within 200 m of (113.020000, 22.910000)");
}

}  // namespace
}  // namespace patrol::tracks
