#include "cmd/patrold/town_service.h"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "cmd/patrold/patrol_wing.h"
#include "cmd/patrold/town_metrics.h"
#include "cmd/patrold/video_wing.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/metrics.h"
#include "lib/base/process_metrics.h"
#include "lib/base/status.h"
#include "lib/response/responder.h"
#include "lib/service/api/event_hub.h"
#include "lib/service/api/server.h"
#include "lib/service/report/window_desk.h"
#include "lib/service/store/sqlite_store.h"
#include "lib/service/web/gateway.h"
#include "lib/video/ingest/clip_files.h"
#include "lib/video/ingest/fleet_metrics.h"

namespace patrol::patrold {

namespace {

constexpr absl::Duration kGatewayGrace = absl::Seconds(3);

absl::StatusOr<std::unique_ptr<store::SqliteStore>> OpenStore(const config::Config& config) {
  std::error_code fault;
  std::filesystem::create_directories(config.data_dir, fault);
  if (fault) {
    return absl::InvalidArgumentError("data_dir \"" + config.data_dir + "\": " + fault.message());
  }
  store::SqliteOptions options;
  options.path = (std::filesystem::path(config.data_dir) / "patrolcircle.db").string();
  PATROL_ASSIGN_OR_RETURN(std::unique_ptr<store::SqliteStore> opened,
                          store::SqliteStore::Open(options));
  if (const int64_t cut = opened->open_report().events_cut_short; cut > 0) {
    PATROL_LOG_WARNING("store: {} motion events were open when the service last stopped; closed",
                       cut);
  }
  return opened;
}

// A declared mask that differs from the stored one was drawn anew; one that says the same was not,
// and what the camera was flagged with stays. A camera of which the file says nothing keeps its
// own.
absl::Status SettlePrivacy(const config::Config& config, store::Store& store,
                           store::Camera* camera) {
  const absl::StatusOr<store::Camera> stored = store.GetCamera(camera->id);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
  const std::optional<store::PrivacyMask> before =
      stored.ok() ? stored->privacy_mask : std::nullopt;
  if (!camera->privacy_mask.has_value()) {
    if (!before.has_value() || config.cameras_without_mask.contains(camera->id)) {
      return absl::OkStatus();
    }
  } else {
    const bool same =
        before.has_value() && before->polygons == camera->privacy_mask->polygons &&
        before->rotation_deg == camera->privacy_mask->rotation_deg &&
        (camera->privacy_mask->width == 0 || (before->width == camera->privacy_mask->width &&
                                              before->height == camera->privacy_mask->height));
    if (!same) {
      camera->privacy_mask->revision = absl::ToUnixMicros(absl::Now());
      return absl::OkStatus();
    }
  }
  camera->privacy_mask = before;
  camera->view_moved = stored->view_moved;
  return absl::OkStatus();
}

// What the configuration declares is in the store from here on.
absl::Status StoreDeclared(const config::Config& config, store::Store& store) {
  std::vector<store::Area> areas;
  for (const geo::Area& area : config.areas) areas.push_back(AreaRow(area));
  if (!areas.empty()) PATROL_RETURN_IF_ERROR(store.PutAreas(areas));
  for (const store::Unit& unit : config.units) PATROL_RETURN_IF_ERROR(store.PutUnit(unit));
  for (store::Camera camera : config.cameras) {
    PATROL_RETURN_IF_ERROR(SettlePrivacy(config, store, &camera));
    // What operators said of it stays.
    const absl::StatusOr<store::Camera> stored = store.GetCamera(camera.id);
    if (stored.ok()) camera.snoozed_until = stored->snoozed_until;
    PATROL_RETURN_IF_ERROR(store.PutCamera(camera));
  }
  return absl::OkStatus();
}

}  // namespace

// In the order they are made; destroyed the other way round.
struct TownService::Parts {
  const Clock& clock = SystemClock::Get();
  std::unique_ptr<store::SqliteStore> store;
  std::unique_ptr<PatrolWing> patrol;
  std::unique_ptr<report::WindowDesk> windows;
  std::unique_ptr<response::Responder> responder;
  std::unique_ptr<api::EventHub> events;
  std::unique_ptr<api::EventRecorder> recorder;
  std::unique_ptr<ingest::ClipFiles> clips;
  std::unique_ptr<VideoWing> video;
  std::unique_ptr<TownMetrics> town_metrics;
  std::unique_ptr<ingest::FleetMetrics> fleet_metrics;
  ProcessMetrics process_metrics;
  std::unique_ptr<MetricsPage> metrics;
  std::unique_ptr<api::Server> server;
  std::unique_ptr<web::Gateway> gateway;
};

TownService::TownService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TownService::~TownService() { Stop(); }

absl::StatusOr<std::unique_ptr<TownService>> TownService::Start(const config::Config& config) {
  auto parts = std::make_unique<Parts>();
  PATROL_ASSIGN_OR_RETURN(parts->store, OpenStore(config));
  PATROL_RETURN_IF_ERROR(Annotate(StoreDeclared(config, *parts->store), "configuration"));

  PATROL_ASSIGN_OR_RETURN(parts->patrol, PatrolWing::Open(config, parts->clock, *parts->store));
  parts->windows = std::make_unique<report::WindowDesk>(
      *parts->store, [wing = parts->patrol.get()] { return wing->town(); }, parts->clock);
  parts->responder = std::make_unique<response::Responder>(parts->patrol->coverage());
  parts->events = std::make_unique<api::EventHub>(parts->clock, limits::kEventRingMax);
  parts->recorder = std::make_unique<api::EventRecorder>(*parts->store, *parts->events);
  PATROL_ASSIGN_OR_RETURN(
      parts->clips,
      ingest::ClipFiles::Open((std::filesystem::path(config.data_dir) / "clips").string(),
                              config.clips.bytes_max));
  parts->video = std::make_unique<VideoWing>(config, parts->clock, *parts->responder, *parts->store,
                                             *parts->recorder, *parts->clips);

  PATROL_ASSIGN_OR_RETURN(parts->server, api::Server::Start({.listen = config.grpc_listen},
                                                            {.store = *parts->store,
                                                             .fleet = *parts->video,
                                                             .units = *parts->patrol,
                                                             .fixes = *parts->patrol,
                                                             .coverage = *parts->patrol,
                                                             .windows = *parts->windows,
                                                             .area_reader = *parts->patrol,
                                                             .events = *parts->events,
                                                             .recorder = *parts->recorder,
                                                             .clock = parts->clock}));
  parts->town_metrics = std::make_unique<TownMetrics>(TownMetrics::Parts{
      parts->clock, *parts->store, *parts->patrol, *parts->recorder, *parts->clips, *parts->video});
  parts->fleet_metrics = std::make_unique<ingest::FleetMetrics>(parts->video->fleet());
  parts->metrics = std::make_unique<MetricsPage>(std::vector<const prometheus::Collectable*>{
      parts->town_metrics.get(), &parts->process_metrics, parts->fleet_metrics.get()});
  const auto metrics = [page = parts->metrics.get()] { return page->Text(); };
  parts->gateway = std::make_unique<web::Gateway>(config.web, parts->server->InProcessChannel(),
                                                  parts->video.get(), metrics);
  parts->town_metrics->Watch(parts->gateway.get());
  PATROL_RETURN_IF_ERROR(Annotate(parts->gateway->Start(), "http gateway"));

  PATROL_ASSIGN_OR_RETURN(const std::vector<store::Camera> cameras, parts->store->AllCameras());
  for (const store::Camera& camera : cameras) parts->video->Put(camera);
  return std::unique_ptr<TownService>(new TownService(std::move(parts)));
}

int TownService::grpc_port() const { return parts_->server->port(); }

int TownService::http_port() const { return parts_->gateway->port(); }

void TownService::Stop() {
  if (parts_ == nullptr) return;
  parts_->gateway->Stop(kGatewayGrace);
  parts_->server->Shutdown();
  parts_->windows->Stop();
  parts_->video->Stop();
  parts_->patrol->Stop();
  parts_.reset();  // the store writes what waits, then closes
}

}  // namespace patrol::patrold
