#include "lib/video/rtsp/message.h"

#include "gtest/gtest.h"
#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

Message Parsed(std::string_view text) {
  const auto parsed = ParseMessage(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed.ok() && parsed->has_value());
  if (!parsed.ok() || !parsed->has_value()) return {};
  EXPECT_EQ((*parsed)->bytes, text.size());
  return (*parsed)->message;
}

TEST(ParseMessage, ReadsAReplyWithItsBody) {
  const Message message = Parsed(
      "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: "
      "4\r\n\r\nv=0\n");
  EXPECT_EQ(message.status, 200);
  EXPECT_EQ(message.reason, "OK");
  EXPECT_EQ(message.cseq(), 2);
  EXPECT_EQ(message.body, "v=0\n");
  EXPECT_FALSE(message.is_request());
}

TEST(ParseMessage, ReadsARequestOfTheServer) {
  const Message message = Parsed("TEARDOWN rtsp://h/a b RTSP/1.0\r\nCSeq: 9\r\n\r\n");
  EXPECT_TRUE(message.is_request());
  EXPECT_EQ(message.method, "TEARDOWN");
  EXPECT_EQ(message.uri, "rtsp://h/a b");
}

TEST(ParseMessage, TakesBareLineFeedsHeaderCaseSpacesAndFoldedLines) {
  const Message message =
      Parsed("\r\n\nRTSP/1.0 200 OK\ncseq :  7 \nPUBLIC: OPTIONS,\n  DESCRIBE,\n\tPLAY\nnote\n\n");
  EXPECT_EQ(message.cseq(), 7);
  EXPECT_EQ(message.headers.Get("Public"), "OPTIONS, DESCRIBE, PLAY");
}

TEST(ParseMessage, TakesAStatusLineWithoutReason) {
  EXPECT_EQ(Parsed("RTSP/1.0 454\r\n\r\n").status, 454);
  EXPECT_EQ(Parsed("RTSP/1.0  200  fine \r\n\r\n").reason, "fine");
}

TEST(ParseMessage, KeepsRepeatedFieldsInOrder) {
  const Message message = Parsed(
      "RTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm=\"a\"\r\nwww-authenticate: Digest\r\n\r\n");
  const auto values = message.headers.GetAll("WWW-Authenticate");
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[1], "Digest");
}

TEST(ParseMessage, AsksForMoreAtEveryCutOfAWholeMessage) {
  const std::string whole = "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nhello";
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const auto parsed = ParseMessage(std::string_view(whole).substr(0, cut));
    ASSERT_TRUE(parsed.ok()) << "cut at " << cut << ": " << parsed.status();
    EXPECT_FALSE(parsed->has_value()) << "cut at " << cut;
  }
}

TEST(ParseMessage, RefusesWhatIsNoMessage) {
  for (const char* text :
       {"HELLO\r\n\r\n", "RTSP/1.0 OK\r\n\r\n", "RTSP/1.0 20 OK\r\n\r\n", "RTSP/1.0 2000\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n",
        "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
    EXPECT_EQ(ParseMessage(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(ParseMessage, HoldsItsLimits) {
  EXPECT_EQ(ParseMessage("RTSP/1.0 200 OK\r\nX: " + std::string(limits::kRtspHeaderBytesMax, 'x'))
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ParseMessage("RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n").status().code(),
            absl::StatusCode::kResourceExhausted);
  std::string fields = "RTSP/1.0 200 OK\r\n";
  for (int i = 0; i < 1000; ++i) fields += "X: y\r\n";
  EXPECT_EQ(ParseMessage(fields + "\r\n").status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(SerializeRequest, IsReadBackTheSame) {
  Headers headers;
  headers.Add("CSeq", "3");
  const Message message = Parsed(SerializeRequest("SETUP", "rtsp://h/1", headers, "body"));
  EXPECT_EQ(message.method, "SETUP");
  EXPECT_EQ(message.uri, "rtsp://h/1");
  EXPECT_EQ(message.body, "body");
}

TEST(ParseSessionHeader, ReadsIdAndTimeoutAndDoubtsNonsense) {
  EXPECT_EQ(ParseSessionHeader("12345678;timeout=30").timeout_s, 30);
  EXPECT_EQ(ParseSessionHeader("12345678;timeout=30").id, "12345678");
  EXPECT_EQ(ParseSessionHeader(" a1 ; timeout = 15 ; x").timeout_s, 15);
  EXPECT_EQ(ParseSessionHeader("a;timeout=-5").timeout_s, 0);
  EXPECT_EQ(ParseSessionHeader("a;timeout=999999999").timeout_s, 0);
  EXPECT_EQ(ParseSessionHeader("a").timeout_s, 0);
}

TEST(ParseTransportHeader, ReadsChannelsWhereverTheyStand) {
  const auto plain = ParseTransportHeader("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=0ABC1234");
  EXPECT_TRUE(plain.tcp);
  EXPECT_EQ(plain.rtp_channel, 2);
  EXPECT_EQ(plain.rtcp_channel, 3);
  EXPECT_EQ(plain.ssrc, 0x0abc1234u);
  const auto half = ParseTransportHeader("RTP/AVP/TCP;interleaved=4;ssrc= 30a98ee7");
  EXPECT_EQ(half.rtp_channel, 4);
  EXPECT_FALSE(half.rtcp_channel.has_value());
  EXPECT_EQ(half.ssrc, 0x30a98ee7u);
  EXPECT_TRUE(half.ssrc_with_spaces);
  EXPECT_FALSE(plain.ssrc_with_spaces);
  const auto udp = ParseTransportHeader("RTP/AVP;unicast;client_port=5000-5001");
  EXPECT_FALSE(udp.tcp);
  EXPECT_FALSE(udp.interleaved_given);
  EXPECT_FALSE(ParseTransportHeader("RTP/AVP/TCP;interleaved=900-901").rtp_channel.has_value());
  EXPECT_EQ(ParseTransportHeader("RTP/AVP/TCP;ssrc=1437852135").ssrc, 1437852135u);
  EXPECT_EQ(ParseTransportHeader("RTP/AVP/TCP;ssrc=0xD4C3").ssrc, 0xd4c3u);
}

TEST(ParseRtpInfoHeader, NamesWhatIsOdd) {
  const auto fine =
      ParseRtpInfoHeader("url=rtsp://h/a;seq=10;rtptime=20, url=rtsp://h/b;seq=4;rtptime=70000");
  EXPECT_FALSE(fine.trailing_semicolon || fine.sequence_zero || fine.rtp_time_zero);
  const auto odd = ParseRtpInfoHeader("url=rtsp://h/a;seq=0 ; rtptime=0; ");
  EXPECT_TRUE(odd.trailing_semicolon);
  EXPECT_TRUE(odd.sequence_zero);
  EXPECT_TRUE(odd.rtp_time_zero);
  const auto absent = ParseRtpInfoHeader("");
  EXPECT_FALSE(absent.trailing_semicolon || absent.sequence_zero || absent.rtp_time_zero);
}

}  // namespace
}  // namespace patrol::rtsp
