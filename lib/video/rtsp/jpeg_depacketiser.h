#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/video/rtsp/depacketiser.h"
#include "lib/video/rtsp/quirks.h"
#include "lib/video/rtsp/rtp.h"

namespace patrol::rtsp {

// RTP payloads of one JPEG stream (RFC 2435) in, whole JPEG files out: what the packets leave out
// (quantisation tables by quality or as sent, the standard Huffman tables, frame and scan headers)
// is put before the scan. Every unit is a keyframe.
//
// A picture that lost a packet is handed on as far as it came, marked damaged, unless its first
// packet is missing: then there is nothing to hand on.
//
// Limits: limits::kAccessUnitBytesMax; 2040x2040 pixels, which is all the header can say.
class JpegDepacketiser {
 public:
  // quirks: outlives this.
  explicit JpegDepacketiser(QuirkCounts* quirks) : quirks_(quirks) {}

  // As Depacketiser::OnPacket.
  void OnPacket(const RtpPacket& packet, bool lost_before, std::vector<AssembledUnit>* finished);

 private:
  using Bytes = std::span<const uint8_t>;

  // What of the header says how the picture is coded; it must not change within a picture.
  struct Form {
    uint8_t type = 0;
    uint8_t quality = 0;
    uint8_t width = 0;   // in blocks of 8 pixels
    uint8_t height = 0;  // in blocks of 8 pixels
    uint16_t restart_interval = 0;
    bool operator==(const Form&) const = default;
  };

  // Takes the tables behind the first header of a picture; the rest of the payload is scan data.
  // False when they do not fit or were never sent.
  bool TakeTables(const Form& form, Bytes* payload);
  void WriteHeaders(const Form& form);
  void Finish(std::vector<AssembledUnit>* finished);
  void Drop(const char* quirk);

  QuirkCounts* const quirks_;

  bool open_ = false;
  bool damaged_ = false;
  uint32_t rtp_time_ = 0;
  Form form_;
  size_t scan_begin_ = 0;  // in data_
  std::vector<uint8_t> data_;

  // Tables of the picture being put together: luma, chroma, in zigzag order as sent.
  std::array<uint8_t, 128> tables_{};
  // Tables sent with quality 128..254 hold until others come for the same quality.
  uint8_t kept_quality_ = 0;
  std::array<uint8_t, 128> kept_{};
};

}  // namespace patrol::rtsp
