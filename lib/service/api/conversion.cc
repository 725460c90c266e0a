#include "lib/service/api/conversion.h"

#include <cmath>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/service/api/proto_values.h"
#include "lib/service/api/validation.h"
#include "lib/video/rtsp/session.h"
#include "patrol/v1/area_service.pb.h"
#include "patrol/v1/camera_service.pb.h"
#include "patrol/v1/motion_service.pb.h"
#include "patrol/v1/position_service.pb.h"
#include "patrol/v1/unit_service.pb.h"

namespace patrol::api {

namespace {

v1::TravelMode ModeOf(const std::string& name) {
  roadnet::Mode mode = roadnet::Mode::kCar;
  if (!roadnet::ParseMode(name, &mode)) return v1::TRAVEL_MODE_UNSPECIFIED;
  return ModeToProto(mode);
}

v1::Transport TransportOf(const std::string& name) {
  rtsp::Transport transport = rtsp::Transport::kAuto;
  if (!rtsp::ParseTransport(name, &transport)) return v1::TRANSPORT_UNSPECIFIED;
  switch (transport) {
    case rtsp::Transport::kAuto:
      return v1::TRANSPORT_AUTO;
    case rtsp::Transport::kTcp:
      return v1::TRANSPORT_TCP;
    case rtsp::Transport::kUdp:
      return v1::TRANSPORT_UDP;
  }
  return v1::TRANSPORT_UNSPECIFIED;
}

absl::StatusOr<std::string> ReadTransport(const std::string& field, v1::Transport transport) {
  switch (transport) {
    case v1::TRANSPORT_UNSPECIFIED:
    case v1::TRANSPORT_AUTO:
      return std::string(rtsp::TransportName(rtsp::Transport::kAuto));
    case v1::TRANSPORT_TCP:
      return std::string(rtsp::TransportName(rtsp::Transport::kTcp));
    case v1::TRANSPORT_UDP:
      return std::string(rtsp::TransportName(rtsp::Transport::kUdp));
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": ", static_cast<int>(transport), " is no transport"));
  }
}

void Fill(const store::PrivacyMask& row, v1::PrivacyMask* mask) {
  for (const std::vector<store::PicturePlace>& corners : row.polygons) {
    v1::PrivacyPolygon& polygon = *mask->add_polygons();
    for (const store::PicturePlace& place : corners) {
      v1::PrivacyCorner& corner = *polygon.add_corners();
      corner.set_x(place.x);
      corner.set_y(place.y);
    }
  }
  mask->set_width(row.width);
  mask->set_height(row.height);
  mask->set_rotation_deg(row.rotation_deg);
}

// As it is given: the fleet checks it.
store::PrivacyMask ReadPrivacyMask(const v1::PrivacyMask& mask) {
  store::PrivacyMask row;
  for (const v1::PrivacyPolygon& polygon : mask.polygons()) {
    row.polygons.emplace_back();
    for (const v1::PrivacyCorner& corner : polygon.corners()) {
      row.polygons.back().push_back({corner.x(), corner.y()});
    }
  }
  row.width = mask.width();
  row.height = mask.height();
  row.rotation_deg = mask.rotation_deg();
  return row;
}

absl::Status CheckFinite(const char* field, double value) {
  if (std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": not a finite number"));
}

}  // namespace

void Fill(const store::Camera& row, v1::Camera* camera) {
  camera->set_name("cameras/" + row.id);
  camera->set_display_name(row.display_name);
  if (row.position.has_value()) {
    camera->mutable_position()->set_lon(row.position->lon);
    camera->mutable_position()->set_lat(row.position->lat);
  }
  camera->set_heading_deg(row.heading_deg);
  camera->set_field_of_view_deg(row.field_of_view_deg);
  camera->set_disabled(row.disabled);
  camera->set_transport(TransportOf(row.transport));
  camera->set_tls_ca_file(row.tls_ca_file);
  camera->set_tls_verify(row.tls_verify);
  camera->set_connects_per_host(row.connects_per_host);
  if (row.privacy_mask.has_value()) Fill(*row.privacy_mask, camera->mutable_privacy_mask());
  camera->set_view_moved(row.view_moved);
  camera->set_zones_json(row.zones_json);
  if (row.snoozed_until.has_value()) {
    SetTime(*row.snoozed_until, camera->mutable_snoozed_until());
  }
}

