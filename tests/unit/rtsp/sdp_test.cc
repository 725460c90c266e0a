#include "lib/video/rtsp/sdp.h"

#include <string>

#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

using media::Codec;

absl::StatusOr<VideoTrack> Video(std::string_view text) {
  const auto session = ParseSdp(text);
  if (!session.ok()) return session.status();
  return ChooseVideo(*session);
}

constexpr char kH264[] =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\na=control:*\r\n"
    "m=audio 0 RTP/AVP 8\r\na=control:trackID=1\r\n"
    "m=video 0 RTP/AVP 96\r\na=control:trackID=0\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAKqwsaoHgCJ+WbgoCCoAAAAMAgAAAD0IA,"
    "aO4xshsA\r\n";

TEST(Sdp, FindsTheVideoBehindTheAudioWithItsParameterSets) {
  const auto track = Video(kH264);
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->codec, Codec::kH264);
  EXPECT_EQ(track->payload_type, 96);
  EXPECT_EQ(track->control, "trackID=0");
  ASSERT_EQ(track->parameter_sets.size(), 2u);
  EXPECT_EQ(track->parameter_sets[0][0] & 0x1f, 7);
  EXPECT_EQ(track->parameter_sets[1][0] & 0x1f, 8);
  EXPECT_FALSE(track->sprop_broken);
}

TEST(Sdp, ReadsH265WithThreeParameterSets) {
  const auto track = Video(
      "m=video 0 RTP/AVP 98\na=rtpmap:98 h265/90000\n"
      "a=fmtp:98 sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyoA==;"
      "sprop-sps=QgEBAWAAAAMAsAAAAwAAAwBaoAWCAJBY2u3Ni1NQEBAQCA==;sprop-pps=RAHA8vA8kAA=\n");
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->codec, Codec::kH265);
  EXPECT_EQ(track->parameter_sets.size(), 3u);
}

TEST(Sdp, MissesNoLineThatCamerasLeaveOut) {
  const auto track = Video("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000");
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->control, "");
  EXPECT_TRUE(track->parameter_sets.empty());
}

TEST(Sdp, FindsAFormatThatStandsUnderTheWrongMedia) {
  const auto track = Video(
      "m=video 0 RTP/AVP 96\na=control:v\nm=audio 0 RTP/AVP 8\na=control:a\n"
      "a=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==\n");
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->control, "v");
  EXPECT_EQ(track->parameter_sets.size(), 2u);
}

TEST(Sdp, TellsTheCodecFromTheFormatWhereTheMapIsMissing) {
  EXPECT_EQ(Video("m=video 0 RTP/AVP 96\na=fmtp:96 profile-level-id=4D0014\n")->codec,
            Codec::kH264);
  EXPECT_EQ(Video("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-vps=QAEMAf//\n")->codec, Codec::kH265);
}

TEST(Sdp, PassesOverBrokenParameterSetsAndSaysSo) {
  const auto track = Video(
      "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
      "a=fmtp:96 sprop-parameter-sets=!!!!,aM48gA==,AAAA\n");
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->parameter_sets.size(), 1u);
  EXPECT_TRUE(track->sprop_broken);
}

TEST(Sdp, StripsStartCodesFromParameterSets) {
  // 00 00 00 01 68 ce 3c 80
  const auto track = Video(
      "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
      "a=fmtp:96 sprop-parameter-sets=AAAAAWjOPIA=\n");
  ASSERT_TRUE(track.ok()) << track.status();
  ASSERT_EQ(track->parameter_sets.size(), 1u);
  EXPECT_EQ(track->parameter_sets[0][0], 0x68);
}

TEST(Sdp, TakesJpegByNumberOrNameWhereThereIsNothingBetter) {
  const auto by_number = Video("m=video 0 RTP/AVP 26\na=control:v\n");
  ASSERT_TRUE(by_number.ok()) << by_number.status();
  EXPECT_EQ(by_number->codec, Codec::kMjpeg);
  EXPECT_EQ(by_number->payload_type, 26);
  EXPECT_EQ(by_number->control, "v");
  const auto by_name = Video("m=video 0 RTP/AVP 96\na=rtpmap:96 JPEG/90000\n");
  ASSERT_TRUE(by_name.ok()) << by_name.status();
  EXPECT_EQ(by_name->codec, Codec::kMjpeg);
  const auto other = Video("m=video 0 RTP/AVP 26\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->codec, Codec::kH264);
}

TEST(Sdp, RefusesWhatHasNoMediaAtAll) {
  for (const char* text : {"", "hello", "v=0\r\ns=x\r\n", "\xff\xfe\x00", "<html></html>"}) {
    EXPECT_EQ(ParseSdp(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(Sdp, NamesTheMediaThatCannotBePlayed) {
  const auto track = Video("m=video 0 RTP/AVP 32\nm=audio 0 RTP/AVP 97\na=rtpmap:97 OPUS/48000\n");
  EXPECT_EQ(track.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(track.status().message().find("video 32, audio OPUS"), absl::string_view::npos)
      << track.status();
}

TEST(Sdp, HoldsItsLimits) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "m=video 0 RTP/AVP 96\n";
  EXPECT_EQ(ParseSdp(many).status().code(), absl::StatusCode::kResourceExhausted);
  std::string types = "m=video 0 RTP/AVP";
  for (int i = 0; i < 100; ++i) types += " 96";
  EXPECT_EQ(ParseSdp(types).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace patrol::rtsp
