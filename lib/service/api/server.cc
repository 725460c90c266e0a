#include "lib/service/api/server.h"

#include <arpa/inet.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <netinet/in.h>

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/api/area_service.h"
#include "lib/service/api/camera_service.h"
#include "lib/service/api/coverage_service.h"
#include "lib/service/api/motion_service.h"
#include "lib/service/api/position_service.h"
#include "lib/service/api/stream_registry.h"
#include "lib/service/api/unit_service.h"
#include "lib/service/api/validation.h"
#include "lib/service/api/work_pool.h"

namespace patrol::api {

namespace {

bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace

absl::Status CheckLoopback(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", Quoted(listen), ": not of the form HOST:PORT"));
  }
  std::string host = listen.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", Quoted(listen), ": write an IPv6 address as [HOST]:PORT"));
  }
  int port = 0;
  if (!absl::SimpleAtoi(listen.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", Quoted(listen), ": the port must be 0..65535"));
  }
  if (!IsLoopback(host)) {
    return absl::PermissionDeniedError(absl::StrCat(
        "address ", Quoted(listen),
        ": refused, for there are no users and roles yet and anybody who reaches it could see "
        "everything; until then only loopback is listened on (127.0.0.1, [::1], localhost)"));
  }
  return absl::OkStatus();
}

class Server::Impl {
 public:
  Impl(const ServerOptions& options, const ServerDeps& deps)
      : drain_(options.drain),
        workers_(options.workers, limits::kUnaryCallsWaitingMax),
        event_streams_(limits::kStreamsPerServiceMax),
        coverage_streams_(limits::kStreamsPerServiceMax),
        position_streams_(limits::kStreamsPerServiceMax) {
    services_.push_back(MakeCameraService({deps.store, deps.fleet, workers_}));
    services_.push_back(MakeUnitService({deps.store, deps.units, workers_}));
    services_.push_back(MakeAreaService({deps.store, deps.coverage, deps.area_reader, workers_}));
    services_.push_back(MakeMotionService(
        {deps.store, deps.events, deps.recorder, deps.clock, workers_, event_streams_}));
    services_.push_back(MakePositionService({deps.store, deps.fixes, workers_, position_streams_}));
    services_.push_back(
        MakeCoverageService({deps.coverage, deps.windows, workers_, coverage_streams_}));
  }

  ~Impl() { Shutdown(); }

  absl::Status Start(const std::string& listen) {
    // Process-wide switches of gRPC, both harmless to set again.
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    // Without it a second patrold could share the port and take half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                               static_cast<int>(limits::kUnaryCallsWaitingMax));
    builder.SetMaxReceiveMessageSize(limits::kGrpcMessageBytesMax);
    builder.SetMaxSendMessageSize(limits::kGrpcMessageBytesMax);
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port_);
    for (const std::unique_ptr<grpc::Service>& service : services_) {
      builder.RegisterService(service.get());
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      if (server_ != nullptr) server_->Shutdown();
      server_ = nullptr;
      return absl::UnavailableError(
          absl::StrCat("address ", Quoted(listen),
                       ": can't be listened on; is another program using the port?"));
    }
    return absl::OkStatus();
  }

  int port() const { return port_; }

  std::shared_ptr<grpc::Channel> InProcessChannel() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(limits::kGrpcMessageBytesMax);
    arguments.SetMaxSendMessageSize(limits::kGrpcMessageBytesMax);
    return server_->InProcessChannel(arguments);
  }

  void Shutdown() {
    std::lock_guard lock(shutdown_);
    if (server_ == nullptr || down_) return;
    down_ = true;
    if (server_->GetHealthCheckService() != nullptr) {
      server_->GetHealthCheckService()->Shutdown();
    }
    const absl::Status why = absl::UnavailableError("the service is shutting down");
    for (StreamRegistry* streams : {&event_streams_, &coverage_streams_, &position_streams_}) {
      streams->EndAll(why);
    }
    // Waits for every call to be done; after `drain` those that are left are cancelled.
    server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(drain_));
    server_->Wait();
    workers_.Stop();
  }

 private:
  const absl::Duration drain_;
  WorkPool workers_;
  StreamRegistry event_streams_;
  StreamRegistry coverage_streams_;
  StreamRegistry position_streams_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  int port_ = 0;

  std::mutex shutdown_;
  bool down_ = false;                     // guarded by shutdown_
  std::unique_ptr<grpc::Server> server_;  // constant after Start; before the services in dying
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const ServerDeps& deps) {
  PATROL_RETURN_IF_ERROR(CheckLoopback(options.listen));
  auto impl = std::make_unique<Impl>(options, deps);
  PATROL_RETURN_IF_ERROR(impl->Start(options.listen));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

int Server::port() const { return impl_->port(); }

std::shared_ptr<grpc::Channel> Server::InProcessChannel() { return impl_->InProcessChannel(); }

void Server::Shutdown() { impl_->Shutdown(); }

}  // namespace patrol::api
