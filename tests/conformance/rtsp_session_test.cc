// Goal: one session survives what cameras do, and where it cannot it ends with an error that says
// what happened and where. Method: a server on a loopback port that does exactly what each test
// says.

#include <openssl/evp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lib/base/asio.h"
#include "lib/base/limits.h"
#include "lib/video/media/decoder.h"
#include "lib/video/rtsp/session.h"
#include "tests/conformance/scripted_camera.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::RtspReply;
using test::RtspRequest;
using test::ScriptedCamera;
using test::ScriptedRtspServer;
using test::SendClip;

// Runs one session on a loop of its own.
class SessionRun : public SessionSink {
 public:
  explicit SessionRun(SessionOptions options)
      : buffer_(limits::kReceiveBufferBytes),
        session_(std::make_unique<Session>(loop_, std::move(options), SystemClock::Get(), buffer_,
                                           *this)) {
    session_->Start([this](absl::Status status) { end = std::move(status); });
  }

  // Until the condition holds; false after 20 s.
  bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (loop_.stopped()) loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  absl::Status UntilEnd() {
    if (!Until([this] { return end.has_value(); })) return absl::UnknownError("it did not end");
    return *end;
  }
  bool UntilUnits(size_t count) {
    return Until([&] { return units.size() >= count || end; }) && units.size() >= count;
  }
  void Stop() { session_->Stop(); }
  void Destroy() { session_.reset(); }
  SessionStats stats() const { return session_->stats(); }
  int64_t Quirk(std::string_view name) const {
    const auto found = session_->stats().quirks.find(name);
    return found == session_->stats().quirks.end() ? 0 : found->second;
  }

  void OnPlaying(media::Codec played) override { codec = played; }
  void OnAccessUnit(media::AccessUnitPtr unit) override { units.push_back(std::move(unit)); }

  std::optional<media::Codec> codec;
  std::vector<media::AccessUnitPtr> units;
  std::optional<absl::Status> end;

 private:
  asio::io_context loop_;
  std::vector<uint8_t> buffer_;
  std::unique_ptr<Session> session_;
};

SessionOptions OptionsFor(const ScriptedRtspServer& server) {
  SessionOptions options;
  options.url = server.Url();
  return options;
}

int DecodedWithoutError(const std::vector<media::AccessUnitPtr>& units) {
  auto decoder = media::Decoder::Create(units.front()->codec);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  int pictures = 0;
  for (const media::AccessUnitPtr& unit : units) {
    const auto picture = (*decoder)->Decode(*unit);
    EXPECT_TRUE(picture.ok()) << picture.status();
    if (picture.ok() && picture->has_value()) ++pictures;
  }
  return pictures;
}

#define SKIP_WITHOUT_ENCODER() \
  if (CodedClip().empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264"

void SendClipAndBye(RtspConnection& connection) {
  RtpWriter writer;
  SendClip(connection, writer, CodedClip());
  connection.Send(writer.Bye());
}

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

// ---- authentication ----

std::string Hex(const EVP_MD* digest, const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), bytes, &size, digest, nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i)
    absl::StrAppend(&hex, absl::Hex(bytes[i], absl::kZeroPad2));
  return hex;
}

std::string Parameter(const std::string& header, const std::string& name) {
  size_t at = header.find(" " + name + "=");
  if (at == std::string::npos) return {};
  at += name.size() + 2;
  const bool quoted = header[at] == '"';
  const size_t begin = quoted ? at + 1 : at;
  return header.substr(begin, header.find(quoted ? '"' : ',', begin) - begin);
}

// Whether the request answers a Digest challenge of realm "cam" and this nonce for op:pass word.
bool AnswersDigest(const RtspRequest& request, const EVP_MD* digest, const std::string& nonce) {
  const std::string header = request.Header("authorization");
  if (!absl::StartsWith(header, "Digest ") || Parameter(header, "nonce") != nonce) return false;
  const std::string ha1 = Hex(digest, "op:cam:pass word");
  const std::string ha2 = Hex(digest, request.method + ":" + request.uri);
  const std::string qop = Parameter(header, "qop");
  const std::string expected =
      qop.empty() ? Hex(digest, ha1 + ":" + nonce + ":" + ha2)
                  : Hex(digest, ha1 + ":" + nonce + ":" + Parameter(header, "nc") + ":" +
                                    Parameter(header, "cnonce") + ":" + qop + ":" + ha2);
  return Parameter(header, "response") == expected && Parameter(header, "uri") == request.uri;
}

struct Scheme {
  std::string name;
  std::string challenges;  // header lines
  std::function<bool(const RtspRequest&)> answered;
};

ScriptedCamera Guarded(const Scheme& scheme) {
  ScriptedCamera camera;
  camera.first = [scheme](RtspConnection& connection, const RtspRequest& request) {
    if (scheme.answered(request)) return false;
    return connection.Send(RtspReply(request, 401, scheme.challenges));
  };
  camera.on_play = SendClipAndBye;
  return camera;
}

class RtspAuthentication : public testing::TestWithParam<Scheme> {};

TEST_P(RtspAuthentication, LetsTheRightPasswordIn) {
  SKIP_WITHOUT_ENCODER();
  ScriptedRtspServer server(Guarded(GetParam()));
  SessionOptions options = OptionsFor(server);
  options.user = "op";
  options.password = "pass word";
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange) << end;
  EXPECT_EQ(run.units.size(), CodedClip().size());
}

