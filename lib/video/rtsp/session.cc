#include "lib/video/rtsp/session.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/asio.h"
#include "lib/base/check.h"
#include "lib/base/status.h"
#include "lib/video/rtsp/dialogue.h"
#include "lib/video/rtsp/interleaved.h"
#include "lib/video/rtsp/stream_receiver.h"

namespace patrol::rtsp {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

// Requests waiting for a camera that does not read: more is a dead connection.
constexpr size_t kOutboxBytesMax = 64 * 1024;
// When a session ends by itself the camera is told, but not waited for long.
constexpr absl::Duration kFarewellMax = absl::Milliseconds(300);
constexpr size_t kAddressesTriedMax = 4;
constexpr size_t kInboxMax = 64;

std::chrono::nanoseconds ToChrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

// Asio's error codes to our status codes.
//   connection_refused, host_unreachable, network_unreachable, connection_reset, broken_pipe, eof,
//   host not found and everything else of the network    UNAVAILABLE: the camera is not there (now)
//   timed_out                                             DEADLINE_EXCEEDED
//   no_descriptors, no_buffer_space, no_memory            RESOURCE_EXHAUSTED: it is us
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

}  // namespace

class Session::Impl : public std::enable_shared_from_this<Session::Impl>, public InterleavedSink {
 public:
  Impl(asio::io_context& loop, SessionOptions options, const Clock& clock,
       std::span<uint8_t> read_buffer, SessionSink& sink)
      : loop_(loop),
        options_(std::move(options)),
        clock_(clock),
        read_buffer_(read_buffer),
        sink_(sink),
        socket_(loop),
        resolver_(loop),
        timer_(loop),
        deinterleaver_(*this) {}

  void Start(std::function<void(absl::Status)> on_end) {
    PATROL_CHECK(!started_);
    started_ = true;
    on_end_ = std::move(on_end);
    asio::co_spawn(loop_, Main(shared_from_this()), asio::detached);
  }

  void Stop() {
    if (ended_ || stopping_) return;
    stopping_ = true;
    Fail(absl::CancelledError("stopped"));
  }

  void Abandon() {
    abandoned_ = true;
    Fail(absl::CancelledError("abandoned"));
    error_code ignored;
    socket_.close(ignored);
  }

  const SessionStats& stats() const { return stats_; }

  // InterleavedSink: called from within ReadSome.
  void OnFrame(uint8_t channel, std::span<const uint8_t> payload) override;
  void OnMessage(Message message) override;
  void OnJunk(size_t bytes) override;

 private:
  enum class Step { kHandshake, kPlayRequested, kPlaying, kFarewell };

  static asio::awaitable<void> Main(std::shared_ptr<Impl> self);
  asio::awaitable<absl::Status> Run();
  asio::awaitable<absl::Status> Connect(const Url& url);
  asio::awaitable<absl::StatusOr<std::vector<tcp::endpoint>>> Resolve(const Url& url);
  asio::awaitable<absl::Status> Handshake();
  asio::awaitable<absl::Status> Receive();
  asio::awaitable<void> Farewell();
  asio::awaitable<absl::StatusOr<Message>> Exchange(std::string request);
  asio::awaitable<absl::Status> ReadSome();

  absl::Status HandleInbox();
  void HandleRequest(const Message& request);
  void Send(std::string text);
  void WriteOutbox();
  // Ends whatever is awaited; the first cause stays.
  void Fail(absl::Status cause);
  void SetDeadline(absl::Duration after, absl::Status cause);
  void ArmWatch();
  void OnWatch();
  // Where in the stream something happened.
  std::string Place() const;

  asio::io_context& loop_;
  const SessionOptions options_;
  const Clock& clock_;
  const std::span<uint8_t> read_buffer_;
  SessionSink& sink_;
  std::function<void(absl::Status)> on_end_;

  tcp::socket socket_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  Deinterleaver deinterleaver_;
  std::optional<Dialogue> dialogue_;
  std::optional<StreamReceiver> receiver_;
  SessionStats stats_;

