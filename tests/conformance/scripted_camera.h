#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "lib/video/media/access_unit.h"
#include "tests/support/rtp_writer.h"
#include "tests/support/scripted_rtsp_server.h"
#include "tests/unit/media/coded_stream.h"

// The encoder of the H.265 clip leaks a little of its own.
extern "C" inline __attribute__((used)) const char* __lsan_default_suppressions() {
  return "leak:libx265\n";
}

namespace patrol::test {

// 30 pictures of 320x240 in two GOPs; empty where FFmpeg has no encoder for it.
inline const std::vector<media::AccessUnit>& CodedClip(bool h265 = false) {
  if (h265) {
    static const std::vector<media::AccessUnit> h265_clip =
        media::EncodeStream({.encoder = "libx265"});
    return h265_clip;
  }
  static const std::vector<media::AccessUnit> h264_clip = media::EncodeStream({});
  return h264_clip;
}

inline std::string PlainSdp(bool h265 = false) {
  return std::string("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\na=control:*\r\n") +
         "m=video 0 RTP/AVP 96\r\na=rtpmap:96 " + (h265 ? "H265" : "H264") +
         "/90000\r\na=control:track1\r\n";
}

// A camera that answers as it should; a test changes what it wants to see changed.
struct ScriptedCamera {
  std::string public_methods = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER";
  std::string describe_fields =
      "Content-Type: application/sdp\r\nContent-Base: rtsp://127.0.0.1/stream/\r\n";
  std::string sdp = PlainSdp();
  std::string setup_fields =
      "Session: 4711;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
  std::string play_fields = "Session: 4711\r\nRTP-Info: url=rtsp://127.0.0.1/stream/track1\r\n";
  // Sees every request first; true: it has answered.
  std::function<bool(RtspConnection&, const RtspRequest&)> first;
  // After the PLAY reply.
  std::function<void(RtspConnection&)> on_play;

  void operator()(RtspConnection& connection, const RtspRequest& request) const {
    if (first && first(connection, request)) return;
    if (request.method == "OPTIONS") {
      connection.Send(RtspReply(request, 200, "Public: " + public_methods + "\r\n"));
    } else if (request.method == "DESCRIBE") {
      connection.Send(RtspReply(request, 200, describe_fields, sdp));
    } else if (request.method == "SETUP") {
      connection.Send(RtspReply(request, 200, setup_fields));
    } else if (request.method == "PLAY") {
      connection.Send(RtspReply(request, 200, play_fields));
      if (on_play) on_play(connection);
    } else {
      connection.Send(RtspReply(request, 200));
    }
  }
};

// The whole clip at once, 25 pictures a second by its RTP times.
inline void SendClip(RtspConnection& connection, RtpWriter& writer,
                     const std::vector<media::AccessUnit>& clip, uint32_t first_time = 1000) {
  for (size_t i = 0; i < clip.size(); ++i) {
    connection.Send(writer.Unit(clip[i].data, first_time + static_cast<uint32_t>(i) * 3600));
  }
}

// The whole clip, and the end of the stream.
inline void SendClipAndBye(RtspConnection& connection) {
  RtpWriter writer;
  SendClip(connection, writer, CodedClip());
  connection.Send(writer.Bye());
}

}  // namespace patrol::test
