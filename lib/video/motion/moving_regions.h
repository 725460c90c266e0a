#pragma once

#include "lib/video/motion/motion_event.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// The connected regions of a foreground mask that differ from a moment ago, taken together. Shares
// are of the picture, 0..1.
struct MovingRegions {
  double share = 0;
  double largest_share = 0;
  Box box;  // around all of them; zero when there are none
};

// mask, picture, recent: of one size; recent is what each place looked like a moment ago.
//
// Cost: a pass over a quarter of the mask where nothing is foreground.
MovingRegions FindMovingRegions(const Plane& mask, const Plane& picture, const Plane& recent);

}  // namespace patrol::motion
