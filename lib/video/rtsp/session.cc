#include "lib/video/rtsp/session.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/rtsp/session_impl.h"

namespace patrol::rtsp {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// When a session ends by itself the camera is told, but not waited for long.
constexpr absl::Duration kFarewellMax = absl::Milliseconds(300);

// How a camera says that it has no TCP interleaved: 461 as it should, 400 as some do.
bool RefusesTransport(int status) { return status == 461 || status == 400; }

}  // namespace

std::string_view TransportName(Transport transport) {
  switch (transport) {
    case Transport::kAuto:
      return "auto";
    case Transport::kTcp:
      return "tcp";
    case Transport::kUdp:
      return "udp";
  }
  return "unknown";
}

bool ParseTransport(std::string_view name, Transport* transport) {
  for (const Transport known : {Transport::kAuto, Transport::kTcp, Transport::kUdp}) {
    if (name != TransportName(known)) continue;
    *transport = known;
    return true;
  }
  return false;
}

asio::awaitable<void> Session::Impl::Main(std::shared_ptr<Impl> self) {
  absl::Status status;
  try {
    status = co_await self->Run();
    if (!self->abandoned_ && self->connected_ && self->dialogue_->has_session() &&
        !self->server_tore_down_) {
      co_await self->Farewell();
    }
  } catch (const std::exception& error) {
    status = absl::InternalError(absl::StrCat("rtsp session: ", error.what()));
  }
  self->ended_ = true;
  ++self->timer_generation_;
  self->timer_.cancel();
  self->CloseTransports();
  if (self->abandoned_) co_return;
  if (self->stopping_) status = absl::OkStatus();
  const std::function<void(absl::Status)> on_end = std::move(self->on_end_);
  on_end(std::move(status));
}

asio::awaitable<absl::Status> Session::Impl::Run() {
  absl::StatusOr<Url> url = Url::Parse(options_.url);
  if (!url.ok()) co_return url.status();
  dialogue_.emplace(*url, options_.user, options_.password, options_.user_agent, &stats_.quirks);
  for (int connections = 1;; ++connections) {
    const absl::Status status = co_await ConnectAndPlay(*url);
    if (status.ok()) break;
    if (connections == limits::kConnectionsPerSessionMax || !BeginAnew()) co_return status;
    const absl::Status turn = co_await AwaitTurn();
    if (!turn.ok()) co_return turn;
  }
  co_return co_await Receive();
}

asio::awaitable<absl::Status> Session::Impl::ConnectAndPlay(const Url& url) {
  const std::weak_ptr<Impl> weak = weak_from_this();
  connection_ = std::make_shared<Connection>(loop_, [weak](absl::Status broken) {
    const std::shared_ptr<Impl> self = weak.lock();
    if (self == nullptr || self->abandoned_ || self->ended_) return;
    self->connected_ = false;
    self->Fail(Annotate(broken, absl::StrCat("connection ", self->Place())));
  });
  deinterleaver_.emplace(*this);
  absl::Status status = co_await connection_->Open(url, options_.connect_timeout, options_.tls,
                                                   *options_.tls_contexts, &stats_.quirks);
  if (!failure_.ok()) co_return failure_;
  if (!status.ok()) co_return status;
  connected_ = true;
  co_return co_await Handshake();
}

bool Session::Impl::BeginAnew() {
  if (stopping_ || abandoned_) return false;
  if (transport_refused_) {
    // The camera may hold the session it made for us; a new connection owes it nothing.
  } else if (challenged_ && !connected_) {
    CountQuirk(&stats_.quirks, "closed_after_401");
  } else {
    return false;
  }
  ++timer_generation_;
  timer_.cancel();
  CloseTransports();
  connected_ = false;
  challenged_ = false;
  transport_refused_ = false;
  failure_ = absl::OkStatus();
  inbox_.clear();
  receiver_.reset();
  step_ = Step::kHandshake;
  dialogue_->OnReconnect();
  return true;
}

