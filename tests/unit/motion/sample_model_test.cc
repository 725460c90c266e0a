#include "lib/video/motion/sample_model.h"

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kSize = 32;

// Whether a place of one grey is foreground where the model has seen another.
bool Differs(int seen, int shown, int base_distance) {
  SampleModel model(kSize, kSize, SampleModel::Parameters());
  for (int i = 0; i < SampleModel::kSamples; ++i) {
    model.SetSample(i, Plane(kSize, kSize, static_cast<uint8_t>(seen)));
  }
  model.set_base_distance(base_distance);
  model.Segment(Plane(kSize, kSize, static_cast<uint8_t>(shown)), 0.04);
  return model.mask().row(kSize / 2)[kSize / 2] != 0;
}

TEST(SampleModelTest, WhatIsNearerThanTheBaseDistanceIsStill) {
  EXPECT_FALSE(Differs(120, 129, 11));
  EXPECT_TRUE(Differs(120, 132, 11));
}

TEST(SampleModelTest, ASmallerBaseDistanceFindsWhatDiffersByLess) {
  EXPECT_TRUE(Differs(120, 129, 6));
  EXPECT_FALSE(Differs(120, 125, 6));
}

TEST(SampleModelTest, FewerGreyLevelsAreEnoughOnWhatIsBlownOutToWhite) {
  EXPECT_TRUE(Differs(255, 246, 11));
  EXPECT_FALSE(Differs(255, 252, 11));
  EXPECT_FALSE(Differs(220, 211, 11));
}

// Whether a place that differs by so much is foreground where the nearest sample is usually missed
// by so many grey levels.
bool DiffersWhereItFlickers(int difference, int levels) {
  SampleModel model(kSize, kSize, SampleModel::Parameters());
  model.Adopt(Plane(kSize, kSize, 120), Plane(kSize, kSize, static_cast<uint8_t>(8 * levels)));
  model.Segment(Plane(kSize, kSize, static_cast<uint8_t>(120 + difference)), 0.04);
  return model.mask().row(kSize / 2)[kSize / 2] != 0;
}

TEST(SampleModelTest, WhereItFlickersAPlaceMustDifferByMoreButTheNoiseOfAnyCameraHidesNothing) {
  EXPECT_TRUE(DiffersWhereItFlickers(13, 1));
  EXPECT_FALSE(DiffersWhereItFlickers(13, 3));
  EXPECT_TRUE(DiffersWhereItFlickers(30, 3));
}

TEST(SampleModelTest, NoSizeOfPictureIsReadOrWrittenBeyondItsRows) {
  // What would be, a sanitizer tells.
  for (const int width : {1, 7, 16, 17, 33, 64, 100}) {
    SampleModel model(width, 3, SampleModel::Parameters());
    const Plane picture(width, 3, 90);
    Plane mean(width, 3);
    for (int i = 0; i < SampleModel::kSamples; ++i) model.SetSample(i, picture);
    for (const int saturated_from : {200, 256}) {
      model.set_saturated_from(saturated_from);
      model.Segment(picture, 0.2);
      model.CloseGaps();
      model.Learn(picture, picture, 0.5);
      model.Mean(mean);
    }
    model.ForgetPassing();
    EXPECT_EQ(model.mask().row(1)[width - 1], 0) << width;
    EXPECT_EQ(mean.row(1)[width - 1], 90) << width;
  }
}

// Whether a place that differs by so little is foreground inside of a thing of another grey. The
// thing leaves it free over so many columns.
bool IsInThing(int shown, int columns) {
  SampleModel model(kSize, kSize, SampleModel::Parameters());
  for (int i = 0; i < SampleModel::kSamples; ++i) model.SetSample(i, Plane(kSize, kSize, 120));
  Plane picture(kSize, kSize, 180);
  for (int y = 0; y < kSize; ++y) {
    for (int x = 12; x < 12 + columns; ++x) picture.row(y)[x] = static_cast<uint8_t>(shown);
  }
  model.Segment(picture, 0.04);
  model.CloseGaps();
  return model.mask().row(kSize / 2)[12 + columns / 2] != 0;
}

TEST(SampleModelTest, APartOfAThingThatLooksALittleLikeItsBackgroundBelongsToIt) {
  EXPECT_TRUE(IsInThing(127, 8));
  EXPECT_FALSE(IsInThing(122, 8));
}

TEST(SampleModelTest, ANarrowPartOfAThingBelongsToItWhateverItLooksLike) {
  EXPECT_TRUE(IsInThing(120, 4));
}

// Whether a thing is found that the model has seen so many times of eight, once what passed by is
// forgotten.
bool FoundAgain(int times_seen) {
  const Plane ground(kSize, kSize, 120), thing(kSize, kSize, 180);
  SampleModel model(kSize, kSize, SampleModel::Parameters());
  for (int i = 0; i < SampleModel::kSamples; ++i) {
    model.SetSample(i, i < times_seen ? thing : ground);
  }
  model.ForgetPassing();
  model.Segment(thing, 0.04);
  return model.mask().row(kSize / 2)[kSize / 2] != 0;
}

TEST(SampleModelTest, WhatPassedByInFewerThanHalfOfTheSamplesIsForgotten) {
  EXPECT_TRUE(FoundAgain(2));
  EXPECT_TRUE(FoundAgain(3));
  EXPECT_FALSE(FoundAgain(4)) << "nobody knows which of the two is the ground";
}

TEST(SampleModelTest, WhereItBlinksEverythingThatWasSeenIsKept) {
  const Plane ground(kSize, kSize, 120);
  Plane leaf(ground);
  leaf.row(kSize / 2)[kSize / 2] = 180;
  SampleModel model(kSize, kSize, SampleModel::Parameters());
  for (int i = 0; i < SampleModel::kSamples; ++i) model.SetSample(i, ground);
  for (int i = 0; i < 20; ++i) model.Segment(i % 2 == 0 ? leaf : ground, 0.04);
  model.SetSample(0, leaf);
  model.SetSample(1, leaf);
  model.ForgetPassing();
  EXPECT_EQ(model.sample(0).row(kSize / 2)[kSize / 2], 180);
}

}  // namespace
}  // namespace patrol::motion