absl::StatusOr<store::Camera> ReadCamera(const std::string& field, const v1::Camera& camera) {
  store::Camera row;
  PATROL_RETURN_IF_ERROR(
      CheckText(field + ".display_name", camera.display_name(), limits::kDisplayNameBytesMax));
  row.display_name = camera.display_name();
  if (camera.has_position()) {
    PATROL_ASSIGN_OR_RETURN(row.position, ReadLonLat(field + ".position", camera.position()));
  }
  PATROL_RETURN_IF_ERROR(CheckRange(field + ".heading_deg", camera.heading_deg(), 0, 360));
  row.heading_deg = camera.heading_deg();
  PATROL_RETURN_IF_ERROR(
      CheckRange(field + ".field_of_view_deg", camera.field_of_view_deg(), 0, 360));
  row.field_of_view_deg = camera.field_of_view_deg();
  PATROL_RETURN_IF_ERROR(
      CheckText(field + ".source_uri", camera.source_uri(), limits::kSourceUriBytesMax));
  row.source_uri = camera.source_uri();
  PATROL_RETURN_IF_ERROR(
      CheckText(field + ".username", camera.username(), limits::kCredentialBytesMax));
  row.username = camera.username();
  PATROL_RETURN_IF_ERROR(
      CheckText(field + ".password", camera.password(), limits::kCredentialBytesMax));
  row.password = camera.password();
  row.disabled = camera.disabled();
  PATROL_ASSIGN_OR_RETURN(row.transport, ReadTransport(field + ".transport", camera.transport()));
  PATROL_RETURN_IF_ERROR(
      CheckText(field + ".tls_ca_file", camera.tls_ca_file(), limits::kFilePathBytesMax));
  row.tls_ca_file = camera.tls_ca_file();
  row.tls_verify = camera.tls_verify();
  PATROL_RETURN_IF_ERROR(CheckRange(field + ".connects_per_host", camera.connects_per_host(), 0,
                                    limits::kConnectsPerHostHighest));
  row.connects_per_host = camera.connects_per_host();
  if (camera.has_privacy_mask() && camera.privacy_mask().polygons_size() > 0) {
    row.privacy_mask = ReadPrivacyMask(camera.privacy_mask());
  }
  row.view_moved = camera.view_moved();
  row.zones_json = camera.zones_json();
  if (camera.has_snoozed_until()) {
    PATROL_ASSIGN_OR_RETURN(row.snoozed_until,
                            ReadTime(field + ".snoozed_until", camera.snoozed_until()));
  }
  return row;
}

void Fill(const store::Unit& row, v1::Unit* unit) {
  unit->set_name("units/" + row.id);
  unit->set_display_name(row.display_name);
  unit->set_mode(ModeOf(row.mode));
  unit->set_force(row.force);
  unit->set_off_duty(row.off_duty);
}

absl::StatusOr<store::Unit> ReadUnit(const std::string& field, const v1::Unit& unit) {
  store::Unit row;
  PATROL_RETURN_IF_ERROR(
      CheckText(field + ".display_name", unit.display_name(), limits::kDisplayNameBytesMax));
  row.display_name = unit.display_name();
  PATROL_ASSIGN_OR_RETURN(const roadnet::Mode mode, ReadMode(field + ".mode", unit.mode()));
  row.mode = std::string(roadnet::ModeName(mode));
  PATROL_RETURN_IF_ERROR(CheckText(field + ".force", unit.force(), limits::kDisplayNameBytesMax));
  row.force = unit.force();
  row.off_duty = unit.off_duty();
  return row;
}

void Fill(const store::Area& row, bool with_geometry, v1::Area* area) {
  area->set_name("areas/" + row.id);
  area->set_display_name(row.display_name);
  area->set_kind(row.kind);
  if (!row.parent_id.empty()) area->set_parent("areas/" + row.parent_id);
  if (with_geometry) area->set_geometry_json(row.geometry_json);
}

