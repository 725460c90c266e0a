#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "lib/video/media/picture.h"

namespace patrol::media {

// Codes a picture as a baseline JPEG (4:2:0, full range).
//
// quality:   1 (worst) .. 100 (best); 75 is good for stills of events.
// max_width: wider pictures are scaled down to it, keeping their shape; pixels, 16 and above.
// Errors: INVALID_ARGUMENT for an empty picture or parameters out of range, RESOURCE_EXHAUSTED when
//   the result is over limits::kStillBytesMax, INTERNAL.
// Cost: about 1 ms at 640x360. Threads: any.
absl::StatusOr<std::string> EncodeJpeg(const Picture& picture, int quality, int max_width);

}  // namespace patrol::media
