#pragma once

#include <string>

#include "absl/status/status.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Writes a mask as a grey PNG of 0 and 255, enlarged to width x height pixels (smoothly, then cut
// at one half). An empty mask gives a black picture.
//
// Errors: INVALID_ARGUMENT for a size below 1, UNAVAILABLE when the file cannot be written; each
// names the path.
absl::Status WriteMask(const PlaneView& mask, int width, int height, const std::string& path);

}  // namespace patrol::motion
