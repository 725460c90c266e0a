#include "lib/service/web/service_call.h"

#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace patrol::web {

// One call's own data; owned by its completion, so that it outlives a coroutine that is destroyed.
struct ServiceCaller::Pending {
  explicit Pending(const asio::any_io_executor& executor) : done(executor) {}

  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  grpc::Status status;
  // Never expires; cancelled from the coroutine's own strand when the call has ended.
  asio::steady_timer done;
};

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

ServiceCaller::ServiceCaller(std::shared_ptr<grpc::Channel> channel, absl::Duration timeout)
    : channel_(std::move(channel)), timeout_(timeout) {}

ServiceCaller::~ServiceCaller() { Drain(); }

void ServiceCaller::Drain() {
  std::unique_lock lock(mutex_);
  for (grpc::ClientContext* context : open_) context->TryCancel();
  idle_.wait(lock, [this] { return open_.empty(); });
}

asio::awaitable<absl::Status> ServiceCaller::Call(std::string method,
                                                  const google::protobuf::Message& request,
                                                  google::protobuf::Message* response) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto pending = std::make_shared<Pending>(executor);
  pending->done.expires_at(asio::steady_timer::time_point::max());
  pending->context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  const grpc::Slice bytes(request.SerializeAsString());
  pending->request = grpc::ByteBuffer(&bytes, 1);
  {
    std::lock_guard lock(mutex_);
    open_.insert(&pending->context);
  }
  // Posted, never run inline: this coroutine is waiting by the time it runs. All that hangs on the
  // executor leaves gRPC's thread with the post, before this call counts as ended.
  std::function<void(grpc::Status)> on_done = [this, pending, executor](grpc::Status s) mutable {
    grpc::ClientContext* const context = &pending->context;
    pending->status = std::move(s);
    const asio::any_io_executor where = std::move(executor);
    asio::post(where, [ended = std::move(pending)] { ended->done.cancel(); });
    std::lock_guard lock(mutex_);
    open_.erase(context);
    if (open_.empty()) idle_.notify_all();
  };
  grpc::GenericStub stub(channel_);
  stub.UnaryCall(&pending->context, method, grpc::StubOptions(), &pending->request,
                 &pending->response, std::move(on_done));
  boost::system::error_code ignored;
  co_await pending->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));

  if (!pending->status.ok()) co_return FromGrpc(pending->status);
  grpc::ProtoBufferReader reader(&pending->response);
  if (!reader.status().ok() || !response->ParseFromZeroCopyStream(&reader)) {
    co_return absl::InternalError(absl::StrCat(method, ": its answer does not parse"));
  }
  co_return absl::OkStatus();
}

}  // namespace patrol::web
