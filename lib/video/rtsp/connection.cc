#include "lib/video/rtsp/connection.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace patrol::rtsp {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// Requests waiting for a camera that does not read: more is a dead connection.
constexpr size_t kOutboxBytesMax = 64 * 1024;
constexpr size_t kAddressesTriedMax = 4;

bool WouldBlock(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again ||
         error == asio::error::interrupted;
}

absl::Status NoAnswer(std::string_view what, absl::Duration timeout) {
  return absl::DeadlineExceededError(absl::StrCat(absl::string_view(what.data(), what.size()),
                                                  ": no answer within ",
                                                  absl::FormatDuration(timeout)));
}

}  // namespace

absl::Status FromErrorCode(const error_code& error, std::string_view what) {
  const std::string message = absl::StrCat(
      absl::string_view(what.data(), what.size()), ": ",
      error == asio::error::eof ? "the camera closed the connection" : error.message());
  if (error == asio::error::timed_out) return absl::DeadlineExceededError(message);
  if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
      error == asio::error::no_memory) {
    return absl::ResourceExhaustedError(message);
  }
  return absl::UnavailableError(message);
}

Connection::Connection(asio::io_context& loop, std::function<void(absl::Status)> on_write_error)
    : socket_(loop), resolver_(loop), timer_(loop), on_write_error_(std::move(on_write_error)) {}

asio::awaitable<absl::Status> Connection::Open(const Url& url, absl::Duration timeout,
                                               const TlsTrust& trust, TlsContexts& contexts,
                                               QuirkCounts* quirks) {
  absl::StatusOr<std::vector<tcp::endpoint>> endpoints = co_await Resolve(url, timeout);
  if (!endpoints.ok()) co_return endpoints.status();
  const std::string what = absl::StrCat("connect to ", url.Authority());
  SetDeadline(timeout);
  error_code error = asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : *endpoints) {
    error_code ignored;
    socket_.close(ignored);
    co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (cancelled_) co_return absl::CancelledError(what);
    if (expired_) co_return NoAnswer(what, timeout);
    if (!error) break;
  }
  if (error) co_return FromErrorCode(error, what);
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, error);
  if (error) co_return FromErrorCode(error, what);
  if (url.tls()) {
    const absl::Status secured = co_await Shake(url, timeout, trust, contexts, quirks);
    if (!secured.ok()) co_return Annotate(secured, what);
  }
  ++timer_generation_;
  timer_.cancel();
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<std::vector<tcp::endpoint>>> Connection::Resolve(
    const Url& url, absl::Duration timeout) {
  error_code error;
  const asio::ip::address literal = asio::ip::make_address(url.host(), error);
  if (!error) co_return std::vector<tcp::endpoint>{tcp::endpoint(literal, url.port())};
  // A name server that does not answer holds getaddrinfo for longer than we wait, and it cannot be
  // cancelled: so the answer wakes us through the timer, and comes to nothing when it is late.
  struct Answer {
    bool there = false;
    error_code error;
    std::vector<tcp::endpoint> endpoints;
  };
  const auto answer = std::make_shared<Answer>();
  const std::shared_ptr<Connection> self = shared_from_this();
  const auto on_resolved = [self, answer](const error_code& failed,
                                          const tcp::resolver::results_type& results) {
    answer->there = true;
    answer->error = failed;
    for (const auto& result : results) answer->endpoints.push_back(result.endpoint());
    self->timer_.cancel();
  };
  timer_.expires_after(absl::ToChronoNanoseconds(timeout));
  resolver_.async_resolve(url.host(), absl::StrCat(url.port()), on_resolved);
  error_code waited;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, waited));
  const std::string what = absl::StrCat("resolve \"", url.host(), "\"");
  if (cancelled_) co_return absl::CancelledError(what);
  if (!answer->there) {
    resolver_.cancel();
    co_return NoAnswer(what, timeout);
  }
  if (answer->error) co_return FromErrorCode(answer->error, what);
  if (answer->endpoints.size() > kAddressesTriedMax) answer->endpoints.resize(kAddressesTriedMax);
  co_return answer->endpoints;
}

