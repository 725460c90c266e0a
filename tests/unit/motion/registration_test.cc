#include "lib/video/motion/registration.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kWidth = 200, kHeight = 150;

// Smooth random hills, as seen from (x, y).
double Hills(double x, double y) {
  return 120 + 30 * std::sin(0.21 * x + 0.7 * std::sin(0.13 * y)) +
         30 * std::sin(0.17 * y + 1.9 * std::sin(0.05 * x)) + 20 * std::sin(0.043 * x * 0.067 * y);
}

Plane Seen(const Displacement& displacement, double gain = 1) {
  Plane plane(kWidth, kHeight);
  const double cx = (kWidth - 1) / 2.0, cy = (kHeight - 1) / 2.0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const double from_x = x - displacement.dx - cx, from_y = y - displacement.dy - cy;
      const double r = displacement.rotation;
      plane.row(y)[x] = static_cast<uint8_t>(
          std::lround(gain * Hills(from_x + r * from_y + cx, from_y - r * from_x + cy)));
    }
  }
  return plane;
}

double MeanDifference(const Plane& a, const Plane& b, int margin) {
  double sum = 0;
  for (int y = margin; y < kHeight - margin; ++y) {
    for (int x = margin; x < kWidth - margin; ++x) sum += std::abs(a.row(y)[x] - b.row(y)[x]);
  }
  return sum / ((kHeight - 2 * margin) * (kWidth - 2 * margin));
}

TEST(Registration, FindsShiftsAndRotationsToATenthOfAPixel) {
  const Plane reference = Seen({});
  Registration registration;
  registration.SetReference(reference, nullptr);
  ASSERT_TRUE(registration.ready());
  for (const Displacement& shaken :
       {Displacement{0.6, -0.4, 0}, Displacement{-3.3, 7.8, 0}, Displacement{8, -8, 0.005},
        Displacement{0, 0, 0}, Displacement{-10.5, -11, -0.005}}) {
    const Registration::Match match = registration.Find(Seen(shaken), 1.0);
    EXPECT_GT(match.found, 0.9);
    EXPECT_NEAR(match.displacement.dx, shaken.dx, 0.1);
    EXPECT_NEAR(match.displacement.dy, shaken.dy, 0.1);
    EXPECT_NEAR(match.displacement.rotation, shaken.rotation, 0.001);
  }
}

TEST(Registration, IsNotMisledByAThingThatCoversAThirdOfThePicture) {
  Registration registration;
  registration.SetReference(Seen({}), nullptr);
  Plane picture = Seen({4.5, -2.5, 0});
  std::minstd_rand random(4);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 60; x < 60 + kWidth / 3; ++x) {
      picture.row(y)[x] = static_cast<uint8_t>(40 + 170 * (random() >> 20 & 1));
    }
  }
  const Registration::Match match = registration.Find(picture, 1.0);
  EXPECT_NEAR(match.displacement.dx, 4.5, 0.15);
  EXPECT_NEAR(match.displacement.dy, -2.5, 0.15);
}

TEST(Registration, FindsTheShiftInAnotherLight) {
  Registration registration;
  registration.SetReference(Seen({}), nullptr);
  const Registration::Match match = registration.Find(Seen({3, 2, 0}, 0.6), 0.6);
  EXPECT_NEAR(match.displacement.dx, 3, 0.1);
  EXPECT_NEAR(match.displacement.dy, 2, 0.1);
  EXPECT_GT(match.found, 0.9);
}

// Thin dark marks on light ground that is white when lit by 1.6, as seen from (x, y).
Plane Marked(int x, int y, double gain) {
  Plane plane(kWidth, kHeight, static_cast<uint8_t>(std::min(255.0, 175 * gain)));
  std::minstd_rand random(7);
  for (int mark = 0; mark < 40; ++mark) {
    const int left = static_cast<int>(random() >> 8) % kWidth - x;
    const int top = static_cast<int>(random() >> 8) % kHeight - y;
    const bool upright = mark % 4 == 0;
    for (int k = 0; k < 24; ++k) {
      const int column = upright ? left : left + k, row = upright ? top + k : top;
      if (column < 0 || row < 0 || column >= kWidth || row >= kHeight) continue;
      plane.row(row)[column] = static_cast<uint8_t>(60 * gain);
    }
  }
  return plane;
}

