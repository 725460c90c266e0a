#include "lib/service/api/camera_service.h"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/api/conversion.h"
#include "lib/service/api/proto_values.h"
#include "lib/service/api/unary_call.h"
#include "lib/service/api/validation.h"
#include "lib/video/motion/zones.h"
#include "patrol/v1/camera_service.grpc.pb.h"

namespace patrol::api {

namespace {

const std::vector<std::string>& Changeable() {
  static const auto* fields = new std::vector<std::string>{
      "display_name", "position",    "heading_deg", "field_of_view_deg",
      "source_uri",   "username",    "password",    "disabled",
      "transport",    "tls_ca_file", "tls_verify",  "connects_per_host",
      "privacy_mask", "view_moved",  "zones_json",  "snoozed_until"};
  return *fields;
}

// Without a mask everything changes but the source where it is not given: answers never hold it, so
// that a client that reads, changes and writes back must not erase it.
std::set<std::string> WithoutMask(const store::Camera& given, bool mask_given) {
  std::set<std::string> fields(Changeable().begin(), Changeable().end());
  if (given.source_uri.empty()) fields.erase("source_uri");
  if (given.username.empty()) fields.erase("username");
  if (given.password.empty()) fields.erase("password");
  // Who does not know of privacy masks must not remove one by writing back what it knows.
  if (!mask_given) {
    fields.erase("privacy_mask");
    fields.erase("view_moved");
  }
  if (!given.snoozed_until.has_value()) fields.erase("snoozed_until");
  return fields;
}

void Change(const std::set<std::string>& fields, const store::Camera& given,
            store::Camera* camera) {
  if (fields.contains("display_name")) camera->display_name = given.display_name;
  if (fields.contains("position")) camera->position = given.position;
  if (fields.contains("heading_deg")) camera->heading_deg = given.heading_deg;
  if (fields.contains("field_of_view_deg")) camera->field_of_view_deg = given.field_of_view_deg;
  if (fields.contains("source_uri")) camera->source_uri = given.source_uri;
  if (fields.contains("username")) camera->username = given.username;
  if (fields.contains("password")) camera->password = given.password;
  if (fields.contains("disabled")) camera->disabled = given.disabled;
  if (fields.contains("transport")) camera->transport = given.transport;
  if (fields.contains("tls_ca_file")) camera->tls_ca_file = given.tls_ca_file;
  if (fields.contains("tls_verify")) camera->tls_verify = given.tls_verify;
  if (fields.contains("connects_per_host")) camera->connects_per_host = given.connects_per_host;
  // That it has not moved is said by drawing its mask anew.
  if (fields.contains("view_moved")) camera->view_moved |= given.view_moved;
  if (fields.contains("privacy_mask")) {
    camera->privacy_mask = given.privacy_mask;
    camera->view_moved = fields.contains("view_moved") && given.view_moved;
  }
  if (fields.contains("zones_json")) camera->zones_json = given.zones_json;
  if (fields.contains("snoozed_until")) camera->snoozed_until = given.snoozed_until;
}

class CameraService final : public v1::CameraService::CallbackService {
 public:
  explicit CameraService(const CameraServiceDeps& deps) : deps_(deps) {}

