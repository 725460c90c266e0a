#include "cmd/patrold/town_metrics.h"

#include <memory>
#include <utility>

namespace patrol::patrold {
namespace {

template <typename Number>
double Double(Number number) {
  return static_cast<double>(number);
}

void AddCoverage(const coverage::CoverageSnapshot& snapshot, absl::Time now,
                 MetricFamilies& families) {
  families.push_back(Gauge("patrol_coverage_revision", "grows with every change of coverage",
                           Double(snapshot.revision)));
  families.push_back(Gauge("patrol_coverage_age_seconds",
                           "since the instant that the coverage holds for, seconds",
                           absl::ToDoubleSeconds(now - snapshot.time)));
  const coverage::UnitCounts& counts = snapshot.unit_counts;
  prometheus::MetricFamily units =
      GaugeFamily("patrol_units", "patrol units by what is known of where they are");
  AddSample(units, counts.known, {{"knowledge", "known"}});
  AddSample(units, counts.stale, {{"knowledge", "stale"}});
  AddSample(units, counts.lost, {{"knowledge", "lost"}});
  AddSample(units, counts.off_network, {{"knowledge", "off_network"}});
  AddSample(units, counts.off_duty, {{"knowledge", "off_duty"}});
  families.push_back(std::move(units));
}

void AddStore(const store::WriterStats& stats, MetricFamilies& families) {
  families.push_back(
      Gauge("patrol_store_writes_waiting", "writes that wait for the disk", Double(stats.waiting)));
  families.push_back(Gauge("patrol_store_waiting_bytes",
                           "what waiting and unfinished writes hold, bytes",
                           Double(stats.bytes_waiting)));
  families.push_back(Counter("patrol_store_writes_refused_total",
                             "writes refused because too much was waiting", Double(stats.refused)));
  families.push_back(Counter("patrol_store_commits_total", "commits made", Double(stats.commits)));
}

void AddGateway(const web::Counts& counts, MetricFamilies& families) {
  families.push_back(
      Counter("patrol_http_connections_total", "connections accepted", Double(counts.connections)));
  families.push_back(Counter("patrol_http_connections_refused_total",
                             "connections refused because there were too many",
                             Double(counts.connections_refused)));
  families.push_back(
      Counter("patrol_http_requests_total", "HTTP requests answered", Double(counts.requests)));
  families.push_back(
      Counter("patrol_http_sockets_total", "WebSockets opened", Double(counts.sockets)));
  families.push_back(Counter("patrol_http_sockets_dropped_total",
                             "WebSockets closed because they were too slow",
                             Double(counts.sockets_dropped)));
  families.push_back(
      Gauge("patrol_live_viewers", "live views open now", Double(counts.live_viewers)));
  families.push_back(Counter("patrol_live_units_dropped_total",
                             "coded pictures that slow live viewers missed",
                             Double(counts.live_units_dropped)));
}

}  // namespace

MetricFamilies TownMetrics::Collect() const {
  MetricFamilies families;
  AddCoverage(*parts_.patrol.coverage().snapshot(), parts_.clock.Now(), families);
  const PatrolWing::FixQueue fixes = parts_.patrol.fix_queue();
  families.push_back(
      Gauge("patrol_fixes_waiting", "stored fixes that wait to be matched", Double(fixes.waiting)));
  families.push_back(Counter("patrol_fixes_dropped_total",
                             "stored fixes that newer ones pushed out before they were matched",
                             Double(fixes.dropped)));
  AddStore(parts_.store.writer_stats(), families);
  const VideoWing::Counts video = parts_.video.counts();
  families.push_back(Gauge("patrol_motion_messages_waiting",
                           "messages about motion on their way to the store",
                           Double(video.motion_waiting)));
  families.push_back(Counter("patrol_motion_over_town_limit_total",
                             "motion events not told: over the town's limit an hour",
                             Double(video.events_over_town_limit)));
  prometheus::MetricFamily suppressed =
      CounterFamily("patrol_motion_suppressed_total", "movement that was not told, by cause");
  for (size_t i = 0; i < video.suppressed.size(); ++i) {
    const auto cause = static_cast<motion::Suppression>(i);
    // Those are counted by candidate.
    if (cause == motion::Suppression::kRejected) continue;
    AddSample(suppressed, Double(video.suppressed[i]),
              {{"cause", std::string(motion::SuppressionName(cause))}});
  }
  families.push_back(std::move(suppressed));
  prometheus::MetricFamily busy = GaugeFamily(
      "patrol_camera_busy_zones",
      "zones that move nearly all the time, whose events are not told; none: no series");
  for (const auto& [camera, zones] : video.busy_zones) AddSample(busy, zones, {{"camera", camera}});
  families.push_back(std::move(busy));
  families.push_back(Counter("patrol_motion_store_failures_total",
                             "changes of motion events that could not be stored",
                             Double(parts_.recorder.store_failures())));
  families.push_back(Counter("patrol_clips_recorded_total", "clips of events written",
                             Double(video.clips.recorded)));
  families.push_back(Counter("patrol_clips_refused_total",
                             "clips not begun because too many were open",
                             Double(video.clips.refused)));
  families.push_back(Counter("patrol_clips_units_dropped_total",
                             "coded pictures missing in clips because the disk was too slow",
                             Double(video.clips.units_dropped)));
  families.push_back(Counter("patrol_clips_removed_total", "clips removed to make room",
                             Double(parts_.clips.removed())));
  families.push_back(
      Gauge("patrol_clips_bytes", "clips on the disk, bytes", Double(parts_.clips.bytes())));
  if (const web::Gateway* gateway = gateway_.load()) AddGateway(gateway->counts(), families);
  return families;
}

}  // namespace patrol::patrold
