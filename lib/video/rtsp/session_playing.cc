// What happens while a session plays: frames, datagrams, messages, keep-alives and reports.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/video/rtsp/session_impl.h"

namespace patrol::rtsp {
namespace {

using boost::system::error_code;

constexpr size_t kInboxMax = 64;

}  // namespace

asio::awaitable<absl::Status> Session::Impl::Receive() {
  sink_.OnPlaying(receiver_->track().codec);
  last_unit_ = Steady::now();
  next_keep_alive_ = last_unit_ + absl::ToChronoNanoseconds(keep_alive_interval());
  ArmWatch();
  absl::Status status = ReadInTurns();
  // Looked at before the first wait: all of it may have come with the reply to PLAY.
  while (status.ok()) {
    status = HandleInbox();
    if (status.ok()) status = Ended();
    if (!status.ok()) break;
    wake_.expires_at(Steady::time_point::max());
    error_code cancelled;
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  watch_.Stop();
  co_return status;
}

absl::Status Session::Impl::Ended() const {
  if (receiver_->ended()) return EndOfStream();
  if (server_tore_down_) {
    return absl::OutOfRangeError(absl::StrCat("the camera tore the session down ", Place()));
  }
  if (!failure_.ok()) return failure_;
  return read_status_;
}

absl::Status Session::Impl::ReadInTurns() {
  const std::weak_ptr<Impl> weak = weak_from_this();
  absl::StatusOr<ReadTurns::Watch> watch =
      options_.read_turns->Add(connection_->socket().native_handle(), [weak] {
        const std::shared_ptr<Impl> self = weak.lock();
        return self != nullptr && self->ReadOnce();
      });
  if (watch.ok()) watch_ = *std::move(watch);
  return watch.status();
}

bool Session::Impl::ReadOnce() {
  const absl::StatusOr<bool> more = TakeWhatCame();
  if (read_status_.ok()) read_status_ = more.status();
  if (!inbox_.empty() || !Ended().ok()) wake_.cancel();
  return more.ok() && *more;
}

absl::Status Session::Impl::EndOfStream() const {
  return absl::OutOfRangeError(absl::StrCat("end of the stream (RTCP BYE) ", Place()));
}

absl::Duration Session::Impl::keep_alive_interval() const {
  if (options_.keep_alive_interval > absl::ZeroDuration()) return options_.keep_alive_interval;
  return dialogue_->session_timeout() / 2;
}

void Session::Impl::OnFrame(uint8_t channel, std::span<const uint8_t> payload) {
  if (!taking()) return;
  if (!receiver_ || udp_ != nullptr) {
    CountQuirk(&stats_.quirks, receiver_ ? "interleaved_beside_udp" : "rtp_before_setup");
    return;
  }
  if (step_ == Step::kPlayRequested) CountQuirk(&stats_.quirks, "rtp_before_play_reply");
  // RFC 5761: on one channel, the second byte tells RTCP (192..223) from RTP.
  const bool is_rtcp = payload.size() >= 2 && payload[1] >= 192 && payload[1] <= 223;
  if (channel == rtcp_channel_ && is_rtcp) {
    receiver_->OnRtcp(payload, received_.monotonic);
  } else if (channel == rtp_channel_ && is_rtcp) {
    CountQuirk(&stats_.quirks, "rtcp_on_rtp_channel");
    receiver_->OnRtcp(payload, received_.monotonic);
  } else if (channel == rtp_channel_) {
    receiver_->OnRtp(payload, received_);
  } else if (stats_.packets == 0 && !is_rtcp && receiver_->OnRtp(payload, received_)) {
    // The camera sends on another channel than it said, and nothing has come on that one.
    CountQuirk(&stats_.quirks, "interleaved_adopted");
    rtp_channel_ = channel;
    rtcp_channel_ = static_cast<uint8_t>(channel + 1);
    deinterleaver_->ExpectChannels(rtp_channel_, rtcp_channel_);
  } else {
    CountQuirk(&stats_.quirks, "unassigned_channel");
  }
}

bool Session::Impl::OnRtpDatagram(std::span<const uint8_t> bytes, const Received& received) {
  if (!taking() || !receiver_) return false;
  if (step_ == Step::kPlayRequested) CountQuirk(&stats_.quirks, "rtp_before_play_reply");
  const int64_t before = stats_.access_units;
  const bool ours = receiver_->OnRtp(bytes, received);
  NoteUnits(before);
  return ours;
}

void Session::Impl::OnRtcpDatagram(std::span<const uint8_t> bytes) {
  if (taking() && receiver_) receiver_->OnRtcp(bytes, clock_.Monotonic());
}

void Session::Impl::OnUdpDrained() {
  if (!taking() || !receiver_) return;
  if (receiver_->ended()) {
    Fail(EndOfStream());
    return;
  }
  ArmReorderTimer();
}

// Runs only while packets are held for a missing one.
void Session::Impl::ArmReorderTimer() {
  const std::optional<absl::Duration> due = receiver_->due();
  if (!due || reorder_timer_armed_) return;
  reorder_timer_armed_ = true;
  const absl::Duration wait = *due - clock_.Monotonic();
  reorder_timer_.expires_after(absl::ToChronoNanoseconds(std::max(wait, absl::Milliseconds(1))));
  const std::shared_ptr<Impl> self = shared_from_this();
  reorder_timer_.async_wait([self](const error_code& error) {
    self->reorder_timer_armed_ = false;
    if (error || !self->taking() || !self->receiver_ || self->ended_) return;
    const int64_t before = self->stats_.access_units;
    self->receiver_->OnTime(self->clock_.Monotonic());
    self->NoteUnits(before);
    self->ArmReorderTimer();
  });
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
                                          deinterleaver_->offset() - bytes, " of the connection")));
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

