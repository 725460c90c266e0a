#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cmd/patrolctl/commands.h"

namespace patrol::ctl {

// A channel to the service of --server that is connected.
// Errors: UNAVAILABLE when nobody answers there, saying what to do about it.
absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const Context& context);

// Sets a call up: the token of --token-file, and a deadline where there is one.
absl::Status PrepareCall(const Context& context, absl::Duration timeout, grpc::ClientContext* call);

// The token of --token-file; "" where there is no such option.
// Errors: NOT_FOUND when the file cannot be read.
absl::StatusOr<std::string> ReadToken(const Context& context);

// The same code and message.
absl::Status FromGrpc(const grpc::Status& status);

// "cameras/n-042" of "n-042" or "cameras/n-042".
std::string NameOf(const std::string& collection, const std::string& id);
// "n-042" of "cameras/n-042".
std::string IdOf(const std::string& name);

// A unary call: method is a stub's member function.
template <typename Stub, typename Request, typename Response>
absl::Status Call(const Context& context, Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response* response) {
  grpc::ClientContext call;
  if (absl::Status ready = PrepareCall(context, absl::Seconds(30), &call); !ready.ok()) {
    return ready;
  }
  return FromGrpc((stub.*method)(&call, request, response));
}

// Calls a list method page by page; `take` gets each answer, and returns whether to go on.
template <typename Stub, typename Request, typename Response>
absl::Status CallPages(const Context& context, Stub& stub,
                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                    Response*),
                       Request request, const std::function<bool(const Response&)>& take) {
  while (true) {
    Response page;
    if (absl::Status called = Call(context, stub, method, request, &page); !called.ok()) {
      return called;
    }
    if (!take(page) || page.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page.next_page_token());
  }
}

}  // namespace patrol::ctl
