#pragma once

#include "lib/video/motion/picture_measure.h"

namespace patrol::motion {

// What differs from the learnt view row by row: bright and dark bands over the whole width, such as
// mains flicker and a damaged sensor or line lay over a picture.
struct Bands {
  double levels = 0;  // standard deviation of the rows, grey levels
  bool shown = false;
};

// `now` held against the learnt view `was`, in one light and contrast.
//
// Bands are no part of the view: they go through its even places as through its edges. Another
// light (the sun on a road, a wall, a hedge), a shaken camera and a zebra crossing, a fence or a
// facade in it change at the view's own edges alone, and are none.
Bands FindBands(const PictureMeasure& now, const PictureMeasure& was);

// Rows must differ by this much, grey levels.
inline constexpr double kBandLevels = 4.0;

}  // namespace patrol::motion
