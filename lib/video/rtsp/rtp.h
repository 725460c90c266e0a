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

// RFC 3550 appendix A.1: a gap up to the first is a loss, a step back up to the second a packet out
// of order; anything else is a sender that began anew.
inline constexpr uint16_t kSequenceDropoutMax = 3000;
inline constexpr uint16_t kSequenceMisorderMax = 100;

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
  // RFC 3550: the number of wraps in the upper half.
  uint32_t extended_highest() const { return wraps_ << 16 | static_cast<uint16_t>(expected_ - 1); }

 private:
  bool started_ = false;
  bool ssrc_changed_ = false;
  uint16_t expected_ = 0;
  uint32_t ssrc_ = 0;
  uint32_t wraps_ = 0;
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

// What a receiver tells the sender about its stream (RFC 3550 section 6.4.2).
struct ReceiverReport {
  uint32_t own_ssrc = 0;
  uint32_t ssrc = 0;          // of the stream
  uint8_t fraction_lost = 0;  // since the last report, in 256ths
  int64_t lost = 0;           // in all
  uint32_t extended_highest = 0;
  uint32_t jitter = 0;               // in ticks of the stream's clock
  uint32_t last_sender_report = 0;   // middle half of its NTP time; 0: none
  uint32_t since_sender_report = 0;  // in 65536ths of a second
};

// The compound that RFC 3550 asks for: RR (without a block when `report.ssrc` is not yet known) and
// SDES with a name that says nothing. Rewrites `bytes`.
void WriteReceiverReport(const ReceiverReport& report, bool has_stream,
                         std::vector<uint8_t>* bytes);

}  // namespace patrol::rtsp
