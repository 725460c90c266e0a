#include "tests/support/rtp_writer.h"

#include <algorithm>

namespace patrol::test {
namespace {

constexpr size_t kPayloadMax = 1200;

void Put16(std::string* bytes, uint16_t value) {
  bytes->push_back(static_cast<char>(value >> 8));
  bytes->push_back(static_cast<char>(value));
}

void Put32(std::string* bytes, uint32_t value) {
  Put16(bytes, static_cast<uint16_t>(value >> 16));
  Put16(bytes, static_cast<uint16_t>(value));
}

}  // namespace

std::vector<std::string> NalUnits(const std::vector<uint8_t>& annexb) {
  const std::string bytes(annexb.begin(), annexb.end());
  const std::string start("\0\0\1", 3);
  std::vector<std::string> nals;
  size_t at = bytes.find(start);
  while (at != std::string::npos) {
    const size_t begin = at + start.size();
    at = bytes.find(start, begin);
    size_t end = at == std::string::npos ? bytes.size() : at;
    if (at != std::string::npos) {
      while (end > begin && bytes[end - 1] == '\0') --end;
    }
    if (end > begin) nals.push_back(bytes.substr(begin, end - begin));
  }
  return nals;
}

std::string Interleave(uint8_t channel, std::string_view packet) {
  std::string frame = "$";
  frame.push_back(static_cast<char>(channel));
  Put16(&frame, static_cast<uint16_t>(packet.size()));
  return frame + std::string(packet);
}

std::string RtpWriter::Packet(std::string_view payload, uint32_t rtp_time, bool marker) {
  std::string packet;
  packet.push_back(static_cast<char>(0x80));
  packet.push_back(static_cast<char>((marker ? 0x80 : 0) | payload_type));
  Put16(&packet, sequence++);
  Put32(&packet, rtp_time);
  Put32(&packet, ssrc);
  packet += payload;
  return Interleave(channel_, packet);
}

std::vector<std::string> RtpWriter::Packets(const std::vector<uint8_t>& annexb, uint32_t rtp_time) {
  std::vector<std::string> packets;
  const std::vector<std::string> nals = NalUnits(annexb);
  for (size_t i = 0; i < nals.size(); ++i) {
    const std::string& nal = nals[i];
    const bool last_nal = i + 1 == nals.size();
    if (nal.size() <= kPayloadMax) {
      packets.push_back(Packet(nal, rtp_time, last_nal));
      continue;
    }
    const size_t header_bytes = h265_ ? 2 : 1;
    const auto first = static_cast<uint8_t>(nal[0]);
    for (size_t at = header_bytes; at < nal.size(); at += kPayloadMax) {
      const size_t size = std::min(kPayloadMax, nal.size() - at);
      const bool begins = at == header_bytes;
      const bool ends = at + size == nal.size();
      const uint8_t flags = static_cast<uint8_t>((begins ? 0x80 : 0) | (ends ? 0x40 : 0));
      std::string payload;
      if (h265_) {
        payload.push_back(static_cast<char>((first & 0x81) | 49 << 1));
        payload.push_back(nal[1]);
        payload.push_back(static_cast<char>(flags | ((first >> 1) & 0x3f)));
      } else {
        payload.push_back(static_cast<char>((first & 0xe0) | 28));
        payload.push_back(static_cast<char>(flags | (first & 0x1f)));
      }
      payload += nal.substr(at, size);
      packets.push_back(Packet(payload, rtp_time, last_nal && ends));
    }
  }
  return packets;
}

std::string RtpWriter::Unit(const std::vector<uint8_t>& annexb, uint32_t rtp_time) {
  std::string bytes;
  for (const std::string& packet : Packets(annexb, rtp_time)) bytes += packet;
  return bytes;
}

std::string RtpWriter::SenderReport(uint64_t ntp, uint32_t rtp_time) const {
  std::string packet;
  packet.push_back(static_cast<char>(0x80));
  packet.push_back(static_cast<char>(200));
  Put16(&packet, 6);
  Put32(&packet, ssrc);
  Put32(&packet, static_cast<uint32_t>(ntp >> 32));
  Put32(&packet, static_cast<uint32_t>(ntp));
  Put32(&packet, rtp_time);
  Put32(&packet, 0);
  Put32(&packet, 0);
  return Interleave(static_cast<uint8_t>(channel_ + 1), packet);
}

std::string RtpWriter::Bye() const {
  std::string packet;
  packet.push_back(static_cast<char>(0x81));
  packet.push_back(static_cast<char>(203));
  Put16(&packet, 1);
  Put32(&packet, ssrc);
  return Interleave(static_cast<uint8_t>(channel_ + 1), packet);
}

}  // namespace patrol::test
