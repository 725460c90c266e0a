#include "lib/video/rtsp/rtp.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace patrol::rtsp {
namespace {

constexpr size_t kRtpHeaderBytes = 12;

uint16_t Read16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

uint32_t Read32(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(Read16(bytes, at)) << 16 | Read16(bytes, at + 2);
}

}  // namespace

absl::StatusOr<RtpPacket> ParseRtp(std::span<const uint8_t> bytes) {
  if (bytes.size() < kRtpHeaderBytes) {
    return absl::DataLossError(
        absl::StrCat("rtp: ", bytes.size(), " bytes, the header alone has ", kRtpHeaderBytes));
  }
  if (bytes[0] >> 6 != 2) {
    return absl::DataLossError(absl::StrCat("rtp: version ", bytes[0] >> 6, ", not 2"));
  }
  RtpPacket packet;
  packet.marker = (bytes[1] & 0x80) != 0;
  packet.payload_type = bytes[1] & 0x7f;
  packet.sequence = Read16(bytes, 2);
  packet.timestamp = Read32(bytes, 4);
  packet.ssrc = Read32(bytes, 8);
  size_t begin = kRtpHeaderBytes + 4 * (bytes[0] & 0x0f);
  size_t end = bytes.size();
  if (begin > end) {
    return absl::DataLossError(absl::StrCat("rtp: sequence ", packet.sequence, ": ",
                                            bytes[0] & 0x0f, " CSRCs do not fit into ",
                                            bytes.size(), " bytes"));
  }
  if ((bytes[0] & 0x10) != 0) {
    if (begin + 4 > end || begin + 4 + 4 * static_cast<size_t>(Read16(bytes, begin + 2)) > end) {
      return absl::DataLossError(absl::StrCat("rtp: sequence ", packet.sequence,
                                              ": the extension does not fit into ", bytes.size(),
                                              " bytes"));
    }
    begin += 4 + 4 * static_cast<size_t>(Read16(bytes, begin + 2));
  }
  if ((bytes[0] & 0x20) != 0) {
    const size_t padding = bytes[end - 1];
    if (padding == 0 || begin + padding > end) {
      return absl::DataLossError(absl::StrCat("rtp: sequence ", packet.sequence, ": ", padding,
                                              " bytes of padding in ", end - begin,
                                              " bytes of payload"));
    }
    end -= padding;
  }
  packet.payload = bytes.subspan(begin, end - begin);
  return packet;
}

SequenceTracker::Verdict SequenceTracker::OnPacket(uint16_t sequence, uint32_t ssrc) {
  ssrc_changed_ = started_ && ssrc != ssrc_;
  const bool first = !started_;
  const uint16_t last = static_cast<uint16_t>(expected_ - 1);
  const uint16_t ahead = static_cast<uint16_t>(sequence - expected_);
  const uint16_t behind = static_cast<uint16_t>(expected_ - sequence);
  Verdict verdict = Verdict::kInOrder;
  if (!started_) {
    started_ = true;
  } else if (ahead == 0) {
    // In order, even where the SSRC changes at every GOP.
  } else if (ssrc_changed_) {
    verdict = Verdict::kRestart;
  } else if (ahead <= kSequenceDropoutMax) {
    lost_ += ahead;
    verdict = Verdict::kGap;
  } else if (behind <= kSequenceMisorderMax) {
    return Verdict::kOld;
  } else {
    verdict = Verdict::kRestart;
  }
  if (!first && verdict != Verdict::kRestart && sequence < last) ++wraps_;
  ssrc_ = ssrc;
  expected_ = static_cast<uint16_t>(sequence + 1);
  return verdict;
}

ParsedRtcp ParseRtcp(std::span<const uint8_t> bytes) {
  ParsedRtcp parsed;
  while (!bytes.empty()) {
    if (bytes.size() < 4 || bytes[0] >> 6 != 2) {
      parsed.truncated = true;
      break;
    }
    const size_t size = 4 * (static_cast<size_t>(Read16(bytes, 2)) + 1);
    const int count = bytes[0] & 0x1f;
    const int type = bytes[1];
    if (size > bytes.size()) {
      parsed.truncated = true;
      break;
    }
    const std::span<const uint8_t> packet = bytes.first(size);
    bytes = bytes.subspan(size);
    if (type == 200 && size >= 20) {
      RtcpReport::SenderReport report;
      report.ssrc = Read32(packet, 4);
      report.ntp = static_cast<uint64_t>(Read32(packet, 8)) << 32 | Read32(packet, 12);
      report.rtp_time = Read32(packet, 16);
      parsed.report.sender_report = report;
    } else if (type == 203) {
      parsed.report.has_bye = true;
      for (int i = 0; i < count && 8 + 4 * static_cast<size_t>(i) <= size; ++i) {
        parsed.report.bye.push_back(Read32(packet, 4 + 4 * static_cast<size_t>(i)));
      }
    }
  }
  return parsed;
}

void WriteReceiverReport(const ReceiverReport& report, bool has_stream,
                         std::vector<uint8_t>* bytes) {
  bytes->clear();
  const auto put8 = [bytes](uint32_t value) { bytes->push_back(static_cast<uint8_t>(value)); };
  const auto put32 = [put8](uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) put8(value >> shift);
  };
  put8(has_stream ? 0x81 : 0x80);
  put8(201);
  put8(0);
  put8(has_stream ? 7 : 1);
  put32(report.own_ssrc);
  if (has_stream) {
    put32(report.ssrc);
    const int64_t lost = std::clamp<int64_t>(report.lost, -0x800000, 0x7fffff);
    put32(static_cast<uint32_t>(report.fraction_lost) << 24 |
          (static_cast<uint32_t>(lost) & 0xffffffu));
    put32(report.extended_highest);
    put32(report.jitter);
    put32(report.last_sender_report);
    put32(report.since_sender_report);
  }
  // SDES with one CNAME of one character, padded to whole words.
  put32(0x81ca0003);
  put32(report.own_ssrc);
  put32(0x01017000);
  put32(0);
}

}  // namespace patrol::rtsp
