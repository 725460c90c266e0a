#include "lib/service/web/stream_socket.h"

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"

namespace patrol::web {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

struct StreamSocket::Stream {
  explicit Stream(asio::ip::tcp::socket socket)
      : ws(std::move(socket)), cut_off(ws.get_executor()) {}

  websocket::stream<beast::tcp_stream> ws;
  asio::steady_timer cut_off;
};

StreamSocket::StreamSocket(asio::ip::tcp::socket socket, size_t backlog_max,
                           std::function<void()> on_dropped)
    : backlog_max_(backlog_max),
      on_dropped_(std::move(on_dropped)),
      stream_(std::make_unique<Stream>(std::move(socket))) {}

StreamSocket::~StreamSocket() = default;

asio::awaitable<void> StreamSocket::Run(std::string request, Feed* feed) {
  const auto self = shared_from_this();
  websocket::stream<beast::tcp_stream>& ws = stream_->ws;
  beast::get_lowest_layer(ws).expires_never();
  // Pings after half the idle time: a wall whose machine went away is noticed.
  ws.set_option(websocket::stream_base::timeout{absl::ToChronoSeconds(limits::kHttpTransferTimeout),
                                                absl::ToChronoSeconds(limits::kHttpIdleTimeout),
                                                true});
  ws.read_message_max(limits::kWallSocketMessageBytesMax);
  boost::system::error_code error;
  co_await ws.async_accept(asio::buffer(request), asio::redirect_error(asio::use_awaitable, error));
  if (error || closing_) co_return;
  ws.text(true);
  open_ = true;
  feed->Subscribe(self);
  beast::flat_buffer ignored;
  // Reading answers pings and close frames; ends when the socket does.
  while (!error) {
    co_await ws.async_read(ignored, asio::redirect_error(asio::use_awaitable, error));
    ignored.clear();
  }
  open_ = false;
  closing_ = true;
  stream_->cut_off.cancel();
  feed->Unsubscribe(this);
}

void StreamSocket::Send(std::shared_ptr<const std::string> message) {
  asio::post(stream_->ws.get_executor(),
             [self = shared_from_this(), message = std::move(message)]() mutable {
               self->Queue(std::move(message));
             });
}

void StreamSocket::GoAway() {
  asio::post(stream_->ws.get_executor(), [self = shared_from_this()] {
    self->Close(websocket::close_code::going_away, "the service stops");
  });
}

void StreamSocket::Queue(std::shared_ptr<const std::string> message) {
  if (!open_ || closing_) return;
  // The front is being written, so it does not wait.
  if (queue_.size() > backlog_max_) {
    Close(websocket::close_code::policy_error,
          absl::StrCat("too slow: ", backlog_max_, " messages were waiting"));
    on_dropped_();
    return;
  }
  queue_.push_back(std::move(message));
  if (queue_.size() == 1) WriteNext();
}

void StreamSocket::WriteNext() {
  stream_->ws.async_write(
      asio::buffer(*queue_.front()),
      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
        self->queue_.pop_front();
        if (!error && !self->closing_ && !self->queue_.empty()) self->WriteNext();
      });
}

void StreamSocket::Close(uint16_t code, const std::string& reason) {
  if (closing_) return;
  closing_ = true;
  // What is being written must live until it is written.
  if (queue_.size() > 1) queue_.resize(1);
  if (!open_) {
    beast::get_lowest_layer(stream_->ws).close();
    return;
  }
  const auto self = shared_from_this();
  // Beast sends the close frame after the message that is on its way.
  stream_->ws.async_close(websocket::close_reason(static_cast<websocket::close_code>(code), reason),
                          [self](const boost::system::error_code&) {});
  stream_->cut_off.expires_after(absl::ToChronoNanoseconds(limits::kWallSocketCloseTimeout));
  stream_->cut_off.async_wait([self](const boost::system::error_code& error) {
    if (!error) beast::get_lowest_layer(self->stream_->ws).close();
  });
}

}  // namespace patrol::web
