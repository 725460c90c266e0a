#include "cmd/patrold/camera_description.h"

#include <string>

#include "lib/service/api/proto_values.h"
#include "patrol/v1/camera_service.pb.h"

namespace patrol::patrold {

namespace {

v1::CameraPhase PhaseOf(ingest::CameraPhase phase) {
  switch (phase) {
    case ingest::CameraPhase::kOff:
      return v1::CAMERA_PHASE_OFF;
    case ingest::CameraPhase::kWaiting:
      return v1::CAMERA_PHASE_WAITING;
    case ingest::CameraPhase::kConnecting:
      return v1::CAMERA_PHASE_CONNECTING;
    case ingest::CameraPhase::kStreaming:
      return v1::CAMERA_PHASE_STREAMING;
  }
  return v1::CAMERA_PHASE_UNSPECIFIED;
}

v1::AttentionLevel LevelOf(ingest::AttentionLevel level) {
  switch (level) {
    case ingest::AttentionLevel::kNone:
      return v1::ATTENTION_LEVEL_NONE;
    case ingest::AttentionLevel::kQuiet:
      return v1::ATTENTION_LEVEL_QUIET;
    case ingest::AttentionLevel::kKeyframes:
      return v1::ATTENTION_LEVEL_KEYFRAMES;
    case ingest::AttentionLevel::kWaiting:
      return v1::ATTENTION_LEVEL_WAITING;
    case ingest::AttentionLevel::kFull:
      return v1::ATTENTION_LEVEL_FULL;
  }
  return v1::ATTENTION_LEVEL_UNSPECIFIED;
}

void FillCandidates(const ingest::CandidateCounts& counts, v1::CameraState* state) {
  auto& candidates = *state->mutable_candidates();
  if (counts.confirmed > 0) candidates["confirmed"] = counts.confirmed;
  if (counts.rejected > 0) candidates["rejected"] = counts.rejected;
  if (counts.no_event > 0) candidates["no_event"] = counts.no_event;
  if (counts.undecided > 0) candidates["undecided"] = counts.undecided;
  const auto rejected = std::string(motion::SuppressionName(motion::Suppression::kRejected));
  if (counts.rejected > 0) (*state->mutable_suppressed())[rejected] = counts.rejected;
}

}  // namespace

void FillIngest(const ingest::CameraState& known, v1::CameraState* state) {
  state->set_phase(PhaseOf(known.phase));
  state->set_reason(known.reason);
  api::SetTime(known.since, state->mutable_since());
  state->set_codec(known.codec);
  state->set_width(known.width);
  state->set_height(known.height);
  state->set_access_units(known.access_units);
  state->set_bytes(known.bytes);
  state->set_packets_lost(known.packets_lost);
  state->set_packets_reordered(known.packets_reordered);
  state->set_packets_late(known.packets_late);
  state->set_jitter_s(absl::ToDoubleSeconds(known.jitter));
  state->set_pictures_decoded(known.pictures_decoded);
  state->set_decode_errors(known.decode_errors);
  state->set_access_units_dropped(known.access_units_dropped);
  state->set_reconnects(known.reconnects);
  state->set_blind(known.blind);
  if (known.picture_time != absl::InfinitePast()) {
    api::SetTime(known.picture_time, state->mutable_picture_time());
  }
  state->set_attention(LevelOf(known.attention));
  state->set_attention_reason(known.attention_reason);
  if (known.attention != ingest::AttentionLevel::kNone) {
    api::SetTime(known.attention_since, state->mutable_attention_since());
  }
  state->set_activity(known.activity);
  state->set_decode_cpu_s(absl::ToDoubleSeconds(known.decode_cpu));
  state->set_gop_s(absl::ToDoubleSeconds(known.gop));
  state->set_sparse(known.sparse);
  state->set_blind_reason(known.blind_reason);
  if (known.blind) api::SetTime(known.blind_since, state->mutable_blind_since());
  state->set_blind_total_s(absl::ToDoubleSeconds(known.blind_total));
  if (known.picture_time != absl::InfinitePast()) {
    state->set_picture_age_s(absl::ToDoubleSeconds(known.picture_age));
  }
  for (const auto& [name, count] : known.quirks) (*state->mutable_quirks())[name] = count;
  state->set_decoder(known.decoder);
  state->set_privacy(known.privacy);
  FillCandidates(known.candidates, state);
}

void FillAnalysis(const motion::AnalyserStatus& analysis, v1::CameraState* state) {
  state->set_learning(analysis.learning && state->phase() == v1::CAMERA_PHASE_STREAMING);
  for (const motion::ZoneStatus& zone : analysis.zones) {
    v1::ZoneState& message = *state->add_zones();
    message.set_id(zone.id);
    message.set_watched(zone.watched);
    message.set_moving(zone.moving);
    message.set_busy(zone.busy);
    message.set_moving_share(zone.moving_share);
    if (zone.usual_share >= 0) message.set_usual_share(zone.usual_share);
  }
  for (size_t i = 0; i < motion::kSuppressions; ++i) {
    if (analysis.suppressed[i] == 0) continue;
    (*state->mutable_suppressed())[std::string(motion::SuppressionName(
        static_cast<motion::Suppression>(i)))] = static_cast<int64_t>(analysis.suppressed[i]);
  }
  state->set_events_over_limit(analysis.events_over_limit);
  for (const motion::HealthFinding& finding : analysis.health) {
    v1::PictureFinding& message = *state->add_health();
    message.set_state(std::string(motion::HealthStateName(finding.state)));
    api::SetTime(finding.onset, message.mutable_onset_time());
    message.set_severity(finding.severity);
    message.set_reason(finding.reason);
  }
}

}  // namespace patrol::patrold
