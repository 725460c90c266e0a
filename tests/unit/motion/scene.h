#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/motion_event.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace patrol::motion {

// Draws pictures of a scene: a fixed texture, sensor noise, a bright square where one is wanted,
// all lit by one factor. The noise comes from a fixed seed.
class Scene {
 public:
  // seed: another one is another view.
  explicit Scene(int width = 320, int height = 240, unsigned seed = 0)
      : width_(width), height_(height) {
    texture_.resize(static_cast<size_t>(width) * static_cast<size_t>(height));
    std::minstd_rand random(3);
    std::normal_distribution<float> gauss;
    grains_.resize(kGrains);
    for (float& value : grains_) value = gauss(random);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        // blocks of eight pixels with different greys, 60..140
        const unsigned block = static_cast<unsigned>(x / 8 * 131 + y / 8 * 197) + 7919 * seed;
        texture_[static_cast<size_t>(y * width + x)] =
            static_cast<uint8_t>(60 + block * 2654435761u % 80 + random() % 4);
      }
    }
  }

  double light = 1.0;  // factor on all pixels
  double noise = 2.0;  // standard deviation, grey levels
  int square_x = -1;   // left edge; below zero: no square
  int square_y = 100;
  int square_size = 40;
  uint8_t square_grey = 210;
  int snow_size = 0;  // so large a square at the upper left, each pixel of it anything each time
  // How the camera stands: what is at (x, y) of the scene is drawn at (x + shake_x, y + shake_y),
  // turned around the centre.
  double shake_x = 0;
  double shake_y = 0;
  double turned_degrees = 0;

  media::Picture Draw(absl::Time time) {
    AVFrame* frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = width_;
    frame->height = height_;
    EXPECT_GE(av_frame_get_buffer(frame, 0), 0);
    size_t grain = random_() % kGrains;
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        const bool inside = square_x >= 0 && x >= square_x && x < square_x + square_size &&
                            y >= square_y && y < square_y + square_size;
        // a square with some texture of its own, so that it is seen to move inside as well
        const double grey = inside ? square_grey - (x - square_x) / 4 % 2 * 30
                            : x < snow_size && y < snow_size ? static_cast<double>(random_() % 256)
                                                             : Background(x, y);
        const double value = grey * light + noise * static_cast<double>(grains_[grain]);
        grain = grain + 1 < kGrains ? grain + 1 : 0;
        frame->data[0][y * frame->linesize[0] + x] =
            static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
    for (int plane = 1; plane < 3; ++plane) {
      std::memset(
          frame->data[plane], 128,
          static_cast<size_t>(frame->linesize[plane]) * static_cast<size_t>((height_ + 1) / 2));
    }
    media::Picture picture(*frame, time, true);
    av_frame_free(&frame);
    return picture;
  }

 private:
  double Background(int x, int y) const {
    if (shake_x == 0 && shake_y == 0 && turned_degrees == 0) {
      return texture_[static_cast<size_t>(y * width_ + x)];
    }
    const double turned = turned_degrees * 3.14159265 / 180;
    const double from_cx = x - shake_x - width_ / 2.0, from_cy = y - shake_y - height_ / 2.0;
    const double at_x = std::clamp(from_cx + turned * from_cy + width_ / 2.0, 0.0, width_ - 1.001);
    const double at_y =
        std::clamp(from_cy - turned * from_cx + height_ / 2.0, 0.0, height_ - 1.001);
    const auto ix = static_cast<int>(at_x), iy = static_cast<int>(at_y);
    const double fx = at_x - ix, fy = at_y - iy;
    const uint8_t* upper = &texture_[static_cast<size_t>(iy * width_ + ix)];
    const uint8_t* lower = upper + width_;
    return (upper[0] * (1 - fx) + upper[1] * fx) * (1 - fy) +
           (lower[0] * (1 - fx) + lower[1] * fx) * fy;
  }

  // Unit noise, read from a random place for every picture.
  static constexpr size_t kGrains = 100003;

  const int width_;
  const int height_;
  std::vector<uint8_t> texture_;
  std::vector<float> grains_;
  std::minstd_rand random_{11};
};

// Keeps all that was told.
class Recorder : public MotionSink {
 public:
  void OnMotion(const MotionEvent& event) override { told.push_back(event); }

  int Count(Phase phase) const {
    int count = 0;
    for (const MotionEvent& event : told) count += event.phase == phase ? 1 : 0;
    return count;
  }

  std::vector<MotionEvent> told;
};

}  // namespace patrol::motion
