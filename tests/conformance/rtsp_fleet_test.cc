// Goal: the fleet keeps every camera streaming, whatever the others do. Method: a fleet against
// scripted cameras on loopback ports.

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/fleet_fixture.h"

namespace patrol::ingest {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::RtspReply;
using test::RtspRequest;
using test::ScriptedCamera;
using test::ScriptedRtspServer;
using test::SendClip;

// The clip, then the end of the stream.
ScriptedCamera ClipAndBye() {
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
    connection.Send(writer.Bye());
  };
  return camera;
}

TEST_F(RtspFleet, ChangesManyAtOnceAndInterruptsNoOther) {
  constexpr int kStay = 10;
  constexpr int kChange = 20;
  ScriptedRtspServer steady(OneClip());
  ScriptedRtspServer before(OneClip());
  ScriptedRtspServer after(OneClip());
  FleetOptions options;
  options.connects_per_host = 64;
  Make(options);
  for (int i = 0; i < kStay; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("s", i), .url = steady.Url()}).ok());
  }
  for (int i = 0; i < kChange; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("c", i), .url = before.Url()}).ok());
  }
  for (int i = 0; i < kStay; ++i) ASSERT_TRUE(UntilStreaming(absl::StrCat("s", i)));
  for (int i = 0; i < kChange; ++i) ASSERT_TRUE(UntilStreaming(absl::StrCat("c", i)));
  for (int i = 0; i < kChange; ++i) {
    ASSERT_TRUE(fleet_->UpdateCamera({.id = absl::StrCat("c", i), .url = after.Url()}).ok());
  }
  EXPECT_TRUE(before.WaitForRequests("TEARDOWN", kChange));
  EXPECT_TRUE(after.WaitForRequests("PLAY", kChange));
  for (int i = 0; i < kChange; ++i) ASSERT_TRUE(UntilStreaming(absl::StrCat("c", i)));
  EXPECT_EQ(steady.connections(), kStay);
  for (int i = 0; i < kStay; ++i) EXPECT_EQ(State(absl::StrCat("s", i)).reconnects, 0);
}

TEST_F(RtspFleet, ReconnectsAtTheEndOfTheStreamAndWhenTheCameraCloses) {
  ScriptedCamera closing;
  closing.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
    connection.Close();
  };
  ScriptedRtspServer ending(ClipAndBye());
  ScriptedRtspServer broken(closing);
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "ending", .url = ending.Url()}).ok());
  ASSERT_TRUE(fleet_->AddCamera({.id = "broken", .url = broken.Url()}).ok());
  EXPECT_TRUE(witness_.Until([&] { return State("ending").reconnects >= 3; }));
  EXPECT_TRUE(witness_.Until([&] { return State("broken").reconnects >= 3; }));
  EXPECT_GE(witness_.pictures("ending"), 90);
  EXPECT_EQ(State("ending").decode_errors, 0);
  EXPECT_FALSE(witness_.stepped_back());
  bool told = false;
  for (const CameraState& state : witness_.phases("ending")) {
    told = told || (state.phase == CameraPhase::kWaiting &&
                    absl::StrContains(state.reason, "end of the stream"));
  }
  EXPECT_TRUE(told);
}

TEST_F(RtspFleet, PacesTheFurtherConnectionOfACameraThatClosesAfterItsChallenge) {
  // Each closes with its 401 and answers on the next connection: two connects a camera.
  ScriptedCamera closing = OneClip();
  closing.first = [](RtspConnection& connection, const RtspRequest& request) {
    if (!request.Header("authorization").empty()) return false;
    connection.Send(
        RtspReply(request, 401, "WWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n"));
    connection.Close();
    return true;
  };
  ScriptedRtspServer server(closing);
  FleetOptions options;
  options.connects_per_second = 5;
  options.connects_per_host = 64;
  Make(options);
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(fleet_
                    ->AddCamera({.id = absl::StrCat("c", i),
                                 .url = server.Url(),
                                 .user = "op",
                                 .password = "right"})
                    .ok());
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(UntilStreaming(absl::StrCat("c", i)));
  EXPECT_EQ(server.connections(), 6);
  // Six connects at five a second: the last not before a second is over. A busy machine only makes
  // that longer.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(1000));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(witness_.Until([&] { return State(absl::StrCat("c", i)).quirks.size() > 0; }));
    EXPECT_EQ(State(absl::StrCat("c", i)).quirks["closed_after_401"], 1);
  }
}

