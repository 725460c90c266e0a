#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/base/asio.h"

namespace google::protobuf {
class Message;
}
namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace patrol::web {

// gRPC's codes are Abseil's; the message is taken over.
absl::Status FromGrpc(const grpc::Status& status);

// Unary calls by method name, awaited by coroutines without a thread waiting.
//
// Threads: every member may be called from any thread.
class ServiceCaller {
 public:
  ServiceCaller(std::shared_ptr<grpc::Channel> channel, absl::Duration timeout);
  ~ServiceCaller();  // Drain()

  // Calls `method` ("/patrol.v1.CameraService/GetCamera") and fills `response`.
  // Must run on a strand (the caller's executor), which its completion is posted to.
  // request, response: live until the awaitable is done or its coroutine destroyed.
  // Errors: the service's own; DEADLINE_EXCEEDED after the timeout; INTERNAL if the answer does
  //         not parse.
  asio::awaitable<absl::Status> Call(std::string method, const google::protobuf::Message& request,
                                     google::protobuf::Message* response);

  // Ends every open call with CANCELLED and waits until none is left. Before the executors of the
  // callers are destroyed.
  void Drain();

 private:
  struct Pending;

  const std::shared_ptr<grpc::Channel> channel_;
  const absl::Duration timeout_;

  std::mutex mutex_;
  std::condition_variable idle_;
  // guarded by mutex_
  std::set<grpc::ClientContext*> open_;
};

}  // namespace patrol::web
