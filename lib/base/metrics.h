#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "lib/base/limits.h"

namespace patrol::limits {

// Series of one camera on /metrics that are always there, and of quirks by name beside them; what
// goes beyond is added up as "other". Our names of quirks are about 70, a camera has a handful.
inline constexpr size_t kMetricSeriesPerCamera = 32;
inline constexpr size_t kMetricQuirksPerCameraMax = 64;
// Series of everything that is not one camera.
inline constexpr size_t kMetricSeriesTownMax = 1000;
inline constexpr size_t kMetricSeriesMax =
    kCamerasMax * (kMetricSeriesPerCamera + kMetricQuirksPerCameraMax) + kMetricSeriesTownMax;

}  // namespace patrol::limits

namespace patrol {

// What the service tells Prometheus. Each room has a prometheus::Collectable that makes its
// families anew for every scrape from the room's own state: nothing is kept twice, and what was
// removed is gone with the next scrape.
//
// Names are patrol_<what>_<unit>[_total], in base units (seconds, bytes, cores, ratios of 0..1);
// the help says what is counted and in which unit, in one line. Labels are ours or ids that an
// administrator gave, never a unit's id or place: positions of units are personal data.
using MetricFamilies = std::vector<prometheus::MetricFamily>;
using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// A family without samples. help: one line.
prometheus::MetricFamily CounterFamily(std::string name, std::string help);
prometheus::MetricFamily GaugeFamily(std::string name, std::string help);

// Adds a sample of the family's type.
void AddSample(prometheus::MetricFamily& family, double value, MetricLabels labels = {});

// A family of one sample without labels.
prometheus::MetricFamily Counter(std::string name, std::string help, double value);
prometheus::MetricFamily Gauge(std::string name, std::string help, double value);
prometheus::MetricFamily HistogramOf(std::string name, std::string help,
                                     prometheus::ClientMetric::Histogram histogram);

size_t SeriesOf(const MetricFamilies& families);

// All of it as one page in Prometheus' text format 0.0.4, with what the page itself cost.
//
// Threads: Text may be called from any thread, as far as the sources allow it.
// Cost:    about 0.5 us a series (700 cameras: benchmarks/RESULTS.md).
class MetricsPage {
 public:
  // They outlive it.
  explicit MetricsPage(std::vector<const prometheus::Collectable*> sources)
      : sources_(std::move(sources)) {}

  std::string Text() const;

 private:
  const std::vector<const prometheus::Collectable*> sources_;
};

}  // namespace patrol
