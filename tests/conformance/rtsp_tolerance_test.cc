// Goal: what cameras get wrong in their replies, descriptions and packets costs no picture, and is
// counted where there is something to count. Method: one fault a case, the whole clip after it.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/session_run.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::NalUnits;
using test::RtpWriter;
using test::RtspConnection;
using test::ScriptedCamera;
using test::ScriptedRtspServer;

struct Fault {
  std::string name;
  std::vector<std::string> quirks;  // counted
  std::function<void(ScriptedCamera&)> answer = [](ScriptedCamera&) {};
  // Before each picture of the clip.
  std::function<void(RtspConnection&, RtpWriter&, size_t)> before = [](RtspConnection&, RtpWriter&,
                                                                       size_t) {};
  std::function<uint32_t(size_t)> rtp_time = [](size_t i) {
    return 1000 + static_cast<uint32_t>(i) * 3600;
  };
  // A picture's packets, where they are not as they should be.
  std::function<std::vector<std::string>(RtpWriter&, const std::vector<uint8_t>&, uint32_t)>
      packets = [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
        return writer.Packets(unit, time);
      };
  uint8_t channel = 0;
  bool h265 = false;
};

constexpr size_t kPacketBytes = 1200;

// A packet of one NAL unit, or fragments of it (RFC 6184 section 5.8). fragment: what each becomes.
void AddNal(
    RtpWriter& writer, const std::string& nal, uint32_t time, bool last,
    std::vector<std::string>* packets,
    const std::function<std::vector<std::string>(const std::string& header,
                                                 const std::string& body)>& fragment =
        [](const std::string& header, const std::string& body) {
          return std::vector<std::string>{header + body};
        }) {
  if (nal.size() <= kPacketBytes) {
    packets->push_back(writer.Packet(nal, time, last));
    return;
  }
  const int type = nal[0] & 0x1f;
  for (size_t at = 1; at < nal.size(); at += kPacketBytes) {
    const bool first = at == 1;
    const bool end = at + kPacketBytes >= nal.size();
    const std::string header{static_cast<char>((nal[0] & 0xe0) | 28),
                             static_cast<char>((first ? 0x80 : 0) | (end ? 0x40 : 0) | type)};
    const std::vector<std::string> payloads = fragment(header, nal.substr(at, kPacketBytes));
    for (size_t i = 0; i < payloads.size(); ++i) {
      packets->push_back(writer.Packet(payloads[i], time, last && end && i + 1 == payloads.size()));
    }
  }
}

class RtspTolerance : public testing::TestWithParam<Fault> {};

TEST_P(RtspTolerance, CostsNoPicture) {
  SKIP_WITHOUT_ENCODER();
  const Fault& fault = GetParam();
  ScriptedCamera camera;
  fault.answer(camera);
  camera.on_play = [&fault](RtspConnection& connection) {
    const std::vector<media::AccessUnit>& clip = CodedClip(fault.h265);
    RtpWriter writer(fault.h265, fault.channel);
    for (size_t i = 0; i < clip.size(); ++i) {
      fault.before(connection, writer, i);
      for (const std::string& packet : fault.packets(writer, clip[i].data, fault.rtp_time(i))) {
        connection.Send(packet);
      }
    }
    connection.Send(writer.Bye());
  };
  if (fault.h265) {
    if (CodedClip(true).empty()) GTEST_SKIP() << "FFmpeg has no encoder libx265";
    camera.sdp = test::PlainSdp(true);
  }
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange) << run.UntilEnd();
  ASSERT_EQ(run.units.size(), CodedClip().size());
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
  EXPECT_EQ(run.stats().packets_lost, 0);
  for (size_t i = 1; i < run.units.size(); ++i) {
    EXPECT_GT(run.units[i]->time, run.units[i - 1]->time) << i;
  }
  for (const std::string& quirk : fault.quirks) EXPECT_GT(run.Quirk(quirk), 0) << quirk;
}

