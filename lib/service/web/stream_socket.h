#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/asio.h"
#include "lib/service/web/feed.h"

namespace patrol::web {

// One WebSocket of the stream: sends what the feed gives it, takes nothing but control frames.
// One that has more than `backlog_max` messages waiting is closed with 1008 and the reason; one
// that does not take the close frame either is cut off.
//
// Threads: Send and GoAway from any thread; all else runs on the socket's strand.
class StreamSocket : public Subscriber, public std::enable_shared_from_this<StreamSocket> {
 public:
  // socket: its executor is a strand. on_dropped: called when it is closed for being slow.
  StreamSocket(asio::ip::tcp::socket socket, size_t backlog_max, std::function<void()> on_dropped);
  ~StreamSocket() override;

  // Answers the upgrade request (its header bytes as they came), subscribes, and is done when the
  // socket is closed.
  asio::awaitable<void> Run(std::string request, Feed* feed);

  void Send(std::shared_ptr<const std::string> message) override;

  // Closes with 1001: the service stops.
  void GoAway();

 private:
  struct Stream;

  void Queue(std::shared_ptr<const std::string> message);
  void WriteNext();
  void Close(uint16_t code, const std::string& reason);

  const size_t backlog_max_;
  const std::function<void()> on_dropped_;
  std::unique_ptr<Stream> stream_;

  // on the strand
  std::deque<std::shared_ptr<const std::string>> queue_;  // the front is being written
  bool open_ = false;
  bool closing_ = false;
};

}  // namespace patrol::web