  grpc::ServerUnaryReactor* GetCamera(grpc::CallbackServerContext* context,
                                      const v1::GetCameraRequest* request,
                                      v1::Camera* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "cameras", request->name()));
      PATROL_ASSIGN_OR_RETURN(const store::Camera camera, deps_.store.GetCamera(id));
      return AnswerWithMarks(camera, response);
    });
  }

  grpc::ServerUnaryReactor* AcceptView(grpc::CallbackServerContext* context,
                                       const v1::AcceptViewRequest* request,
                                       v1::Camera* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "cameras", request->name()));
      PATROL_ASSIGN_OR_RETURN(const store::Camera camera, deps_.store.GetCamera(id));
      deps_.fleet.AcceptView(id);
      Answer(camera, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ListCameras(grpc::CallbackServerContext* context,
                                        const v1::ListCamerasRequest* request,
                                        v1::ListCamerasResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const store::PageRequest page,
                              ReadPage(request->page_size(), request->page_token()));
      PATROL_ASSIGN_OR_RETURN(const store::Page<store::Camera> cameras,
                              deps_.store.ListCameras(page));
      PATROL_ASSIGN_OR_RETURN(const store::MarkCounts marks, deps_.store.CountMarkedEvents(""));
      for (const store::Camera& camera : cameras.rows) {
        v1::Camera& answer = *response->add_cameras();
        Answer(camera, &answer);
        FillMarks(marks, camera.id, &answer);
      }
      response->set_next_page_token(cameras.next_page_token);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* CreateCamera(grpc::CallbackServerContext* context,
                                         const v1::CreateCameraRequest* request,
                                         v1::Camera* response) override {
    return RunUnary(deps_.workers, context, [=, this] { return Create(*request, response); });
  }

  grpc::ServerUnaryReactor* UpdateCamera(grpc::CallbackServerContext* context,
                                         const v1::UpdateCameraRequest* request,
                                         v1::Camera* response) override {
    return RunUnary(deps_.workers, context, [=, this] { return Update(*request, response); });
  }

  grpc::ServerUnaryReactor* DeleteCamera(grpc::CallbackServerContext* context,
                                         const v1::DeleteCameraRequest* request,
                                         google::protobuf::Empty*) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "cameras", request->name()));
      std::lock_guard lock(changes_);
      PATROL_RETURN_IF_ERROR(deps_.store.DeleteCamera(id));
      deps_.fleet.Remove(id);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* GetSnapshot(grpc::CallbackServerContext* context,
                                        const v1::GetSnapshotRequest* request,
                                        v1::Snapshot* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "cameras", request->name()));
      PATROL_RETURN_IF_ERROR(deps_.store.GetCamera(id).status());
      if (request->looked_at()) deps_.fleet.Focus(id, 2 * limits::kLiveFocusInterval);
      const std::string& finding = request->finding();
      PATROL_ASSIGN_OR_RETURN(CameraFleet::Still still, finding.empty()
                                                            ? deps_.fleet.Snapshot(id)
                                                            : deps_.fleet.Evidence(id, finding));
      response->set_jpeg(std::move(still.jpeg));
      SetTime(still.time, response->mutable_time());
      return absl::OkStatus();
    });
  }

 private:
  void Answer(const store::Camera& camera, v1::Camera* answer) {
    Fill(camera, answer);
    deps_.fleet.Describe(camera.id, answer->mutable_state());
  }

  absl::Status AnswerWithMarks(const store::Camera& camera, v1::Camera* answer) {
    Answer(camera, answer);
    PATROL_ASSIGN_OR_RETURN(const store::MarkCounts marks,
                            deps_.store.CountMarkedEvents(camera.id));
    FillMarks(marks, camera.id, answer);
    return absl::OkStatus();
  }

  static void FillMarks(const store::MarkCounts& marks, const std::string& camera_id,
                        v1::Camera* answer) {
    const auto found = marks.find(camera_id);
    if (found == marks.end()) return;
    for (const auto& [zone, count] : found->second) {
      (*answer->mutable_state()->mutable_not_events())[zone] = count;
    }
  }

  static absl::Status CheckSnooze(const store::Camera& camera) {
    if (!camera.snoozed_until.has_value() ||
        *camera.snoozed_until <= absl::Now() + limits::kSnoozeMax) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat("camera.snoozed_until: more than ",
                                                   absl::FormatDuration(limits::kSnoozeMax),
                                                   " ahead (camera \"", camera.id, "\")"));
  }

  // What a camera must be to be stored, whole.
  absl::Status Check(const store::Camera& camera) {
    if (camera.source_uri.empty()) {
      if (camera.disabled) return absl::OkStatus();
      return absl::InvalidArgumentError(
          "camera.source_uri: required, unless the camera is disabled");
    }
    const absl::Status checked = deps_.fleet.Check(camera);
    if (checked.ok()) return checked;
    return absl::Status(checked.code(), "camera." + std::string(checked.message()) + " (camera \"" +
                                            camera.id + "\")");
  }

  // Its mask was drawn now, on what the camera shows.
  void Stamp(store::Camera* camera) {
    if (!camera->privacy_mask.has_value()) return;
    store::PrivacyMask& mask = *camera->privacy_mask;
    mask.revision = absl::ToUnixMicros(absl::Now());
    if (mask.width != 0 || mask.height != 0) return;
    v1::CameraState state;
    deps_.fleet.Describe(camera->id, &state);
    mask.width = state.width();
    mask.height = state.height();
  }

  static absl::Status CheckZones(const store::Camera& camera) {
    return Annotate(motion::ParseZones("camera \"" + camera.id + "\"", camera.zones_json).status(),
                    "camera.zones_json");
  }

  absl::Status Create(const v1::CreateCameraRequest& request, v1::Camera* response) {
    PATROL_RETURN_IF_ERROR(CheckId("camera_id", request.camera_id(), limits::kIdBytesMax));
    if (!request.has_camera()) return absl::InvalidArgumentError("camera: required");
    PATROL_ASSIGN_OR_RETURN(store::Camera camera, ReadCamera("camera", request.camera()));
    camera.id = request.camera_id();
    Stamp(&camera);
    PATROL_RETURN_IF_ERROR(Check(camera));
    PATROL_RETURN_IF_ERROR(CheckZones(camera));
    PATROL_RETURN_IF_ERROR(CheckSnooze(camera));
    std::lock_guard lock(changes_);
    PATROL_RETURN_IF_ERROR(deps_.store.CreateCamera(camera));
    deps_.fleet.Put(camera);
    Answer(camera, response);
    return absl::OkStatus();
  }

  absl::Status Update(const v1::UpdateCameraRequest& request, v1::Camera* response) {
    if (!request.has_camera()) return absl::InvalidArgumentError("camera: required");
    PATROL_ASSIGN_OR_RETURN(const std::string id,
                            ReadName("camera.name", "cameras", request.camera().name()));
    PATROL_ASSIGN_OR_RETURN(store::Camera given, ReadCamera("camera", request.camera()));
    PATROL_ASSIGN_OR_RETURN(const std::optional<std::set<std::string>> mask,
                            ReadUpdateMask(request.update_mask(), Changeable()));
    given.id = id;
    std::lock_guard lock(changes_);
    absl::StatusOr<store::Camera> found = deps_.store.GetCamera(id);
    const bool missing = absl::IsNotFound(found.status());
    if (!found.ok() && !(missing && request.allow_missing())) return found.status();
    store::Camera camera = missing ? given : *std::move(found);
    const std::set<std::string> fields =
        mask.has_value() ? *mask : WithoutMask(given, request.camera().has_privacy_mask());
    if (!missing) Change(fields, given, &camera);
    if (missing || fields.contains("privacy_mask")) Stamp(&camera);
    if (missing || fields.contains("snoozed_until")) PATROL_RETURN_IF_ERROR(CheckSnooze(camera));
    PATROL_RETURN_IF_ERROR(Check(camera));
    PATROL_RETURN_IF_ERROR(CheckZones(camera));
    PATROL_RETURN_IF_ERROR(deps_.store.PutCamera(camera));
    deps_.fleet.Put(camera);
    Answer(camera, response);
    return absl::OkStatus();
  }

  const CameraServiceDeps deps_;
  std::mutex changes_;  // store and fleet see changes in the same order
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCameraService(const CameraServiceDeps& deps) {
  return std::make_unique<CameraService>(deps);
}

}  // namespace patrol::api
