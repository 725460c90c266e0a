#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/rtsp/depacketiser.h"
#include "lib/video/rtsp/jpeg_depacketiser.h"
#include "lib/video/rtsp/reorder_window.h"
#include "lib/video/rtsp/rtp.h"
#include "lib/video/rtsp/sdp.h"
#include "lib/video/rtsp/session.h"
#include "lib/video/rtsp/stream_clock.h"
#include "lib/video/rtsp/stream_habits.h"

namespace patrol::rtsp {

// RTP and RTCP packets of one video stream in, timed access units out; no sockets, no timers.
class StreamReceiver {
 public:
  // reordering: packets may come out of order (UDP) and pass a window first.
  // stats and sink outlive this.
  StreamReceiver(const VideoTrack& track, bool reordering, SessionStats* stats, SessionSink* sink);

  // False when the bytes are no RTP packet of our stream; counted by name.
  bool OnRtp(std::span<const uint8_t> bytes, const Received& received);
  void OnRtcp(std::span<const uint8_t> bytes, absl::Duration monotonic);

  // For the reordering window; see there.
  void OnTime(absl::Duration monotonic);
  std::optional<absl::Duration> due() const;

  // A receiver report on what came since the last one, for the camera. Rewrites `bytes`.
  void WriteReport(absl::Duration monotonic, std::vector<uint8_t>* bytes);

  // The camera said BYE for our stream.
  bool ended() const { return ended_; }
  const VideoTrack& track() const { return track_; }

 private:
  // In order, but for what the window let pass.
  void Take(const RtpPacket& packet, const Received& received);
  void HandOn(AssembledUnit assembled, const Received& received);
  void MeasureJitter(uint32_t rtp_time, absl::Duration monotonic);

  const VideoTrack track_;
  SessionStats* const stats_;
  SessionSink* const sink_;
  std::optional<ReorderWindow> window_;
  SequenceTracker sequence_;
  std::variant<Depacketiser, JpegDepacketiser> depacketiser_;
  StreamClock clock_;
  StreamHabits habits_;
  bool has_ssrc_ = false;
  uint32_t ssrc_ = 0;
  bool ended_ = false;
  std::vector<AssembledUnit> finished_;  // reused

  // RFC 3550 section 6.4.1, in ticks.
  double jitter_ = 0;
  bool has_transit_ = false;
  uint32_t last_rtp_ = 0;
  absl::Duration last_arrival_;

  // For receiver reports.
  const uint32_t own_ssrc_;
  uint64_t last_report_ntp_ = 0;
  absl::Duration last_report_at_;
  int64_t reported_packets_ = 0;
  int64_t reported_lost_ = 0;
};

}  // namespace patrol::rtsp