void Fill(const store::Fix& row, v1::Fix* fix) {
  fix->set_unit("units/" + row.unit_id);
  SetTime(row.time, fix->mutable_time());
  fix->mutable_position()->set_lon(row.position.lon);
  fix->mutable_position()->set_lat(row.position.lat);
  if (row.speed_mps.has_value()) fix->set_speed_mps(*row.speed_mps);
  if (row.heading_deg.has_value()) fix->set_heading_deg(*row.heading_deg);
  if (row.accuracy_m.has_value()) fix->set_accuracy_m(*row.accuracy_m);
}

absl::StatusOr<store::Fix> ReadFix(const v1::Fix& fix) {
  store::Fix row;
  PATROL_ASSIGN_OR_RETURN(row.unit_id, ReadName("unit", "units", fix.unit()));
  if (!fix.has_time()) return absl::InvalidArgumentError("time: required");
  PATROL_ASSIGN_OR_RETURN(row.time, ReadTime("time", fix.time()));
  if (!fix.has_position()) return absl::InvalidArgumentError("position: required");
  PATROL_RETURN_IF_ERROR(CheckFinite("position.lon", fix.position().lon()));
  PATROL_RETURN_IF_ERROR(CheckFinite("position.lat", fix.position().lat()));
  row.position = {fix.position().lon(), fix.position().lat()};
  if (fix.has_speed_mps()) {
    PATROL_RETURN_IF_ERROR(CheckFinite("speed_mps", fix.speed_mps()));
    row.speed_mps = fix.speed_mps();
  }
  if (fix.has_heading_deg()) {
    PATROL_RETURN_IF_ERROR(CheckFinite("heading_deg", fix.heading_deg()));
    row.heading_deg = fix.heading_deg();
  }
  if (fix.has_accuracy_m()) {
    PATROL_RETURN_IF_ERROR(CheckFinite("accuracy_m", fix.accuracy_m()));
    row.accuracy_m = fix.accuracy_m();
  }
  return row;
}

void Fill(const store::MotionEvent& row, v1::MotionEvent* event) {
  event->set_name("motionEvents/" + row.id);
  event->set_camera("cameras/" + row.camera_id);
  event->set_phase(row.ended ? v1::MOTION_PHASE_END : v1::MOTION_PHASE_UPDATE);
  SetTime(row.begin, event->mutable_begin_time());
  SetTime(row.last, event->mutable_last_time());
  event->mutable_zone()->set_left(row.zone.left);
  event->mutable_zone()->set_top(row.zone.top);
  event->mutable_zone()->set_right(row.zone.right);
  event->mutable_zone()->set_bottom(row.zone.bottom);
  event->set_strength(row.strength);
  event->set_has_still(row.has_still);
  event->set_cut_short(row.cut_short);
  event->set_zone_id(row.zone_id);
  event->set_direction(row.direction);
  event->set_ending(row.ending);
  event->set_reason(row.reason);
  event->set_confidence(row.confidence);
  event->set_onset_source(row.onset_source);
  SetDuration(row.onset_uncertainty, event->mutable_onset_uncertainty());
  event->set_not_an_event(row.marked.has_value());
  if (row.marked.has_value()) SetTime(*row.marked, event->mutable_marked_time());
  v1::Response* response = event->mutable_response();
  if (!row.response.area_id.empty()) response->set_area("areas/" + row.response.area_id);
  if (!row.response.nearest_unit_id.empty()) {
    response->set_nearest_unit("units/" + row.response.nearest_unit_id);
  }
  if (row.response.arrival.has_value()) {
    SetDuration(*row.response.arrival, response->mutable_arrival());
  }
  response->set_unattended(row.response.unattended);
  response->set_reason(row.response.reason);
}

void Fill(const EventChange& change, v1::MotionEvent* event) {
  Fill(change.event, event);
  switch (change.phase) {
    case EventPhase::kBegin:
      event->set_phase(v1::MOTION_PHASE_BEGIN);
      break;
    case EventPhase::kUpdate:
      event->set_phase(v1::MOTION_PHASE_UPDATE);
      break;
    case EventPhase::kEnd:
      event->set_phase(v1::MOTION_PHASE_END);
      break;
  }
}

}  // namespace patrol::api
