#include "lib/video/rtsp/stream_clock.h"

#include <algorithm>
#include <cstdlib>

#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(5);
// B-frames come at most so much after a picture that is shown after them.
constexpr absl::Duration kReorderMax = absl::Seconds(1);
// RTP time may run ahead of the line by a burst's worth, never by so much from one unit to the
// next.
constexpr absl::Duration kAheadMax = absl::Seconds(1);
// A connection that stalled brings late units for a while: longer than a session waits for them
// (limits::kStreamSilenceMax) it cannot have stalled.
constexpr absl::Duration kBehindMax = absl::Seconds(10);
// Once it flows again a stalled connection catches up; a camera whose RTP time stood still does
// not. Counted is the time in which units flow.
constexpr absl::Duration kBehindFar = absl::Seconds(1);
constexpr absl::Duration kBehindFor = absl::Seconds(2);
constexpr absl::Duration kFlowGapMax = absl::Milliseconds(200);
// Behind a jump a unit is taken to have come one interval after the last one on the line, where
// that makes it no more delayed than this.
constexpr absl::Duration kDelayGuessMax = absl::Milliseconds(150);
// Our own wall clock was set; less is a pause between reading the two clocks.
constexpr absl::Duration kClockStep = absl::Milliseconds(20);
// A changed latency is taken over so gently that picture intervals keep within a tenth.
constexpr int kSlewDivisor = 10;
constexpr absl::Duration kLeastStep = absl::Microseconds(1);
// A report about an RTP time further than this from the pictures' is of something else.
constexpr absl::Duration kReportDistanceMax = absl::Seconds(60);
// A report tells ages for this long: a clock that drifts by 500 ppm is 15 ms off then.
constexpr int64_t kReportSecondsMax = 30;
constexpr int64_t kNtpToUnixSeconds = 2'208'988'800;

}  // namespace

