#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/video/media/access_unit.h"

namespace patrol::sim {

// RTP's clock for video, ticks a second (RFC 6184, RFC 7798).
inline constexpr int64_t kRtpTicksPerSecond = 90'000;
// Bytes of an RTP packet with its 12-byte header: what fits any path without fragments.
inline constexpr size_t kRtpPacketBytesMax = 1400;
inline constexpr size_t kRtpHeaderBytes = 12;

// A piece of RTP payload, in Clip::payload.
struct ClipPacket {
  uint32_t offset = 0;
  uint32_t size = 0;
};

// One coded picture, in decoding order.
struct ClipPicture {
  uint32_t first_packet = 0;
  uint32_t packets = 0;
  uint32_t bytes = 0;     // of payload
  bool keyframe = false;  // IDR or other picture that decoding can start at
  int64_t send_ticks =
      0;  // when a camera would have it coded; from the clip's begin, never falling
  int64_t time_ticks = 0;  // RTP time, from the clip's begin
};

// A clip as the RTP payload of its pictures, packetised once and sent to any number of clients
// without being copied. Immutable once made.
struct Clip {
  std::string name;                          // file name without extension
  media::Codec codec = media::Codec::kH264;  // or kH265
  int width = 0;                             // pixels
  int height = 0;                            // pixels
  double fps = 0;                            // pictures a second, mean
  double kbps = 0;                           // kbit/s of payload, mean
  int64_t duration_ticks = 0;
  // NAL units without start codes: of H.264 SPS, PPS; of H.265 VPS, SPS, PPS.
  std::vector<std::string> parameter_sets;
  std::vector<uint8_t> payload;
  std::vector<ClipPacket> packets;
  std::vector<ClipPicture> pictures;  // begins with a keyframe
  size_t gop_bytes_max = 0;           // payload of the largest group of pictures
};
using ClipPtr = std::shared_ptr<const Clip>;

// Reads the first video stream of a file and packetises it: H.264 as RFC 6184 (single NAL units,
// STAP-A for parameter sets, FU-A), H.265 as RFC 7798 (single, AP, FU). Parameter sets go before
// every keyframe.
//
// Errors: NOT_FOUND, INVALID_ARGUMENT (no H.264 or H.265 stream, no keyframe), naming the file.
absl::StatusOr<ClipPtr> ReadClip(const std::string& path);

// Adds one picture to `clip` as packets. Called in decoding order; send_ticks are filled in later.
// annexb: its NAL units.
void PacketisePicture(absl::Span<const uint8_t> annexb, bool keyframe, int64_t time_ticks,
                      Clip& clip);

}  // namespace patrol::sim
