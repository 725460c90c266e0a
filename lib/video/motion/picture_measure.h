#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/video/media/picture.h"

namespace patrol::motion {

// What PictureHealth looks at: a few figures of one picture's luma, from about 12,000 of its
// pixels.
struct PictureMeasure {
  static constexpr size_t kRows = 32;
  static constexpr size_t kColumns = 16;
  // Mean grey of each part of the picture, kRows x kColumns, row by row.
  std::array<float, kRows * kColumns> parts{};
  // Largest |second difference| of neighbours in each part.
  std::array<uint8_t, kRows * kColumns> sharpest{};
  double mean = 0;
  double spread = 0;  // standard deviation of all pixels
  int dark = 0;       // 2nd, 50th and 98th percentile
  int middle = 0;
  int bright = 0;
  double white_share = 0;  // pixels at 234 or above
  // Mean absolute difference of pixels 1 and 8 apart in a row: fine and coarse structure.
  double fine = 0;
  double coarse = 0;
  double noise = 0;     // median of |second difference| of neighbours in a row, grey levels
  double colour = 0;    // mean distance of chroma from grey
  uint64_t digest = 0;  // of the pixels looked at
};

PictureMeasure Measure(const media::Picture& picture);

// Correlation of two pictures' parts, -1..1, whatever their light and contrast; 0 where one of them
// has no structure.
double Likeness(const PictureMeasure& a, const PictureMeasure& b);

// Whether there are edges in focus, sharper than noise, in many parts all over the picture: not
// only at the rim of what lies on the lens, nor in a line of text laid over it. Ask of keyframes:
// in the pictures between them noise comes in patches.
bool SharpAllOver(const PictureMeasure& measure);

}  // namespace patrol::motion
