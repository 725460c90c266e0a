#include "lib/video/ingest/fleet_metrics.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "lib/base/limits.h"

namespace patrol::ingest {
namespace {

using Cameras = std::map<std::string, CameraState>;

double Seconds(absl::Duration duration) { return absl::ToDoubleSeconds(duration); }

template <typename Number>
double Double(Number number) {
  return static_cast<double>(number);
}

// A series for each camera; `value` takes its CameraState.
template <typename Value>
void ForEach(prometheus::MetricFamily family, const Cameras& cameras, const Value& value,
             MetricFamilies& families) {
  family.metric.reserve(cameras.size());
  for (const auto& [id, state] : cameras) {
    AddSample(family, static_cast<double>(value(state)), {{"camera", id}});
  }
  families.push_back(std::move(family));
}

void AddStream(const Cameras& cameras, MetricFamilies& families) {
  const auto counter = [&](const char* name, const char* help, auto value) {
    ForEach(CounterFamily(name, help), cameras, value, families);
  };
  const auto gauge = [&](const char* name, const char* help, auto value) {
    ForEach(GaugeFamily(name, help), cameras, value, families);
  };
  using State = const CameraState&;
  counter("patrol_camera_access_units_total", "coded pictures received",
          [](State state) { return state.access_units; });
  counter("patrol_camera_access_units_damaged_total", "coded pictures that packets were lost of",
          [](State state) { return state.damaged_units; });
  counter("patrol_camera_received_bytes_total", "RTP payload received, bytes",
          [](State state) { return state.bytes; });
  counter("patrol_camera_packets_total", "RTP packets received",
          [](State state) { return state.packets; });
  counter("patrol_camera_packets_lost_total", "RTP packets missing in their numbering",
          [](State state) { return state.packets_lost; });
  counter("patrol_camera_packets_reordered_total", "RTP packets over UDP put back in order",
          [](State state) { return state.packets_reordered; });
  counter("patrol_camera_packets_late_total",
          "RTP packets over UDP that came after they were given up, among those lost",
          [](State state) { return state.packets_late; });
  gauge("patrol_camera_jitter_seconds", "jitter of arrivals (RFC 3550 section 6.4.1), seconds",
        [](State state) { return Seconds(state.jitter); });
  counter("patrol_camera_reconnects_total", "sessions that streamed, less the first",
          [](State state) { return state.reconnects; });
  gauge("patrol_camera_ring_bytes", "coded pictures kept for pre-roll and live view, bytes",
        [](State state) { return Double(state.ring_bytes); });
  counter("patrol_camera_ring_shortened_total", "times a byte limit took pre-roll",
          [](State state) { return state.ring_shortenings; });
  gauge("patrol_camera_gop_seconds", "time between keyframes, seconds; 0 until known",
        [](State state) { return Seconds(state.gop); });
}

void AddAnalysis(const Cameras& cameras, MetricFamilies& families) {
  const auto counter = [&](const char* name, const char* help, auto value) {
    ForEach(CounterFamily(name, help), cameras, value, families);
  };
  const auto gauge = [&](const char* name, const char* help, auto value) {
    ForEach(GaugeFamily(name, help), cameras, value, families);
  };
  using State = const CameraState&;
  counter("patrol_camera_pictures_decoded_total", "pictures decoded without error",
          [](State state) { return state.pictures_decoded; });
  counter("patrol_camera_decode_errors_total", "decodes that failed or gave a damaged picture",
          [](State state) { return state.decode_errors; });
  counter("patrol_camera_access_units_dropped_total",
          "coded pictures not decoded although they should have been",
          [](State state) { return state.access_units_dropped; });
  counter("patrol_camera_decode_cpu_seconds_total", "CPU time of decoding and analysing, seconds",
          [](State state) { return Seconds(state.decode_cpu); });
  gauge("patrol_camera_activity_spreads",
        "departure of the coded stream from its baseline, in spreads of the baseline",
        [](State state) { return state.activity; });
  gauge("patrol_camera_blind", "1: no decoded, error-free picture within blind_after",
        [](State state) { return state.blind ? 1 : 0; });
  counter("patrol_camera_blind_seconds_total", "time without a picture within blind_after, seconds",
          [](State state) { return Seconds(state.blind_total); });

  // Cameras that never had a picture have no age.
  prometheus::MetricFamily age = GaugeFamily("patrol_camera_picture_age_seconds",
                                             "time since the last picture was decoded, seconds");
  for (const auto& [id, state] : cameras) {
    if (state.picture_age == absl::InfiniteDuration()) continue;
    AddSample(age, Seconds(state.picture_age), {{"camera", id}});
  }
  families.push_back(std::move(age));

  prometheus::MetricFamily candidates =
      CounterFamily("patrol_camera_candidates_total",
                    "movements that the coded stream's activity suggested, by what pixels said");
  for (const auto& [id, state] : cameras) {
    const CandidateCounts& counts = state.candidates;
    const std::pair<const char*, int64_t> outcomes[] = {{"confirmed", counts.confirmed},
                                                        {"rejected", counts.rejected},
                                                        {"no_event", counts.no_event},
                                                        {"undecided", counts.undecided}};
    for (const auto& [outcome, count] : outcomes) {
      AddSample(candidates, Double(count), {{"camera", id}, {"outcome", outcome}});
    }
  }
  families.push_back(std::move(candidates));
}

// What is one of several names.
void AddNames(const Cameras& cameras, MetricFamilies& families) {
  prometheus::MetricFamily phases =
      GaugeFamily("patrol_camera_phase", "1: what the camera's session is doing");
  prometheus::MetricFamily levels =
      GaugeFamily("patrol_camera_attention", "1: what is decoded of the camera");
  prometheus::MetricFamily quirks =
      CounterFamily("patrol_camera_quirks_total", "faults of the camera that were survived");
  for (const auto& [id, state] : cameras) {
    AddSample(phases, 1, {{"camera", id}, {"phase", std::string(PhaseName(state.phase))}});
    AddSample(levels, 1, {{"camera", id}, {"level", std::string(AttentionName(state.attention))}});
    size_t named = 0;
    double others = 0;
    for (const auto& [name, count] : state.quirks) {
      // One place is kept for "other".
      if (named + 1 < limits::kMetricQuirksPerCameraMax) {
        AddSample(quirks, Double(count), {{"camera", id}, {"quirk", name}});
        ++named;
      } else {
        others += Double(count);
      }
    }
    if (others > 0) AddSample(quirks, others, {{"camera", id}, {"quirk", "other"}});
  }
  families.push_back(std::move(phases));
  families.push_back(std::move(levels));
  families.push_back(std::move(quirks));
}

void AddTotals(const Cameras& cameras, const FleetState& fleet, MetricFamilies& families) {
  std::array<int, 4> phases{};
  for (const auto& [id, state] : cameras) ++phases[static_cast<size_t>(state.phase)];
  prometheus::MetricFamily by_phase =
      GaugeFamily("patrol_cameras", "cameras by what their session is doing");
  for (size_t i = 0; i < phases.size(); ++i) {
    AddSample(by_phase, phases[i],
              {{"phase", std::string(PhaseName(static_cast<CameraPhase>(i)))}});
  }
  families.push_back(std::move(by_phase));
  const auto gauge = [&](const char* name, const char* help, auto value) {
    families.push_back(Gauge(name, help, static_cast<double>(value)));
  };
  const auto counter = [&](const char* name, const char* help, auto value) {
    families.push_back(Counter(name, help, static_cast<double>(value)));
  };
  gauge("patrol_cameras_blind", "cameras without a picture within blind_after, less those off",
        fleet.blind);
  gauge("patrol_cameras_sparse", "cameras whose GOP is longer than blind_after", fleet.sparse);
  families.push_back(HistogramOf("patrol_ingest_loop_lag_seconds",
                                 "how late the receiving loop ran its timers, seconds",
                                 fleet.loop_lag));
  families.push_back(HistogramOf(
      "patrol_ingest_access_unit_age_seconds",
      "age of coded pictures as their last packet came, seconds; of cameras with sender reports",
      fleet.unit_age));
  gauge("patrol_ingest_ring_bytes", "coded pictures kept of all cameras, bytes", fleet.ring_bytes);
  gauge("patrol_ingest_ring_max_bytes", "how many may be kept, bytes", fleet.ring_bytes_max);
  gauge("patrol_ingest_decode_threads", "threads that decode and analyse", fleet.decode_threads);
  counter("patrol_ingest_hardware_fallbacks_total",
          "decoders that were to use a hardware device and went on in software",
          fleet.hardware_fallbacks);
  counter("patrol_ingest_decode_cpu_seconds_total",
          "CPU time of all decoding and analysing, seconds", Seconds(fleet.decode_cpu));
  gauge("patrol_ingest_decode_queue_units", "coded pictures that wait for decoding",
        fleet.queue_units);
  gauge("patrol_ingest_decode_queue_units_peak", "most that ever waited", fleet.queue_units_max);
  counter("patrol_ingest_decode_dropped_units_total",
          "coded pictures not decoded although they should have been", fleet.queue_drops);
  gauge("patrol_ingest_budget_cores", "CPU that decoding and analysing may use, cores",
        fleet.budget_cores);
  gauge("patrol_ingest_budget_used_cores", "CPU that it used in the last seconds, cores",
        fleet.used_cores);
  gauge("patrol_ingest_full_decodes", "cameras decoded in full", fleet.full_decodes);
  gauge("patrol_ingest_full_decodes_allowed", "cameras that may be, within the budget",
        fleet.full_decodes_allowed);
  gauge("patrol_ingest_full_decodes_waiting", "cameras that should be and are not",
        fleet.full_decodes_waiting);
  gauge("patrol_ingest_keyframe_stretch_ratio",
        "keyframes of quiet cameras come so many times later than wanted; 1: in time",
        fleet.stretch);
}

}  // namespace

MetricFamilies FleetFamilies(const Cameras& cameras, const FleetState& fleet) {
  MetricFamilies families;
  AddNames(cameras, families);
  AddStream(cameras, families);
  AddAnalysis(cameras, families);
  AddTotals(cameras, fleet, families);
  return families;
}

}  // namespace patrol::ingest
