#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "cmd/patrolsim/cameras_load.h"
#include "cmd/patrolsim/cameras_session.h"
#include "lib/base/asio.h"

namespace patrol::sim {

// Clients at a time: twice the town's cameras, twice over.
inline constexpr size_t kServerClientsMax = 4096;

// An RTSP server for clips: rtsp://ADDRESS:PORT/<camera name>, any number of clients each, over TCP
// interleaved or UDP, on one loop thread.
//
// Threads: the loop's.
class CameraServer : private CameraSession::Pacer {
 public:
  // loop: clips go on at their end, each camera at its own phase and running whether or not anybody
  //       watches; otherwise every client gets its clip once, from the begin, and is then closed
  //       on.
  CameraServer(asio::io_context& io, std::vector<SimCamera> cameras, RtspCredentials credentials,
               bool loop);
  ~CameraServer();

  // Binds and starts to accept; several times for several addresses. port 0: any that is free.
  // Errors: INVALID_ARGUMENT (no address), UNAVAILABLE (taken, not ours), naming the address.
  absl::Status Listen(const std::string& address, uint16_t port);

  // The cameras take turns in moving. Before the loop runs.
  // Errors: UNAVAILABLE (the truth file).
  absl::Status Rotate(LoadOptions options);

  // One call of the kernel for each RTP packet, as cameras do, rather than one for each picture.
  void SendPerPacket() { shared_.send_per_packet = true; }

  // "ADDRESS:PORT" as bound first; with brackets for IPv6.
  std::string endpoint() const;

  // Ends all sessions and the accepting; the loop then runs dry.
  void Stop();

  const ServerTotals& totals() const { return shared_.totals; }

 private:
  struct Due {
    std::chrono::steady_clock::time_point at;
    std::shared_ptr<CameraSession> session;
    bool operator<(const Due& other) const { return at > other.at; }  // the earliest on top
  };

  void Schedule(std::shared_ptr<CameraSession> session) override;
  // One address that clients come to.
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io), retry_timer(io) {}
    asio::ip::tcp::acceptor acceptor;
    asio::steady_timer retry_timer;
    std::unique_ptr<DatagramSockets> datagrams;  // null: no UDP
  };

  std::unique_ptr<DatagramSockets> OpenDatagrams(const asio::ip::address& address);
  asio::awaitable<void> Accept(Listener& listener);
  asio::awaitable<void> Pace();
  asio::awaitable<void> KeepTurning();
  asio::awaitable<void> WatchSilence();
  asio::awaitable<void> Serve(std::shared_ptr<CameraSession> session);

  asio::io_context& io_;
  ServerShared shared_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unique_ptr<LoadRotation> rotation_;  // null: every camera shows one clip
  asio::steady_timer rotation_timer_;
  asio::steady_timer pace_timer_;
  asio::steady_timer silence_timer_;
  std::unordered_set<std::shared_ptr<CameraSession>> sessions_;
  std::priority_queue<Due> due_;
  uint64_t next_id_;
  bool stopped_ = false;
};

}  // namespace patrol::sim
