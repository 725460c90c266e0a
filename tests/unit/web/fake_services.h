#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "patrol/v1/camera_service.grpc.pb.h"
#include "patrol/v1/coverage_service.grpc.pb.h"
#include "patrol/v1/motion_service.grpc.pb.h"
#include "patrol/v1/unit_service.grpc.pb.h"

namespace patrol::web {

// The services as the gateway sees them: real gRPC in process, answers from a few containers.

class FakeCameras : public v1::CameraService::Service {
 public:
  void Set(const v1::Camera& camera) {
    std::lock_guard lock(mutex_);
    cameras_[camera.name()] = camera;
  }
  void Remove(const std::string& name) {
    std::lock_guard lock(mutex_);
    cameras_.erase(name);
  }
  v1::UpdateCameraRequest last_update() {
    std::lock_guard lock(mutex_);
    return last_update_;
  }
  void FailWith(grpc::Status status) {
    std::lock_guard lock(mutex_);
    fail_with_ = std::move(status);
  }

  grpc::Status GetCamera(grpc::ServerContext*, const v1::GetCameraRequest* request,
                         v1::Camera* camera) override {
    std::lock_guard lock(mutex_);
    if (!fail_with_.ok()) return fail_with_;
    const auto found = cameras_.find(request->name());
    if (found == cameras_.end()) {
      return {grpc::StatusCode::NOT_FOUND,
              absl::StrCat("camera \"", request->name(), "\": there is none")};
    }
    *camera = found->second;
    return grpc::Status::OK;
  }
  grpc::Status ListCameras(grpc::ServerContext*, const v1::ListCamerasRequest* request,
                           v1::ListCamerasResponse* response) override {
    std::lock_guard lock(mutex_);
    auto camera = cameras_.upper_bound(request->page_token());
    const int page = request->page_size() == 0 ? 100 : request->page_size();
    for (; camera != cameras_.end() && response->cameras_size() < page; ++camera) {
      *response->add_cameras() = camera->second;
    }
    if (camera != cameras_.end()) {
      response->set_next_page_token(response->cameras(page - 1).name());
    }
    return grpc::Status::OK;
  }
  grpc::Status UpdateCamera(grpc::ServerContext*, const v1::UpdateCameraRequest* request,
                            v1::Camera* camera) override {
    std::lock_guard lock(mutex_);
    last_update_ = *request;
    *camera = request->camera();
    return grpc::Status::OK;
  }
  grpc::Status GetSnapshot(grpc::ServerContext*, const v1::GetSnapshotRequest*,
                           v1::Snapshot* snapshot) override {
    snapshot->set_jpeg("\xff\xd8jpeg");
    snapshot->mutable_time()->set_seconds(1'772'400'454);
    snapshot->mutable_time()->set_nanos(500'000'000);
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, v1::Camera> cameras_;
  v1::UpdateCameraRequest last_update_;
  grpc::Status fail_with_;
};

class FakeUnits : public v1::UnitService::Service {
 public:
  void Set(const v1::Unit& unit) {
    std::lock_guard lock(mutex_);
    units_[unit.name()] = unit;
  }
  grpc::Status ListUnits(grpc::ServerContext*, const v1::ListUnitsRequest* request,
                         v1::ListUnitsResponse* response) override {
    std::lock_guard lock(mutex_);
    if (request->page_size() < 0) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "page_size: -1, must be 0..1000"};
    }
    for (const auto& [name, unit] : units_) *response->add_units() = unit;
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, v1::Unit> units_;
};

// Streams that a test writes to: Push reaches every open watch and those opened later.
template <typename Message>
class Pushed {
 public:
  void Push(Message message) {
    std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    changed_.notify_all();
  }
  // Ends the open watches with `status`; later ones start behind what was pushed so far.
  void End(grpc::Status status) {
    std::lock_guard lock(mutex_);
    ended_with_ = std::move(status);
    ++ends_;
    changed_.notify_all();
  }
  // All further watches are ended at once.
  void Shut() {
    std::lock_guard lock(mutex_);
    shut_ = true;
    changed_.notify_all();
  }
  grpc::Status Serve(grpc::ServerContext* context, grpc::ServerWriter<Message>* writer) {
    std::unique_lock lock(mutex_);
    const int ends = ends_;
    ++opened_;
    changed_.notify_all();
    size_t next = 0;
    while (!shut_ && ends == ends_) {
      if (next < messages_.size()) {
        const Message message = messages_[next++];
        lock.unlock();
        const bool taken = writer->Write(message);
        lock.lock();
        if (!taken) break;
        continue;
      }
      // A cancelled call has no other way to be noticed by a handler that waits.
      changed_.wait_for(lock, std::chrono::milliseconds(10));
      if (context->IsCancelled()) break;
    }
    return ends == ends_ ? grpc::Status::OK : ended_with_;
  }
  void WaitUntilOpened(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return opened_ >= times; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> messages_;
  grpc::Status ended_with_;
  int ends_ = 0;
  int opened_ = 0;
  bool shut_ = false;
};

class FakeCoverage : public v1::CoverageService::Service {
 public:
  Pushed<v1::Coverage> pushed;
  std::string network = R"({"type":"FeatureCollection","features":[]})";

