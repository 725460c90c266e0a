#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace patrol::rtsp {

// One RTP packet, its payload a view into the bytes it was read from (RFC 3550 section 5.1).
struct RtpPacket {
  bool marker = false;
  uint8_t payload_type = 0;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 0;
  std::span<const uint8_t> payload;  // without CSRCs, extension and padding
};

// Errors: DATA_LOSS, naming what does not fit: version, header, CSRCs, extension, padding.
absl::StatusOr<RtpPacket> ParseRtp(std::span<const uint8_t> bytes);

// What of the sequence numbers of one stream can be told.
class SequenceTracker {
 public:
  enum class Verdict {
    kInOrder,
    kGap,      // packets before this one were lost
    kOld,      // a duplicate, or too late: to be dropped
    kRestart,  // so far off that the sender began anew; nothing is counted as lost
  };
  Verdict OnPacket(uint16_t sequence, uint32_t ssrc);
  // The SSRC of the last packet differed from the one before it.
  bool ssrc_changed() const { return ssrc_changed_; }
  int64_t lost() const { return lost_; }

 private:
  bool started_ = false;
  bool ssrc_changed_ = false;
  uint16_t expected_ = 0;
  uint32_t ssrc_ = 0;
  int64_t lost_ = 0;
};

// What we use of a compound RTCP packet.
struct RtcpReport {
  struct SenderReport {
    uint32_t ssrc = 0;
    uint64_t ntp = 0;  // 32.32 fixed point, seconds since 1900
    uint32_t rtp_time = 0;
  };
  std::optional<SenderReport> sender_report;
  std::vector<uint32_t> bye;  // SSRCs that left
  bool has_bye = false;       // a BYE may name none
};

// Takes what can be read; a packet whose length does not fit ends it (`truncated`).
struct ParsedRtcp {
  RtcpReport report;
  bool truncated = false;
};
ParsedRtcp ParseRtcp(std::span<const uint8_t> bytes);

}  // namespace patrol::rtsp
