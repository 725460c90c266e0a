#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "lib/video/rtsp/quirks.h"

namespace patrol::rtsp {

// RTP times to UTC.
//
// The receive clock leads: RTP time lies on a line through the least delayed unit of the last five
// to ten seconds. The line follows a camera whose oscillator drifts (500 ppm are 5 ms in that time)
// and needs no reports. Sender reports say how long before its arrival on that line a picture was
// taken; this latency is believed where it is between nothing and limits::kCameraClockErrorMax, and
// kept when reports fail or the camera's clock steps: what is then told is counted, not followed.
//
// Accuracy: within kCameraClockErrorMax of the least delayed arrival, whatever the camera's clock
//   says; so a picture whose camera and network need up to that is timed within 100 ms under drift
//   of 500 ppm, steps of the camera's clock, missing reports and jumps of RTP time
//   (tests/unit/rtsp/stream_clock_simulation_test.cc). The pictures of a backlog sent in one burst
//   at the start of a stream have the time of their arrival.
//
// Times never step back, but for pictures that the camera itself sends out of order (B-frames,
// within a second). Where our own clock is set back they crawl until it has caught up.
class StreamClock {
 public:
  // quirks: outlives this.
  StreamClock(int clock_rate_hz, QuirkCounts* quirks);

  // received: UTC, and the same instant on the monotonic clock.
  absl::Time OnUnit(uint32_t rtp_time, absl::Time received, absl::Duration monotonic);

  // ntp: 32.32 fixed point seconds since 1900.
  void OnSenderReport(uint64_t ntp, uint32_t rtp_time);

  // How long before `now` what has this RTP time was taken, by the camera's own clock as its last
  // believed report had it: not by the receive line, so that a backlog shows however long it lasts.
  // Wrong by as much as the camera's clock, at most kCameraClockErrorMax; never negative. Infinite
  // where there was no such report since RTP time last jumped or our own clock was set, or none for
  // half a minute.
  absl::Duration AgeOf(uint32_t rtp_time, absl::Time now) const;

 private:
  absl::Duration TicksToDuration(int64_t ticks) const;
  void Restart(absl::Duration monotonic);
  // Whether RTP time moved by `moved` in a way that no network explains.
  bool Jumped(absl::Duration moved, absl::Duration elapsed, absl::Duration monotonic);
  absl::Duration LineOffset() const;
  void Slew(absl::Duration elapsed);

  const int64_t clock_rate_hz_;
  QuirkCounts* const quirks_;

  bool started_ = false;
  uint32_t last_rtp_ = 0;
  int64_t ticks_ = 0;  // RTP time without wrapping, since the last restart
  int64_t most_ticks_ = 0;
  int64_t last_interval_ticks_ = 0;
  absl::Duration last_monotonic_;
  absl::Duration utc_offset_;  // of the monotonic clock, as a duration since the epoch

  // Least (receive - RTP) of this window and of the one before it.
  absl::Duration window_begin_;
  absl::Duration offset_now_ = absl::InfiniteDuration();
  absl::Duration offset_before_ = absl::InfiniteDuration();
  // For how long every unit has come far behind the line.
  absl::Duration behind_for_;

  // From capture to the line, as the reports have it: where it is going, and where it is.
  absl::Duration latency_told_;
  absl::Duration latency_;

  absl::Time last_time_ = absl::InfinitePast();

  // The last report that was believed: its RTP time was taken at that instant.
  bool has_report_ = false;
  uint32_t report_rtp_ = 0;
  absl::Time report_time_;
};

// NTP's 32.32 format to UTC; in its second era (from 2036) where the top bit is not set.
absl::Time NtpToTime(uint64_t ntp);

}  // namespace patrol::rtsp
