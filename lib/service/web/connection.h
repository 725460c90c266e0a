#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "lib/base/asio.h"

namespace patrol::web {

class Feed;
class LiveStream;
class LiveViewers;
class ServiceCaller;
class StaticFiles;
class StreamSocket;

// What all connections share; outlives them.
struct ConnectionContext {
  ServiceCaller* caller = nullptr;
  StaticFiles* files = nullptr;
  Feed* feed = nullptr;
  LiveViewers* live = nullptr;
  std::function<std::string()> metrics;  // may be empty
  size_t socket_backlog_max = 0;
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> sockets{0};
  std::atomic<uint64_t> sockets_dropped{0};
};

// One HTTP/1.1 connection: requests one after the other until either side closes, a time limit
// passes, or it becomes a WebSocket.
//
// Threads: Run is a coroutine on the socket's strand; Shutdown may be called from any thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // socket: its executor is a strand.
  Connection(asio::ip::tcp::socket socket, ConnectionContext* context);
  ~Connection();

  asio::awaitable<void> Run();

  // Answers 503 to whatever comes and closes: there are `connections_max` others.
  asio::awaitable<void> Refuse(size_t connections_max);

  // Closes at once when no request is being answered, after the answer otherwise.
  void Shutdown();

 private:
  struct Stream;
  struct Exchange;

  asio::awaitable<bool> ReadRequest(Exchange* exchange);
  asio::awaitable<void> AnswerRequest(Exchange* exchange);
  asio::awaitable<void> AnswerByService(Exchange* exchange);
  asio::awaitable<bool> WriteAnswer(Exchange* exchange);
  asio::awaitable<void> BecomeSocket(Exchange* exchange);
  // Opens the live view asked for, or answers why not.
  void OpenLive(Exchange* exchange);
  asio::awaitable<void> SendLive(Exchange* exchange);

  ConnectionContext* const context_;
  std::unique_ptr<Stream> stream_;

  // on the strand
  std::shared_ptr<StreamSocket> socket_;
  std::shared_ptr<LiveStream> live_;
  bool idle_ = true;
  bool stopping_ = false;
};

// True for "localhost", "127.x.y.z" and "[::1]", with or without a port: a page of another name
// that resolves to this machine (DNS rebinding) does not get through.
bool IsLoopbackHost(std::string_view host);

}  // namespace patrol::web
