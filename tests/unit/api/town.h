#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "lib/base/clock.h"
#include "lib/geo/area.h"
#include "lib/geo/datum.h"
#include "lib/patrol/tracks/fix_intake.h"
#include "lib/service/api/event_hub.h"
#include "lib/service/api/ports.h"
#include "lib/service/api/server.h"
#include "lib/service/report/window_desk.h"
#include "lib/service/store/sqlite_store.h"
#include "patrol/v1/area_service.grpc.pb.h"
#include "patrol/v1/camera_service.grpc.pb.h"
#include "patrol/v1/coverage_service.grpc.pb.h"
#include "patrol/v1/motion_service.grpc.pb.h"
#include "patrol/v1/position_service.grpc.pb.h"
#include "patrol/v1/unit_service.grpc.pb.h"
#include "tests/support/road_town.h"
#include "tests/support/temporary_folder.h"

// A server on a real store, with the real judgement of fixes and reading of areas. Cameras,
// positions and live coverage are stood in for by what remembers what it was told; windows of the
// past are real, on a road of two kilometres.
namespace patrol::api {

inline const absl::Time kMorning = absl::FromUnixSeconds(1772400000);

class FakeFleet : public CameraFleet {
 public:
  absl::Status Check(const store::Camera& camera) const override {
    if (camera.source_uri.rfind("rtsp://", 0) == 0) return absl::OkStatus();
    return absl::InvalidArgumentError("source_uri: no rtsp:// address");
  }
  void Put(const store::Camera& camera) override {
    std::lock_guard lock(mutex_);
    cameras_[camera.id] = camera;
  }
  void Remove(const std::string& camera_id) override {
    std::lock_guard lock(mutex_);
    cameras_.erase(camera_id);
  }
  void Describe(const std::string& camera_id, v1::CameraState* state) const override {
    std::lock_guard lock(mutex_);
    if (cameras_.contains(camera_id)) state->set_phase(v1::CAMERA_PHASE_STREAMING);
  }
  void AcceptView(const std::string& camera_id) override {
    std::lock_guard lock(mutex_);
    accepted_.push_back(camera_id);
  }
  std::vector<std::string> accepted() const {
    std::lock_guard lock(mutex_);
    return accepted_;
  }
  void Focus(const std::string& camera_id, absl::Duration) override {
    std::lock_guard lock(mutex_);
    looked_at_.push_back(camera_id);
  }
  std::vector<std::string> looked_at() const {
    std::lock_guard lock(mutex_);
    return looked_at_;
  }
  absl::StatusOr<Still> Snapshot(const std::string& camera_id) const override {
    if (camera_id == "dark") return absl::UnavailableError("camera \"dark\": no picture yet");
    return Still{"jpeg of " + camera_id, kMorning};
  }
  absl::StatusOr<Still> Evidence(const std::string& camera_id,
                                 const std::string& finding) const override {
    if (finding != "covered") return absl::NotFoundError("it is not \"" + finding + "\" now");
    return Still{camera_id + " covered", kMorning};
  }
  std::map<std::string, store::Camera> cameras() const {
    std::lock_guard lock(mutex_);
    return cameras_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, store::Camera> cameras_;  // guarded by mutex_
  std::vector<std::string> accepted_;             // guarded by mutex_
  std::vector<std::string> looked_at_;            // guarded by mutex_
};

// FixIntake behind the two ports that concern units.
class IntakePipeline : public FixPipeline, public UnitTracker {
 public:
  explicit IntakePipeline(const Clock& clock) : intake_(clock) {}

  FixJudgement Judge(const store::Fix& fix, FixDatum datum) override {
    std::lock_guard lock(mutex_);
    tracks::FixIntake::Batch batch(intake_);
    const tracks::IntakeResult result =
        batch.Take({.unit_id = fix.unit_id,
                    .time = fix.time,
                    .position = fix.position,
                    .speed_mps = fix.speed_mps,
                    .heading_deg = fix.heading_deg,
                    .accuracy_m = fix.accuracy_m},
                   datum == FixDatum::kGcj02 ? geo::Datum::kGcj02 : geo::Datum::kWgs84);
    batch.Commit();
    return {static_cast<FixJudgement::Kind>(result.verdict), result.message, result.fix.position};
  }
  void OnStored(const std::vector<store::Fix>& fixes) override {
    std::lock_guard lock(mutex_);
    used_.insert(used_.end(), fixes.begin(), fixes.end());
  }
  void Put(const store::Unit& unit) override {
    std::lock_guard lock(mutex_);
    intake_.AddUnit(unit.id);
  }
  void Remove(const std::string& unit_id) override {
    std::lock_guard lock(mutex_);
    intake_.RemoveUnit(unit_id);
  }
  void Describe(const std::string&, v1::UnitState* state) const override {
    state->set_knowledge(v1::UNIT_KNOWLEDGE_LOST);
  }
  std::vector<store::Fix> used() const {
    std::lock_guard lock(mutex_);
    return used_;
  }

