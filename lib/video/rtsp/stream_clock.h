#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "lib/video/rtsp/quirks.h"

namespace patrol::rtsp {

// RTP times to UTC.
//
// The receive clock leads: a unit's time is its RTP time on a line that is never later than what
// was received, laid through the least delayed unit of the last ten to twenty seconds (so it
// follows a camera whose oscillator drifts; 500 ppm are 10 ms in that time). Where a sender report
// maps RTP time to the camera's own clock, and that is within limits::kCameraClockErrorMax of the
// receive clock, the camera's clock is believed. Times never step back, but for pictures that
// the camera itself sends out of order (B-frames, within a second).
//
// Status: first version. Issue 3 bounds the error under drift and NTP steps to 100 ms.
class StreamClock {
 public:
  // quirks: outlives this.
  StreamClock(int clock_rate_hz, QuirkCounts* quirks);

  // received: UTC, and the same instant on the monotonic clock.
  absl::Time OnUnit(uint32_t rtp_time, absl::Time received, absl::Duration monotonic);

  // ntp: 32.32 fixed point seconds since 1900.
  void OnSenderReport(uint64_t ntp, uint32_t rtp_time);

 private:
  absl::Duration TicksToDuration(int64_t ticks) const;
  void Restart(absl::Duration monotonic);

  const int64_t clock_rate_hz_;
  QuirkCounts* const quirks_;

  bool started_ = false;
  uint32_t last_rtp_ = 0;
  int64_t ticks_ = 0;  // RTP time without wrapping
  int64_t most_ticks_ = 0;
  absl::Duration last_monotonic_;
  absl::Duration utc_offset_;  // of the monotonic clock, as a duration since the epoch

  // Least (receive - RTP) of this window and of the one before it.
  absl::Duration window_begin_;
  absl::Duration offset_now_ = absl::InfiniteDuration();
  absl::Duration offset_before_ = absl::InfiniteDuration();

  bool has_report_ = false;
  absl::Time report_time_;
  uint32_t report_rtp_ = 0;

  absl::Time last_time_ = absl::InfinitePast();
};

// NTP's 32.32 format to UTC; in its second era (from 2036) where the top bit is not set.
absl::Time NtpToTime(uint64_t ntp);

}  // namespace patrol::rtsp
