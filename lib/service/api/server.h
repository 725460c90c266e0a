#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/clock.h"
#include "lib/service/api/event_hub.h"
#include "lib/service/api/ports.h"
#include "lib/service/report/window_desk.h"
#include "lib/service/store/store.h"

namespace grpc {
class Channel;
}

namespace patrol::api {

// Everything the services work on. All of it outlives the server.
struct ServerDeps {
  store::Store& store;
  CameraFleet& fleet;
  UnitTracker& units;
  FixPipeline& fixes;
  CoverageView& coverage;
  report::WindowDesk& windows;
  AreaReader& area_reader;
  EventHub& events;
  EventRecorder& recorder;
  const Clock& clock;
};

struct ServerOptions {
  // HOST:PORT; port 0 takes any free one. Loopback only, until users and roles stand.
  std::string listen = "127.0.0.1:7700";
  // Threads that run unary calls; streams need none of their own.
  int workers = 4;
  // How long calls under way may go on when the server shuts down.
  absl::Duration drain = absl::Seconds(3);
};

// OK when `listen` is HOST:PORT on this machine's loopback (127.0.0.0/8, ::1, localhost).
// Errors: INVALID_ARGUMENT for a malformed address; PERMISSION_DENIED for any other host, saying
// why.
absl::Status CheckLoopback(const std::string& listen);

// The gRPC server: the services of proto/patrol/v1, grpc.health.v1 and reflection.
//
// Threads: every member may be called from any thread.
class Server {
 public:
  // Errors: those of CheckLoopback; UNAVAILABLE when the port is taken.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const ServerDeps& deps);
  // Shuts down.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port it listens on.
  int port() const;

  // Calls within the process, without a socket; for the web gateway. Closed with the server.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Ends streams with UNAVAILABLE, lets unary calls finish for `drain`, cancels the rest, and
  // returns when nothing runs any more. Health says NOT_SERVING from the first moment.
  void Shutdown();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::api
