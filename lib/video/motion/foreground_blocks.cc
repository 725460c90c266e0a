#include "lib/video/motion/foreground_blocks.h"

#include <algorithm>
#include <cstring>

#include <opencv2/core/hal/intrin.hpp>

namespace patrol::motion {

namespace {

constexpr int kShare = 4;  // a quarter

// Of the first bytes of eight, at most eight each.
int SumOf(const uint8_t* bytes, int count) {
  uint64_t all = 0;
  std::memcpy(&all, bytes, static_cast<size_t>(count));
  return static_cast<int>(all * 0x0101010101010101u >> 56);
}

}  // namespace

void ForegroundBlocks::Fill(const Plane& mask) {
  const int width = mask.width(), height = mask.height();
  across = (width + kSize - 1) / kSize;
  down = (height + kSize - 1) / kSize;
  blocks.resize(static_cast<size_t>(across * down));
  for (int row = 0; row < down; ++row) {
    const int top = row * kSize, high = std::min(kSize, height - top);
    // Two blocks at a time: foreground pixels per column, then per block.
    for (int left = 0; left < width; left += 2 * kSize) {
      const cv::v_uint8x16 one = cv::v_setall_u8(1);
      cv::v_uint8x16 columns = cv::v_setzero_u8();
      for (int y = top; y < top + high; ++y) {
        columns = columns + (cv::v_load(mask.row(y) + left) & one);
      }
      uint8_t counts[2 * kSize];
      cv::v_store(counts, columns);
      for (int at = left; at < std::min(width, left + 2 * kSize); at += kSize) {
        const int wide = std::min(kSize, width - at);
        blocks[static_cast<size_t>(row * across + at / kSize)] =
            SumOf(counts + (at - left), wide) * kShare >= wide * high ? 1 : 0;
      }
    }
  }
}

}  // namespace patrol::motion
