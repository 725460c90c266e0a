#include "cmd/patrolsim/cameras_server.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"

namespace patrol::sim {
namespace {

using std::chrono::steady_clock;

// Pictures due within this are sent together: one waking for many cameras.
constexpr std::chrono::milliseconds kPaceSlack{1};
constexpr int kPortPairTries = 64;

}  // namespace

CameraServer::CameraServer(asio::io_context& io, std::vector<SimCamera> cameras,
                           RtspCredentials credentials, bool loop)
    : io_(io),
      rotation_timer_(io),
      pace_timer_(io),
      silence_timer_(io),
      // Nonces and session ids may be guessed by nobody: the one thing here that no seed decides.
      next_id_((static_cast<uint64_t>(std::random_device()()) << 32) | std::random_device()()) {
  shared_.cameras = std::move(cameras);
  shared_.credentials = std::move(credentials);
  shared_.loop = loop;
  shared_.start = steady_clock::now();
}

CameraServer::~CameraServer() = default;

absl::Status CameraServer::Listen(const std::string& address, uint16_t port) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen address \"", address, "\": ", error.message()));
  }
  const asio::ip::tcp::endpoint endpoint(ip, port);
  auto listener = std::make_unique<Listener>(io_);
  asio::ip::tcp::acceptor& acceptor = listener->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("listen on ", address, ":", port, ": ", error.message()));
  }
  listener->datagrams = OpenDatagrams(ip);
  asio::co_spawn(io_, Accept(*listener), asio::detached);
  listeners_.push_back(std::move(listener));
  if (listeners_.size() > 1) return absl::OkStatus();
  asio::co_spawn(io_, Pace(), asio::detached);
  asio::co_spawn(io_, WatchSilence(), asio::detached);
  return absl::OkStatus();
}

absl::Status CameraServer::Rotate(LoadOptions options) {
  auto rotation =
      std::make_unique<LoadRotation>(shared_.cameras, shared_.start, std::move(options));
  if (absl::Status status = rotation->Open(); !status.ok()) return status;
  rotation_ = std::move(rotation);
  asio::co_spawn(io_, KeepTurning(), asio::detached);
  return absl::OkStatus();
}

asio::awaitable<void> CameraServer::KeepTurning() {
  while (!stopped_) {
    rotation_->Turn();
    boost::system::error_code error;
    rotation_timer_.expires_after(absl::ToChronoMilliseconds(rotation_->rotate_every()));
    co_await rotation_timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

// RTP on an even port and RTCP on the next (RFC 3550 11). Without such a pair there is no UDP.
std::unique_ptr<DatagramSockets> CameraServer::OpenDatagrams(const asio::ip::address& address) {
  auto sockets = std::make_unique<DatagramSockets>(io_);
  for (int i = 0; i < kPortPairTries; ++i) {
    boost::system::error_code error;
    const asio::ip::udp::endpoint any(address, 0);
    sockets->rtp.open(any.protocol(), error);
    if (!error) sockets->rtp.bind(any, error);
    const uint16_t port = error ? 0 : sockets->rtp.local_endpoint(error).port();
    if (!error && port % 2 == 0) {
      sockets->rtcp.open(any.protocol(), error);
      if (!error) sockets->rtcp.bind({address, static_cast<uint16_t>(port + 1)}, error);
      if (!error) {
        sockets->rtp.non_blocking(true, error);
        sockets->rtcp.non_blocking(true, error);
        return sockets;
      }
      sockets->rtcp.close(error);
    }
    sockets->rtp.close(error);
  }
  return nullptr;
}

std::string CameraServer::endpoint() const {
  boost::system::error_code error;
  const auto bound = listeners_.front()->acceptor.local_endpoint(error);
  const std::string address = bound.address().to_string();
  return bound.address().is_v6() ? absl::StrCat("[", address, "]:", bound.port())
                                 : absl::StrCat(address, ":", bound.port());
}

asio::awaitable<void> CameraServer::Accept(Listener& listener) {
  while (!stopped_) {
    boost::system::error_code error;
    auto socket =
        co_await listener.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopped_) co_return;
    if (error) {
      // Out of descriptors: give the ones in use time to close.
      listener.retry_timer.expires_after(std::chrono::milliseconds(100));
      co_await listener.retry_timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (sessions_.size() >= kServerClientsMax) {
      ++shared_.totals.connections_refused;
      socket.close(error);
      continue;
    }
    ++shared_.totals.connections;
    CameraSession::Pacer& pacer = *this;
    auto session = std::make_shared<CameraSession>(std::move(socket), listener.datagrams.get(),
                                                   shared_, pacer, next_id_++);
    sessions_.insert(session);
    asio::co_spawn(io_, Serve(std::move(session)), asio::detached);
  }
}

asio::awaitable<void> CameraServer::Serve(std::shared_ptr<CameraSession> session) {
  co_await session->Serve();
  sessions_.erase(session);
}

void CameraServer::Schedule(std::shared_ptr<CameraSession> session) {
  const auto at = session->next_due();
  const bool earliest = due_.empty() || at < due_.top().at;
  due_.push({at, std::move(session)});
  if (earliest) pace_timer_.cancel();  // wakes Pace
}

asio::awaitable<void> CameraServer::Pace() {
  while (!stopped_) {
    const auto horizon = steady_clock::now() + kPaceSlack;
    while (!due_.empty() && due_.top().at <= horizon) {
      const Due due = due_.top();
      due_.pop();
      // Stopped, or stopped and begun again since: not this entry's picture any more.
      if (!due.session->playing() || due.session->next_due() != due.at) continue;
      due.session->SendDue();
      if (due.session->playing()) due_.push({due.session->next_due(), due.session});
    }
    if (due_.empty()) {
      pace_timer_.expires_at(steady_clock::time_point::max());
    } else {
      pace_timer_.expires_at(due_.top().at);
    }
    boost::system::error_code error;  // cancelled: there is something earlier
    co_await pace_timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<void> CameraServer::WatchSilence() {
  while (!stopped_) {
    boost::system::error_code error;
    silence_timer_.expires_after(std::chrono::seconds(5));
    co_await silence_timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto now = steady_clock::now();
    for (const auto& session : sessions_) {
      if (now - session->last_heard() < kSessionTimeout) continue;
      ++shared_.totals.sessions_timed_out;
      session->Close();
    }
  }
}

void CameraServer::Stop() {
  stopped_ = true;
  boost::system::error_code error;
  for (const auto& listener : listeners_) {
    listener->acceptor.close(error);
    listener->retry_timer.cancel();
  }
  rotation_timer_.cancel();
  if (rotation_ != nullptr) rotation_->Finish();
  pace_timer_.cancel();
  silence_timer_.cancel();
  for (const auto& session : sessions_) session->Close();
}

}  // namespace patrol::sim
