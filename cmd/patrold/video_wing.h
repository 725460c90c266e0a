#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/base/clock.h"
#include "lib/response/responder.h"
#include "lib/service/api/event_hub.h"
#include "lib/service/api/ports.h"
#include "lib/service/config/config.h"
#include "lib/service/web/live_stream.h"
#include "lib/video/ingest/clip_files.h"
#include "lib/video/ingest/clip_recorder.h"
#include "lib/video/ingest/fleet.h"
#include "lib/video/motion/motion_event.h"

namespace patrol::patrold {

// The video wing as the API sees it: cameras in, motion events out. Pictures are analysed on the
// fleet's decoding threads; what moves is answered ("who can be there"), stored and told on one
// thread of its own, behind a bounded queue.
//
// Threads: every member may be called from any thread.
class VideoWing : public api::CameraFleet, public web::LiveCameras {
 public:
  // All outlive it.
  VideoWing(const config::Config& config, const Clock& clock, response::Responder& responder,
            store::Store& store, api::EventRecorder& recorder, ingest::ClipFiles& clips);
  ~VideoWing() override;

  // Tears the sessions down, ends open events, and returns when the last is handed to the recorder.
  void Stop();

  // For metrics.
  const ingest::Fleet& fleet() const;
  struct Counts {
    size_t motion_waiting = 0;  // messages about motion on their way to the store
    int64_t events_over_town_limit = 0;
    motion::SuppressionCounts suppressed{};  // of the cameras there are
    std::map<std::string, int> busy_zones;   // by camera; those that have none are missing
    ingest::ClipCounts clips;
  };
  Counts counts() const;

  // api::CameraFleet
  absl::Status Check(const store::Camera& camera) const override;
  void Put(const store::Camera& camera) override;
  void Remove(const std::string& camera_id) override;
  void Describe(const std::string& camera_id, v1::CameraState* state) const override;
  void AcceptView(const std::string& camera_id) override;
  absl::StatusOr<Still> Snapshot(const std::string& camera_id) const override;
  absl::StatusOr<Still> Evidence(const std::string& camera_id,
                                 const std::string& finding) const override;

  // web::LiveCameras
  absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Watch(
      const std::string& camera_id, std::shared_ptr<media::AccessUnitListener> listener) override;
  // Also of api::CameraFleet.
  void Focus(const std::string& camera_id, absl::Duration how_long) override;
  absl::StatusOr<std::string> ClipPath(const std::string& event_id) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::patrold
