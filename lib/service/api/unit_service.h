#pragma once

#include <memory>

#include "lib/service/api/ports.h"
#include "lib/service/api/work_pool.h"
#include "lib/service/store/store.h"

namespace grpc {
class Service;
}

namespace patrol::api {

// All outlive the service.
struct UnitServiceDeps {
  store::Store& store;
  UnitTracker& units;
  WorkPool& workers;
};

// patrol.v1.UnitService. Threads: gRPC's; calls run on the workers, changes one after the other.
std::unique_ptr<grpc::Service> MakeUnitService(const UnitServiceDeps& deps);

}  // namespace patrol::api