  bool started_ = false;
  bool stopping_ = false;
  bool abandoned_ = false;
  bool ended_ = false;
  bool connected_ = false;  // the connection can still carry a TEARDOWN
  bool server_tore_down_ = false;
  Step step_ = Step::kHandshake;
  absl::Status failure_;  // why whatever is awaited was ended
  uint64_t timer_generation_ = 0;

  std::deque<Message> inbox_;  // replies
  std::string outbox_;
  std::string writing_;

  uint8_t rtp_channel_ = 0;
  uint8_t rtcp_channel_ = 1;
  Received received_;  // of the bytes being fed
  Steady::time_point last_media_;
  Steady::time_point next_keep_alive_;
  bool keep_alive_pending_ = false;
};

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
  error_code ignored;
  self->socket_.close(ignored);
  if (self->abandoned_) co_return;
  if (self->stopping_) status = absl::OkStatus();
  const std::function<void(absl::Status)> on_end = std::move(self->on_end_);
  on_end(std::move(status));
}

asio::awaitable<absl::Status> Session::Impl::Run() {
  absl::StatusOr<Url> url = Url::Parse(options_.url);
  if (!url.ok()) co_return url.status();
  dialogue_.emplace(*url, options_.user, options_.password, options_.user_agent, &stats_.quirks);
  absl::Status status = co_await Connect(*url);
  if (!status.ok()) co_return status;
  status = co_await Handshake();
  if (!status.ok()) co_return status;
  co_return co_await Receive();
}

asio::awaitable<absl::StatusOr<std::vector<tcp::endpoint>>> Session::Impl::Resolve(const Url& url) {
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
  const std::shared_ptr<Impl> self = shared_from_this();
  const auto on_resolved = [self, answer](const error_code& failed,
                                          const tcp::resolver::results_type& results) {
    answer->there = true;
    answer->error = failed;
    for (const auto& result : results) answer->endpoints.push_back(result.endpoint());
    self->timer_.cancel();
  };
  timer_.expires_after(ToChrono(options_.connect_timeout));
  resolver_.async_resolve(url.host(), absl::StrCat(url.port()), on_resolved);
  error_code waited;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, waited));
  if (!failure_.ok()) co_return failure_;
  const std::string what = absl::StrCat("resolve \"", url.host(), "\"");
  if (!answer->there) {
    resolver_.cancel();
    co_return absl::DeadlineExceededError(
        absl::StrCat(what, ": no answer within ", absl::FormatDuration(options_.connect_timeout)));
  }
  if (answer->error) co_return FromErrorCode(answer->error, what);
  if (answer->endpoints.size() > kAddressesTriedMax) answer->endpoints.resize(kAddressesTriedMax);
  co_return answer->endpoints;
}

asio::awaitable<absl::Status> Session::Impl::Connect(const Url& url) {
  absl::StatusOr<std::vector<tcp::endpoint>> endpoints = co_await Resolve(url);
  if (!endpoints.ok()) co_return endpoints.status();
  const std::string what = absl::StrCat("connect to ", url.Authority());
  SetDeadline(options_.connect_timeout,
              absl::DeadlineExceededError(absl::StrCat(
                  what, ": no answer within ", absl::FormatDuration(options_.connect_timeout))));
  error_code error = asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : *endpoints) {
    error_code ignored;
    socket_.close(ignored);
    co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (!failure_.ok()) co_return failure_;
    if (!error) break;
  }
  if (error) co_return FromErrorCode(error, what);
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, error);
  if (error) co_return FromErrorCode(error, what);
  connected_ = true;
  co_return absl::OkStatus();
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
  reply = co_await Exchange(dialogue_->Setup());
  if (!reply.ok()) co_return reply.status();
  status = dialogue_->ReadSetup(*reply);
  if (!status.ok()) co_return status;
  rtp_channel_ = dialogue_->rtp_channel();
  rtcp_channel_ = dialogue_->rtcp_channel();
  deinterleaver_.ExpectChannels(rtp_channel_, rtcp_channel_);
  receiver_.emplace(dialogue_->track(), &stats_, &sink_);
  step_ = Step::kPlayRequested;
  reply = co_await Exchange(dialogue_->Play());
  if (!reply.ok()) co_return reply.status();
  dialogue_->ReadPlay(*reply);
  step_ = Step::kPlaying;
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<Message>> Session::Impl::Exchange(std::string request) {
  for (;;) {
    inbox_.clear();
    Send(std::move(request));
    SetDeadline(options_.request_timeout, absl::DeadlineExceededError(absl::StrCat(
                                              dialogue_->method(), ": no answer within ",
                                              absl::FormatDuration(options_.request_timeout))));
    while (inbox_.empty()) {
      const absl::Status status = co_await ReadSome();
      if (!status.ok()) co_return Annotate(status, dialogue_->method());
    }
    const Message reply = std::move(inbox_.front());
    inbox_.pop_front();
    if (reply.cseq() != dialogue_->cseq()) CountQuirk(&stats_.quirks, "cseq_wrong");
    const absl::StatusOr<bool> served = dialogue_->OnReply(reply);
    if (!served.ok()) co_return served.status();
    if (*served) co_return reply;
    request = dialogue_->Repeat();
  }
}

