#pragma once

#include <memory>

#include "absl/time/time.h"
#include "lib/service/api/ports.h"
#include "lib/service/api/work_pool.h"
#include "lib/service/store/store.h"

namespace grpc {
class Service;
}

namespace patrol::limits {

// A camera may be snoozed for so long: a road works week. What is to be quiet for good is switched
// off, or has zones.
inline constexpr absl::Duration kSnoozeMax = absl::Hours(7 * 24);

}  // namespace patrol::limits

namespace patrol::api {

// All outlive the service.
struct CameraServiceDeps {
  store::Store& store;
  CameraFleet& fleet;
  WorkPool& workers;
};

// patrol.v1.CameraService. Threads: gRPC's; calls run on the workers, changes one after the other.
std::unique_ptr<grpc::Service> MakeCameraService(const CameraServiceDeps& deps);

}  // namespace patrol::api