 private:
  mutable std::mutex mutex_;
  tracks::FixIntake intake_;      // guarded by mutex_
  std::vector<store::Fix> used_;  // guarded by mutex_
};

class FakeCoverage : public CoverageView {
 public:
  absl::Status SetAreas(const std::vector<store::Area>& areas) override {
    std::lock_guard lock(mutex_);
    ids_.clear();
    for (const store::Area& area : areas) ids_.insert(area.id);
    return absl::OkStatus();
  }
  double PatrollableM(const std::string& area_id) const override {
    std::lock_guard lock(mutex_);
    return ids_.contains(area_id) ? 1200.5 : 0;
  }
  int64_t revision() const override {
    std::lock_guard lock(mutex_);
    return revision_;
  }
  void Describe(v1::Coverage* coverage) const override { coverage->set_revision(revision()); }
  absl::StatusOr<Roads> CoveredRoads() const override { return Roads{"{\"roads\":1}", 7}; }
  absl::StatusOr<std::string> NetworkGeoJson() const override { return "{\"network\":1}"; }
  void Explain(geo::LonLat place, v1::PlaceExplanation* explanation) const override {
    explanation->set_road_distance_m(place.lon);
  }
  void Change() {
    std::lock_guard lock(mutex_);
    ++revision_;
  }
  std::set<std::string> ids() const {
    std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  mutable std::mutex mutex_;
  int64_t revision_ = 1;       // guarded by mutex_
  std::set<std::string> ids_;  // guarded by mutex_
};

class GeoAreaReader : public AreaReader {
 public:
  absl::StatusOr<std::vector<store::Area>> Read(const std::string& geojson) const override {
    absl::StatusOr<std::vector<geo::Area>> areas = geo::ReadAreasGeoJson(geojson);
    if (!areas.ok()) return areas.status();
    std::vector<store::Area> rows;
    for (const geo::Area& area : *areas) {
      rows.push_back({area.id, area.name, area.kind, area.parent, geo::GeometryToJson(area.shape)});
    }
    return rows;
  }
};

class TownTest : public ::testing::Test {
 protected:
  // store_bytes_max: 0 for no limit. events_max: size of the hub's ring.
  void StartTown(int64_t store_bytes_max = 0, size_t events_max = 16384) {
    auto opened =
        store::SqliteStore::Open({.path = folder.File("patrol.db"), .size_max = store_bytes_max});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store = *std::move(opened);
    events = std::make_unique<EventHub>(clock, events_max);
    recorder = std::make_unique<EventRecorder>(*store, *events);
    windows = std::make_unique<report::WindowDesk>(*store, testing::RoadTown, clock);
    auto started = Server::Start({.listen = "127.0.0.1:0", .drain = absl::Seconds(5)},
                                 {.store = *store,
                                  .fleet = fleet,
                                  .units = pipeline,
                                  .fixes = pipeline,
                                  .coverage = coverage,
                                  .windows = *windows,
                                  .area_reader = area_reader,
                                  .events = *events,
                                  .recorder = *recorder,
                                  .clock = clock});
    ASSERT_TRUE(started.ok()) << started.status();
    server = *std::move(started);
    channel = server->InProcessChannel();
    cameras = v1::CameraService::NewStub(channel);
    units = v1::UnitService::NewStub(channel);
    areas = v1::AreaService::NewStub(channel);
    motion = v1::MotionService::NewStub(channel);
    positions = v1::PositionService::NewStub(channel);
    covered = v1::CoverageService::NewStub(channel);
  }

  void AddUnit(const std::string& id) {
    v1::CreateUnitRequest request;
    request.set_unit_id(id);
    request.mutable_unit()->set_display_name(id);
    v1::Unit answer;
    grpc::ClientContext context;
    const grpc::Status status = units->CreateUnit(&context, request, &answer);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  test::TemporaryFolder folder;
  ManualClock clock{kMorning};
  FakeFleet fleet;
  IntakePipeline pipeline{clock};
  FakeCoverage coverage;
  GeoAreaReader area_reader;
  std::unique_ptr<store::SqliteStore> store;
  std::unique_ptr<EventHub> events;
  std::unique_ptr<EventRecorder> recorder;
  std::unique_ptr<report::WindowDesk> windows;
  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::CameraService::Stub> cameras;
  std::unique_ptr<v1::UnitService::Stub> units;
  std::unique_ptr<v1::AreaService::Stub> areas;
  std::unique_ptr<v1::MotionService::Stub> motion;
  std::unique_ptr<v1::PositionService::Stub> positions;
  std::unique_ptr<v1::CoverageService::Stub> covered;
};

}  // namespace patrol::api
