#pragma once

#include <memory>

#include "lib/service/api/ports.h"
#include "lib/service/api/stream_registry.h"
#include "lib/service/api/work_pool.h"
#include "lib/service/store/store.h"

namespace grpc {
class Service;
}

namespace patrol::api {

// All outlive the service.
struct PositionServiceDeps {
  store::Store& store;
  FixPipeline& fixes;
  WorkPool& workers;
  StreamRegistry& streams;
};

// patrol.v1.PositionService. Threads: gRPC's; unary calls run on the workers, streams on none.
std::unique_ptr<grpc::Service> MakePositionService(const PositionServiceDeps& deps);

}  // namespace patrol::api
