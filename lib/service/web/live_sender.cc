#include "lib/service/web/live_sender.h"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <utility>
#include <vector>

#include "lib/base/limits.h"

namespace patrol::web {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

namespace {

// A close reason has room for 123 bytes (RFC 6455, 5.5).
constexpr size_t kReasonBytesMax = 120;

using Frames = std::vector<LiveStream::Frame>;

struct Socket {
  explicit Socket(asio::ip::tcp::socket socket)
      : ws(std::move(socket)), cut_off(ws.get_executor()) {}

  // The viewer has so long for what is sent next; then the connection is cut.
  static void GiveTime(const std::shared_ptr<Socket>& self) {
    self->cut_off.expires_after(absl::ToChronoNanoseconds(limits::kLiveWriteTimeout));
    self->cut_off.async_wait([self](const boost::system::error_code& error) {
      if (!error) beast::get_lowest_layer(self->ws).close();
    });
  }

  websocket::stream<beast::tcp_stream> ws;
  asio::steady_timer cut_off;
};

// Reading answers pings and close frames; the viewer has nothing to say.
asio::awaitable<void> ReadUntilClosed(std::shared_ptr<Socket> socket,
                                      std::shared_ptr<LiveStream> stream) {
  beast::flat_buffer ignored;
  boost::system::error_code error;
  while (!error) {
    co_await socket->ws.async_read(ignored, asio::redirect_error(asio::use_awaitable, error));
    ignored.clear();
  }
  stream->Stop("the viewer went");
}

websocket::close_code CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return websocket::close_code::normal;
    case absl::StatusCode::kUnimplemented:
      return websocket::close_code::unknown_data;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      return websocket::close_code::policy_error;
    case absl::StatusCode::kUnavailable:
      return websocket::close_code::try_again_later;
    default:
      return websocket::close_code::going_away;
  }
}

}  // namespace

asio::awaitable<void> SendLiveSocket(asio::ip::tcp::socket tcp, std::string request,
                                     std::shared_ptr<LiveStream> stream) {
  const auto socket = std::make_shared<Socket>(std::move(tcp));
  auto& ws = socket->ws;
  beast::get_lowest_layer(ws).expires_never();
  ws.set_option(websocket::stream_base::timeout{absl::ToChronoSeconds(limits::kHttpTransferTimeout),
                                                absl::ToChronoSeconds(limits::kHttpIdleTimeout),
                                                true});
  // A picture is one frame: cut into small ones it would only cost more.
  ws.auto_fragment(false);
  ws.read_message_max(limits::kWallSocketMessageBytesMax);
  boost::system::error_code error;
  co_await ws.async_accept(asio::buffer(request), asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  asio::co_spawn(ws.get_executor(), ReadUntilClosed(socket, stream), asio::detached);
  absl::Status ended;
  while (ended.ok() && !error) {
    const absl::StatusOr<Frames> frames = co_await stream->Next();
    ended = frames.status();
    if (!ended.ok()) break;
    for (const LiveStream::Frame& frame : *frames) {
      ws.text(frame.text);
      Socket::GiveTime(socket);
      co_await ws.async_write(asio::buffer(frame.bytes),
                              asio::redirect_error(asio::use_awaitable, error));
      socket->cut_off.cancel();
      if (error) break;
    }
  }
  stream->Cut();
  if (!error && ws.is_open()) {
    Socket::GiveTime(socket);
    const std::string reason(ended.message().substr(0, kReasonBytesMax));
    co_await ws.async_close(websocket::close_reason(CodeOf(ended), reason),
                            asio::redirect_error(asio::use_awaitable, error));
  }
  socket->cut_off.cancel();
  beast::get_lowest_layer(ws).close();
}

asio::awaitable<absl::Status> SendLiveChunks(beast::tcp_stream& tcp,
                                             std::shared_ptr<LiveStream> stream) {
  bool begun = false;
  boost::system::error_code error;
  while (true) {
    absl::StatusOr<Frames> frames = co_await stream->Next();
    absl::Status ended = frames.status();
    if (ended.ok()) {
      std::string bytes;
      for (const LiveStream::Frame& frame : *frames) {
        if (!frame.text) {
          bytes += frame.bytes;
        } else if (std::exchange(begun, true)) {
          ended = absl::OutOfRangeError("the camera's parameter sets changed");
          break;
        }
      }
      tcp.expires_after(absl::ToChronoNanoseconds(limits::kLiveWriteTimeout));
      if (!bytes.empty()) {
        const auto chunk = http::make_chunk(asio::buffer(bytes));
        co_await asio::async_write(tcp, chunk, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return absl::CancelledError("the viewer went");
      }
    }
    if (!ended.ok()) {
      stream->Cut();
      tcp.expires_after(absl::ToChronoNanoseconds(limits::kLiveWriteTimeout));
      const auto last = http::make_chunk_last();
      co_await asio::async_write(tcp, last, asio::redirect_error(asio::use_awaitable, error));
      co_return ended;
    }
  }
}

}  // namespace patrol::web
