#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/status.h"
#include "lib/base/log.h"
#include "lib/service/api/grpc_status.h"
#include "lib/service/api/work_pool.h"

namespace patrol::api {

// Runs one unary call on the workers: `handle` reads the request, fills the response and returns
// the outcome. (The request and the response live until the call is finished.)
template <typename Handle>
grpc::ServerUnaryReactor* RunUnary(WorkPool& workers, grpc::CallbackServerContext* context,
                                   Handle handle) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool taken = workers.Run([reactor, context, handle = std::move(handle)] {
    // Nobody waits for the answer of a call that was given up while it waited for its turn.
    if (context->IsCancelled()) return reactor->Finish(grpc::Status::CANCELLED);
    const absl::Status outcome = handle();
    if (absl::IsInternal(outcome) || absl::IsDataLoss(outcome)) {
      PATROL_LOG_ERROR("{}", std::string(outcome.message()));
    }
    reactor->Finish(ToGrpc(outcome));
  });
  if (!taken) {
    reactor->Finish(ToGrpc(absl::ResourceExhaustedError(
        "the service is busy: too many calls are waiting; try again later")));
  }
  return reactor;
}

}  // namespace patrol::api