TEST_F(RtspFleet, ForgetsACameraThatIsRemovedBeforeItsFurtherConnection) {
  ScriptedCamera closing;
  closing.first = [](RtspConnection& connection, const RtspRequest& request) {
    connection.Send(
        RtspReply(request, 401, "WWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n"));
    connection.Close();
    return true;
  };
  ScriptedRtspServer guarded(closing);
  ScriptedRtspServer server(OneClip());
  FleetOptions options;
  options.connects_per_second = 1;
  Make(options);
  ASSERT_TRUE(
      fleet_->AddCamera({.id = "gone", .url = guarded.Url(), .user = "op", .password = "x"}).ok());
  ASSERT_TRUE(guarded.WaitForRequests("OPTIONS", 1));
  ASSERT_TRUE(fleet_->RemoveCamera("gone").ok());
  ASSERT_TRUE(fleet_->AddCamera({.id = "next", .url = server.Url()}).ok());
  EXPECT_TRUE(UntilStreaming("next"));
  EXPECT_EQ(guarded.connections(), 1);
}

TEST_F(RtspFleet, ReconnectsWhereTheTransportChanged) {
  ScriptedRtspServer server(OneClip());
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(UntilStreaming("cam"));
  // What says the same changes nothing; connects_per_host is for the next connect.
  ASSERT_TRUE(
      fleet_->UpdateCamera({.id = "cam", .url = server.Url(), .connects_per_host = 8}).ok());
  ASSERT_TRUE(fleet_
                  ->UpdateCamera({.id = "cam",
                                  .url = server.Url(),
                                  .transport = rtsp::Transport::kTcp,
                                  .connects_per_host = 8})
                  .ok());
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
  EXPECT_TRUE(server.WaitForRequests("PLAY", 2));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(RtspFleet, DoesNotHurryWhereThePasswordIsWrong) {
  ScriptedCamera guarded;
  guarded.first = [](RtspConnection& connection, const RtspRequest& request) {
    return connection.Send(
        RtspReply(request, 401, "WWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n"));
  };
  ScriptedRtspServer locked(guarded);
  ScriptedRtspServer ending(ClipAndBye());
  Make();
  ASSERT_TRUE(
      fleet_->AddCamera({.id = "locked", .url = locked.Url(), .user = "op", .password = "hunter2"})
          .ok());
  ASSERT_TRUE(witness_.Until([&] {
    return absl::StrContains(State("locked").reason, "refused the user or the password");
  }));
  EXPECT_FALSE(absl::StrContains(State("locked").reason, "hunter2"));
  EXPECT_EQ(State("locked").phase, CameraPhase::kWaiting);
  EXPECT_TRUE(State("locked").blind);
  ASSERT_TRUE(fleet_->AddCamera({.id = "ending", .url = ending.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("ending").reconnects >= 5; }));
  EXPECT_EQ(locked.connections(), 1);
  // The right one is tried at once.
  ASSERT_TRUE(fleet_->UpdateCamera({.id = "locked", .url = ending.Url()}).ok());
  EXPECT_TRUE(UntilStreaming("locked"));
}

TEST_F(RtspFleet, LetsNoDeadCameraDelayAnother) {
  ScriptedCamera mute;
  mute.first = [](RtspConnection&, const RtspRequest&) { return true; };
  ScriptedRtspServer silent(mute);
  int closed_port = 0;
  { closed_port = ScriptedRtspServer(mute).port(); }
  ScriptedRtspServer server(OneClip());
  Make();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("silent-", i), .url = silent.Url()}).ok());
    ASSERT_TRUE(fleet_
                    ->AddCamera({.id = absl::StrCat("closed-", i),
                                 .url = absl::StrCat("rtsp://127.0.0.1:", closed_port, "/")})
                    .ok());
  }
  ASSERT_TRUE(fleet_->AddCamera({.id = "good", .url = server.Url()}).ok());
  ASSERT_TRUE(UntilStreaming("good"));
  // Two of the silent ones are still being waited for, the others wait for them.
  EXPECT_EQ(silent.connections(), 2);
  EXPECT_TRUE(
      witness_.Until([&] { return absl::StrContains(State("closed-0").reason, "refused"); }));
}

