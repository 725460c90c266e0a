#include "lib/video/motion/passing_blob.h"

#include <cstring>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(40);

class PassingBlobTest : public testing::Test {
 protected:
  // Draws a square of foreground into the mask.
  static void Draw(Plane& mask, int left, int top, int size) {
    for (int y = top; y < top + size; ++y) {
      std::memset(mask.row(y) + left, 255, static_cast<size_t>(size));
    }
  }

  // Pixels that are told of a square, after what was shown before; 0 of nothing.
  int Told(int left, int size, absl::Duration elapsed = kFrame) {
    Plane mask(kWidth, kHeight);
    if (size > 0) Draw(mask, left, 80, size);
    LeaveOut(mask, elapsed);
    return Count(mask);
  }

  void LeaveOut(Plane& mask, absl::Duration elapsed) {
    ForegroundBlocks blocks;
    blocks.Fill(mask);
    blob_.LeaveOut(elapsed, blocks, mask);
  }

  static int Count(const Plane& mask) {
    int count = 0;
    for (int y = 0; y < mask.height(); ++y) {
      for (int x = 0; x < mask.width(); ++x) count += mask.row(y)[x] != 0 ? 1 : 0;
    }
    return count;
  }

  static constexpr int kWidth = 320, kHeight = 240;
  PassingBlob blob_;
};

TEST_F(PassingBlobTest, ABlobThatCrossesItsOwnWidthFromPictureToPictureIsLeftOut) {
  Told(0, 0);
  for (int x = 13; x < 250; x += 47) EXPECT_EQ(Told(x, 54), 0) << x;
}

TEST_F(PassingBlobTest, AThingThatGrowsByAStripStaysWhole) {
  Told(0, 0);
  Told(10, 60);
  for (int x = 20; x < 250; x += 10) EXPECT_EQ(Told(x, 60), 3600) << x;
}

TEST_F(PassingBlobTest, AThingThatAppearsAllAtOnceIsToldAPictureLater) {
  Told(0, 0);
  EXPECT_EQ(Told(40, 60), 0);
  EXPECT_EQ(Told(44, 60), 3600);
}

TEST_F(PassingBlobTest, WhatIsSmallIsToldAtOnceHoweverQuick) {
  Told(0, 0);
  for (int x = 16; x < 250; x += 40) EXPECT_EQ(Told(x, 16), 256) << x;
}

TEST_F(PassingBlobTest, PicturesThatAreFarApartSayNothing) {
  Told(0, 0);
  for (int x = 16; x < 250; x += 47) EXPECT_EQ(Told(x, 54, absl::Seconds(1)), 2916) << x;
}

TEST_F(PassingBlobTest, AThingThatABlobPassesStays) {
  for (int i = 0; i < 9; ++i) {
    Plane mask(kWidth, kHeight);
    Draw(mask, 160, 104, 40);
    if (i > 1) Draw(mask, 47 * (i - 2), 48, 48);
    LeaveOut(mask, kFrame);
    if (i > 0) {
      EXPECT_EQ(Count(mask), 1600) << i;
    }
  }
}

}  // namespace
}  // namespace patrol::motion
