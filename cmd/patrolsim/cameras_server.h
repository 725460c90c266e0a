#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
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

  // Binds and starts to accept. port 0: any that is free.
  // Errors: INVALID_ARGUMENT (no address), UNAVAILABLE (taken, not ours), naming the address.
  absl::Status Listen(const std::string& address, uint16_t port);

  // "ADDRESS:PORT" as bound; with brackets for IPv6.
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
  void OpenDatagrams(const asio::ip::address& address);
  asio::awaitable<void> Accept();
  asio::awaitable<void> Pace();
  asio::awaitable<void> WatchSilence();
  asio::awaitable<void> Serve(std::shared_ptr<CameraSession> session);

  asio::io_context& io_;
  ServerShared shared_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::udp::socket rtp_;
  asio::ip::udp::socket rtcp_;
  asio::steady_timer accept_timer_;
  asio::steady_timer pace_timer_;
  asio::steady_timer silence_timer_;
  std::unordered_set<std::shared_ptr<CameraSession>> sessions_;
  std::priority_queue<Due> due_;
  uint64_t next_id_;
  bool stopped_ = false;
};

}  // namespace patrol::sim