void Session::Impl::ArmWatch() {
  timer_.expires_at(std::min({next_keep_alive_, next_report_,
                              last_unit_ + absl::ToChronoNanoseconds(options_.silence_max)}));
  const uint64_t generation = ++timer_generation_;
  const std::shared_ptr<Impl> self = shared_from_this();
  timer_.async_wait([self, generation](const error_code& error) {
    if (!error && generation == self->timer_generation_) self->OnWatch();
  });
}

// One timer a session: for the next keep-alive, the next report or the end of patience, whichever
// comes first.
void Session::Impl::OnWatch() {
  const Steady::time_point now = Steady::now();
  if (now - last_unit_ >= absl::ToChronoNanoseconds(options_.silence_max)) {
    Fail(absl::DeadlineExceededError(
        absl::StrCat("no picture for ", absl::FormatDuration(options_.silence_max), " ", Place())));
    return;
  }
  if (now >= next_keep_alive_) {
    if (keep_alive_pending_) {
      CountQuirk(&stats_.quirks, "keep_alive_unanswered");
      dialogue_->OnKeepAliveUnanswered();
    }
    keep_alive_pending_ = true;
    ++stats_.keep_alives;
    next_keep_alive_ = now + absl::ToChronoNanoseconds(keep_alive_interval());
    Send(dialogue_->KeepAlive());
    if (!failure_.ok()) return;
  }
  if (now >= next_report_) SendReport(now);
  ArmWatch();
}

void Session::Impl::SendReport(Steady::time_point now) {
  next_report_ = now + absl::ToChronoNanoseconds(limits::kReceiverReportInterval);
  receiver_->WriteReport(clock_.Monotonic(), &report_);
  udp_->SendRtcp(report_);
}

std::string Session::Impl::Place() const {
  return absl::StrCat("after ", stats_.access_units, " access units (", stats_.packets,
                      " packets, byte ", deinterleaver_ ? deinterleaver_->offset() : 0,
                      " of the connection)");
}

}  // namespace patrol::rtsp
