#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/asio.h"
#include "lib/video/rtsp/quirks.h"
#include "lib/video/rtsp/tls.h"
#include "lib/video/rtsp/url.h"

namespace patrol::rtsp {

// Asio's error codes to our status codes.
//   connection_refused, host_unreachable, network_unreachable, connection_reset, broken_pipe, eof,
//   host not found and everything else of the network    UNAVAILABLE: the camera is not there (now)
//   timed_out                                             DEADLINE_EXCEEDED
//   no_descriptors, no_buffer_space, no_memory            RESOURCE_EXHAUSTED: it is us
absl::Status FromErrorCode(const boost::system::error_code& error, std::string_view what);

// The connection of one session to its camera: TCP, for rtsps with TLS on it. Its owner waits on
// socket() and then reads into a buffer that all share.
//
// Threads: the loop's.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // on_write_error: called when what was sent could not be written; not after Close().
  Connection(asio::io_context& loop, std::function<void(absl::Status)> on_write_error);

  // Finds the host, connects to the first of its addresses that answers, and shakes hands where the
  // address says rtsps. Each of the three may take `timeout`.
  // Errors: UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED; those of Tls; CANCELLED.
  asio::awaitable<absl::Status> Open(const Url& url, absl::Duration timeout, const TlsTrust& trust,
                                     TlsContexts& contexts, QuirkCounts* quirks);

  // For waiting only.
  asio::ip::tcp::socket& socket() { return socket_; }
  asio::ip::tcp::endpoint remote() const;
  asio::ip::tcp::endpoint local() const;

  struct Piece {
    size_t bytes = 0;   // read
    bool more = false;  // there may be more at once; never when none were read
  };
  // Errors: UNAVAILABLE and the like: it is over.
  absl::StatusOr<Piece> ReadNow(std::span<uint8_t> buffer);

  // Writes, keeps what does not go out at once. Errors: RESOURCE_EXHAUSTED when the camera reads
  // none of it; on_write_error is not called for that.
  absl::Status Send(std::string_view text);
  // A request is still, perhaps half, unsent.
  bool sending() const { return !outbox_.empty(); }

  // Ends what is awaited.
  void Cancel();
  void Close();

 private:
  asio::awaitable<absl::StatusOr<std::vector<asio::ip::tcp::endpoint>>> Resolve(
      const Url& url, absl::Duration timeout);
  asio::awaitable<absl::Status> Shake(const Url& url, absl::Duration timeout, const TlsTrust& trust,
                                      TlsContexts& contexts, QuirkCounts* quirks);
  // From now on for so long; then what is awaited ends, and expired() is true.
  void SetDeadline(absl::Duration after);
  void WriteOutbox();
  void WaitToWrite();

  asio::ip::tcp::socket socket_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer timer_;
  std::function<void(absl::Status)> on_write_error_;
  std::unique_ptr<Tls> tls_;
  std::string outbox_;
  bool waiting_to_write_ = false;
  bool cancelled_ = false;
  bool expired_ = false;
  uint64_t timer_generation_ = 0;
};

}  // namespace patrol::rtsp