asio::awaitable<absl::Status> Connection::Shake(const Url& url, absl::Duration timeout,
                                                const TlsTrust& trust, TlsContexts& contexts,
                                                QuirkCounts* quirks) {
  auto tls = Tls::Create(socket_.native_handle(), url.host(), trust, contexts);
  if (!tls.ok()) co_return tls.status();
  tls_ = *std::move(tls);
  SetDeadline(timeout);
  for (;;) {
    const absl::StatusOr<Tls::Wait> wait = tls_->Handshake();
    if (!wait.ok()) co_return wait.status();
    if (*wait == Tls::Wait::kNone) break;
    error_code error;
    co_await socket_.async_wait(
        *wait == Tls::Wait::kRead ? tcp::socket::wait_read : tcp::socket::wait_write,
        asio::redirect_error(asio::use_awaitable, error));
    if (cancelled_) co_return absl::CancelledError("tls handshake");
    if (expired_) co_return NoAnswer("tls handshake", timeout);
    if (error) co_return FromErrorCode(error, "tls handshake");
  }
  if (!tls_->verified()) CountQuirk(quirks, "tls_certificate_unverified");
  if (tls_->old_version()) CountQuirk(quirks, "tls_version_old");
  co_return absl::OkStatus();
}

tcp::endpoint Connection::remote() const {
  error_code ignored;
  return socket_.remote_endpoint(ignored);
}

tcp::endpoint Connection::local() const {
  error_code ignored;
  return socket_.local_endpoint(ignored);
}

absl::StatusOr<Connection::Piece> Connection::ReadNow(std::span<uint8_t> buffer) {
  if (tls_ != nullptr) {
    const absl::StatusOr<size_t> count = tls_->Read(buffer);
    if (!count.ok()) return count.status();
    return Piece{*count, *count > 0};  // a record at a time
  }
  error_code error;
  size_t count = 0;
  do {
    count = socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
  } while (error == asio::error::interrupted);
  if (!error) return Piece{count, count == buffer.size()};
  if (WouldBlock(error)) return Piece{};
  return FromErrorCode(error, "read");
}

absl::Status Connection::Send(std::string_view text) {
  if (outbox_.size() + text.size() > kOutboxBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the camera has not read ", outbox_.size(), " bytes of requests"));
  }
  outbox_.append(text);
  if (!waiting_to_write_) WriteOutbox();
  return absl::OkStatus();
}

void Connection::WriteOutbox() {
  while (!outbox_.empty()) {
    absl::StatusOr<size_t> count = size_t{0};
    if (tls_ != nullptr) {
      count = tls_->Write(outbox_);
    } else {
      error_code error;
      count = socket_.write_some(asio::buffer(outbox_), error);
      if (WouldBlock(error)) {
        count = size_t{0};
      } else if (error) {
        count = FromErrorCode(error, "write");
      }
    }
    if (!count.ok()) {
      outbox_.clear();
      if (on_write_error_) on_write_error_(count.status());
      return;
    }
    if (*count == 0) {
      WaitToWrite();
      return;
    }
    outbox_.erase(0, *count);
  }
}

void Connection::WaitToWrite() {
  waiting_to_write_ = true;
  const std::shared_ptr<Connection> self = shared_from_this();
  socket_.async_wait(tcp::socket::wait_write, [self](const error_code& error) {
    self->waiting_to_write_ = false;
    // Cancelled: what is still to be said goes out with the next Send.
    if (!error) self->WriteOutbox();
  });
}

void Connection::SetDeadline(absl::Duration after) {
  expired_ = false;
  timer_.expires_after(absl::ToChronoNanoseconds(after));
  const uint64_t generation = ++timer_generation_;
  const std::shared_ptr<Connection> self = shared_from_this();
  timer_.async_wait([self, generation](const error_code& error) {
    if (error || generation != self->timer_generation_) return;
    self->expired_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void Connection::Cancel() {
  cancelled_ = true;
  ++timer_generation_;
  timer_.cancel();
  resolver_.cancel();
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::Close() {
  on_write_error_ = nullptr;
  Cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace patrol::rtsp
