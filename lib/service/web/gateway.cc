#include "lib/service/web/gateway.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/asio.h"
#include "lib/base/log.h"
#include "lib/service/web/connection.h"
#include "lib/service/web/feed.h"
#include "lib/service/web/live_stream.h"
#include "lib/service/web/service_call.h"
#include "lib/service/web/static_files.h"

namespace patrol::web {

class Gateway::Impl {
 public:
  Impl(Options options, std::shared_ptr<grpc::Channel> channel, LiveCameras* live,
       std::function<std::string()> metrics)
      : options_(std::move(options)),
        caller_(channel, options_.call_timeout),
        files_(options_.wall_dir),
        feed_({.units_interval = options_.units_poll_interval,
               .cameras_interval = options_.cameras_poll_interval,
               .call_timeout = options_.call_timeout},
              channel),
        live_(live),
        acceptor_(asio::make_strand(io_)) {
    context_.caller = &caller_;
    context_.files = &files_;
    context_.feed = &feed_;
    context_.live = &live_;
    context_.metrics = std::move(metrics);
    context_.socket_backlog_max = options_.socket_backlog_max;
  }

  absl::Status Start();
  uint16_t port() const { return port_; }
  void Stop(absl::Duration grace);
  Counts counts() const;

 private:
  asio::awaitable<void> Accept();
  void Adopt(asio::ip::tcp::socket socket);
  void Forget(const Connection* connection);

  const Options options_;
  ServiceCaller caller_;
  StaticFiles files_;
  Feed feed_;
  LiveViewers live_;
  ConnectionContext context_;
  std::atomic<uint16_t> port_{0};
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> refused_{0};

  std::mutex mutex_;
  std::condition_variable none_left_;
  // guarded by mutex_
  std::vector<std::shared_ptr<Connection>> connections_;
  bool stopping_ = false;

  // Last: coroutines still in them use all of the above.
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::thread> threads_;
};

absl::Status Gateway::Impl::Start() {
  if (!threads_.empty() || stopping_) {
    return absl::FailedPreconditionError("HTTP gateway: it was started before");
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address \"", options_.address, "\": not an IPv4 or IPv6 address"));
  }
  if (!address.is_loopback()) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address \"", options_.address,
                     "\": not loopback; without users and roles nothing else is listened on"));
  }
  const asio::ip::tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("HTTP address ", options_.address, ":", options_.port, ": ", error.message()));
  }
  port_ = acceptor_.local_endpoint().port();
  feed_.Start();
  asio::co_spawn(acceptor_.get_executor(), Accept(), asio::detached);
  for (int i = 0; i < std::max(1, options_.threads); ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
  PATROL_LOG_INFO("HTTP gateway: http://{}:{}/", options_.address, port());
  return absl::OkStatus();
}

asio::awaitable<void> Gateway::Impl::Accept() {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (acceptor_.is_open()) {
    boost::system::error_code error;
    // Each connection has a strand of its own.
    asio::ip::tcp::socket socket(asio::make_strand(io_));
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      Adopt(std::move(socket));
    } else if (error != asio::error::operation_aborted) {
      // Out of descriptors: the listener stays, and tries again when some may have been closed.
      PATROL_LOG_WARNING("HTTP gateway: accept: {}", error.message());
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void Gateway::Impl::Adopt(asio::ip::tcp::socket socket) {
  ++accepted_;
  const auto executor = socket.get_executor();
  const auto connection = std::make_shared<Connection>(std::move(socket), &context_);
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    // As many again are told why they are refused; beyond that they are closed without a word.
    if (connections_.size() >= 2 * options_.connections_max) {
      ++refused_;
      return;
    }
    full = connections_.size() >= options_.connections_max;
    connections_.push_back(connection);
  }
  if (full) ++refused_;
  asio::co_spawn(executor, full ? connection->Refuse(options_.connections_max) : connection->Run(),
                 [this, connection](std::exception_ptr fault) {
                   try {
                     if (fault) std::rethrow_exception(fault);
                   } catch (const std::exception& e) {
                     PATROL_LOG_ERROR("HTTP gateway: a connection ended with: {}", e.what());
                   }
                   Forget(connection.get());
                 });
}

void Gateway::Impl::Forget(const Connection* connection) {
  std::lock_guard lock(mutex_);
  const auto gone = std::remove_if(connections_.begin(), connections_.end(),
                                   [&](const auto& c) { return c.get() == connection; });
  connections_.erase(gone, connections_.end());
  if (connections_.empty()) none_left_.notify_all();
}

void Gateway::Impl::Stop(absl::Duration grace) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  asio::post(acceptor_.get_executor(), [this] { acceptor_.close(); });
  feed_.Stop();
  live_.Stop();
  {
    std::unique_lock lock(mutex_);
    for (const auto& connection : connections_) connection->Shutdown();
    none_left_.wait_for(lock, absl::ToChronoNanoseconds(grace),
                        [this] { return connections_.empty(); });
    if (!connections_.empty()) {
      PATROL_LOG_WARNING("HTTP gateway: {} connections cut off after {}", connections_.size(),
                         absl::FormatDuration(grace));
    }
  }
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  caller_.Drain();
  // Their sockets must go before the io_context does.
  std::lock_guard lock(mutex_);
  connections_.clear();
}

Counts Gateway::Impl::counts() const {
  return {accepted_,
          refused_,
          context_.requests,
          context_.sockets,
          context_.sockets_dropped,
          live_.open(),
          live_.units_dropped()};
}

Gateway::Gateway(Options options, std::shared_ptr<grpc::Channel> channel, LiveCameras* live,
                 std::function<std::string()> metrics)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(channel), live,
                                   std::move(metrics))) {}

Gateway::~Gateway() { impl_->Stop(absl::ZeroDuration()); }

absl::Status Gateway::Start() { return impl_->Start(); }

uint16_t Gateway::port() const { return impl_->port(); }

void Gateway::Stop(absl::Duration grace) { impl_->Stop(grace); }

Counts Gateway::counts() const { return impl_->counts(); }

}  // namespace patrol::web
