#pragma once

#include <map>
#include <string>

#include "lib/base/metrics.h"
#include "lib/video/ingest/fleet.h"

namespace patrol::ingest {

// The families of a fleet in these states, patrol_camera_* (a series a camera, label "camera") and
// patrol_ingest_*. A state that is one of several (phase, attention) is the one series of its name
// with the value 1. A camera has at most limits::kMetricSeriesPerCamera series, and
// limits::kMetricQuirksPerCameraMax of quirks.
MetricFamilies FleetFamilies(const std::map<std::string, CameraState>& cameras,
                             const FleetState& fleet);

class FleetMetrics : public prometheus::Collectable {
 public:
  // fleet: outlives it.
  explicit FleetMetrics(const Fleet& fleet) : fleet_(fleet) {}
  MetricFamilies Collect() const override {
    return FleetFamilies(fleet_.States(), fleet_.Totals());
  }

 private:
  const Fleet& fleet_;
};

}  // namespace patrol::ingest
