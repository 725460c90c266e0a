#include "lib/video/motion/relight.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kWidth = 320, kHeight = 240;

// Ground with hardly any structure, as a road at night.
Plane Ground() {
  Plane ground(kWidth, kHeight);
  std::minstd_rand random(5);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      ground.row(y)[x] = static_cast<uint8_t>(50 + x / 40 + random() % 3);
    }
  }
  return ground;
}

// A beam of headlights about the middle of the picture.
double Beam(int x, int y) {
  const double dx = (x - 160) / 52.0, dy = (y - 120) / 48.0;
  return 1 + 1.5 * std::exp(-dx * dx - dy * dy);
}

// A thing with structure of its own and sharp edges.
bool InThing(int x, int y) { return x >= 140 && x < 188 && y >= 96 && y < 136; }
double Thing(int x, int y) { return (x / 3 + y / 5) % 2 == 0 ? 110 : 40; }

Plane Difference(const Plane& picture, const Plane& ground) {
  Plane mask(kWidth, kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      mask.row(y)[x] = std::abs(picture.row(y)[x] - ground.row(y)[x]) > 8 ? 255 : 0;
    }
  }
  return mask;
}

// What is left of the mask, as a share of the picture: in the thing and outside of it.
std::pair<double, double> LeftOf(const Plane& picture, const Plane& ground) {
  Plane mask = Difference(picture, ground);
  ForegroundBlocks blocks;
  blocks.Fill(mask);
  LightRegions regions;
  regions.Find(picture, ground, blocks);
  regions.ClearFrom(picture, ground, mask);
  double inside = 0, outside = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      if (mask.row(y)[x] != 0) (InThing(x, y) ? inside : outside) += 1.0 / (kWidth * kHeight);
    }
  }
  return {inside, outside};
}

Plane Lit(const Plane& ground, bool beam, bool thing) {
  Plane picture(kWidth, kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const double there = thing && InThing(x, y) ? Thing(x, y) : ground.row(y)[x];
      picture.row(y)[x] =
          static_cast<uint8_t>(std::clamp(there * (beam ? Beam(x, y) : 1.0), 0.0, 255.0));
    }
  }
  return picture;
}

constexpr double kThingShare = 48.0 * 40 / (kWidth * kHeight);

TEST(LightRegionsTest, ABeamOfLightOnGroundWithoutStructureIsLight) {
  const Plane ground = Ground();
  const auto [inside, outside] = LeftOf(Lit(ground, true, false), ground);
  EXPECT_LT(inside + outside, 0.0025);
}

TEST(LightRegionsTest, AThingOnItsOwnStays) {
  const Plane ground = Ground();
  EXPECT_GT(LeftOf(Lit(ground, false, true), ground).first, 0.8 * kThingShare);
}

TEST(LightRegionsTest, AThingInABeamOfLightStaysAndTheLightAroundItGoes) {
  const Plane ground = Ground();
  const auto [inside, outside] = LeftOf(Lit(ground, true, true), ground);
  EXPECT_GT(inside, 0.8 * kThingShare);
  EXPECT_LT(outside, 0.3 * kThingShare) << "the blocks that it lies in";
}

TEST(LightRegionsTest, ABeamOfLightThatManyThingsStandInIsLight) {
  const Plane ground = Ground();
  Plane picture = Lit(ground, true, false);
  const auto in_things = [](int x, int y) {
    return std::hypot(x - 160, y - 120) < 72 && x % 24 < 16 && y % 24 < 8;
  };
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      if (in_things(x, y)) picture.row(y)[x] = static_cast<uint8_t>(Thing(x, y));
    }
  }
  Plane mask = Difference(picture, ground);
  ForegroundBlocks blocks;
  blocks.Fill(mask);
  LightRegions regions;
  regions.Find(picture, ground, blocks);
  regions.ClearFrom(picture, ground, mask);
  int outside = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) outside += mask.row(y)[x] != 0 && !in_things(x, y) ? 1 : 0;
  }
  EXPECT_LT(outside, 0.005 * kWidth * kHeight) << "the blocks that they lie in";
}

// A hedge at the left and a road, in old light and in new: the hedge half as bright again, the road
// as it was.
Plane HedgeAndRoad(bool new_light) {
  Plane ground(kWidth, kHeight);
  std::minstd_rand random(5);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool hedge = x < 136;
      const double luma = hedge ? 40.0 + random() % 40 : 150.0 + random() % 3;
      ground.row(y)[x] = static_cast<uint8_t>(luma * (hedge && new_light ? 1.5 : 1.0));
    }
  }
  return ground;
}

TEST(LightRegionsTest, HiddenGroundGetsTheLightThatGroundAsBrightGetsAround) {
  const Plane ground = HedgeAndRoad(false);
  const Plane picture = Lit(HedgeAndRoad(true), false, true);
  ForegroundBlocks blocks, hidden;
  blocks.Fill(Difference(picture, ground));
  hidden.Fill(Difference(Lit(ground, false, true), ground));
  LightRegions regions;
  regions.Find(picture, ground, blocks);
  regions.Grow(picture, ground, hidden, true);
  Plane model(ground);
  regions.Relight(picture, ground, model);
  for (int x = 144; x < 184; x += 8) {
    EXPECT_NEAR(model.row(116)[x], ground.row(116)[x], 4) << x;
    EXPECT_NEAR(model.row(180)[x], ground.row(180)[x], 4) << x;
  }
  EXPECT_NEAR(model.row(116)[60], 1.5 * ground.row(116)[60], 4);
}

}  // namespace
}  // namespace patrol::motion
