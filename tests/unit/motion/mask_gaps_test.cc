#include "lib/video/motion/mask_gaps.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kWidth = 300, kHeight = 61;  // three words of cells, the last partly used
constexpr uint8_t kBit = 2;

void Draw(int left, int top, int right, int bottom, uint8_t value, Plane& plane) {
  for (int y = top; y < bottom; ++y) {
    std::memset(plane.row(y) + left, value, static_cast<size_t>(right - left));
  }
}

// A thing of 30x30 with a hole or bay of so many pixels across, from its top edge on if it is a
// bay; gaps up to 4 pixels are closed always, and up to 8 with evidence.
bool Closes(int across, bool evidence, bool bay = false) {
  Plane mask(kWidth, kHeight), seen(kWidth, kHeight, evidence ? kBit : 0);
  Draw(50, 15, 80, 45, 255, mask);
  Draw(62, bay ? 15 : 25, 62 + across, 35, 0, mask);
  MaskGaps().Close(seen, kBit, 1, 2, mask);
  return mask.row(30)[62 + across / 2] != 0;
}

bool IsSame(const Plane& a, const Plane& b) {
  for (int y = 0; y < a.height(); ++y) {
    if (std::memcmp(a.row(y), b.row(y), static_cast<size_t>(a.width())) != 0) return false;
  }
  return true;
}

bool AnyUnset(const Plane& plane, int x, int y, int reach) {
  for (int v = std::max(0, y - reach); v <= std::min(plane.height() - 1, y + reach); ++v) {
    for (int u = std::max(0, x - reach); u <= std::min(plane.width() - 1, x + reach); ++u) {
      if (plane.row(v)[u] == 0) return true;
    }
  }
  return false;
}

// The same by looking at every square.
Plane Closed(const Plane& mask, int reach) {
  const int across = (mask.width() + 1) / 2, down = (mask.height() + 1) / 2;
  Plane grown(across, down), closed = mask;
  for (int y = 0; y < down; ++y) {
    for (int x = 0; x < across; ++x) {
      const int right = std::min(2 * x + 1, mask.width() - 1);
      const int bottom = std::min(2 * y + 1, mask.height() - 1);
      const bool set = mask.row(2 * y)[2 * x] != 0 && mask.row(2 * y)[right] != 0 &&
                       mask.row(bottom)[2 * x] != 0 && mask.row(bottom)[right] != 0;
      if (!set) continue;
      Draw(std::max(0, x - reach), std::max(0, y - reach), std::min(across, x + reach + 1),
           std::min(down, y + reach + 1), 255, grown);
    }
  }
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      if (!AnyUnset(grown, x / 2, y / 2, reach)) closed.row(y)[x] = 255;
    }
  }
  return closed;
}

TEST(MaskGapsTest, ANarrowHoleOrBayInAThingIsClosed) {
  EXPECT_TRUE(Closes(4, false));
  EXPECT_TRUE(Closes(4, false, true));
}

TEST(MaskGapsTest, AWiderOneIsClosedOnlyWhereThePictureDiffersALittle) {
  EXPECT_FALSE(Closes(8, false));
  EXPECT_TRUE(Closes(8, true));
  EXPECT_TRUE(Closes(8, true, true));
}

TEST(MaskGapsTest, AWideGapBetweenTwoThingsStays) {
  EXPECT_FALSE(Closes(12, true));
  EXPECT_FALSE(Closes(12, true, true));
}

TEST(MaskGapsTest, AThingItselfStaysAsItIsAlsoAtThePicturesEdges) {
  for (const int left : {0, 60, 290}) {
    for (const int top : {0, 24, 51}) {
      Plane mask(kWidth, kHeight);
      const Plane seen(kWidth, kHeight, kBit);
      Draw(left, top, left + 10, top + 10, 255, mask);
      const Plane before = mask;
      MaskGaps().Close(seen, kBit, 2, 4, mask);
      EXPECT_TRUE(IsSame(mask, before)) << left << ", " << top;
    }
  }
}

TEST(MaskGapsTest, EveryPixelIsWhatClosingBySquaresMakesOfIt) {
  std::minstd_rand random(3);
  MaskGaps gaps;
  for (int round = 0; round < 20; ++round) {
    Plane mask(kWidth, kHeight);
    const Plane seen(kWidth, kHeight, kBit);
    for (int i = 0; i < 60; ++i) {
      const int x = static_cast<int>(random() % (kWidth - 4));
      const int y = static_cast<int>(random() % (kHeight - 4));
      Draw(x, y, x + 1 + static_cast<int>(random() % 4), y + 1 + static_cast<int>(random() % 4),
           255, mask);
    }
    const int reach = static_cast<int>(random() % (MaskGaps::kReachMax + 1));
    const Plane expected = Closed(mask, reach);
    gaps.Close(seen, kBit, 0, reach, mask);
    EXPECT_TRUE(IsSame(mask, expected)) << "reach " << reach;
  }
}

TEST(MaskGapsTest, AnotherSizeOfPictureIsTakenAsItComes) {
  MaskGaps gaps;
  for (const int width : {128, 150, 16, 1}) {
    Plane mask(width, 9, 255);
    mask.row(4)[width / 2] = 0;
    gaps.Close(Plane(width, 9), kBit, 1, 2, mask);
    EXPECT_EQ(mask.row(4)[width / 2], 255) << width;
  }
}

}  // namespace
}  // namespace patrol::motion
