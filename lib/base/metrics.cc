#include "lib/base/metrics.h"

#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>

#include "lib/base/thread_cpu.h"

namespace patrol {
namespace {

prometheus::MetricFamily Family(std::string name, std::string help, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

}  // namespace

prometheus::MetricFamily CounterFamily(std::string name, std::string help) {
  return Family(std::move(name), std::move(help), prometheus::MetricType::Counter);
}

prometheus::MetricFamily GaugeFamily(std::string name, std::string help) {
  return Family(std::move(name), std::move(help), prometheus::MetricType::Gauge);
}

void AddSample(prometheus::MetricFamily& family, double value, MetricLabels labels) {
  prometheus::ClientMetric& sample = family.metric.emplace_back();
  sample.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    sample.counter.value = value;
  } else {
    sample.gauge.value = value;
  }
}

prometheus::MetricFamily Counter(std::string name, std::string help, double value) {
  prometheus::MetricFamily family = CounterFamily(std::move(name), std::move(help));
  AddSample(family, value);
  return family;
}

prometheus::MetricFamily Gauge(std::string name, std::string help, double value) {
  prometheus::MetricFamily family = GaugeFamily(std::move(name), std::move(help));
  AddSample(family, value);
  return family;
}

prometheus::MetricFamily HistogramOf(std::string name, std::string help,
                                     prometheus::ClientMetric::Histogram histogram) {
  prometheus::MetricFamily family =
      Family(std::move(name), std::move(help), prometheus::MetricType::Histogram);
  family.metric.emplace_back().histogram = std::move(histogram);
  return family;
}

size_t SeriesOf(const MetricFamilies& families) {
  size_t series = 0;
  for (const prometheus::MetricFamily& family : families) {
    for (const prometheus::ClientMetric& sample : family.metric) {
      // A histogram is a series for each bucket, its sum and its count.
      series +=
          family.type == prometheus::MetricType::Histogram ? sample.histogram.bucket.size() + 2 : 1;
    }
  }
  return series;
}

std::string MetricsPage::Text() const {
  const absl::Duration before = ThreadCpu();
  MetricFamilies families;
  for (const prometheus::Collectable* source : sources_) {
    MetricFamilies more = source->Collect();
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  const auto series = static_cast<double>(SeriesOf(families));
  std::string text = prometheus::TextSerializer().Serialize(families);
  text += prometheus::TextSerializer().Serialize(
      {Gauge("patrol_metrics_series", "series on this page, without these two", series),
       Gauge("patrol_metrics_cpu_seconds", "CPU time that collecting and writing this page took",
             absl::ToDoubleSeconds(ThreadCpu() - before))});
  return text;
}

}  // namespace patrol
