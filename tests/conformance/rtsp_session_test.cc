// Goal: one session survives what cameras do, and where it cannot it ends with an error that says
// what happened and where. Method: a server on a loopback port that does exactly what each test
// says.

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/conformance/session_run.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::NalUnits;
using test::RtpWriter;
using test::RtspConnection;
using test::RtspReply;
using test::RtspRequest;
using test::ScriptedCamera;
using test::ScriptedRtspServer;
using test::SendClip;
using test::SendClipAndBye;

TEST(RtspSession, PlaysH264ToItsByeAndTearsDown) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = SendClipAndBye;
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "30 access units")) << end;
  EXPECT_EQ(run.codec, media::Codec::kH264);
  ASSERT_EQ(run.units.size(), CodedClip().size());
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
  for (size_t i = 0; i < run.units.size(); ++i) {
    EXPECT_EQ(run.units[i]->keyframe, CodedClip()[i].keyframe) << i;
    EXPECT_FALSE(run.units[i]->damaged) << i;
    if (i > 0) {
      EXPECT_GT(run.units[i]->time, run.units[i - 1]->time) << i;
    }
  }
  EXPECT_EQ(run.stats().packets_lost, 0);
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
}

TEST(RtspSession, PlaysH265) {
  if (CodedClip(true).empty()) GTEST_SKIP() << "FFmpeg has no encoder libx265";
  ScriptedCamera camera;
  camera.sdp = test::PlainSdp(true);
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer(true);
    SendClip(connection, writer, CodedClip(true));
    connection.Send(writer.Bye());
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(run.codec, media::Codec::kH265);
  ASSERT_EQ(run.units.size(), CodedClip(true).size());
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
}

TEST(RtspSession, ReadsRepliesAndFramesCutAnywhere) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.first = [&camera](RtspConnection& connection, const RtspRequest& request) {
    if (request.method != "DESCRIBE") return false;
    return connection.SendInPieces(RtspReply(request, 200, camera.describe_fields, camera.sdp), 1);
  };
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    for (size_t i = 0; i < CodedClip().size(); ++i) {
      connection.SendInPieces(writer.Unit(CodedClip()[i].data, static_cast<uint32_t>(i) * 3600),
                              97);
    }
    connection.Send(writer.Bye());
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(run.units.size(), CodedClip().size());
  EXPECT_EQ(run.Quirk("junk_between_frames"), 0);
}

// ---- what ends a session ----

TEST(RtspSession, SaysWhoIsUnreachable) {
  int port = 0;
  { port = ScriptedRtspServer(ScriptedCamera()).port(); }
  SessionOptions options;
  options.url = absl::StrCat("rtsp://u:hunter2@127.0.0.1:", port, "/");
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), absl::StrCat("127.0.0.1:", port))) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "refused")) << end;
}

TEST(RtspSession, SaysThatAHostHasNoAddress) {
  SessionOptions options;
  options.url = "rtsp://no-such-camera.invalid/";
  options.connect_timeout = absl::Seconds(15);
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_FALSE(end.ok());
  EXPECT_TRUE(absl::StrContains(end.message(), "no-such-camera.invalid")) << end;
}

TEST(RtspSession, DoesNotWaitForEverForAnAnswer) {
  ScriptedCamera camera;
  camera.first = [](RtspConnection&, const RtspRequest& request) {
    return request.method == "SETUP";
  };
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsFor(server);
  options.request_timeout = absl::Milliseconds(150);
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kDeadlineExceeded) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "SETUP: no answer within 150ms")) << end;
}

TEST(RtspSession, KnowsWhatIsNoRtspServer) {
  ScriptedCamera camera;
  camera.first = [](RtspConnection& connection, const RtspRequest&) {
    return connection.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "no RTSP")) << end;
}

TEST(RtspSession, TellsAWrongPath) {
  ScriptedCamera camera;
  camera.first = [](RtspConnection& connection, const RtspRequest& request) {
    return request.method == "DESCRIBE" && connection.Send(RtspReply(request, 404));
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kNotFound) << run.UntilEnd();
}

class MalformedSdp : public testing::TestWithParam<std::pair<const char*, absl::StatusCode>> {};

TEST_P(MalformedSdp, EndsTheSessionWithAnErrorOfDescribe) {
  ScriptedCamera camera;
  camera.sdp = GetParam().first;
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), GetParam().second) << end;
  EXPECT_TRUE(absl::StartsWith(end.message(), "DESCRIBE: sdp")) << end;
}

