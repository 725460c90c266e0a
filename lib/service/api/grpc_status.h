#pragma once

#include "absl/status/status.h"

namespace grpc {
class Status;
}

namespace patrol::api {

// The same code and message. The two vocabularies have the same codes with the same numbers.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace patrol::api
