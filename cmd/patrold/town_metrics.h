#pragma once

#include <atomic>

#include "cmd/patrold/patrol_wing.h"
#include "cmd/patrold/video_wing.h"
#include "lib/base/clock.h"
#include "lib/base/metrics.h"
#include "lib/patrol/coverage/snapshot.h"
#include "lib/service/api/event_hub.h"
#include "lib/service/store/sqlite_store.h"
#include "lib/service/web/gateway.h"

namespace patrol::patrold {

// What stands on /metrics beside the fleet and the process: coverage, units by what is known of
// them (how many, never which or where), the queues between the parts, the store, clips and the
// gateway.
//
// Threads: Collect may be called from any thread.
class TownMetrics : public prometheus::Collectable {
 public:
  struct Parts {
    const Clock& clock;
    const store::SqliteStore& store;
    const PatrolWing& patrol;
    const api::EventRecorder& recorder;
    const ingest::ClipFiles& clips;
    const VideoWing& video;
  };
  // All outlive it.
  explicit TownMetrics(const Parts& parts) : parts_(parts) {}
  // From now on it is asked too; until then there is none. It outlives the last Collect.
  void Watch(const web::Gateway* gateway) { gateway_ = gateway; }

  MetricFamilies Collect() const override;

 private:
  const Parts parts_;
  std::atomic<const web::Gateway*> gateway_ = nullptr;
};

}  // namespace patrol::patrold
