#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/rtsp/depacketiser.h"
#include "lib/video/rtsp/rtp.h"
#include "lib/video/rtsp/sdp.h"
#include "lib/video/rtsp/session.h"
#include "lib/video/rtsp/stream_clock.h"

namespace patrol::rtsp {

// What arrived when, on both clocks.
struct Received {
  absl::Time utc;
  absl::Duration monotonic;
};

// RTP and RTCP packets of one video stream in, timed access units out; no sockets, no timers.
// Packets that came over UDP (issue 3) pass a reordering window before they come here.
class StreamReceiver {
 public:
  // stats and sink outlive this.
  StreamReceiver(const VideoTrack& track, SessionStats* stats, SessionSink* sink);

  // False when the bytes are no RTP packet of our stream; counted by name.
  bool OnRtp(std::span<const uint8_t> bytes, const Received& received);
  void OnRtcp(std::span<const uint8_t> bytes);

  // The camera said BYE for our stream.
  bool ended() const { return ended_; }
  const VideoTrack& track() const { return track_; }

 private:
  const VideoTrack track_;
  SessionStats* const stats_;
  SessionSink* const sink_;
  SequenceTracker sequence_;
  Depacketiser depacketiser_;
  StreamClock clock_;
  bool has_ssrc_ = false;
  uint32_t ssrc_ = 0;
  bool ended_ = false;
  std::vector<AssembledUnit> finished_;  // reused
};

}  // namespace patrol::rtsp
