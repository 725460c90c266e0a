// Goal: nothing of what a privacy mask hides leaves a decoder. Method: a pattern is painted where
// the mask is, coded, decoded, and looked for in what comes out.

#include "lib/video/media/privacy.h"

#include <cmath>
#include <cstring>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/video/media/decoder.h"
#include "lib/video/media/fmp4.h"
#include "lib/video/media/jpeg.h"
#include "tests/unit/media/coded_stream.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

namespace patrol::media {
namespace {

using ::testing::HasSubstr;

// Where the pattern is, in pixels; the mask is drawn closely around it.
constexpr int kLeft = 100, kTop = 60, kRight = 180, kBottom = 140;

PrivacyMask MaskOf(int width, int height) {
  const auto corner = [&](int x, int y) {
    return MaskCorner{static_cast<double>(x) / width, static_cast<double>(y) / height};
  };
  PrivacyMask mask;
  mask.polygons = {
      {corner(kLeft, kTop), corner(kRight, kTop), corner(kRight, kBottom), corner(kLeft, kBottom)}};
  mask.width = width;
  mask.height = height;
  return mask;
}

// Bright or dark in squares of four pixels, by chance, another chance for each picture.
int PatternAt(int x, int y, int index) {
  const uint32_t cell = static_cast<uint32_t>(x / 4 * 7919 + y / 4 * 104729 + index * 1299709);
  return (cell * 2654435761u >> 16 & 1) != 0 ? 235 : 20;
}

int SampleBytes(const AVFrame& frame) {
  return av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[0].depth > 8 ? 2 : 1;
}

void SetLuma(AVFrame& frame, int x, int y, int value) {
  uint8_t* row = frame.data[0] + y * frame.linesize[0];
  if (SampleBytes(frame) == 1) {
    row[x] = static_cast<uint8_t>(value);
  } else {
    const auto wide = static_cast<uint16_t>(value << 2);
    std::memcpy(row + 2 * x, &wide, 2);
  }
}

void PaintPattern(AVFrame& frame, int index) {
  if (SampleBytes(frame) == 2) {  // what is painted beneath is for 8 bits
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) SetLuma(frame, x, y, 60 + (x * 7 + y * 13) % 64);
    }
  }
  for (int y = kTop; y < kBottom; ++y) {
    for (int x = kLeft; x < kRight; ++x) SetLuma(frame, x, y, PatternAt(x, y, index));
  }
  const AVPixFmtDescriptor& format = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (SampleBytes(frame) == 2) return;
  for (int plane = 1; plane < 3; ++plane) {
    for (int y = kTop; y < kBottom; ++y) {
      for (int x = kLeft; x < kRight; ++x) {
        frame.data[plane][(y >> format.log2_chroma_h) * frame.linesize[plane] +
                          (x >> format.log2_chroma_w)] =
            static_cast<uint8_t>(PatternAt(x, y, index));
      }
    }
  }
}

// Correlation of the picture's luma with the pattern, where the pattern is, moved by (dx, dy).
double Correlation(const Picture& picture, int index, int dx = 0, int dy = 0) {
  double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (int y = kTop; y < kBottom; ++y) {
    for (int x = kLeft; x < kRight; ++x) {
      const int px = x + dx, py = y + dy;
      if (px < 0 || py < 0 || px >= picture.width() || py >= picture.height()) continue;
      const double u = PatternAt(x, y, index);
      const double v = picture.plane(0)[py * picture.stride(0) + px];
      ++n;
      a += u;
      b += v;
      aa += u * u;
      bb += v * v;
      ab += u * v;
    }
  }
  const double spread = std::sqrt((n * aa - a * a) * (n * bb - b * b));
  return spread == 0 ? 0 : (n * ab - a * b) / spread;
}

// The largest, wherever in the picture the pattern might show.
double LargestCorrelation(const Picture& picture, int index) {
  double most = 0;
  for (int dy = -64; dy <= 64; dy += 16) {
    for (int dx = -64; dx <= 64; dx += 16) {
      most = std::max(most, std::abs(Correlation(picture, index, dx, dy)));
    }
  }
  return most;
}

