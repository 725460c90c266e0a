#include "lib/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/histogram.h>

#include "lib/base/process_metrics.h"

namespace patrol {
namespace {

using testing::HasSubstr;

class Fixed : public prometheus::Collectable {
 public:
  explicit Fixed(MetricFamilies families) : families_(std::move(families)) {}
  MetricFamilies Collect() const override { return families_; }

 private:
  const MetricFamilies families_;
};

TEST(MetricsPage, WritesEverySourceInPrometheusTextFormat) {
  prometheus::MetricFamily lost = CounterFamily("patrol_lost_total", "packets lost");
  AddSample(lost, 3, {{"camera", "n-042"}});
  const Fixed first({lost});
  const Fixed second({Gauge("patrol_ring_bytes", "kept, bytes", 4096)});
  const std::string text = MetricsPage({&first, &second}).Text();
  EXPECT_THAT(text, HasSubstr("# HELP patrol_lost_total packets lost\n"
                              "# TYPE patrol_lost_total counter\n"
                              "patrol_lost_total{camera=\"n-042\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE patrol_ring_bytes gauge\npatrol_ring_bytes 4096\n"));
  EXPECT_THAT(text, HasSubstr("patrol_metrics_series 2\n"));
  EXPECT_THAT(text, HasSubstr("patrol_metrics_cpu_seconds "));
}

TEST(MetricsPage, KeepsALabelsValueWithinItsQuotes) {
  prometheus::MetricFamily family = GaugeFamily("patrol_x", "x");
  AddSample(family, 1, {{"name", "a\"} 2\nb\\"}});
  const Fixed source({family});
  EXPECT_THAT(MetricsPage({&source}).Text(), HasSubstr("patrol_x{name=\"a\\\"} 2\\nb\\\\\"} 1\n"));
}

TEST(MetricsPage, CountsAHistogramAsASeriesABucketAndTwo) {
  prometheus::Histogram lag({0.001, 0.005});
  lag.Observe(0.004);
  const MetricFamilies families = {HistogramOf("patrol_lag_seconds", "s", lag.Collect().histogram)};
  EXPECT_EQ(SeriesOf(families), 5u);  // two bounds and +Inf, sum, count
  const Fixed source(families);
  EXPECT_THAT(MetricsPage({&source}).Text(),
              HasSubstr("patrol_lag_seconds_bucket{le=\"0.005\"} 1\n"));
}

TEST(ProcessMetrics, TellWhatTheKernelKnowsOfTheProcess) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    const prometheus::ClientMetric& sample = family.metric.at(0);
    values[family.name] = sample.counter.value + sample.gauge.value;
  }
  EXPECT_GT(values["process_cpu_seconds_total"], 0);
  EXPECT_GT(values["process_resident_memory_bytes"], 1e6);
  EXPECT_GT(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GE(values["process_threads"], 1);
  EXPECT_GE(values["process_open_fds"], 3);
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
  EXPECT_GT(values["process_start_time_seconds"], 1.6e9);
}

}  // namespace
}  // namespace patrol
