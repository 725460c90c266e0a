// Goal: a session stays alive whatever the camera makes of its keep-alives.

#include <functional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/session_run.h"

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

TEST(RtspSession, KeepsAliveByWhatTheCameraSaysItKnows) {
  SKIP_WITHOUT_ENCODER();
  for (const char* method : {"GET_PARAMETER", "SET_PARAMETER", "OPTIONS"}) {
    ScriptedCamera camera = KeptAlive([](RtspConnection&, const RtspRequest&) { return false; });
    camera.public_methods = absl::StrCat("OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN",
                                         method == std::string("OPTIONS") ? "" : ", ",
                                         method == std::string("OPTIONS") ? "" : method);
    ScriptedRtspServer server(camera);
    SessionRun run(Lively(server));
    EXPECT_TRUE(run.Until([&] { return run.stats().keep_alives >= 3 || run.end; }));
    EXPECT_FALSE(run.end.has_value()) << *run.end;
    const std::vector<RtspRequest> requests = server.requests();
    EXPECT_EQ(requests.back().method, method);
  }
}

TEST(RtspSession, KeepsAliveWithinATimeoutAsShortAsTheCameraSays) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera = KeptAlive([](RtspConnection&, const RtspRequest&) { return false; });
  camera.setup_fields =
      "Session: 4711;timeout=1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  // With the 60 s of a camera that says nothing the first would come after 30 s: Until gives up
  // before that.
  EXPECT_TRUE(run.Until([&] { return run.stats().keep_alives >= 2 || run.end; }));
  EXPECT_FALSE(run.end.has_value()) << *run.end;
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

}  // namespace
}  // namespace patrol::rtsp