// A pattern of 400 cells finds as much in a scene that it is not in.
constexpr double kByChance = 0.35;

struct Way {
  const char* name;
  const char* encoder;
  AVPixelFormat format;
};

class PrivacyOnEveryWay : public testing::TestWithParam<Way> {
 protected:
  static std::vector<AccessUnit> Coded(int width = 320, int height = 240) {
    const bool jpeg = std::string(GetParam().encoder) == "mjpeg";
    return EncodeStream({.encoder = GetParam().encoder,
                         .width = width,
                         .height = height,
                         .frames = 20,
                         .gop = 10,
                         .format = GetParam().format,
                         .params = jpeg ? "" : "qp=20",
                         .paint = PaintPattern});
  }
};

TEST_P(PrivacyOnEveryWay, ThePatternIsInNoDecodedPictureAndInNoStill) {
  for (const auto& [width, height] : {std::pair(320, 240), std::pair(326, 242)}) {
    auto units = Coded(width, height);
    if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam().encoder;
    auto plain = *Decoder::Create(units[0].codec);
    auto masked = *Decoder::Create(units[0].codec);
    const auto filter = std::make_shared<PrivacyFilter>(MaskOf(width, height));
    for (size_t i = 0; i < units.size(); ++i) {
      const auto index = static_cast<int>(i);
      const auto seen = plain->Decode(units[i]);
      ASSERT_TRUE(seen.ok() && seen->has_value()) << seen.status();
      ASSERT_GT(Correlation(**seen, index), 0.8) << "the test's own pattern is lost in coding";
      units[i].privacy = filter;
      const auto picture = masked->Decode(units[i]);
      ASSERT_TRUE(picture.ok() && picture->has_value()) << picture.status();
      EXPECT_FALSE((*picture)->hidden());
      // 16-pixel blocks around 100..180 x 60..140 with the margin: 96..192 x 48..144.
      for (int y = 48; y < 144; ++y) {
        for (int x = 96; x < 192; ++x) {
          const int luma = (*picture)->plane(0)[y * (*picture)->stride(0) + x];
          const int blue = (*picture)->plane(1)[y / 2 * (*picture)->stride(1) + x / 2];
          const int red = (*picture)->plane(2)[y / 2 * (*picture)->stride(2) + x / 2];
          ASSERT_LE(luma, 17) << i << ": " << x << "," << y;
          ASSERT_EQ(std::max(std::abs(blue - 128), std::abs(red - 128)) > 1, false)
              << i << ": " << x;
        }
      }
      // The rest is as it was.
      EXPECT_EQ((*picture)->plane(0)[10], (*seen)->plane(0)[10]);
      EXPECT_EQ((*picture)->plane(0)[200 * (*picture)->stride(0) + 200],
                (*seen)->plane(0)[200 * (*seen)->stride(0) + 200]);
      if (i % 5 == 0) {
        EXPECT_LT(std::abs(Correlation(**picture, index)), 0.02) << i;
        EXPECT_LT(LargestCorrelation(**picture, index), kByChance) << i;
        const auto jpeg = EncodeJpeg(**picture, 90, width);
        ASSERT_TRUE(jpeg.ok()) << jpeg.status();
        AccessUnit still;
        still.codec = Codec::kMjpeg;
        still.keyframe = true;
        still.data.assign(jpeg->begin(), jpeg->end());
        const auto opened = (*Decoder::Create(Codec::kMjpeg))->Decode(still);
        ASSERT_TRUE(opened.ok() && opened->has_value()) << opened.status();
        EXPECT_LT(std::abs(Correlation(**opened, index)), 0.02) << i;
        EXPECT_LT(LargestCorrelation(**opened, index), kByChance) << i;
      }
    }
    EXPECT_EQ(filter->masked(), 20);
    EXPECT_EQ(filter->hidden(), 0);
    EXPECT_EQ(filter->why_hidden(), "");
  }
}

