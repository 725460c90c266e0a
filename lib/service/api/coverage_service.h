#pragma once

#include <memory>

#include "lib/service/api/ports.h"
#include "lib/service/api/stream_registry.h"
#include "lib/service/api/work_pool.h"
#include "lib/service/report/window_desk.h"

namespace grpc {
class Service;
}

namespace patrol::api {

// All outlive the service.
struct CoverageServiceDeps {
  CoverageView& coverage;
  report::WindowDesk& windows;
  WorkPool& workers;
  StreamRegistry& streams;
};

// patrol.v1.CoverageService. Threads: gRPC's; unary calls run on the workers, streams on none.
std::unique_ptr<grpc::Service> MakeCoverageService(const CoverageServiceDeps& deps);

}  // namespace patrol::api