TEST_P(RtspAuthentication, NamesAWrongPasswordWithoutTellingItAndAsksOnlyOnce) {
  ScriptedRtspServer server(Guarded(GetParam()));
  SessionOptions options = OptionsFor(server);
  options.url = absl::StrCat("rtsp://op:hunter2@127.0.0.1:", server.port(), "/stream");
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "refused the user or the password")) << end;
  EXPECT_FALSE(absl::StrContains(end.message(), "hunter2")) << end;
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_P(RtspAuthentication, SaysThatNoUserIsConfigured) {
  ScriptedRtspServer server(Guarded(GetParam()));
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "none is configured")) << end;
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, RtspAuthentication,
    testing::Values(
        Scheme{"Basic", "WWW-Authenticate: Basic realm=\"cam\"\r\n",
               [](const RtspRequest& request) {
                 return request.Header("authorization") == "Basic b3A6cGFzcyB3b3Jk";
               }},
        Scheme{"DigestMd5", "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\"\r\n",
               [](const RtspRequest& request) { return AnswersDigest(request, EVP_md5(), "n1"); }},
        Scheme{"DigestMd5Qop",
               "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\", qop=\"auth\"\r\n",
               [](const RtspRequest& request) { return AnswersDigest(request, EVP_md5(), "n1"); }},
        Scheme{
            "StrongestOfSeveral",
            "WWW-Authenticate: Basic realm=\"cam\"\r\n"
            "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\", algorithm=MD5\r\n"
            "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n2\", algorithm=SHA-256, "
            "qop=\"auth\"\r\n",
            [](const RtspRequest& request) { return AnswersDigest(request, EVP_sha256(), "n2"); }}),
    [](const auto& info) { return info.param.name; });

TEST(RtspSession, RenewsAStaleNonceInMidSession) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.first = [](RtspConnection& connection, const RtspRequest& request) {
    const bool late = request.method == "GET_PARAMETER";
    const std::string nonce = late ? "late" : "early";
    if (AnswersDigest(request, EVP_md5(), nonce)) return false;
    return connection.Send(RtspReply(
        request, 401,
        "WWW-Authenticate: Digest realm=\"cam\", nonce=\"" + nonce + "\", stale=true\r\n"));
  };
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
  };
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsFor(server);
  options.user = "op";
  options.password = "pass word";
  options.keep_alive_interval = absl::Milliseconds(50);
  SessionRun run(options);
  EXPECT_TRUE(run.Until([&] { return run.stats().keep_alives >= 3 || run.end; }));
  EXPECT_FALSE(run.end.has_value()) << *run.end;
  EXPECT_EQ(run.Quirk("nonce_renewed"), 1);
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
  EXPECT_TRUE(absl::StrContains(end.message(), "no media for 200ms after 1 access units")) << end;
  EXPECT_EQ(run.units.size(), 1u);
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
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

// ---- keep-alive ----

ScriptedCamera KeptAlive(std::function<bool(RtspConnection&, const RtspRequest&)> on_keep_alive) {
  ScriptedCamera camera;
  camera.first = [on_keep_alive](RtspConnection& connection, const RtspRequest& request) {
    const bool is_keep_alive = !request.Header("session").empty() && request.method != "PLAY" &&
                               request.method != "TEARDOWN";
    return is_keep_alive && on_keep_alive(connection, request);
  };
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
  };
  return camera;
}

SessionOptions Lively(const ScriptedRtspServer& server) {
  SessionOptions options = OptionsFor(server);
  options.keep_alive_interval = absl::Milliseconds(30);
  return options;
}

TEST(RtspSession, GoesOnWithOptionsWhereTheKeepAliveIsRefused) {
  ScriptedRtspServer server(KeptAlive([](RtspConnection& connection, const RtspRequest& request) {
    return request.method == "GET_PARAMETER" && connection.Send(RtspReply(request, 501));
  }));
  SessionRun run(Lively(server));
  EXPECT_TRUE(run.Until([&] { return run.stats().keep_alives >= 4 || run.end; }));
  EXPECT_FALSE(run.end.has_value()) << *run.end;
  EXPECT_EQ(run.Quirk("keep_alive_refused"), 1);
  int refused = 0;
  for (const RtspRequest& request : server.requests()) refused += request.method == "GET_PARAMETER";
  EXPECT_EQ(refused, 1);
}

TEST(RtspSession, GoesOnWhereTheKeepAliveIsUnansweredOrAnsweredWithAnOldNumber) {
  for (const bool answered : {false, true}) {
    ScriptedRtspServer server(KeptAlive([answered](RtspConnection& connection, const RtspRequest&) {
      return !answered || connection.Send("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
    }));
    SessionRun run(Lively(server));
    EXPECT_TRUE(run.Until([&] { return run.stats().keep_alives >= 4 || run.end; }));
    EXPECT_FALSE(run.end.has_value()) << *run.end;
    EXPECT_GT(run.Quirk(answered ? "keep_alive_old_cseq" : "keep_alive_unanswered"), 0);
  }
}

TEST(RtspSession, EndsWhereTheKeepAliveShowsThatTheSessionIsGone) {
  ScriptedRtspServer server(KeptAlive([](RtspConnection& connection, const RtspRequest& request) {
    return connection.Send(RtspReply(request, 454));
  }));
  SessionRun run(Lively(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "keep-alive")) << end;
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