TEST_P(PrivacyOnEveryWay, ThePatternIsInNoKeyframeDecodedAlone) {
  auto units = Coded();
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam().encoder;
  auto decoder = *Decoder::Create(units[0].codec);
  const auto filter = std::make_shared<PrivacyFilter>(MaskOf(320, 240));
  for (size_t i = 0; i < units.size(); i += 10) {
    units[i].privacy = filter;
    const auto picture = decoder->DecodeAlone(units[i]);
    ASSERT_TRUE(picture.ok() && picture->has_value()) << picture.status();
    EXPECT_LT(std::abs(Correlation(**picture, static_cast<int>(i))), 0.02) << i;
    EXPECT_LT(LargestCorrelation(**picture, static_cast<int>(i)), kByChance) << i;
  }
  EXPECT_EQ(filter->masked(), 2);
}

INSTANTIATE_TEST_SUITE_P(Ways, PrivacyOnEveryWay,
                         testing::Values(Way{"H264", "libx264", AV_PIX_FMT_YUV420P},
                                         Way{"H264FullRange", "libx264", AV_PIX_FMT_YUVJ420P},
                                         Way{"H264Chroma422", "libx264", AV_PIX_FMT_YUV422P},
                                         Way{"H264Chroma444", "libx264", AV_PIX_FMT_YUV444P},
                                         Way{"H264TenBits", "libx264", AV_PIX_FMT_YUV420P10LE},
                                         Way{"H265", "libx265", AV_PIX_FMT_YUV420P},
                                         Way{"Mjpeg", "mjpeg", AV_PIX_FMT_YUVJ420P},
                                         Way{"Mjpeg422", "mjpeg", AV_PIX_FMT_YUVJ422P}),
                         [](const auto& way) { return std::string(way.param.name); });

// What the decoder predicts from must not be blackened: it would show through what is decoded after
// it, here as a black square that the later, unmasked picture still has.
TEST(Privacy, LeavesThePicturesThatTheDecoderPredictsFromAsTheyAre) {
  auto units = EncodeStream({.frames = 10});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto plain = *Decoder::Create(Codec::kH264);
  auto masked = *Decoder::Create(Codec::kH264);
  const auto filter = std::make_shared<PrivacyFilter>(MaskOf(320, 240));
  for (AccessUnit& unit : units) {
    const auto seen = plain->Decode(unit);
    unit.privacy = filter;
    const auto picture = masked->Decode(unit);
    ASSERT_TRUE(seen.ok() && picture.ok());
    for (int y = 0; y < 240; ++y) {
      for (int x = 0; x < 320; ++x) {
        if (x >= 80 && x < 208 && y >= 32 && y < 160) continue;
        ASSERT_EQ((*picture)->plane(0)[y * (*picture)->stride(0) + x],
                  (*seen)->plane(0)[y * (*seen)->stride(0) + x]);
      }
    }
  }
}

bool AllBlack(const Picture& picture) {
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      if (picture.plane(0)[y * picture.stride(0) + x] > 16) return false;
      if (picture.plane(1)[y / 2 * picture.stride(1) + x / 2] != 128) return false;
      if (picture.plane(2)[y / 2 * picture.stride(2) + x / 2] != 128) return false;
    }
  }
  return true;
}