absl::Time NtpToTime(uint64_t ntp) {
  int64_t seconds = static_cast<int64_t>(ntp >> 32);
  if (seconds < int64_t{1} << 31) seconds += int64_t{1} << 32;
  const auto fraction = static_cast<int64_t>((ntp & 0xffffffffu) * 1'000'000'000 >> 32);
  return absl::FromUnixSeconds(seconds - kNtpToUnixSeconds) + absl::Nanoseconds(fraction);
}

StreamClock::StreamClock(int clock_rate_hz, QuirkCounts* quirks)
    : clock_rate_hz_(std::max(clock_rate_hz, 1)), quirks_(quirks) {}

absl::Duration StreamClock::TicksToDuration(int64_t ticks) const {
  // Whole seconds apart, so that nothing overflows.
  return absl::Seconds(ticks / clock_rate_hz_) +
         absl::Nanoseconds(ticks % clock_rate_hz_ * 1'000'000'000 / clock_rate_hz_);
}

void StreamClock::Restart(absl::Duration monotonic) {
  ticks_ = 0;
  most_ticks_ = 0;
  window_begin_ = monotonic;
  offset_now_ = absl::InfiniteDuration();
  offset_before_ = absl::InfiniteDuration();
  behind_for_ = absl::ZeroDuration();
}

absl::Duration StreamClock::LineOffset() const { return std::min(offset_now_, offset_before_); }

bool StreamClock::Jumped(absl::Duration moved, absl::Duration elapsed, absl::Duration monotonic) {
  // A stall of the connection makes units late; what comes after it moves by less than the time
  // that passed, and never back.
  if (moved < -kReorderMax || moved > elapsed + kAheadMax) return true;
  const absl::Duration behind = monotonic - TicksToDuration(ticks_) - moved - LineOffset();
  if (behind > kBehindMax) return true;
  if (behind < kBehindFar) {
    behind_for_ = absl::ZeroDuration();
    return false;
  }
  behind_for_ += std::min(elapsed, kFlowGapMax);
  return behind_for_ > kBehindFor;
}

void StreamClock::Slew(absl::Duration elapsed) {
  const absl::Duration most = std::max(elapsed, absl::ZeroDuration()) / kSlewDivisor;
  latency_ += std::clamp(latency_told_ - latency_, -most, most);
}

absl::Time StreamClock::OnUnit(uint32_t rtp_time, absl::Time received, absl::Duration monotonic) {
  const absl::Duration utc_offset = (received - absl::UnixEpoch()) - monotonic;
  if (!started_) {
    started_ = true;
    utc_offset_ = utc_offset;
    Restart(monotonic);
  } else {
    const auto ticks = static_cast<int32_t>(rtp_time - last_rtp_);
    const absl::Duration elapsed = monotonic - last_monotonic_;
    if (Jumped(TicksToDuration(ticks), elapsed, monotonic)) {
      CountQuirk(quirks_, "rtp_time_jump");
      const absl::Duration expected = TicksToDuration(ticks_ + last_interval_ticks_) + LineOffset();
      Restart(monotonic);
      has_report_ = false;
      if (monotonic - expected < kDelayGuessMax) offset_now_ = expected;
    } else {
      ticks_ += ticks;
      if (ticks > 0) last_interval_ticks_ = ticks;
    }
    if (absl::AbsDuration(utc_offset - utc_offset_) > kClockStep) {
      utc_offset_ = utc_offset;
      has_report_ = false;
    }
    Slew(elapsed);
  }
  last_rtp_ = rtp_time;
  last_monotonic_ = monotonic;

  if (monotonic - window_begin_ >= kWindow) {
    offset_before_ = offset_now_;
    offset_now_ = absl::InfiniteDuration();
    window_begin_ = monotonic;
  }
  const absl::Duration position = TicksToDuration(ticks_);
  offset_now_ = std::min(offset_now_, monotonic - position);
  absl::Time time = absl::UnixEpoch() + position + LineOffset() + utc_offset_ - latency_;
  // Whole microseconds, the unit that decoders carry times in: what differs here differs there.
  time = absl::FromUnixMicros(absl::ToUnixMicros(time));
  // B-frames come after a picture that is shown after them.
  const bool reordered = ticks_ < most_ticks_ && most_ticks_ - ticks_ < clock_rate_hz_;
  if (reordered) {
    CountQuirk(quirks_, "pictures_reordered");
    return std::min(time, last_time_);
  }
  most_ticks_ = ticks_;
  if (time <= last_time_) time = last_time_ + kLeastStep;
  last_time_ = time;
  return time;
}

void StreamClock::OnSenderReport(uint64_t ntp, uint32_t rtp_time) {
  if (ntp == 0) {
    CountQuirk(quirks_, "sender_report_without_time");
    return;
  }
  if (!started_) return;
  const absl::Duration from_last = TicksToDuration(static_cast<int32_t>(rtp_time - last_rtp_));
  if (absl::AbsDuration(from_last) > kReportDistanceMax) {
    CountQuirk(quirks_, "sender_report_elsewhere");
    return;
  }
  const absl::Time on_line =
      absl::UnixEpoch() + TicksToDuration(ticks_) + from_last + LineOffset() + utc_offset_;
  const absl::Duration latency = on_line - NtpToTime(ntp);
  if (absl::AbsDuration(latency) > limits::kCameraClockErrorMax) {
    CountQuirk(quirks_, "camera_clock_off");
    return;
  }
  // No picture was taken after it came.
  latency_told_ = std::max(latency, absl::ZeroDuration());
  has_report_ = true;
  report_rtp_ = rtp_time;
  report_time_ = NtpToTime(ntp);
}

absl::Duration StreamClock::AgeOf(uint32_t rtp_time, absl::Time now) const {
  const int64_t ticks = static_cast<int32_t>(rtp_time - report_rtp_);
  if (!has_report_ || std::abs(ticks) > kReportSecondsMax * clock_rate_hz_) {
    return absl::InfiniteDuration();
  }
  return std::max(now - (report_time_ + TicksToDuration(ticks)), absl::ZeroDuration());
}

}  // namespace patrol::rtsp