TEST(Registration, FindsAShakenBrightViewAgainWhoseLightStepsIntoSaturation) {
  for (const double gain : {1.0, 1.6}) {
    for (int dy = -11; dy <= 11; dy += 2) {
      for (int dx = -13; dx <= 13; dx += 2) {
        Registration registration;
        registration.SetReference(Marked(0, 0, 1), nullptr);
        ASSERT_TRUE(registration.ready());
        const Registration::Match match = registration.Find(Marked(-dx, -dy, gain), gain);
        EXPECT_GT(match.found, 0.9) << gain << ": " << dx << ", " << dy;
        EXPECT_NEAR(match.displacement.dx, dx, 0.1);
        EXPECT_NEAR(match.displacement.dy, dy, 0.1);
      }
    }
  }
}

TEST(Registration, SaysWhereAPictureLiesOrThatItIsLost) {
  Registration registration;
  registration.SetReference(Seen({}), nullptr);
  for (int covered = 0; covered <= kWidth; covered += 4) {
    Plane picture = Seen({4.5, -2.5, 0});
    std::minstd_rand random(4);
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < covered; ++x) {
        picture.row(y)[x] = static_cast<uint8_t>(40 + 170 * (random() >> 20 & 1));
      }
    }
    const Registration::Match match = registration.Find(picture, 1.0);
    EXPECT_FALSE(match.lost && covered < kWidth / 2) << covered;
    EXPECT_FALSE(!match.lost && covered == kWidth);
    if (match.lost) continue;
    EXPECT_NEAR(match.displacement.dx, 4.5, 0.3) << covered;
    EXPECT_NEAR(match.displacement.dy, -2.5, 0.3) << covered;
  }
}

TEST(Registration, SaysThatAnotherViewIsNotTheReference) {
  Registration registration;
  registration.SetReference(Seen({}), nullptr);
  std::minstd_rand random(4);
  Plane other(kWidth, kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) other.row(y)[x] = static_cast<uint8_t>(random() >> 16);
  }
  const Registration::Match match = registration.Find(other, 1.0);
  EXPECT_LT(match.found, 0.2);
  EXPECT_TRUE(match.lost);
  EXPECT_TRUE(match.displacement.zero());
}

TEST(Registration, KeepsSilentWithoutStructure) {
  Registration registration;
  registration.SetReference(Plane(kWidth, kHeight, 90), nullptr);
  EXPECT_FALSE(registration.ready());
  const Registration::Match match = registration.Find(Seen({}), 1.0);
  EXPECT_EQ(match.found, 1.0);
  EXPECT_FALSE(match.lost);
  EXPECT_TRUE(match.displacement.zero());
  registration.SetReference(Plane(7, 3, 90), nullptr);
  EXPECT_FALSE(registration.ready());
}

TEST(Registration, AlignsThePictureAndTakesTheMaskBack) {
  const Plane reference = Seen({});
  for (const Displacement& shaken :
       {Displacement{0.5, 0.5, 0}, Displacement{-6.25, 9.5, 0}, Displacement{5, -3, 0.005}}) {
    Plane aligned(kWidth, kHeight);
    Align(Seen(shaken), shaken, aligned);
    EXPECT_LT(MeanDifference(aligned, reference, 16), 0.6);
    FillUnseen(shaken, reference, aligned);
    EXPECT_LT(MeanDifference(aligned, reference, 0), 0.6);

    Plane mask(kWidth, kHeight);
    for (int y = 60; y < 80; ++y) std::fill(mask.row(y) + 90, mask.row(y) + 120, 255);
    Plane back(kWidth, kHeight);
    Unalign(mask, shaken, back);
    const int x = static_cast<int>(std::lround(105 + shaken.dx));
    const int y = static_cast<int>(std::lround(70 + shaken.dy));
    EXPECT_EQ(back.row(y)[x], 255);
    EXPECT_EQ(back.row(y)[x - 18], 0);
    EXPECT_EQ(back.row(y + 13)[x], 0);
  }
}

}  // namespace
}  // namespace patrol::motion
