#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/asio.h"
#include "lib/base/check.h"
#include "lib/video/rtsp/connection.h"
#include "lib/video/rtsp/dialogue.h"
#include "lib/video/rtsp/interleaved.h"
#include "lib/video/rtsp/read_turns.h"
#include "lib/video/rtsp/session.h"
#include "lib/video/rtsp/stream_receiver.h"
#include "lib/video/rtsp/udp_transport.h"

namespace patrol::rtsp {

// What is behind a Session: session.cc brings it to playing and to its end, session_playing.cc is
// what happens in between. One coroutine reads the connection; UDP comes in by callbacks.
class Session::Impl : public std::enable_shared_from_this<Session::Impl>,
                      public InterleavedSink,
                      public UdpSink {
 public:
  Impl(asio::io_context& loop, SessionOptions options, const Clock& clock,
       std::span<uint8_t> read_buffer, SessionSink& sink)
      : loop_(loop),
        options_(std::move(options)),
        clock_(clock),
        read_buffer_(read_buffer),
        sink_(sink),
        timer_(loop),
        wake_(loop),
        reorder_timer_(loop) {
    if (options_.tls_contexts == nullptr) options_.tls_contexts = std::make_shared<TlsContexts>();
    if (options_.read_turns == nullptr) options_.read_turns = std::make_shared<ReadTurns>(loop);
  }

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

  void Continue() {
    if (!awaiting_turn_) return;
    awaiting_turn_ = false;
    timer_.cancel();
  }

  void Abandon() {
    abandoned_ = true;
    Fail(absl::CancelledError("abandoned"));
    CloseTransports();
  }

  const SessionStats& stats() const { return stats_; }

  // InterleavedSink: called from within ReadSome.
  void OnFrame(uint8_t channel, std::span<const uint8_t> payload) override;
  void OnMessage(Message message) override;
  void OnJunk(size_t bytes) override;

  // UdpSink.
  bool OnRtpDatagram(std::span<const uint8_t> bytes, const Received& received) override;
  void OnRtcpDatagram(std::span<const uint8_t> bytes) override;
  void OnUdpDrained() override;

 private:
  using Steady = std::chrono::steady_clock;
  enum class Step { kHandshake, kPlayRequested, kPlaying, kFarewell };

  static asio::awaitable<void> Main(std::shared_ptr<Impl> self);
  asio::awaitable<absl::Status> Run();
  asio::awaitable<absl::Status> ConnectAndPlay(const Url& url);
  // A camera that closed the connection where another one may be served. Makes ready for it.
  bool BeginAnew();
  // Until the sink lets it connect once more. Errors: what ended the session meanwhile.
  asio::awaitable<absl::Status> AwaitTurn();
  asio::awaitable<absl::Status> Handshake();
  asio::awaitable<absl::Status> SetUp();
  asio::awaitable<absl::Status> SetUpUdp();
  asio::awaitable<absl::Status> Receive();
  asio::awaitable<void> Farewell();
  asio::awaitable<absl::StatusOr<Message>> Exchange(std::string request);
  asio::awaitable<absl::Status> ReadSome();
  // Reads what is there now and hands it on. True: there may be more.
  absl::StatusOr<bool> TakeWhatCame();
  // While it plays a plain callback reads, at half the cost of a coroutine's turn; the coroutine
  // sleeps until there is something for it.
  absl::Status ReadInTurns();
  // Such a turn. True: there may be more.
  bool ReadOnce();
  // Why it plays no longer; OK while it does.
  absl::Status Ended() const;

  absl::Status HandleInbox();
  void HandleRequest(const Message& request);
  void Send(std::string text);
  // Ends whatever is awaited; the first cause stays.
  void Fail(absl::Status cause);
  void SetDeadline(absl::Duration after, absl::Status cause);
  void ArmWatch();
  void OnWatch();
  void ArmReorderTimer();
  void SendReport(Steady::time_point now);
  // before: access units there were before something was read.
  void NoteUnits(int64_t before) {
    if (stats_.access_units != before) last_unit_ = Steady::now();
  }
  bool taking() const { return step_ != Step::kFarewell && !abandoned_ && !stopping_; }
  absl::Duration keep_alive_interval() const;
  absl::Status EndOfStream() const;
  void CloseTransports();
  // Where in the stream something happened.
  std::string Place() const;

  asio::io_context& loop_;
  SessionOptions options_;  // constant after construction
  const Clock& clock_;
  const std::span<uint8_t> read_buffer_;
  SessionSink& sink_;
  std::function<void(absl::Status)> on_end_;

  std::shared_ptr<Connection> connection_;
  std::shared_ptr<UdpTransport> udp_;  // only where it is in use
  ReadTurns::Watch watch_;             // on the connection while it plays
  asio::steady_timer timer_;
  asio::steady_timer wake_;   // never runs out: cancelled to wake Receive
  absl::Status read_status_;  // what ended the reading while it plays
  asio::steady_timer reorder_timer_;
  bool reorder_timer_armed_ = false;
  std::optional<Deinterleaver> deinterleaver_;  // of the current connection
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
  int last_status_ = 0;        // of the last reply to a request of the handshake
  // What the camera last said was a challenge, or that it has no TCP: that it then closed the
  // connection is no end yet.
  bool challenged_ = false;
  bool transport_refused_ = false;
  bool tcp_refused_ = false;
  bool awaiting_turn_ = false;

  uint8_t rtp_channel_ = 0;
  uint8_t rtcp_channel_ = 1;
  Received received_;  // of the bytes being fed
  Steady::time_point last_unit_;
  Steady::time_point next_keep_alive_;
  Steady::time_point next_report_ = Steady::time_point::max();
  std::vector<uint8_t> report_;  // reused
  bool keep_alive_pending_ = false;
};

}  // namespace patrol::rtsp