INSTANTIATE_TEST_SUITE_P(
    Forms, MalformedSdp,
    testing::Values(std::pair("", absl::StatusCode::kInvalidArgument),
                    std::pair("\x01\x02\xff nonsense", absl::StatusCode::kInvalidArgument),
                    std::pair("v=0\r\nm=\r\n", absl::StatusCode::kUnimplemented),
                    std::pair("m=video 0 RTP/AVP x y z\r\n", absl::StatusCode::kUnimplemented),
                    std::pair("m=video 0 RTP/AVP 32\r\n", absl::StatusCode::kUnimplemented),
                    std::pair("m=audio 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
                              absl::StatusCode::kUnimplemented)));

TEST(RtspSession, EndsWhenTheStreamStopsInMidPicture) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    const std::string first = writer.Unit(CodedClip()[0].data, 0);
    const std::vector<std::string> second = writer.Packets(CodedClip()[15].data, 3600);
    connection.Send(first);
    // The last frame is cut in two, and its second half never comes.
    for (size_t i = 0; i + 1 < second.size(); ++i) connection.Send(second[i]);
    connection.Send(std::string_view(second.back()).substr(0, second.back().size() / 2));
  };
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsFor(server);
  options.silence_max = absl::Milliseconds(200);
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kDeadlineExceeded) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "no picture for 200ms after 1 access units")) << end;
  EXPECT_EQ(run.units.size(), 1u);
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
}

TEST(RtspSession, EndsWhereWhatComesNeverMakesAPicture) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    const std::string parameter_set = NalUnits(CodedClip()[0].data).front();
    for (uint32_t i = 0; connection.Send(writer.Packet(parameter_set, i * 3600, true)); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  };
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsFor(server);
  options.silence_max = absl::Milliseconds(200);
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kDeadlineExceeded) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "no picture for 200ms after 0 access units")) << end;
  EXPECT_GT(run.stats().packets, 0);
}

TEST(RtspSession, EndsWhenTheCameraClosesInMidPicture) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    connection.Send(writer.Unit(CodedClip()[0].data, 0));
    connection.Send("$\x01");
    connection.Close();
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "after 1 access units")) << end;
}

TEST(RtspSession, EndsWhenTheCameraTearsDown) {
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    connection.Send("OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    connection.Send("TEARDOWN rtsp://h/ RTSP/1.0\r\nCSeq: 2\r\n\r\n");
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange) << run.UntilEnd();
}

// ---- what a session survives ----

// Sends the clip with `between` before its third picture.
ScriptedCamera WithBetween(std::string between) {
  ScriptedCamera camera;
  camera.on_play = [between](RtspConnection& connection) {
    RtpWriter writer;
    for (size_t i = 0; i < CodedClip().size(); ++i) {
      if (i == 2) connection.Send(between);
      connection.Send(writer.Unit(CodedClip()[i].data, static_cast<uint32_t>(i) * 3600));
    }
    connection.Send(writer.Bye());
  };
  return camera;
}

struct Quirk {
  std::string name;
  std::string between;
};

class RtspQuirk : public testing::TestWithParam<Quirk> {};

TEST_P(RtspQuirk, IsSurvivedWithoutLosingAPictureAndCounted) {
  SKIP_WITHOUT_ENCODER();
  ScriptedRtspServer server(WithBetween(GetParam().between));
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange) << end;
  ASSERT_EQ(run.units.size(), CodedClip().size());
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
  EXPECT_GT(run.Quirk(GetParam().name), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Quirks, RtspQuirk,
    testing::Values(
        Quirk{"junk_between_frames", "\xff\xfe junk $ RTSP OPT $\x07\x01 more \n"},
        Quirk{"rtp_malformed", test::Interleave(0, "\x80\x60")},
        Quirk{"rtp_malformed", test::Interleave(0, std::string(40, '\xff').replace(1, 1, "a"))},
        Quirk{"rtp_malformed", test::Interleave(0, "")},
        Quirk{"rtp_other_payload_type",
              test::Interleave(0, std::string("\x80\x6b\0\1\0\0\0\1\0\0\0\2meta", 16))},
        Quirk{"unassigned_channel", test::Interleave(7, std::string(100, 'x'))},
        Quirk{"rtcp_malformed", test::Interleave(1, std::string("\x80\xc8\0\x09", 4))},
        Quirk{"bye_other_ssrc", test::Interleave(1, std::string("\x81\xcb\0\1\0\0\0\7", 8))},
        Quirk{"reply_unasked", "RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n"},
        Quirk{"request_unknown", "REDIRECT rtsp://h/ RTSP/1.0\r\nCSeq: 3\r\n\r\n"}),
    [](const auto& info) { return info.param.name + absl::StrCat("_", info.index); });