TEST(Privacy, HidesTheWholePictureWhereTheMaskDoesNotFit) {
  const auto units = EncodeStream({.frames = 1, .paint = PaintPattern});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  const auto decoded = [&](const std::shared_ptr<PrivacyFilter>& filter) {
    AccessUnit unit = units[0];
    unit.privacy = filter;
    const auto picture = (*Decoder::Create(Codec::kH264))->Decode(unit);
    EXPECT_TRUE(picture.ok() && picture->has_value()) << picture.status();
    return **picture;
  };
  PrivacyMask unknown;
  unknown.unknown = true;
  PrivacyMask faulty = MaskOf(320, 240);
  faulty.polygons[0][1].x = std::nan("");
  PrivacyMask empty;
  PrivacyMask other_size = MaskOf(640, 480);
  PrivacyMask turned = MaskOf(320, 240);
  turned.rotation_deg = 90;
  const std::pair<PrivacyMask, const char*> cases[] = {{unknown, "is not known"},
                                                       {faulty, "is faulty"},
                                                       {empty, "is faulty"},
                                                       {other_size, "was drawn for 640x480"},
                                                       {turned, "was drawn for 90"}};
  for (const auto& [mask, why] : cases) {
    const auto filter = std::make_shared<PrivacyFilter>(mask);
    const Picture picture = decoded(filter);
    EXPECT_TRUE(AllBlack(picture)) << why;
    EXPECT_TRUE(picture.hidden());
    EXPECT_THAT(filter->why_hidden(), HasSubstr(why));
    EXPECT_EQ(filter->hidden(), 1);
  }
  const auto filter = std::make_shared<PrivacyFilter>(MaskOf(320, 240));
  EXPECT_FALSE(decoded(filter).hidden());
  filter->HideAll("the camera turns");
  EXPECT_TRUE(AllBlack(decoded(filter)));
  EXPECT_EQ(filter->why_hidden(), "the camera turns");
}

TEST(Privacy, IsForTheSizeOfTheFirstPictureWhereNobodySaidWhich) {
  PrivacyMask mask = MaskOf(320, 240);
  mask.width = mask.height = 0;
  const auto filter = std::make_shared<PrivacyFilter>(mask);
  FramePtr small = MakeFrame(320, 240, 10);
  FramePtr large = MakeFrame(640, 480, 10);
  EXPECT_FALSE(*filter->Apply(small.get()));
  EXPECT_TRUE(*filter->Apply(large.get()));
  EXPECT_FALSE(*filter->Apply(small.get()));
  EXPECT_EQ(filter->why_hidden(), "");
}

