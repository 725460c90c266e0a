#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace patrol::test {

// Writes RTP and RTCP as a camera does, interleaved ("$" channel length packet). It shares no code
// with the client under test.
class RtpWriter {
 public:
  explicit RtpWriter(bool h265 = false, uint8_t channel = 0) : h265_(h265), channel_(channel) {}

  // One access unit (Annex B): a packet per NAL unit, large ones in fragments, the marker on the
  // last.
  std::vector<std::string> Packets(const std::vector<uint8_t>& annexb, uint32_t rtp_time);
  // The same, joined.
  std::string Unit(const std::vector<uint8_t>& annexb, uint32_t rtp_time);
  std::string Packet(std::string_view payload, uint32_t rtp_time, bool marker);
  // RTCP on the next channel.
  std::string SenderReport(uint64_t ntp, uint32_t rtp_time) const;
  std::string Bye() const;

  uint16_t sequence = 65000;  // wraps soon
  uint32_t ssrc = 0x1234abcd;
  uint8_t payload_type = 96;

 private:
  const bool h265_;
  const uint8_t channel_;
};

std::string Interleave(uint8_t channel, std::string_view packet);

// The NAL units of an Annex B access unit, without start codes.
std::vector<std::string> NalUnits(const std::vector<uint8_t>& annexb);

}  // namespace patrol::test
