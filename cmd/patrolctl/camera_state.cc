#include "cmd/patrolctl/camera_state.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/client.h"
#include "patrol/v1/camera_service.pb.h"

namespace patrol::ctl {

namespace {

const char* AttentionText(v1::AttentionLevel level) {
  switch (level) {
    case v1::ATTENTION_LEVEL_NONE:
      return "none";
    case v1::ATTENTION_LEVEL_QUIET:
      return "quiet";
    case v1::ATTENTION_LEVEL_KEYFRAMES:
      return "keyframes";
    case v1::ATTENTION_LEVEL_WAITING:
      return "waiting";
    case v1::ATTENTION_LEVEL_FULL:
      return "full";
    default:
      return "";
  }
}

// Why it does not stream, or what is decoded of it and why; and why it is blind.
std::string WhyText(const v1::CameraState& state) {
  if (!state.reason().empty()) return state.reason();
  if (state.blind_reason().empty()) return state.attention_reason();
  return absl::StrCat(state.attention_reason(), "; blind: ", state.blind_reason());
}

// "defocused 0.62 since 2026-03-01T08:00:00Z; ..."
std::string HealthText(const v1::CameraState& state) {
  std::string text;
  for (const v1::PictureFinding& finding : state.health()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", finding.state(), " ",
                    absl::StrFormat("%.2f", finding.severity()), " since ",
                    TimeText(finding.has_onset_time(), finding.onset_time()));
  }
  return text;
}

std::string BusyText(const v1::CameraState& state) {
  std::string text;
  for (const v1::ZoneState& zone : state.zones()) {
    if (!zone.busy()) continue;
    absl::StrAppend(&text, text.empty() ? "" : " ", zone.id().empty() ? "all" : zone.id());
  }
  return text;
}

// "cseq_wrong 3, ssrc_changed 12"
std::string CountsText(const google::protobuf::Map<std::string, int64_t>& counts) {
  const std::map<std::string, int64_t> sorted(counts.begin(), counts.end());
  std::string text;
  for (const auto& [name, count] : sorted) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name.empty() ? "all" : name, " ", count);
  }
  return text;
}

// "gate moved 12 % of ten minutes, usually 30 %"
std::string ZonesText(const v1::CameraState& state) {
  std::string text;
  for (const v1::ZoneState& zone : state.zones()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", zone.id().empty() ? "all" : zone.id(),
                    zone.watched() ? "" : " (not watched now)",
                    absl::StrFormat(" moved %.0f %% of ten minutes", 100 * zone.moving_share()));
    if (zone.has_usual_share()) {
      absl::StrAppendFormat(&text, ", usually %.0f %%", 100 * zone.usual_share());
    }
  }
  return text;
}

}  // namespace

std::string PhaseText(v1::CameraPhase phase) {
  // CAMERA_PHASE_STREAMING -> streaming
  std::string text = v1::CameraPhase_Name(phase);
  const std::string prefix = "CAMERA_PHASE_";
  if (text.rfind(prefix, 0) == 0) text = text.substr(prefix.size());
  absl::AsciiStrToLower(&text);
  return text;
}

Printer StatePrinter(Format format) {
  return Printer(format, Printer::Kind::kList,
                 {{"camera_id"},
                  {"phase"},
                  {"codec"},
                  {"width", 0, true},
                  {"height", 0, true},
                  {"pictures", 0, true},
                  {"picture_time"},
                  {"blind"},
                  {"moving"},
                  {"attention"},
                  {"activity", 0, true},
                  {"gop_s", 0, true},
                  {"sparse"},
                  {"decode_cpu_s", 0, true},
                  {"blind_total_s", 0, true},
                  {"packets_lost", 0, true},
                  {"reordered", 0, true},
                  {"jitter_ms", 0, true},
                  {"decode_errors", 0, true},
                  {"reconnects", 0, true},
                  {"decoder"},
                  {"privacy"},
                  {"quirks"},
                  {"reason"},
                  {"picture_health"},
                  {"busy_zones"},
                  {"snoozed_until"},
                  {"candidates"},
                  {"suppressed"},
                  {"over_limit", 0, true},
                  {"not_events"},
                  {"zones"},
                  {"learning"}});
}

void PrintState(Printer& printer, const v1::Camera& camera) {
  const v1::CameraState& state = camera.state();
  printer.Add(camera, {IdOf(camera.name()),
                       PhaseText(state.phase()),
                       state.codec(),
                       absl::StrCat(state.width()),
                       absl::StrCat(state.height()),
                       absl::StrCat(state.pictures_decoded()),
                       TimeText(state.has_picture_time(), state.picture_time()),
                       YesNo(state.blind()),
                       YesNo(state.moving()),
                       AttentionText(state.attention()),
                       absl::StrFormat("%.1f", state.activity()),
                       absl::StrFormat("%.1f", state.gop_s()),
                       YesNo(state.sparse()),
                       absl::StrFormat("%.1f", state.decode_cpu_s()),
                       absl::StrFormat("%.1f", state.blind_total_s()),
                       absl::StrCat(state.packets_lost()),
                       absl::StrCat(state.packets_reordered()),
                       absl::StrFormat("%.1f", state.jitter_s() * 1e3),
                       absl::StrCat(state.decode_errors()),
                       absl::StrCat(state.reconnects()),
                       state.decoder(),
                       state.privacy(),
                       CountsText(state.quirks()),
                       WhyText(state),
                       HealthText(state),
                       BusyText(state),
                       TimeText(camera.has_snoozed_until(), camera.snoozed_until()),
                       CountsText(state.candidates()),
                       CountsText(state.suppressed()),
                       absl::StrCat(state.events_over_limit() + state.events_over_town_limit()),
                       CountsText(state.not_events()),
                       ZonesText(state),
                       YesNo(state.learning())});
}

}  // namespace patrol::ctl
