#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/base/limits.h"

namespace grpc {
class Channel;
}

namespace patrol::web {

class LiveCameras;

struct Options {
  // IPv4 or IPv6 loopback address to listen on. Any other is refused: users and roles come later.
  std::string address = "127.0.0.1";
  // 0: any free port, told by Gateway::port().
  uint16_t port = 8080;
  // Folder of the wall's built files (index.html, assets/). Empty or absent: the API alone is
  // served, and "/" says how to build the wall.
  std::string wall_dir;
  // Threads that carry connections; calls to the services do not block them.
  int threads = 2;
  // Connections above this are answered 503 and closed.
  size_t connections_max = limits::kHttpConnectionsMax;
  // Messages waiting for one slow WebSocket before it is closed with 1008. At least 8: it is given
  // six at once when it opens.
  size_t socket_backlog_max = limits::kWallSocketBacklogMax;
  // A unary call to a service is given up after this, with 504.
  absl::Duration call_timeout = limits::kGatewayCallTimeout;
  // How often units and cameras are asked for while a WebSocket is open.
  absl::Duration units_poll_interval = absl::Seconds(1);
  absl::Duration cameras_poll_interval = absl::Seconds(2);
};

// What the gateway did since it was started.
struct Counts {
  uint64_t connections = 0;          // accepted
  uint64_t connections_refused = 0;  // over connections_max
  uint64_t requests = 0;             // HTTP requests answered
  uint64_t sockets = 0;              // WebSockets opened
  uint64_t sockets_dropped = 0;      // closed because they were too slow
  int64_t live_viewers = 0;          // live views open now
  uint64_t live_units_dropped = 0;   // pictures that slow live viewers missed
};

// HTTP/1.1 and WebSocket in front of the gRPC services: REST as JSON, GeoJSON and JPEG by the table
// in routes.cc, GET /v1/stream for live messages, /metrics, and the wall's files. It holds no
// domain logic and no state of its own but what WatchCoverage, WatchMotionEvents and the lists last
// said.
//
//   web::Gateway gateway({.port = 0, .wall_dir = "cmd/wall/dist"}, server.InProcessChannel());
//   PATROL_RETURN_IF_ERROR(gateway.Start());
//   ... gateway.port() ...
//   gateway.Stop(absl::Seconds(3));   // before the gRPC server is shut down
//
// Threads: Start and Stop from one thread; port and counts from any. It runs options.threads
// threads for connections and four for what it subscribes to and polls.
class Gateway {
 public:
  // live: where live pictures come from; outlives the gateway. Null: no live view.
  // metrics: makes the answer to GET /metrics, in Prometheus' text format; called on the gateway's
  // threads. Empty: there are none.
  Gateway(Options options, std::shared_ptr<grpc::Channel> channel, LiveCameras* live = nullptr,
          std::function<std::string()> metrics = {});
  ~Gateway();  // Stop(0)
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Listens and begins to serve.
  // Errors: INVALID_ARGUMENT if the address is none or not loopback; UNAVAILABLE if the port is
  // taken; FAILED_PRECONDITION if it was started before.
  absl::Status Start();

  // The port listened on; 0 before Start.
  uint16_t port() const;

  // Takes no more connections, closes idle ones and the WebSockets (1001), lets requests being
  // answered finish for at most `grace`, then ends them. May be called more than once.
  void Stop(absl::Duration grace);

  Counts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::web