asio::awaitable<absl::Status> Session::Impl::Receive() {
  sink_.OnPlaying(receiver_->track().codec);
  last_media_ = Steady::now();
  const absl::Duration interval = options_.keep_alive_interval > absl::ZeroDuration()
                                      ? options_.keep_alive_interval
                                      : dialogue_->session_timeout() / 2;
  next_keep_alive_ = last_media_ + ToChrono(interval);
  ArmWatch();
  // Looked at before the first wait: all of it may have come with the reply to PLAY.
  while (!receiver_->ended()) {
    absl::Status status = HandleInbox();
    if (!status.ok()) co_return status;
    if (server_tore_down_) {
      co_return absl::OutOfRangeError(absl::StrCat("the camera tore the session down ", Place()));
    }
    status = co_await ReadSome();
    if (!status.ok()) co_return status;
  }
  co_return absl::OutOfRangeError(absl::StrCat("end of the stream (RTCP BYE) ", Place()));
}

// Tells the camera that we go, so that it can give the place to another client.
asio::awaitable<void> Session::Impl::Farewell() {
  // A request that is half sent can't be followed by another one.
  if (!writing_.empty()) co_return;
  step_ = Step::kFarewell;
  failure_ = absl::OkStatus();
  inbox_.clear();
  Send(dialogue_->Teardown());
  SetDeadline(
      stopping_ ? options_.teardown_timeout : std::min(options_.teardown_timeout, kFarewellMax),
      absl::DeadlineExceededError("TEARDOWN: no answer"));
  const int64_t cseq = dialogue_->cseq();
  for (;;) {
    while (!inbox_.empty()) {
      const std::optional<int64_t> answered = inbox_.front().cseq();
      inbox_.pop_front();
      if (!answered || *answered == cseq) co_return;
    }
    const absl::Status status = co_await ReadSome();
    if (!status.ok()) co_return;
  }
}

// Waits for bytes and hands on what they hold. The wait costs no buffer; the buffer is everyone's.
asio::awaitable<absl::Status> Session::Impl::ReadSome() {
  if (!failure_.ok()) co_return failure_;
  error_code error;
  co_await socket_.async_wait(tcp::socket::wait_read,
                              asio::redirect_error(asio::use_awaitable, error));
  if (!failure_.ok()) co_return failure_;
  size_t count = 0;
  if (!error) {
    count = socket_.read_some(asio::buffer(read_buffer_.data(), read_buffer_.size()), error);
  }
  if (error == asio::error::would_block || error == asio::error::try_again ||
      error == asio::error::interrupted) {
    co_return absl::OkStatus();
  }
  if (error) {
    connected_ = false;
    co_return FromErrorCode(error, absl::StrCat("connection ", Place()));
  }
  received_ = {clock_.Now(), clock_.Monotonic()};
  const absl::Status status = deinterleaver_.Feed(read_buffer_.first(count));
  if (!status.ok()) {
    connected_ = false;
    co_return status;
  }
  co_return failure_;
}

