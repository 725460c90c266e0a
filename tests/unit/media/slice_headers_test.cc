// Goal: type and QP of every slice, right for what encoders do and harmless for what nobody does.
// Method: streams of x264 and x265; the referee is FFmpeg's trace_headers, which prints every field
// of every header.
#include "lib/video/media/slice_headers.h"

#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <random>

#include "gtest/gtest.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/clip_reader.h"
#include "tests/unit/media/coded_stream.h"

extern "C" {
#include <libavcodec/bsf.h>
}

namespace patrol::media {
namespace {

// ---- the referee ----

std::string& TraceText() {
  static std::string text;
  return text;
}

void CollectTrace(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_INFO) return;
  char line[1024];
  std::vsnprintf(line, sizeof(line), format, arguments);
  TraceText() += line;
}

// Slice QPs of access units as trace_headers reads them, in order.
class Referee {
 public:
  explicit Referee(Codec codec) {
    EXPECT_GE(av_bsf_alloc(av_bsf_get_by_name("trace_headers"), &filter_), 0);
    filter_->par_in->codec_type = AVMEDIA_TYPE_VIDEO;
    filter_->par_in->codec_id = codec == Codec::kH264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC;
    EXPECT_GE(av_bsf_init(filter_), 0);
  }
  ~Referee() { av_bsf_free(&filter_); }
  Referee(const Referee&) = delete;
  Referee& operator=(const Referee&) = delete;

  std::vector<int> SliceQps(const std::vector<uint8_t>& data) {
    TraceText().clear();
    const int level = av_log_get_level();
    av_log_set_level(AV_LOG_INFO);
    av_log_set_callback(CollectTrace);
    AVPacket* packet = av_packet_alloc();
    EXPECT_GE(av_new_packet(packet, static_cast<int>(data.size())), 0);
    std::copy(data.begin(), data.end(), packet->data);
    EXPECT_GE(av_bsf_send_packet(filter_, packet), 0);
    while (av_bsf_receive_packet(filter_, packet) >= 0) av_packet_unref(packet);
    av_packet_free(&packet);
    RouteFfmpegLogAgain();
    av_log_set_level(level);
    return Parse();
  }

 private:
  // One PPS at a time, as the encoders here write them.
  std::vector<int> Parse() {
    std::vector<int> qps;
    size_t begin = 0;
    const std::string& text = TraceText();
    while (begin < text.size()) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const std::string line = text.substr(begin, end - begin);
      begin = end + 1;
      const size_t equals = line.rfind(" = ");
      if (equals == std::string::npos) continue;
      const int value = std::atoi(line.c_str() + equals + 3);
      if (line.find(" init_qp_minus26 ") != std::string::npos ||
          line.find(" pic_init_qp_minus26 ") != std::string::npos) {
        init_qp_ = 26 + value;
      }
      if (line.find(" slice_qp_delta ") != std::string::npos) qps.push_back(init_qp_ + value);
    }
    return qps;
  }

  AVBSFContext* filter_ = nullptr;
  int init_qp_ = 26;
};

// The QP a picture of these slices has; slices of one picture differ by less than the tolerance.
void ExpectQp(const CodedPicture& picture, const std::vector<int>& truth, const std::string& what) {
  ASSERT_FALSE(truth.empty()) << what;
  ASSERT_TRUE(picture.qp.has_value()) << what;
  const auto [least, most] = std::minmax_element(truth.begin(), truth.end());
  EXPECT_GE(*picture.qp, *least - 1e-9) << what;
  EXPECT_LE(*picture.qp, *most + 1e-9) << what;
}

struct Case {
  const char* name;
  StreamOptions options;
};

class AgainstTraceHeaders : public testing::TestWithParam<Case> {};

TEST_P(AgainstTraceHeaders, QpOfEverySliceIsRight) {
  const std::vector<AccessUnit> units = EncodeStream(GetParam().options);
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no " << GetParam().options.encoder;
  HeaderParser parser(units[0].codec);
  Referee referee(units[0].codec);
  int bidirectional = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    const CodedPicture picture = parser.Read(units[i].data);
    const std::vector<int> truth = referee.SliceQps(units[i].data);
    ExpectQp(picture, truth, "unit " + std::to_string(i));
    EXPECT_EQ(picture.slices, static_cast<int>(truth.size()));
    EXPECT_EQ(picture.irap, units[i].keyframe);
    if (units[i].keyframe) {
      EXPECT_EQ(picture.type, PictureType::kIntra);
    }
    if (picture.type == PictureType::kBidirectional) ++bidirectional;
    EXPECT_GT(picture.slice_bytes, 0u);
    EXPECT_LT(picture.slice_bytes, units[i].data.size());
  }
  if (GetParam().options.b_frames > 0) {
    EXPECT_GT(bidirectional, 0);
  }
}

StreamOptions X264(std::string params, int b_frames = 0, std::string preset = "medium") {
  return {.b_frames = b_frames, .preset = preset, .tune = "", .params = params};
}
StreamOptions X265(std::string params, int b_frames = 0, std::string preset = "fast") {
  return {
      .encoder = "libx265", .b_frames = b_frames, .preset = preset, .tune = "", .params = params};
}