  grpc::Status GetCoverage(grpc::ServerContext*, const v1::GetCoverageRequest*,
                           v1::Coverage* coverage) override {
    coverage->set_revision(7);
    coverage->mutable_town()->set_covered_ratio(0.5);
    return grpc::Status::OK;
  }
  grpc::Status GetNetwork(grpc::ServerContext*, const v1::GetNetworkRequest*,
                          v1::GeoJson* geojson) override {
    geojson->set_geojson(network);
    return grpc::Status::OK;
  }
  grpc::Status WatchCoverage(grpc::ServerContext* context, const v1::WatchCoverageRequest*,
                             grpc::ServerWriter<v1::Coverage>* writer) override {
    return pushed.Serve(context, writer);
  }
};

class FakeMotion : public v1::MotionService::Service {
 public:
  Pushed<v1::WatchMotionEventsResponse> pushed;

  void Store(const v1::MotionEvent& event) {
    std::lock_guard lock(mutex_);
    stored_.insert(stored_.begin(), event);
  }
  v1::ListMotionEventsRequest last_list() {
    std::lock_guard lock(mutex_);
    return last_list_;
  }
  std::vector<int64_t> watched_after() {
    std::lock_guard lock(mutex_);
    return watched_after_;
  }
  grpc::Status ListMotionEvents(grpc::ServerContext*, const v1::ListMotionEventsRequest* request,
                                v1::ListMotionEventsResponse* response) override {
    std::lock_guard lock(mutex_);
    last_list_ = *request;
    for (const v1::MotionEvent& event : stored_) *response->add_motion_events() = event;
    return grpc::Status::OK;
  }
  grpc::Status WatchMotionEvents(
      grpc::ServerContext* context, const v1::WatchMotionEventsRequest* request,
      grpc::ServerWriter<v1::WatchMotionEventsResponse>* writer) override {
    {
      std::lock_guard lock(mutex_);
      watched_after_.push_back(request->after_revision());
    }
    if (request->after_revision() == 0) {
      // As the service does: from now on begins with the present revision.
      v1::WatchMotionEventsResponse opening;
      opening.set_revision(1);
      writer->Write(opening);
    }
    return pushed.Serve(context, writer);
  }

 private:
  std::mutex mutex_;
  std::vector<v1::MotionEvent> stored_;
  v1::ListMotionEventsRequest last_list_;
  std::vector<int64_t> watched_after_;
};

// All of them behind one in-process channel.
class FakeServices {
 public:
  FakeServices() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&cameras);
    builder.RegisterService(&units);
    builder.RegisterService(&coverage);
    builder.RegisterService(&motion);
    server_ = builder.BuildAndStart();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(limits::kGrpcMessageBytesMax);
    channel_ = server_->InProcessChannel(arguments);
  }
  ~FakeServices() {
    coverage.pushed.Shut();
    motion.pushed.Shut();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  }
  std::shared_ptr<grpc::Channel> channel() { return channel_; }

  FakeCameras cameras;
  FakeUnits units;
  FakeCoverage coverage;
  FakeMotion motion;

 private:
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace patrol::web
