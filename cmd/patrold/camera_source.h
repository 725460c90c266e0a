#pragma once

#include "absl/status/status.h"
#include "lib/service/store/store.h"
#include "lib/video/ingest/fleet.h"

namespace patrol::patrold {

// A stored camera as the fleet takes it. A transport that is not known is logged and taken as auto.
ingest::CameraOptions SourceOf(const store::Camera& camera);

// Errors: InvalidArgument, naming the field, where a camera cannot be taken up: its address, what
// TLS needs, its privacy mask.
absl::Status CheckSource(const store::Camera& camera);

}  // namespace patrol::patrold
