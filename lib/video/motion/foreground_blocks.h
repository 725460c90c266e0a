#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// A mask in blocks of 8x8 pixels, row by row: 1 where at least a quarter of a block's pixels are
// foreground. The blocks at the right and lower edge may be smaller.
struct ForegroundBlocks {
  static constexpr int kSize = 8;

  // mask: 0 or 255. Keeps the memory it has.
  void Fill(const Plane& mask);

  bool Contains(int column, int row) const {
    return column >= 0 && row >= 0 && column < across && row < down;
  }
  size_t Index(int column, int row) const { return static_cast<size_t>(row * across + column); }

  int across = 0;
  int down = 0;
  std::vector<uint8_t> blocks;
};

}  // namespace patrol::motion
