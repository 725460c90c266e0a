// Goal: what cameras get wrong in their replies, descriptions and packets costs no picture, and is
// counted where there is something to count. Method: one fault a case, the whole clip after it.

#include <functional>
#include <string>

#include "tests/conformance/session_run.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::ScriptedCamera;
using test::ScriptedRtspServer;

struct Fault {
  std::string name;
  std::string quirk;  // counted; "" where nothing is to be counted
  std::function<void(ScriptedCamera&)> answer = [](ScriptedCamera&) {};
  // Before each picture of the clip.
  std::function<void(RtspConnection&, RtpWriter&, size_t)> before = [](RtspConnection&, RtpWriter&,
                                                                       size_t) {};
  std::function<uint32_t(size_t)> rtp_time = [](size_t i) {
    return 1000 + static_cast<uint32_t>(i) * 3600;
  };
};

class RtspTolerance : public testing::TestWithParam<Fault> {};

TEST_P(RtspTolerance, CostsNoPicture) {
  SKIP_WITHOUT_ENCODER();
  const Fault& fault = GetParam();
  ScriptedCamera camera;
  fault.answer(camera);
  camera.on_play = [&fault](RtspConnection& connection) {
    RtpWriter writer;
    for (size_t i = 0; i < CodedClip().size(); ++i) {
      fault.before(connection, writer, i);
      connection.Send(writer.Unit(CodedClip()[i].data, fault.rtp_time(i)));
    }
    connection.Send(writer.Bye());
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange) << run.UntilEnd();
  ASSERT_EQ(run.units.size(), CodedClip().size());
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
  EXPECT_EQ(run.stats().packets_lost, 0);
  for (size_t i = 1; i < run.units.size(); ++i) {
    EXPECT_GT(run.units[i]->time, run.units[i - 1]->time) << i;
  }
  if (!fault.quirk.empty()) {
    EXPECT_GT(run.Quirk(fault.quirk), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, RtspTolerance,
    testing::Values(
        Fault{"ContentBaseBroken", "content_base_broken",
              [](ScriptedCamera& camera) { camera.describe_fields = "Content-Base: *\r\n"; }},
        Fault{"InterleavedAbsent", "interleaved_absent",
              [](ScriptedCamera& camera) {
                camera.setup_fields = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast\r\n";
              }},
        Fault{"TransportAbsent", "transport_absent",
              [](ScriptedCamera& camera) { camera.setup_fields = "Session: 1\r\n"; }},
        Fault{"RtpInfoWithTrailingSemicolonAndZeros", "",
              [](ScriptedCamera& camera) {
                camera.play_fields = "RTP-Info: url=track1;seq=0;rtptime=0;\r\n";
              }},
        Fault{"SessionIdChanges", "session_id_changed",
              [](ScriptedCamera& camera) { camera.play_fields = "Session: 4712;timeout=1\r\n"; }},
        Fault{"SdpWithoutLinesThatItMustHave", "",
              [](ScriptedCamera& camera) {
                camera.sdp =
                    "x=foreign\r\nm=video 0 RTP/AVP 96\r\nnonsense\r\n"
                    "a=rtpmap:96 H264/90000\r\na=control:track1\r\na=framerate:99\r\n";
              }},
        Fault{"FormatUnderTheWrongMedia", "",
              [](ScriptedCamera& camera) {
                camera.sdp =
                    "v=0\r\nm=video 0 RTP/AVP 96\r\na=control:track1\r\n"
                    "m=application 0 RTP/AVP 107\r\na=rtpmap:96 H264/90000\r\n"
                    "a=fmtp:96 packetization-mode=0\r\n";
              }},
        Fault{"SpropBroken", "sprop_broken",
              [](ScriptedCamera& camera) {
                camera.sdp += "a=fmtp:96 sprop-parameter-sets=!!!,Zm9v\r\n";
              }},
        Fault{"SsrcChangesAtEveryGop", "ssrc_changed", [](ScriptedCamera&) {},
              [](RtspConnection&, RtpWriter& writer, size_t i) {
                if (CodedClip()[i].keyframe) ++writer.ssrc;
              }},
        Fault{"AnotherPayloadTypeUsesTheSameNumbers", "rtp_other_payload_type",
              [](ScriptedCamera&) {},
              [](RtspConnection& connection, RtpWriter& writer, size_t) {
                const uint16_t sequence = writer.sequence;
                writer.payload_type = 107;
                connection.Send(writer.Packet("metadata", 5, true));
                writer.payload_type = 96;
                writer.sequence = sequence;
              }},
        Fault{"RtpTimeJumpsByHours", "rtp_time_jump", [](ScriptedCamera&) {},
              [](RtspConnection&, RtpWriter&, size_t) {},
              [](size_t i) {
                return static_cast<uint32_t>(i) * 3600 + (i < 10 ? 0u : i < 20 ? 972000000u : 7u);
              }},
        Fault{"CameraClockIsOff", "camera_clock_off", [](ScriptedCamera&) {},
              [](RtspConnection& connection, RtpWriter& writer, size_t i) {
                connection.Send(writer.SenderReport(uint64_t{3'000'000'000 + 1000 * i} << 32,
                                                    1000 + static_cast<uint32_t>(i) * 3600));
              }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace patrol::rtsp
