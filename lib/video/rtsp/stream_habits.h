#pragma once

#include <cmath>
#include <cstdint>

#include "absl/time/time.h"
#include "lib/video/rtsp/quirks.h"
#include "lib/video/rtsp/sdp.h"

namespace patrol::rtsp {

// What a camera says of its stream, or owes it, and does not keep: another frame rate than it
// declared, no sender reports. Nothing relies on either; each is counted once a session.
//
// Threads: one call at a time.
class StreamHabits {
 public:
  // quirks: outlives this.
  StreamHabits(const VideoTrack& track, QuirkCounts* quirks)
      : declared_rate_(track.frame_rate), clock_rate_(track.clock_rate), quirks_(quirks) {}

  void OnUnit(uint32_t rtp_time, absl::Duration monotonic) {
    if (units_ == 0) begun_ = monotonic;
    if (!reported_ && monotonic - begun_ > kReportsWithin) {
      reported_ = true;
      CountQuirk(quirks_, "sender_reports_absent");
    }
    if (declared_rate_ > 0) CompareRate(rtp_time);
    ++units_;
  }
  void OnSenderReport() { reported_ = true; }

 private:
  // RFC 3550 has them every 5 s or so; some cameras take twice as long.
  static constexpr absl::Duration kReportsWithin = absl::Seconds(20);
  static constexpr int kIntervals = 25;
  static constexpr double kIntervalSecondsMax = 5;  // more is no interval between pictures
  static constexpr double kWrongFactor = 1.25;

  void CompareRate(uint32_t rtp_time) {
    const double step = static_cast<int32_t>(rtp_time - last_rtp_) / clock_rate_;
    last_rtp_ = rtp_time;
    if (units_ == 0) return;
    if (std::abs(step) > kIntervalSecondsMax) {
      intervals_ = 0;
      seconds_ = 0;
      return;
    }
    // Pictures that are shown before the last one step back: over many it comes to the same.
    seconds_ += step;
    if (++intervals_ < kIntervals) return;
    const double rate = intervals_ / seconds_;
    if (seconds_ > 0 &&
        (rate > declared_rate_ * kWrongFactor || rate < declared_rate_ / kWrongFactor)) {
      CountQuirk(quirks_, "frame_rate_wrong");
    }
    declared_rate_ = 0;  // once is enough
  }

  double declared_rate_;     // pictures a second; 0: not declared, or judged
  const double clock_rate_;  // Hz
  QuirkCounts* const quirks_;
  int64_t units_ = 0;
  absl::Duration begun_;
  bool reported_ = false;
  uint32_t last_rtp_ = 0;
  int intervals_ = 0;
  double seconds_ = 0;
};

}  // namespace patrol::rtsp
