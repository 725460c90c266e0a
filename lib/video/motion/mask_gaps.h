#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Closes gaps in a mask: what part of a thing happens to look like what is behind it leaves a hole
// or a bay in the thing's foreground.
//
// Narrow gaps are closed whatever is in them; wider ones only where the picture differs at least a
// little from the background, so that what shows between two legs stays background. Morphological
// closing by squares, of cells of two by two pixels at one bit each: a cell is set when all of its
// pixels are.
//
// Threads: one call at a time.
class MaskGaps {
 public:
  static constexpr int kReachMax = 4;

  // mask:     0 or 255; gaps in it become 255.
  // evidence: of the same size; `bit` of it is set where the picture differs a little.
  // narrow, wide: gaps up to twice as many cells across are closed: always, and where there is
  //   evidence; 0 <= narrow <= wide <= kReachMax.
  void Close(const Plane& evidence, uint8_t bit, int narrow, int wide, Plane& mask);

 private:
  using Bits = std::vector<uint64_t>;

  void Resize(int width, int height);
  bool Pack(const Plane& mask);  // false: nothing is set
  void Tidy(Bits& bits) const;   // clears what lies beyond the right edge
  // What lies within `reach` of what was set when nothing had grown; it has grown by `grown`.
  void Grow(int grown, int reach, Bits& bits);
  // What is nowhere near what is not set: undoes Grow but for the gaps. Outside of the picture all
  // counts as set.
  void Shrink(int reach, Bits& bits);
  void Fill(const Plane& evidence, uint8_t bit, Plane& mask) const;

  int width_ = 0;  // of the mask, pixels
  int height_ = 0;
  int rows_ = 0;      // of cells
  size_t words_ = 0;  // of a row: its bits, and an empty word between the rows
  size_t first_ = 0;  // word of the first row; empty rows lie before and after
  Bits set_, grown_, narrow_, wide_, spare_;
};

}  // namespace patrol::motion
