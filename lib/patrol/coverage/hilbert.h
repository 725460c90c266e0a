#pragma once

#include <cstdint>
#include <utility>

namespace patrol::coverage {

// The place of a point of a 65536 x 65536 grid on Hilbert's curve: points that are near each other
// on the curve are near each other in the plane, so that arrays in this order are read locally.
//
// Source: Hilbert 1891; the bitwise form is Warren, Hacker's Delight, chapter 16.
constexpr uint32_t HilbertIndex(uint16_t column, uint16_t row) {
  uint32_t x = column;
  uint32_t y = row;
  uint32_t index = 0;
  for (uint32_t side = 1u << 15; side > 0; side >>= 1) {
    const uint32_t right = (x & side) != 0 ? 1 : 0;
    const uint32_t upper = (y & side) != 0 ? 1 : 0;
    index += side * side * ((3 * right) ^ upper);
    if (upper == 0) {
      if (right == 1) {
        x = 0xffff - x;
        y = 0xffff - y;
      }
      std::swap(x, y);
    }
  }
  return index;
}

}  // namespace patrol::coverage
