#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/video/media/access_unit.h"

namespace patrol::rtsp {

// One m= section of a session description.
struct SdpMedia {
  std::string kind;  // "video", "audio", "application"
  std::vector<int> payload_types;
  std::string control;  // as written; "" when absent
  // Of each payload type: rtpmap "H264/90000" and fmtp, wherever in the description they stood.
  struct Format {
    int payload_type = 0;
    std::string encoding;  // upper case, "H264"; "" without an rtpmap
    int clock_rate = 0;    // Hz; 0 without an rtpmap
    std::string fmtp;
    bool elsewhere = false;  // one of them stood under another m= line
  };
  std::vector<Format> formats;
  double frame_rate = 0;  // as declared, pictures a second; 0: not
};

struct SdpSession {
  std::string control;  // of the session; "" when absent
  std::vector<SdpMedia> media;
  bool line_absent = false;    // v=, o=, s= or t=, which RFC 4566 asks for
  bool foreign_media = false;  // neither video nor audio
};

// Reads what of a session description we use, and passes over everything else: lines it does not
// know, lines without '=', missing v=, o=, s=, t= lines, broken c= lines.
//
// Errors: INVALID_ARGUMENT when there is no m= line at all, RESOURCE_EXHAUSTED past a limit.
absl::StatusOr<SdpSession> ParseSdp(std::string_view text);

// The stream we play.
struct VideoTrack {
  media::Codec codec = media::Codec::kH264;
  int payload_type = 96;
  int clock_rate = 90000;  // Hz
  std::string control;
  // Parameter sets from sprop-*, without start codes: (VPS,) SPS, PPS; empty where absent or
  // broken.
  std::vector<std::vector<uint8_t>> parameter_sets;
  bool sprop_broken = false;
  bool format_elsewhere = false;  // its rtpmap or fmtp stood under another m= line
  double frame_rate = 0;          // as declared, pictures a second; 0: not. Often wrong.
};

// The first H.264, H.265 or JPEG video of the description; JPEG only where it has no other.
//
// Errors: UNIMPLEMENTED, naming the media there are, when none can be played.
absl::StatusOr<VideoTrack> ChooseVideo(const SdpSession& session);

}  // namespace patrol::rtsp
