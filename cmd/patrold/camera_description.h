#pragma once

#include "lib/video/ingest/fleet.h"
#include "lib/video/motion/analyser.h"

namespace patrol::v1 {
class CameraState;
}  // namespace patrol::v1

namespace patrol::patrold {

// What the fleet knows of a camera: its session, attention, pictures and quirks.
void FillIngest(const ingest::CameraState& known, v1::CameraState* state);

// What its analyser knows: zones, what was suppressed, the health of its pictures.
void FillAnalysis(const motion::AnalyserStatus& analysis, v1::CameraState* state);

}  // namespace patrol::patrold