TEST_F(RtspFleet, ChangesOneCameraWithoutTouchingTheOthers) {
  ScriptedRtspServer first(OneClip());
  ScriptedRtspServer second(OneClip());
  ScriptedRtspServer third(OneClip());
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "stays", .url = first.Url()}).ok());
  ASSERT_TRUE(fleet_->AddCamera({.id = "moves", .url = second.Url()}).ok());
  ASSERT_TRUE(UntilStreaming("stays"));
  ASSERT_TRUE(witness_.Until([&] { return State("moves").access_units == 30; }));

  ASSERT_TRUE(fleet_->UpdateCamera({.id = "moves", .url = third.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("moves").access_units == 60; }));
  EXPECT_TRUE(second.WaitForRequests("TEARDOWN", 1));

  ASSERT_TRUE(fleet_->UpdateCamera({.id = "moves", .url = third.Url(), .disabled = true}).ok());
  EXPECT_TRUE(third.WaitForRequests("TEARDOWN", 1));
  EXPECT_TRUE(witness_.Until([&] { return State("moves").phase == CameraPhase::kOff; }));
  EXPECT_TRUE(fleet_->LastGop("moves").empty());

  ASSERT_TRUE(fleet_->RemoveCamera("moves").ok());
  EXPECT_EQ(fleet_->State("moves").status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(fleet_->AddCamera({.id = "moves", .url = third.Url()}).ok());
  EXPECT_TRUE(UntilStreaming("moves"));

  EXPECT_EQ(first.connections(), 1);
  EXPECT_EQ(State("stays").phase, CameraPhase::kStreaming);
  EXPECT_EQ(fleet_->States().size(), 2u);
}

TEST_F(RtspFleet, RefusesWhatCannotBeACamera) {
  Make();
  EXPECT_EQ(fleet_->AddCamera({.id = "", .url = "rtsp://h/"}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet_->AddCamera({.id = "a b", .url = "rtsp://h/"}).code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status bad = fleet_->AddCamera({.id = "a", .url = "rtsp://u:hunter2@h:x/"});
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(bad.message(), "camera \"a\": address")) << bad;
  EXPECT_FALSE(absl::StrContains(bad.message(), "hunter2")) << bad;
  ASSERT_TRUE(fleet_->AddCamera({.id = "a", .url = "rtsp://127.0.0.1/", .disabled = true}).ok());
  EXPECT_EQ(fleet_->AddCamera({.id = "a", .url = "rtsp://h/"}).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(fleet_->UpdateCamera({.id = "b", .url = "rtsp://h/"}).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(fleet_->RemoveCamera("b").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fleet_->LastPicture("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(witness_.Until([&] { return State("a").phase == CameraPhase::kOff; }));
}

TEST_F(RtspFleet, ShutsDownWithTeardownAndTellsNothingAfterwards) {
  ScriptedRtspServer server(OneClip());
  ScriptedCamera mute;
  mute.first = [](RtspConnection&, const RtspRequest& request) {
    return request.method == "DESCRIBE";
  };
  ScriptedRtspServer silent(mute);
  Make();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("cam-", i), .url = server.Url()}).ok());
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("mute-", i), .url = silent.Url()}).ok());
  }
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(UntilStreaming(absl::StrCat("cam-", i)));
  fleet_->Shutdown();
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 4));
  const int pictures = witness_.pictures("cam-0");
  const size_t phases = witness_.phases("cam-0").size();
  EXPECT_EQ(fleet_->AddCamera({.id = "x", .url = server.Url()}).code(),
            absl::StatusCode::kFailedPrecondition);
  fleet_->Shutdown();
  fleet_.reset();
  EXPECT_EQ(witness_.pictures("cam-0"), pictures);
  EXPECT_EQ(witness_.phases("cam-0").size(), phases);
}

}  // namespace
}  // namespace patrol::ingest
