#pragma once

#include <cstdint>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Codes a plane as a grey JPEG of `quality` (1..100). Empty when it cannot be coded (it has no
// pixels, or memory is short). Threads: any.
std::vector<uint8_t> EncodeGreyJpeg(const PlaneView& plane, int quality);

// Decodes a grey JPEG into a plane of its size; false when it has another size or is damaged.
bool DecodeGreyJpeg(const std::vector<uint8_t>& jpeg, Plane& out);

}  // namespace patrol::motion