TEST(Privacy, TellsARotationThatTheStreamSignals) {
  const auto filter = std::make_shared<PrivacyFilter>(MaskOf(320, 240));
  PrivacyMask turned = MaskOf(320, 240);
  turned.rotation_deg = 90;
  const auto for_turned = std::make_shared<PrivacyFilter>(turned);
  const auto with = [](double degrees, bool mirrored) {
    FramePtr frame = MakeFrame(320, 240, 10);
    AVFrameSideData* side =
        av_frame_new_side_data(frame.get(), AV_FRAME_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
    auto* matrix = reinterpret_cast<int32_t*>(side->data);
    av_display_rotation_set(matrix, degrees);
    if (mirrored) av_display_matrix_flip(matrix, 1, 0);
    return frame;
  };
  EXPECT_FALSE(*filter->Apply(with(0, false).get()));
  EXPECT_TRUE(*filter->Apply(with(90, false).get()));
  EXPECT_FALSE(*for_turned->Apply(with(90, false).get()));
  EXPECT_TRUE(*for_turned->Apply(with(270, false).get()));
  EXPECT_TRUE(*filter->Apply(with(180, false).get()));
  EXPECT_TRUE(*filter->Apply(with(0, true).get()));
  EXPECT_THAT(filter->why_hidden(), HasSubstr("mirrored"));
}

TEST(Privacy, LeavesNoHoleWhereAnOutlineCrossesItself) {
  // A five-pointed star in one stroke: its middle is outside by the even-odd rule.
  PrivacyMask mask;
  mask.polygons.emplace_back();
  for (int i = 0; i < 5; ++i) {
    const double angle = M_PI * (0.5 + i * 0.8);
    mask.polygons[0].push_back({0.5 + 0.4 * std::cos(angle), 0.5 - 0.4 * std::sin(angle)});
  }
  FramePtr frame = MakeFrame(1280, 720, 10);
  EXPECT_FALSE(*PrivacyFilter(mask).Apply(frame.get()));
  EXPECT_LE(frame->data[0][360 * frame->linesize[0] + 640], 16);
  EXPECT_GT(frame->data[0][700 * frame->linesize[0] + 20], 16);
}

TEST(Privacy, BlackensASemiplanarPictureAsHardwareGivesIt) {
  for (const AVPixelFormat format : {AV_PIX_FMT_NV12, AV_PIX_FMT_P010LE}) {
    FramePtr frame(av_frame_alloc());
    frame->format = format;
    frame->width = 320;
    frame->height = 240;
    ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    for (int plane = 0; plane < 2; ++plane) {
      std::memset(frame->data[plane], 0xc8,
                  static_cast<size_t>(frame->linesize[plane] * (plane == 0 ? 240 : 120)));
    }
    PrivacyFilter filter(MaskOf(320, 240));
    ASSERT_TRUE(filter.Apply(frame.get()).ok());
    const int bytes = format == AV_PIX_FMT_NV12 ? 1 : 2;
    const auto high = [&](int plane, int sample, int row) {
      return frame->data[plane][row * frame->linesize[plane] + sample * bytes + bytes - 1];
    };
    EXPECT_EQ(high(0, 120, 100), 16);
    EXPECT_EQ(high(1, 120, 50), 128);
    EXPECT_EQ(high(1, 121, 50), 128);
    EXPECT_EQ(high(0, 10, 10), 0xc8);
    EXPECT_EQ(high(1, 10, 10), 0xc8);
  }
}

TEST(Privacy, GivesNoPictureWhereItCannotBlacken) {
  FramePtr frame(av_frame_alloc());
  frame->format = AV_PIX_FMT_PAL8;
  frame->width = 320;
  frame->height = 240;
  ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  EXPECT_EQ(PrivacyFilter(MaskOf(320, 240)).Apply(frame.get()).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(Privacy, AnotherMaskBeginsAtAKeyframe) {
  auto units = EncodeStream({.frames = 20, .gop = 10});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto decoder = *Decoder::Create(Codec::kH264);
  for (size_t i = 0; i < 5; ++i) ASSERT_TRUE(decoder->Decode(units[i])->has_value());
  const auto filter = std::make_shared<PrivacyFilter>(MaskOf(320, 240));
  for (size_t i = 5; i < units.size(); ++i) {
    units[i].privacy = filter;
    const auto picture = decoder->Decode(units[i]);
    EXPECT_EQ(picture.ok() && picture->has_value(), i >= 10) << i;
  }
}

TEST(Privacy, CodedPicturesOfAMaskedCameraMakeNoMp4) {
  auto units = EncodeStream({.frames = 1});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  units[0].privacy = std::make_shared<PrivacyFilter>(MaskOf(320, 240));
  Fmp4Writer writer;
  EXPECT_EQ(writer.Write(units[0]).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST(Privacy, NamesWhatIsWrongWithAMask) {
  const auto fault = [](const PrivacyMask& mask) {
    return std::string(CheckPrivacyMask(mask).message());
  };
  EXPECT_EQ(fault(MaskOf(320, 240)), "");
  PrivacyMask mask;
  EXPECT_EQ(fault(mask), "polygons: 0, must be 1..64");
  mask = MaskOf(320, 240);
  mask.polygons.push_back({{0, 0}, {1, 1}});
  EXPECT_EQ(fault(mask), "polygons[1].corners: 2, must be 3..64");
  mask.polygons[1].push_back({0.5, 1.5});
  EXPECT_EQ(fault(mask), "polygons[1].corners[2]: (0.5, 1.5) is outside 0..1");
  mask.polygons.pop_back();
  mask.height = 0;
  EXPECT_THAT(fault(mask), HasSubstr("width, height: 320x0"));
  mask = MaskOf(320, 240);
  mask.rotation_deg = 45;
  EXPECT_EQ(fault(mask), "rotation_deg: 45 is none of 0, 90, 180, 270");
}

}  // namespace
}  // namespace patrol::media