asio::awaitable<absl::Status> Session::Impl::AwaitTurn() {
  awaiting_turn_ = true;  // before the call: it may be answered within it
  if (sink_.OnReconnect()) awaiting_turn_ = false;
  while (awaiting_turn_ && failure_.ok()) {
    // What gives the turn, or ends the session, cancels this.
    timer_.expires_at(Steady::time_point::max());
    error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  awaiting_turn_ = false;
  co_return failure_;
}

void Session::Impl::CloseTransports() {
  watch_.Stop();
  if (connection_ != nullptr) connection_->Close();
  if (udp_ != nullptr) udp_->Close();
  udp_.reset();
  reorder_timer_.cancel();
}

asio::awaitable<absl::Status> Session::Impl::Handshake() {
  absl::StatusOr<Message> reply = co_await Exchange(dialogue_->Options());
  if (reply.ok()) {
    dialogue_->ReadOptions(*reply);
  } else if (!connected_ || !failure_.ok() || absl::IsUnauthenticated(reply.status())) {
    co_return reply.status();
  } else {
    CountQuirk(&stats_.quirks, "options_refused");
  }
  reply = co_await Exchange(dialogue_->Describe());
  if (!reply.ok()) co_return reply.status();
  absl::Status status = dialogue_->ReadDescribe(*reply);
  if (!status.ok()) co_return Annotate(status, "DESCRIBE");
  status = co_await SetUp();
  if (!status.ok()) co_return status;
  step_ = Step::kPlayRequested;
  reply = co_await Exchange(dialogue_->Play());
  if (!reply.ok()) co_return reply.status();
  dialogue_->ReadPlay(*reply);
  step_ = Step::kPlaying;
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Session::Impl::SetUp() {
  if (options_.transport == Transport::kUdp || tcp_refused_) co_return co_await SetUpUdp();
  const absl::StatusOr<Message> reply = co_await Exchange(dialogue_->Setup());
  absl::Status status = reply.ok() ? dialogue_->ReadSetup(*reply) : reply.status();
  if (status.ok()) {
    rtp_channel_ = dialogue_->rtp_channel();
    rtcp_channel_ = dialogue_->rtcp_channel();
    deinterleaver_->ExpectChannels(rtp_channel_, rtcp_channel_);
    receiver_.emplace(dialogue_->track(), false, &stats_, &sink_);
    stats_.transport = Transport::kTcp;
    co_return absl::OkStatus();
  }
  const bool refused = reply.ok() || (failure_.ok() && RefusesTransport(last_status_));
  if (!refused || options_.transport == Transport::kTcp) co_return status;
  CountQuirk(&stats_.quirks, "tcp_refused");
  tcp_refused_ = true;
  transport_refused_ = true;
  // What was answered with UDP unasked is set up, somehow: that is begun anew.
  if (reply.ok()) co_return status;
  if (connected_) status = co_await SetUpUdp();
  // It may have closed the connection with its refusal.
  if (connected_) transport_refused_ = false;
  co_return status;
}

asio::awaitable<absl::Status> Session::Impl::SetUpUdp() {
  auto udp = UdpTransport::Open(loop_, connection_->local().address(), clock_, read_buffer_,
                                *options_.read_turns, *this, &stats_.quirks);
  if (!udp.ok()) co_return udp.status();
  udp_ = *std::move(udp);
  const absl::StatusOr<Message> reply =
      co_await Exchange(dialogue_->SetupUdp(udp_->rtp_port(), udp_->rtcp_port()));
  if (!reply.ok()) co_return reply.status();
  const Dialogue::UdpPeer peer = dialogue_->ReadSetupUdp(*reply);
  receiver_.emplace(dialogue_->track(), !peer.tcp, &stats_, &sink_);
  if (peer.tcp) {
    udp_->Close();
    udp_.reset();
    rtp_channel_ = dialogue_->rtp_channel();
    rtcp_channel_ = dialogue_->rtcp_channel();
    deinterleaver_->ExpectChannels(rtp_channel_, rtcp_channel_);
    stats_.transport = Transport::kTcp;
    co_return absl::OkStatus();
  }
  stats_.transport = Transport::kUdp;
  next_report_ = Steady::now() + absl::ToChronoNanoseconds(limits::kReceiverReportInterval);
  const asio::ip::address camera = connection_->remote().address();
  error_code not_an_address;
  asio::ip::address source = asio::ip::make_address(peer.source, not_an_address);
  if (not_an_address || source.is_unspecified()) source = camera;
  if (source != camera) CountQuirk(&stats_.quirks, "source_elsewhere");
  co_return udp_->Start(camera, source, peer.rtp_port, peer.rtcp_port);
}

asio::awaitable<absl::StatusOr<Message>> Session::Impl::Exchange(std::string request) {
  for (;;) {
    inbox_.clear();
    Send(std::move(request));
    SetDeadline(options_.request_timeout,
                absl::DeadlineExceededError(absl::StrCat(
                    "no answer within ", absl::FormatDuration(options_.request_timeout))));
    while (inbox_.empty()) {
      const absl::Status status = co_await ReadSome();
      if (!status.ok()) co_return Annotate(status, dialogue_->method());
    }
    const Message reply = std::move(inbox_.front());
    inbox_.pop_front();
    if (reply.cseq() != dialogue_->cseq()) CountQuirk(&stats_.quirks, "cseq_wrong");
    last_status_ = reply.status;
    challenged_ = false;
    const absl::StatusOr<bool> served = dialogue_->OnReply(reply);
    if (!served.ok()) co_return served.status();
    if (*served) co_return reply;
    challenged_ = true;
    request = dialogue_->Repeat();
  }
}

// Tells the camera that we go, so that it can give the place to another client.
asio::awaitable<void> Session::Impl::Farewell() {
  // A request that is half sent can't be followed by another one.
  if (connection_->sending()) co_return;
  step_ = Step::kFarewell;
  failure_ = absl::OkStatus();
  inbox_.clear();
  Send(dialogue_->Teardown());
  SetDeadline(
      stopping_ ? options_.teardown_timeout : std::min(options_.teardown_timeout, kFarewellMax),
      absl::DeadlineExceededError("TEARDOWN: no answer"));
  bool repeated = false;
  for (;;) {
    while (!inbox_.empty()) {
      const Message reply = std::move(inbox_.front());
      inbox_.pop_front();
      if (reply.cseq().value_or(dialogue_->cseq()) != dialogue_->cseq()) continue;
      // It may want another nonce before it lets us go.
      const absl::StatusOr<bool> served = dialogue_->OnReply(reply);
      if (repeated || !served.ok() || *served) co_return;
      repeated = true;
      Send(dialogue_->Repeat());
    }
    const absl::Status status = co_await ReadSome();
    if (!status.ok()) co_return;
  }
}

// Waits for bytes and hands on what they hold. The wait costs no buffer; the buffer is everyone's.
asio::awaitable<absl::Status> Session::Impl::ReadSome() {
  if (!failure_.ok()) co_return failure_;
  error_code error;
  co_await connection_->socket().async_wait(tcp::socket::wait_read,
                                            asio::redirect_error(asio::use_awaitable, error));
  if (error && failure_.ok()) {
    connected_ = false;
    co_return Annotate(FromErrorCode(error, "wait"), absl::StrCat("connection ", Place()));
  }
  co_return TakeWhatCame().status();
}

absl::StatusOr<bool> Session::Impl::TakeWhatCame() {
  if (!failure_.ok()) return failure_;
  const absl::StatusOr<Connection::Piece> piece = connection_->ReadNow(read_buffer_);
  if (!piece.ok()) {
    connected_ = false;
    return Annotate(piece.status(), absl::StrCat("connection ", Place()));
  }
  if (piece->bytes == 0) return false;
  received_ = {clock_.Now(), clock_.Monotonic()};
  const int64_t before = stats_.access_units;
  const absl::Status status = deinterleaver_->Feed(read_buffer_.first(piece->bytes));
  NoteUnits(before);
  if (!status.ok()) {
    connected_ = false;
    return status;
  }
  if (!failure_.ok()) return failure_;
  return piece->more;
}

void Session::Impl::Send(std::string text) {
  const absl::Status status = connection_->Send(text);
  if (status.ok()) return;
  connected_ = false;
  Fail(Annotate(status, absl::StrCat("connection ", Place())));
}

void Session::Impl::Fail(absl::Status cause) {
  if (failure_.ok()) failure_ = std::move(cause);
  ++timer_generation_;
  timer_.cancel();
  wake_.cancel();
  if (connection_ != nullptr) connection_->Cancel();
}

void Session::Impl::SetDeadline(absl::Duration after, absl::Status cause) {
  timer_.expires_after(absl::ToChronoNanoseconds(after));
  const uint64_t generation = ++timer_generation_;
  const std::shared_ptr<Impl> self = shared_from_this();
  timer_.async_wait([self, generation, cause](const error_code& error) {
    if (!error && generation == self->timer_generation_) self->Fail(cause);
  });
}

Session::Session(asio::io_context& loop, SessionOptions options, const Clock& clock,
                 std::span<uint8_t> read_buffer, SessionSink& sink)
    : impl_(std::make_shared<Impl>(loop, std::move(options), clock, read_buffer, sink)) {}

Session::~Session() { impl_->Abandon(); }

void Session::Start(std::function<void(absl::Status)> on_end) { impl_->Start(std::move(on_end)); }

void Session::Stop() { impl_->Stop(); }

void Session::Continue() { impl_->Continue(); }

const SessionStats& Session::stats() const { return impl_->stats(); }

}  // namespace patrol::rtsp
