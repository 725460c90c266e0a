#include "lib/service/api/grpc_status.h"

#include <grpcpp/support/status.h>

#include <string>

namespace patrol::api {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

}  // namespace patrol::api