void Session::Impl::OnFrame(uint8_t channel, std::span<const uint8_t> payload) {
  if (step_ == Step::kFarewell || abandoned_ || stopping_) return;
  if (!receiver_) {
    CountQuirk(&stats_.quirks, "rtp_before_setup");
    return;
  }
  if (step_ == Step::kPlayRequested) CountQuirk(&stats_.quirks, "rtp_before_play_reply");
  // RFC 5761: on one channel, the second byte tells RTCP (192..223) from RTP.
  const bool is_rtcp = payload.size() >= 2 && payload[1] >= 192 && payload[1] <= 223;
  if (channel == rtcp_channel_ && is_rtcp) {
    receiver_->OnRtcp(payload);
  } else if (channel == rtp_channel_ && is_rtcp) {
    CountQuirk(&stats_.quirks, "rtcp_on_rtp_channel");
    receiver_->OnRtcp(payload);
  } else if (channel == rtp_channel_) {
    if (receiver_->OnRtp(payload, received_)) last_media_ = Steady::now();
  } else if (stats_.packets == 0 && !is_rtcp && receiver_->OnRtp(payload, received_)) {
    // The camera sends on another channel than it said, and nothing has come on that one.
    CountQuirk(&stats_.quirks, "interleaved_adopted");
    rtp_channel_ = channel;
    rtcp_channel_ = static_cast<uint8_t>(channel + 1);
    deinterleaver_.ExpectChannels(rtp_channel_, rtcp_channel_);
    last_media_ = Steady::now();
  } else {
    CountQuirk(&stats_.quirks, "unassigned_channel");
  }
}

void Session::Impl::OnMessage(Message message) {
  if (message.is_request()) {
    HandleRequest(message);
    return;
  }
  // 100 Continue and its like announce the reply, they are none.
  if (message.status < 200) return;
  if (inbox_.size() >= kInboxMax) {
    Fail(absl::DataLossError(
        absl::StrCat("more than ", kInboxMax, " replies that nobody asked for")));
    return;
  }
  inbox_.push_back(std::move(message));
}

void Session::Impl::OnJunk(size_t bytes) {
  CountQuirk(&stats_.quirks, "junk_between_frames");
  if (!receiver_) {
    connected_ = false;
    Fail(absl::DataLossError(absl::StrCat("no RTSP: ", bytes, " bytes of something else at byte ",
                                          deinterleaver_.offset() - bytes, " of the connection")));
  }
}

// What came in answer to keep-alives.
absl::Status Session::Impl::HandleInbox() {
  while (!inbox_.empty()) {
    const Message reply = std::move(inbox_.front());
    inbox_.pop_front();
    if (!keep_alive_pending_) {
      CountQuirk(&stats_.quirks, "reply_unasked");
      continue;
    }
    if (reply.cseq() != dialogue_->cseq()) CountQuirk(&stats_.quirks, "keep_alive_old_cseq");
    keep_alive_pending_ = false;
    if (reply.status == 401) {
      const absl::StatusOr<bool> served = dialogue_->OnReply(reply);
      if (!served.ok()) return served.status();
      CountQuirk(&stats_.quirks, "nonce_renewed");
      keep_alive_pending_ = true;
      Send(dialogue_->Repeat());
      continue;
    }
    if (!dialogue_->ReadKeepAlive(reply)) {
      return absl::UnavailableError(
          absl::StrCat("keep-alive: the camera no longer knows the session ", Place()));
    }
  }
  return absl::OkStatus();
}

void Session::Impl::HandleRequest(const Message& request) {
  const int64_t cseq = request.cseq().value_or(0);
  if (request.method == "TEARDOWN") {
    server_tore_down_ = true;
  } else if (request.method == "OPTIONS" || request.method == "GET_PARAMETER" ||
             request.method == "SET_PARAMETER" || request.method == "ANNOUNCE") {
    Send(SerializeResponse(200, "OK", cseq));
  } else {
    CountQuirk(&stats_.quirks, "request_unknown");
    Send(SerializeResponse(501, "Not Implemented", cseq));
  }
}

