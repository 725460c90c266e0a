#include "cmd/patrold/camera_source.h"

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/video/media/privacy.h"
#include "lib/video/rtsp/url.h"

namespace patrol::patrold {

namespace {

std::optional<media::PrivacyMask> MaskOf(const store::Camera& camera) {
  if (!camera.privacy_mask.has_value()) return std::nullopt;
  const store::PrivacyMask& stored = *camera.privacy_mask;
  media::PrivacyMask mask{.width = stored.width,
                          .height = stored.height,
                          .rotation_deg = stored.rotation_deg,
                          .unknown = stored.unknown,
                          .revision = stored.revision};
  for (const std::vector<store::PicturePlace>& corners : stored.polygons) {
    mask.polygons.emplace_back();
    for (const store::PicturePlace& place : corners) {
      mask.polygons.back().push_back({place.x, place.y});
    }
  }
  return mask;
}

}  // namespace

ingest::CameraOptions SourceOf(const store::Camera& camera) {
  rtsp::Transport transport = rtsp::Transport::kAuto;
  if (!rtsp::ParseTransport(camera.transport, &transport)) {
    PATROL_LOG_WARNING("camera \"{}\": transport \"{}\" is not known: auto", camera.id,
                       camera.transport);
  }
  return {.id = camera.id,
          .url = camera.source_uri,
          .user = camera.username,
          .password = camera.password,
          .disabled = camera.disabled,
          .transport = transport,
          .tls = {.ca_file = camera.tls_ca_file, .verify = camera.tls_verify},
          .connects_per_host = camera.connects_per_host,
          .privacy = MaskOf(camera),
          .view_moved = camera.view_moved};
}

absl::Status CheckSource(const store::Camera& camera) {
  const absl::StatusOr<rtsp::Url> url = rtsp::Url::Parse(camera.source_uri);
  if (!url.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("source_uri: ", std::string(url.status().message())));
  }
  if (!url->user().empty() || !url->password().empty()) {
    return absl::InvalidArgumentError(
        "source_uri: give user and password as username and password, not in the address");
  }
  if (!camera.tls_ca_file.empty()) {
    std::error_code fault;
    if (!std::filesystem::path(camera.tls_ca_file).is_absolute()) {
      return absl::InvalidArgumentError("tls_ca_file: must be an absolute path");
    }
    if (!std::filesystem::is_regular_file(camera.tls_ca_file, fault)) {
      return absl::InvalidArgumentError(
          absl::StrCat("tls_ca_file: no such file on the service's machine: ", camera.tls_ca_file));
    }
  }
  if (!url->tls() && (camera.tls_verify || !camera.tls_ca_file.empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat(camera.tls_ca_file.empty() ? "tls_verify" : "tls_ca_file",
                     ": is for sources that begin with rtsps://"));
  }
  const std::optional<media::PrivacyMask> mask = MaskOf(camera);
  if (mask.has_value() && !mask->unknown) {
    const absl::Status checked = media::CheckPrivacyMask(*mask);
    if (!checked.ok()) return Annotate(checked, "privacy_mask");
  }
  return absl::OkStatus();
}

}  // namespace patrol::patrold
