#include "lib/video/motion/new_light.h"

#include <functional>

#include "gtest/gtest.h"

namespace patrol::motion {
namespace {

constexpr int kSize = 64;
constexpr int kGround = 100, kLit = 160;

class NewLightTest : public testing::Test {
 protected:
  NewLightTest() {
    for (int i = 0; i < SampleModel::kSamples; ++i)
      model_.SetSample(i, Plane(kSize, kSize, kGround));
    moment_.Resize(kSize, kSize);
    light_.Begin(time_);
  }

  // Shows a place in another light than the model's. change: what else is in the picture `number`.
  void Show(int pictures, absl::Duration every,
            const std::function<void(int number, Plane&)>& change) {
    for (int i = 0; i < pictures; ++i) {
      Plane picture(kSize, kSize, kLit);
      if (change) change(i, picture);
      time_ += every;
      model_.Segment(picture, absl::ToDoubleSeconds(every));
      light_.Follow(picture, moment_, time_, model_);
      moment_.Remember(picture, time_, i == 0);
    }
  }

  bool Learnt() {
    model_.Segment(Plane(kSize, kSize, kLit), 0.04);
    return model_.mask().row(kSize / 2)[kSize / 2] == 0;
  }

  static void Fill(Plane& picture, int top, int bottom, uint8_t grey) {
    for (int y = top; y < bottom; ++y) {
      for (int x = 0; x < kSize; ++x) picture.row(y)[x] = grey;
    }
  }

  SampleModel model_{kSize, kSize, SampleModel::Parameters()};
  Moment moment_;
  NewLight light_;
  absl::Time time_ = absl::UnixEpoch();
};

constexpr absl::Duration kFrame = absl::Milliseconds(40);

TEST_F(NewLightTest, WhatIsNotKnownIsLearntOnceItIsStill) {
  Show(10, kFrame, nullptr);
  EXPECT_FALSE(Learnt());
  Show(10, kFrame, nullptr);
  EXPECT_TRUE(Learnt());
}

TEST_F(NewLightTest, ADropOfRainTakesNoMoreThanItsOwnTimeFromWhatIsStill) {
  Show(50, kFrame, [](int number, Plane& picture) {
    if (number % 4 == 1) Fill(picture, 33, 35, 220);
  });
  EXPECT_TRUE(Learnt());
}

TEST_F(NewLightTest, WhatGoesOnMovingIsNotLearnt) {
  Show(100, kFrame, [](int number, Plane& picture) {
    for (int y = 0; y < kSize; ++y) {
      if ((y + 3 * number) / 8 % 2 == 0) Fill(picture, y, y + 1, 30);
    }
  });
  EXPECT_FALSE(Learnt());
}

TEST_F(NewLightTest, OnKeyframesOnePictureIsNotEnough) {
  Show(2, absl::Seconds(2), nullptr);
  EXPECT_FALSE(Learnt());
  Show(2, absl::Seconds(2), nullptr);
  EXPECT_TRUE(Learnt());
}

}  // namespace
}  // namespace patrol::motion