void Session::Impl::Send(std::string text) {
  if (outbox_.size() + text.size() > kOutboxBytesMax) {
    connected_ = false;
    Fail(absl::ResourceExhaustedError(
        absl::StrCat("the camera has not read ", outbox_.size(), " bytes of requests ", Place())));
    return;
  }
  outbox_ += text;
  if (writing_.empty()) WriteOutbox();
}

void Session::Impl::WriteOutbox() {
  writing_ = std::move(outbox_);
  outbox_.clear();
  const std::shared_ptr<Impl> self = shared_from_this();
  const auto on_written = [self](const error_code& error, size_t) {
    self->writing_.clear();
    if (self->abandoned_ || self->ended_) return;
    if (error) {
      self->connected_ = false;
      self->Fail(FromErrorCode(error, absl::StrCat("connection ", self->Place())));
    } else if (!self->outbox_.empty()) {
      self->WriteOutbox();
    }
  };
  asio::async_write(socket_, asio::buffer(writing_), on_written);
}

void Session::Impl::Fail(absl::Status cause) {
  if (failure_.ok()) failure_ = std::move(cause);
  ++timer_generation_;
  timer_.cancel();
  resolver_.cancel();
  error_code ignored;
  socket_.cancel(ignored);
}

void Session::Impl::SetDeadline(absl::Duration after, absl::Status cause) {
  timer_.expires_after(ToChrono(after));
  const uint64_t generation = ++timer_generation_;
  const std::shared_ptr<Impl> self = shared_from_this();
  timer_.async_wait([self, generation, cause](const error_code& error) {
    if (!error && generation == self->timer_generation_) self->Fail(cause);
  });
}

void Session::Impl::ArmWatch() {
  timer_.expires_at(std::min(next_keep_alive_, last_media_ + ToChrono(options_.silence_max)));
  const uint64_t generation = ++timer_generation_;
  const std::shared_ptr<Impl> self = shared_from_this();
  timer_.async_wait([self, generation](const error_code& error) {
    if (!error && generation == self->timer_generation_) self->OnWatch();
  });
}

// One timer a session: for the next keep-alive or the end of patience, whichever comes first.
void Session::Impl::OnWatch() {
  const Steady::time_point now = Steady::now();
  if (now - last_media_ >= ToChrono(options_.silence_max)) {
    Fail(absl::DeadlineExceededError(
        absl::StrCat("no media for ", absl::FormatDuration(options_.silence_max), " ", Place())));
    return;
  }
  if (now >= next_keep_alive_) {
    if (keep_alive_pending_) CountQuirk(&stats_.quirks, "keep_alive_unanswered");
    keep_alive_pending_ = true;
    ++stats_.keep_alives;
    const absl::Duration interval = options_.keep_alive_interval > absl::ZeroDuration()
                                        ? options_.keep_alive_interval
                                        : dialogue_->session_timeout() / 2;
    next_keep_alive_ = now + ToChrono(interval);
    Send(dialogue_->KeepAlive());
    if (!failure_.ok()) return;
  }
  ArmWatch();
}

std::string Session::Impl::Place() const {
  return absl::StrCat("after ", stats_.access_units, " access units (", stats_.packets,
                      " packets, byte ", deinterleaver_.offset(), " of the connection)");
}

Session::Session(asio::io_context& loop, SessionOptions options, const Clock& clock,
                 std::span<uint8_t> read_buffer, SessionSink& sink)
    : impl_(std::make_shared<Impl>(loop, std::move(options), clock, read_buffer, sink)) {}

Session::~Session() { impl_->Abandon(); }

void Session::Start(std::function<void(absl::Status)> on_end) { impl_->Start(std::move(on_end)); }

void Session::Stop() { impl_->Stop(); }

const SessionStats& Session::stats() const { return impl_->stats(); }

}  // namespace patrol::rtsp