INSTANTIATE_TEST_SUITE_P(
    Faults, RtspTolerance,
    testing::Values(
        Fault{"ContentBaseBroken",
              {"content_base_broken"},
              [](ScriptedCamera& camera) { camera.describe_fields = "Content-Base: *\r\n"; }},
        Fault{"InterleavedAbsent",
              {"interleaved_absent"},
              [](ScriptedCamera& camera) {
                camera.setup_fields = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast\r\n";
              }},
        Fault{"TransportAbsent",
              {"transport_absent"},
              [](ScriptedCamera& camera) { camera.setup_fields = "Session: 1\r\n"; }},
        Fault{"RtpInfoWithTrailingSemicolonAndZeros",
              {"rtp_info_trailing_semicolon", "rtp_info_sequence_zero", "rtp_info_time_zero"},
              [](ScriptedCamera& camera) {
                camera.play_fields = "RTP-Info: url=track1;seq=0;rtptime=0;\r\n";
              }},
        Fault{"SessionIdChanges",
              {"session_id_changed", "session_timeout_short"},
              [](ScriptedCamera& camera) { camera.play_fields = "Session: 4712;timeout=1\r\n"; }},
        Fault{"SdpWithoutLinesThatItMustHave",
              {"sdp_line_absent", "sprop_absent", "frame_rate_wrong"},
              [](ScriptedCamera& camera) {
                camera.sdp =
                    "x=foreign\r\nm=video 0 RTP/AVP 96\r\nnonsense\r\n"
                    "a=rtpmap:96 H264/90000\r\na=control:track1\r\na=framerate:99\r\n";
              }},
        Fault{"FormatUnderTheWrongMedia",
              {"sdp_format_elsewhere"},
              [](ScriptedCamera& camera) {
                camera.sdp =
                    "v=0\r\nm=video 0 RTP/AVP 96\r\na=control:track1\r\n"
                    "m=application 0 RTP/AVP 107\r\na=rtpmap:96 H264/90000\r\n"
                    "a=fmtp:96 packetization-mode=0\r\n";
              }},
        Fault{"SpropBroken",
              {"sprop_broken"},
              [](ScriptedCamera& camera) {
                camera.sdp += "a=fmtp:96 sprop-parameter-sets=!!!,Zm9v\r\n";
              }},
        Fault{"SsrcChangesAtEveryGop",
              {"ssrc_changed"},
              [](ScriptedCamera&) {},
              [](RtspConnection&, RtpWriter& writer, size_t i) {
                if (CodedClip()[i].keyframe) ++writer.ssrc;
              }},
        Fault{"AnotherPayloadTypeUsesTheSameNumbers",
              {"rtp_other_payload_type"},
              [](ScriptedCamera&) {},
              [](RtspConnection& connection, RtpWriter& writer, size_t) {
                const uint16_t sequence = writer.sequence;
                writer.payload_type = 107;
                connection.Send(writer.Packet("metadata", 5, true));
                writer.payload_type = 96;
                writer.sequence = sequence;
              }},
        Fault{"RtpTimeJumpsByHours",
              {"rtp_time_jump"},
              [](ScriptedCamera&) {},
              [](RtspConnection&, RtpWriter&, size_t) {},
              [](size_t i) {
                return static_cast<uint32_t>(i) * 3600 + (i < 10 ? 0u : i < 20 ? 972000000u : 7u);
              }},
        Fault{"CameraClockIsOff",
              {"camera_clock_off"},
              [](ScriptedCamera&) {},
              [](RtspConnection& connection, RtpWriter& writer, size_t i) {
                connection.Send(writer.SenderReport(uint64_t{3'000'000'000 + 1000 * i} << 32,
                                                    1000 + static_cast<uint32_t>(i) * 3600));
              }},
        Fault{"CameraClockStepsByAnHour",
              {"camera_clock_off"},
              [](ScriptedCamera&) {},
              [](RtspConnection& connection, RtpWriter& writer, size_t i) {
                // Seconds since 1900.
                const auto now = static_cast<uint64_t>(absl::ToUnixSeconds(absl::Now())) +
                                 uint64_t{2'208'988'800} + (i < 15 ? 0 : 3600);
                connection.Send(
                    writer.SenderReport(now << 32, 1000 + static_cast<uint32_t>(i) * 3600));
              }},
        Fault{.name = "ServerChoosesItsChannels",
              .quirks = {"interleaved_chosen_by_server", "ssrc_with_spaces"},
              .answer =
                  [](ScriptedCamera& camera) {
                    camera.setup_fields =
                        "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3;"
                        "ssrc= 1234ABCD \r\n";
                  },
              .channel = 2},
        Fault{.name = "SdpWithForeignMediaLines",
              .quirks = {"sdp_foreign_media"},
              .answer =
                  [](ScriptedCamera& camera) {
                    camera.sdp =
                        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
                        "m=audio 0 RTP/AVP 0\r\na=control:track0\r\n"
                        "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"
                        "a=control:track9\r\nm=image 0 udptl t38\r\n"
                        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                        "a=control:track1\r\na=fmtp:96 packetization-mode=1\r\n";
                  }},
        Fault{.name = "PublicAbsent",
              .quirks = {"public_absent"},
              .answer =
                  [](ScriptedCamera& camera) {
                    camera.first = [](RtspConnection& connection,
                                      const test::RtspRequest& request) {
                      return request.method == "OPTIONS" &&
                             connection.Send(test::RtspReply(request, 200));
                    };
                  }},
        Fault{.name = "MarkerOnEveryNalUnit",
              .quirks = {"marker_without_slice"},
              .packets =
                  [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
                    std::vector<std::string> packets;
                    for (const std::string& nal : NalUnits(unit)) {
                      AddNal(writer, nal, time, true, &packets);
                    }
                    return packets;
                  }},
        Fault{.name = "AnnexBInsideRtp",
              .quirks = {"start_code_in_payload"},
              .packets =
                  [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
                    std::vector<std::string> packets;
                    const std::vector<std::string> nals = NalUnits(unit);
                    for (size_t i = 0; i < nals.size(); ++i) {
                      const bool last = i + 1 == nals.size();
                      if (nals[i].size() > kPacketBytes) {
                        AddNal(writer, nals[i], time, last, &packets);
                      } else {
                        packets.push_back(
                            writer.Packet(std::string("\0\0\0\1", 4) + nals[i], time, last));
                      }
                    }
                    return packets;
                  }},
        Fault{.name = "TypeChangesWithinAFragmentedNalUnit",
              .quirks = {"fragment_type_changed"},
              .packets =
                  [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
                    std::vector<std::string> packets;
                    const std::vector<std::string> nals = NalUnits(unit);
                    for (size_t i = 0; i < nals.size(); ++i) {
                      AddNal(writer, nals[i], time, i + 1 == nals.size(), &packets,
                             [](std::string header, const std::string& body) {
                               // Of what is not the first: as if it were another kind of slice.
                               if ((header[1] & 0x80) == 0) {
                                 header[1] = static_cast<char>((header[1] & 0xe0) | 2);
                               }
                               return std::vector<std::string>{header + body};
                             });
                    }
                    return packets;
                  }},
        Fault{.name = "EmptyFragments",
              .quirks = {"empty_fragment"},
              .packets =
                  [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
                    std::vector<std::string> packets;
                    const std::vector<std::string> nals = NalUnits(unit);
                    for (size_t i = 0; i < nals.size(); ++i) {
                      AddNal(writer, nals[i], time, i + 1 == nals.size(), &packets,
                             [](const std::string& header, const std::string& body) {
                               // After the first, which has the start bit, one without anything.
                               if ((header[1] & 0x80) == 0) {
                                 return std::vector<std::string>{header + body};
                               }
                               std::string empty = header;
                               empty[1] = static_cast<char>(empty[1] & 0x1f);
                               return std::vector<std::string>{header + body, empty};
                             });
                    }
                    return packets;
                  }},
        Fault{.name = "ParameterSetsInOneAggregate",
              .quirks = {},
              .packets =
                  [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
                    std::vector<std::string> packets;
                    std::string aggregate(1, 24);  // STAP-A
                    const std::vector<std::string> nals = NalUnits(unit);
                    for (size_t i = 0; i + 1 < nals.size(); ++i) {
                      aggregate += static_cast<char>(nals[i].size() >> 8);
                      aggregate += static_cast<char>(nals[i].size());
                      aggregate += nals[i];
                    }
                    if (nals.size() > 1) packets.push_back(writer.Packet(aggregate, time, false));
                    AddNal(writer, nals.back(), time, true, &packets);
                    return packets;
                  }},
        Fault{.name = "ParameterSetsOfH265InOneAggregate",
              .quirks = {},
              .packets =
                  [](RtpWriter& writer, const std::vector<uint8_t>& unit, uint32_t time) {
                    std::vector<std::string> packets;
                    std::string aggregate{48 << 1, 1};  // AP
                    const std::vector<std::string> nals = NalUnits(unit);
                    for (size_t i = 0; i + 1 < nals.size(); ++i) {
                      aggregate += static_cast<char>(nals[i].size() >> 8);
                      aggregate += static_cast<char>(nals[i].size());
                      aggregate += nals[i];
                    }
                    if (nals.size() > 1) packets.push_back(writer.Packet(aggregate, time, false));
                    std::vector<uint8_t> last{0, 0, 0, 1};
                    last.insert(last.end(), nals.back().begin(), nals.back().end());
                    for (std::string& packet : writer.Packets(last, time)) {
                      packets.push_back(std::move(packet));
                    }
                    return packets;
                  },
              .h265 = true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace patrol::rtsp