TEST(RtspSession, CountsLostPacketsAndMarksTheirPictures) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    for (size_t i = 0; i < CodedClip().size(); ++i) {
      std::vector<std::string> packets =
          writer.Packets(CodedClip()[i].data, static_cast<uint32_t>(i) * 3600);
      // The keyframe loses its second packet, a later picture its only one.
      if (i == 15) packets.erase(packets.begin() + 1);
      if (i == 20) packets.clear();
      for (const std::string& packet : packets) connection.Send(packet);
    }
    connection.Send(writer.Bye());
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange);
  EXPECT_GE(run.stats().packets_lost, 2);
  ASSERT_EQ(run.units.size(), CodedClip().size() - 1);
  EXPECT_TRUE(run.units[15]->damaged);
  EXPECT_FALSE(run.units[16]->damaged);
  EXPECT_TRUE(run.units[20]->damaged);  // it refers to the one that is gone
  EXPECT_EQ(run.stats().damaged_units, 2);
}

TEST(RtspSession, TakesRtpThatComesBeforeThePlayReply) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.first = [&camera](RtspConnection& connection, const RtspRequest& request) {
    if (request.method != "PLAY") return false;
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
    connection.Send(RtspReply(request, 200, camera.play_fields));
    return connection.Send(writer.Bye());
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(run.units.size(), CodedClip().size());
  EXPECT_GT(run.Quirk("rtp_before_play_reply"), 0);
}

TEST(RtspSession, TakesTheChannelsTheServerChoseOrUsesUnasked) {
  SKIP_WITHOUT_ENCODER();
  for (const bool told : {true, false}) {
    ScriptedCamera camera;
    if (told) {
      camera.setup_fields =
          "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=4;ssrc= 0a\r\n";
    }
    camera.on_play = [](RtspConnection& connection) {
      RtpWriter writer(false, 4);
      SendClip(connection, writer, CodedClip());
      connection.Send(writer.Bye());
    };
    ScriptedRtspServer server(camera);
    SessionRun run(OptionsFor(server));
    EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(run.units.size(), CodedClip().size()) << told;
    EXPECT_GT(run.Quirk(told ? "interleaved_half_given" : "interleaved_adopted"), 0);
  }
}

TEST(RtspSession, DoesWithoutHeadersThatCamerasForget) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.describe_fields = "";
  camera.first = [](RtspConnection& connection, const RtspRequest& request) {
    return request.method == "OPTIONS" && connection.Send(RtspReply(request, 501));
  };
  camera.on_play = SendClipAndBye;
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(run.units.size(), CodedClip().size());
  EXPECT_GT(run.Quirk("content_base_absent"), 0);
  EXPECT_GT(run.Quirk("content_type_absent"), 0);
  EXPECT_GT(run.Quirk("options_refused"), 0);
}

// ---- planned ends ----

TEST(RtspSession, StopTearsDownAndEndsOk) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  ASSERT_TRUE(run.UntilUnits(30));
  run.Stop();
  EXPECT_TRUE(run.UntilEnd().ok()) << run.UntilEnd();
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
}

TEST(RtspSession, StopDoesNotWaitForACameraThatDoesNotAnswer) {
  for (const char* silent : {"OPTIONS", "DESCRIBE", "PLAY", "TEARDOWN"}) {
    ScriptedCamera camera;
    camera.first = [silent](RtspConnection&, const RtspRequest& request) {
      return request.method == silent || request.method == "TEARDOWN";
    };
    ScriptedRtspServer server(camera);
    SessionOptions options = OptionsFor(server);
    options.teardown_timeout = absl::Milliseconds(100);
    options.request_timeout = absl::Seconds(60);
    SessionRun run(options);
    const bool playing = std::string(silent) == "TEARDOWN";
    ASSERT_TRUE(run.Until([&] {
      return playing ? run.codec.has_value()
                     : !server.requests().empty() && server.requests().back().method == silent;
    }));
    run.Stop();
    EXPECT_TRUE(run.UntilEnd().ok()) << silent << ": " << run.UntilEnd();
  }
}

TEST(RtspSession, MayBeDestroyedAtAnyTime) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.on_play = SendClipAndBye;
  for (const size_t after : {size_t{0}, size_t{1}, size_t{10}}) {
    ScriptedRtspServer server(camera);
    SessionRun run(OptionsFor(server));
    if (after > 0) {
      ASSERT_TRUE(run.UntilUnits(after));
    }
    run.Destroy();
    const size_t seen = run.units.size();
    int turns = 0;
    run.Until([&] { return ++turns > 5; });
    EXPECT_EQ(run.units.size(), seen);
    EXPECT_FALSE(run.end.has_value());
  }
}

}  // namespace
}  // namespace patrol::rtsp
