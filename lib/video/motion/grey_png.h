#pragma once

#include <string>

#include "absl/status/status.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Writes a plane as a grey PNG of eight bits, quickly rather than small: meant for masks.
// Errors: INVALID_ARGUMENT for a plane without pixels, UNAVAILABLE when the file cannot be written.
absl::Status WriteGreyPng(const PlaneView& plane, const std::string& path);

}  // namespace patrol::motion