INSTANTIATE_TEST_SUITE_P(
    Encoders, AgainstTraceHeaders,
    testing::Values(
        Case{"CavlcBaseline", X264("qp=20:cabac=0:8x8dct=0", 0, "ultrafast")},
        Case{"ConstantQp40", X264("qp=40")},
        Case{"ConstantRate", X264("bitrate=100:vbv-maxrate=100:vbv-bufsize=50")},
        Case{"BFramesWeighted", X264("qp=30:ref=4:weightp=2:weightb=1:b-pyramid=normal", 3)},
        Case{"SpatialAndTemporal", X264("crf=25:ref=3:direct=temporal", 2)},
        Case{"Slices", X264("qp=28:slices=4")}, Case{"Mbaff", X264("qp=26:interlaced=1:ref=3", 2)},
        Case{"IntraRefresh", X264("qp=24:intra-refresh=1:keyint=300")},
        Case{"ScalingLists", X264("qp=27:cqm=jvt")},
        Case{"FullChroma", {.format = AV_PIX_FMT_YUV444P, .preset = "medium", .params = "qp=31"}},
        Case{"H265ConstantQp", X265("qp=33")},
        Case{"H265BFrames", X265("qp=30:ref=4:weightp=1:weightb=1:b-pyramid=1", 3)},
        Case{"H265ConstantRate", X265("bitrate=100:vbv-maxrate=100:vbv-bufsize=50")},
        Case{"H265Slices", X265("qp=28:slices=3")},
        Case{"H265OpenGop", X265("crf=28:open-gop=1:keyint=15", 3)},
        Case{"H265ScalingLists", X265("qp=27:scaling-list=default")},
        Case{"H265Wavefront", X265("qp=29:wpp=1:amp=1:rect=1:temporal-layers=1", 3, "slow")}),
    [](const auto& info) { return info.param.name; });

TEST(HeaderParser, TellsWhatTheEncoderWasTold) {
  // x264 codes I pictures at qp / 1.4 (ipratio): minus 3.
  for (const int qp : {20, 28, 37}) {
    const auto units = EncodeStream(X264("qp=" + std::to_string(qp)));
    if (units.empty()) GTEST_SKIP() << "FFmpeg has no libx264";
    HeaderParser parser(Codec::kH264);
    for (const AccessUnit& unit : units) {
      const CodedPicture picture = parser.Read(unit.data);
      ASSERT_TRUE(picture.qp.has_value());
      EXPECT_EQ(*picture.qp, picture.irap ? qp - 3 : qp);
    }
  }
}

TEST(HeaderParser, KnowsNoQpWithoutParameterSets) {
  const auto units = EncodeStream({});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no libx264";
  HeaderParser parser(Codec::kH264);
  const CodedPicture picture = parser.Read(units[1].data);
  EXPECT_FALSE(picture.qp.has_value());
  EXPECT_EQ(picture.type, PictureType::kPredicted);
  EXPECT_EQ(picture.slices, 1);
}

TEST(HeaderParser, SaysNothingOfJpeg) {
  HeaderParser parser(Codec::kMjpeg);
  const CodedPicture picture = parser.Read(std::vector<uint8_t>{0xff, 0xd8, 0, 0, 1, 0x65});
  EXPECT_EQ(picture.slices, 0);
  EXPECT_FALSE(picture.qp.has_value());
}

TEST(HeaderParser, SurvivesBrokenHeaders) {
  for (const char* encoder : {"libx264", "libx265"}) {
    const auto units = EncodeStream({.encoder = encoder, .frames = 4, .preset = "fast"});
    if (units.empty()) GTEST_SKIP() << "FFmpeg has no " << encoder;
    std::mt19937 random(7);
    HeaderParser parser(units[0].codec);
    for (int round = 0; round < 3000; ++round) {
      std::vector<uint8_t> data = units[static_cast<size_t>(round) % units.size()].data;
      data.resize(std::min<size_t>(data.size(), 40 + random() % 200));
      for (int k = 0; k < 4; ++k) data[random() % data.size()] = static_cast<uint8_t>(random());
      const CodedPicture picture = parser.Read(data);
      if (picture.qp.has_value()) {
        EXPECT_GE(*picture.qp, -48);
        EXPECT_LE(*picture.qp, 51);
      }
      EXPECT_LE(picture.slice_bytes, data.size());
    }
    // And reads on.
    EXPECT_TRUE(parser.Read(units[0].data).qp.has_value());
  }
}

TEST(HeaderParser, ReadsRealClips) {
  const std::filesystem::path folder = std::string(PATROL_SHARED_DIR) + "/data/video";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  int clips = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".mp4") continue;
    auto reader = ClipReader::Open(entry.path().string());
    ASSERT_TRUE(reader.ok()) << entry.path();
    std::optional<HeaderParser> parser;
    std::optional<Referee> referee;
    for (int i = 0; i < 300; ++i) {
      const auto unit = (*reader)->NextAccessUnit();
      ASSERT_TRUE(unit.ok()) << entry.path();
      if (!unit->has_value()) break;
      if (!parser) parser.emplace((*unit)->codec);
      if (!referee) referee.emplace((*unit)->codec);
      const CodedPicture picture = parser->Read((*unit)->data);
      ExpectQp(picture, referee->SliceQps((*unit)->data), entry.path().filename());
    }
    ++clips;
  }
  EXPECT_GT(clips, 0);
}

}  // namespace
}  // namespace patrol::media
