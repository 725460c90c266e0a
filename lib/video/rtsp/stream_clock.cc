#include "lib/video/rtsp/stream_clock.h"

#include <algorithm>

#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(10);
// RTP time that moves so differently from ours did not drift: it jumped.
constexpr absl::Duration kJump = absl::Seconds(5);
// Our own wall clock was set.
constexpr absl::Duration kClockStep = absl::Milliseconds(100);
constexpr absl::Duration kLeastStep = absl::Microseconds(1);
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
  has_report_ = false;
}

absl::Time StreamClock::OnUnit(uint32_t rtp_time, absl::Time received, absl::Duration monotonic) {
  const absl::Duration utc_offset = (received - absl::UnixEpoch()) - monotonic;
  if (!started_) {
    started_ = true;
    utc_offset_ = utc_offset;
    Restart(monotonic);
  } else {
    const auto ticks = static_cast<int32_t>(rtp_time - last_rtp_);
    const absl::Duration moved = TicksToDuration(ticks);
    if (absl::AbsDuration(moved - (monotonic - last_monotonic_)) > kJump) {
      CountQuirk(quirks_, "rtp_time_jump");
      Restart(monotonic);
    } else {
      ticks_ += ticks;
    }
    if (absl::AbsDuration(utc_offset - utc_offset_) > kClockStep) utc_offset_ = utc_offset;
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
  const absl::Duration on_line = position + std::min(offset_now_, offset_before_);
  absl::Time time = absl::UnixEpoch() + on_line + utc_offset_;

  if (has_report_) {
    const absl::Time told =
        report_time_ + TicksToDuration(static_cast<int32_t>(rtp_time - report_rtp_));
    if (absl::AbsDuration(told - time) <= limits::kCameraClockErrorMax) {
      time = std::min(told, received);
    } else {
      CountQuirk(quirks_, "camera_clock_off");
      has_report_ = false;
    }
  }
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
  has_report_ = true;
  report_time_ = NtpToTime(ntp);
  report_rtp_ = rtp_time;
}

}  // namespace patrol::rtsp
