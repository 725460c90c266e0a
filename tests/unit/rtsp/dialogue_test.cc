#include "lib/video/rtsp/dialogue.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

class DialogueTest : public testing::Test {
 protected:
  static Message Reply(std::string_view text) {
    const auto parsed = ParseMessage(text);
    EXPECT_TRUE(parsed.ok() && parsed->has_value()) << text;
    return parsed.ok() && parsed->has_value() ? (*parsed)->message : Message();
  }
  static Message Describe(std::string_view headers, std::string_view control) {
    const std::string sdp =
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:" + std::string(control) +
        "\r\n";
    return Reply("RTSP/1.0 200 OK\r\nCSeq: 1\r\n" + std::string(headers) +
                 "Content-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp);
  }

  QuirkCounts quirks_;
  Dialogue dialogue_{*Url::Parse("rtsp://u:secret@10.0.0.1:8554/s"), "", "", "test", &quirks_};
};

TEST_F(DialogueTest, WritesRequestsWithRisingNumbersAndWithoutCredentials) {
  const std::string options = dialogue_.Options();
  EXPECT_TRUE(absl::StartsWith(options, "OPTIONS rtsp://10.0.0.1:8554/s RTSP/1.0\r\nCSeq: 1\r\n"))
      << options;
  EXPECT_FALSE(absl::StrContains(options, "secret"));
  EXPECT_TRUE(absl::StrContains(dialogue_.Describe(), "CSeq: 2\r\nAccept: application/sdp\r\n"));
}

TEST_F(DialogueTest, RepeatsARequestWithAnAnswerToTheChallenge) {
  dialogue_.Describe();
  const auto served =
      dialogue_.OnReply(Reply("RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
                              "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n"));
  ASSERT_TRUE(served.ok()) << served.status();
  EXPECT_FALSE(*served);
  const std::string repeated = dialogue_.Repeat();
  EXPECT_TRUE(absl::StartsWith(repeated, "DESCRIBE ")) << repeated;
  EXPECT_TRUE(absl::StrContains(repeated, "CSeq: 2\r\n")) << repeated;
  EXPECT_TRUE(absl::StrContains(repeated, "Authorization: Digest username=\"u\"")) << repeated;
  EXPECT_TRUE(absl::StrContains(repeated, "Accept: application/sdp")) << repeated;
}

TEST_F(DialogueTest, TellsWhatARefusalMeans) {
  const std::vector<std::pair<int, absl::StatusCode>> meanings = {
      {403, absl::StatusCode::kPermissionDenied},  {404, absl::StatusCode::kNotFound},
      {454, absl::StatusCode::kUnavailable},       {461, absl::StatusCode::kUnimplemented},
      {453, absl::StatusCode::kResourceExhausted}, {400, absl::StatusCode::kInvalidArgument},
      {500, absl::StatusCode::kUnavailable},       {302, absl::StatusCode::kUnimplemented}};
  for (const auto& [status, code] : meanings) {
    dialogue_.Describe();
    const auto served =
        dialogue_.OnReply(Reply("RTSP/1.0 " + std::to_string(status) + " No\r\n\r\n"));
    EXPECT_EQ(served.status().code(), code) << status;
    EXPECT_TRUE(absl::StrContains(served.status().message(), "DESCRIBE")) << served.status();
    EXPECT_TRUE(absl::StrContains(served.status().message(), std::to_string(status)));
  }
}

TEST_F(DialogueTest, GivesUpOnAServerThatCallsEveryNonceStale) {
  dialogue_.Describe();
  absl::StatusOr<bool> served = false;
  int rounds = 0;
  while (served.ok() && rounds < 100) {
    ++rounds;
    served = dialogue_.OnReply(
        Reply("RTSP/1.0 401 No\r\n"
              "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n\r\n"));
    if (served.ok()) dialogue_.Repeat();
  }
  EXPECT_EQ(served.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_LT(rounds, 10);
}

TEST_F(DialogueTest, ResolvesTheTrackAgainstContentBase) {
  ASSERT_TRUE(
      dialogue_.ReadDescribe(Describe("Content-Base: rtsp://10.0.0.1:8554/s/\r\n", "trackID=1"))
          .ok());
  EXPECT_TRUE(absl::StartsWith(dialogue_.Setup(), "SETUP rtsp://10.0.0.1:8554/s/trackID=1 "));
  EXPECT_TRUE(absl::StartsWith(dialogue_.Play(), "PLAY rtsp://10.0.0.1:8554/s/ "));
}

TEST_F(DialogueTest, UsesTheRequestsAddressWhereContentBaseIsAbsentOrBroken) {
  ASSERT_TRUE(dialogue_.ReadDescribe(Describe("", "trackID=1")).ok());
  EXPECT_TRUE(absl::StartsWith(dialogue_.Setup(), "SETUP rtsp://10.0.0.1:8554/s/trackID=1 "));
  EXPECT_EQ(quirks_["content_base_absent"], 1);
  EXPECT_EQ(quirks_["content_type_absent"], 1);
  ASSERT_TRUE(dialogue_.ReadDescribe(Describe("Content-Base: /s/\r\n", "trackID=1")).ok());
  EXPECT_TRUE(absl::StartsWith(dialogue_.Setup(), "SETUP rtsp://10.0.0.1:8554/s/trackID=1 "));
  EXPECT_EQ(quirks_["content_base_broken"], 1);
}

TEST_F(DialogueTest, TakesTheChannelsTheServerChose) {
  struct Case {
    std::string transport;
    int rtp;
    int rtcp;
    std::string quirk;
  };
  for (const Case& c : std::vector<Case>{
           {"Transport: RTP/AVP/TCP;unicast;interleaved=6-9\r\n", 6, 9,
            "interleaved_chosen_by_server"},
           {"Transport: RTP/AVP/TCP;unicast;interleaved=4\r\n", 4, 5, "interleaved_half_given"},
           {"Transport: RTP/AVP/TCP;unicast\r\n", 0, 1, "interleaved_absent"},
           {"", 0, 1, "transport_absent"}}) {
    QuirkCounts quirks;
    Dialogue dialogue(*Url::Parse("rtsp://h/s"), "", "", "test", &quirks);
    ASSERT_TRUE(
        dialogue.ReadSetup(Reply("RTSP/1.0 200 OK\r\nSession: 1\r\n" + c.transport + "\r\n")).ok())
        << c.transport;
    EXPECT_EQ(dialogue.rtp_channel(), c.rtp) << c.transport;
    EXPECT_EQ(dialogue.rtcp_channel(), c.rtcp) << c.transport;
    EXPECT_EQ(quirks[c.quirk], 1) << c.transport;
  }
  EXPECT_EQ(dialogue_
                .ReadSetup(Reply("RTSP/1.0 200 OK\r\nSession: 1\r\n"
                                 "Transport: RTP/AVP;unicast;client_port=1-2\r\n\r\n"))
                .code(),
            absl::StatusCode::kUnimplemented);
}

TEST_F(DialogueTest, KeepsAliveAsTheServerLikesIt) {
  dialogue_.ReadOptions(Reply("RTSP/1.0 200 OK\r\nPublic: OPTIONS, GET_PARAMETER\r\n\r\n"));
  ASSERT_TRUE(dialogue_.ReadSetup(Reply("RTSP/1.0 200 OK\r\nSession: 77;timeout=20\r\n\r\n")).ok());
  EXPECT_EQ(dialogue_.session_timeout(), absl::Seconds(20));
  const std::string first = dialogue_.KeepAlive();
  EXPECT_TRUE(absl::StartsWith(first, "GET_PARAMETER ")) << first;
  EXPECT_TRUE(absl::StrContains(first, "Session: 77\r\n")) << first;
  EXPECT_TRUE(dialogue_.ReadKeepAlive(Reply("RTSP/1.0 501 No\r\n\r\n")));
  EXPECT_TRUE(absl::StartsWith(dialogue_.KeepAlive(), "OPTIONS "));
  EXPECT_EQ(quirks_["keep_alive_refused"], 1);
  EXPECT_FALSE(dialogue_.ReadKeepAlive(Reply("RTSP/1.0 454 Gone\r\n\r\n")));
}

TEST_F(DialogueTest, TriesKeepAlivesFromTheBestToTheOneEveryoneKnows) {
  dialogue_.ReadOptions(
      Reply("RTSP/1.0 200 OK\r\nPublic: OPTIONS, SET_PARAMETER, get_parameter\r\n\r\n"));
  for (const char* method : {"GET_PARAMETER ", "SET_PARAMETER ", "OPTIONS ", "OPTIONS "}) {
    EXPECT_TRUE(absl::StartsWith(dialogue_.KeepAlive(), method)) << method;
    EXPECT_TRUE(dialogue_.ReadKeepAlive(Reply("RTSP/1.0 501 No\r\n\r\n")));
  }
}

TEST_F(DialogueTest, ReadsWhereTheCameraSendsFromOverUdp) {
  EXPECT_TRUE(absl::StrContains(dialogue_.SetupUdp(5000, 5001),
                                "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n"));
  auto peer = dialogue_.ReadSetupUdp(
      Reply("RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP/UDP;unicast;client_port=5000-5001;"
            "source=10.0.0.9;server_port=7000\r\n\r\n"));
  EXPECT_FALSE(peer.tcp);
  EXPECT_EQ(peer.rtp_port, 7000);
  EXPECT_EQ(peer.rtcp_port, 7001);
  EXPECT_EQ(peer.source, "10.0.0.9");
  EXPECT_EQ(quirks_["server_port_half_given"], 1);
  peer = dialogue_.ReadSetupUdp(
      Reply("RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP;unicast\r\n\r\n"));
  EXPECT_FALSE(peer.rtp_port.has_value());
  EXPECT_EQ(quirks_["server_port_absent"], 1);
  peer = dialogue_.ReadSetupUdp(Reply(
      "RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n\r\n"));
  EXPECT_TRUE(peer.tcp);
  EXPECT_EQ(dialogue_.rtp_channel(), 2);
}

}  // namespace
}  // namespace patrol::rtsp
