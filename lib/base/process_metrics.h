#pragma once

#include "lib/base/metrics.h"

namespace patrol {

// The process as Prometheus' client libraries tell it (process_cpu_seconds_total and the like),
// read from /proc/self. What can't be read is left out.
class ProcessMetrics : public prometheus::Collectable {
 public:
  MetricFamilies Collect() const override;
};

}  // namespace patrol
