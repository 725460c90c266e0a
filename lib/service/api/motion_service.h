#pragma once

#include <memory>

#include "lib/service/api/event_hub.h"
#include "lib/service/api/stream_registry.h"
#include "lib/service/api/work_pool.h"
#include "lib/service/store/store.h"

namespace grpc {
class Service;
}

namespace patrol::api {

// All outlive the service.
struct MotionServiceDeps {
  store::Store& store;
  EventHub& events;
  EventRecorder& recorder;
  const Clock& clock;
  WorkPool& workers;
  StreamRegistry& streams;
};

// patrol.v1.MotionService. Threads: gRPC's; unary calls run on the workers, streams on none.
std::unique_ptr<grpc::Service> MakeMotionService(const MotionServiceDeps& deps);

}  // namespace patrol::api
