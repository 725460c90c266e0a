#include "lib/video/media/jpeg.h"

#include <cstdlib>

#include "gtest/gtest.h"
#include "lib/video/media/decoder.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::media {
namespace {

Picture MakePicture(int width, int height, AVPixelFormat format = AV_PIX_FMT_YUVJ420P) {
  return Picture(*MakeFrame(width, height, 30, format), absl::UnixEpoch(), true);
}

Picture DecodeJpeg(const std::string& jpeg) {
  AccessUnit unit;
  unit.codec = Codec::kMjpeg;
  unit.data.assign(jpeg.begin(), jpeg.end());
  auto decoder = Decoder::Create(Codec::kMjpeg);
  EXPECT_TRUE(decoder.ok());
  auto picture = (*decoder)->Decode(unit);
  EXPECT_TRUE(picture.ok()) << picture.status();
  EXPECT_TRUE(picture->has_value());
  return **picture;
}

double MeanDifference(const Picture& a, const Picture& b) {
  double sum = 0;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      sum += std::abs(a.plane(0)[y * a.stride(0) + x] - b.plane(0)[y * b.stride(0) + x]);
    }
  }
  return sum / (a.width() * a.height());
}

TEST(EncodeJpeg, MakesAPictureThatDecodesToTheSame) {
  const Picture picture = MakePicture(320, 240);
  auto jpeg = EncodeJpeg(picture, 90, 640);
  ASSERT_TRUE(jpeg.ok()) << jpeg.status();
  const Picture again = DecodeJpeg(*jpeg);
  ASSERT_EQ(again.width(), 320);
  ASSERT_EQ(again.height(), 240);
  EXPECT_LT(MeanDifference(picture, again), 4.0);
}

TEST(EncodeJpeg, StretchesLimitedRangeToFullRange) {
  FramePtr frame = MakeFrame(64, 64, 0, AV_PIX_FMT_YUV420P);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) frame->data[0][y * frame->linesize[0] + x] = x < 32 ? 16 : 235;
  }
  auto jpeg = EncodeJpeg(Picture(*frame, absl::UnixEpoch(), true), 95, 640);
  ASSERT_TRUE(jpeg.ok()) << jpeg.status();
  const Picture again = DecodeJpeg(*jpeg);
  EXPECT_LT(again.plane(0)[10], 5);
  EXPECT_GT(again.plane(0)[50], 250);
}

TEST(EncodeJpeg, ScalesDownToTheWidthAskedForAndKeepsTheShape) {
  auto jpeg = EncodeJpeg(MakePicture(1280, 720), 75, 320);
  ASSERT_TRUE(jpeg.ok()) << jpeg.status();
  const Picture again = DecodeJpeg(*jpeg);
  EXPECT_EQ(again.width(), 320);
  EXPECT_EQ(again.height(), 180);
}

TEST(EncodeJpeg, IsSmallerAtLowerQuality) {
  const Picture picture = MakePicture(320, 240);
  EXPECT_LT(EncodeJpeg(picture, 20, 640)->size(), EncodeJpeg(picture, 90, 640)->size());
}

TEST(EncodeJpeg, TakesOddSizes) {
  auto jpeg = EncodeJpeg(MakePicture(101, 75), 75, 640);
  ASSERT_TRUE(jpeg.ok()) << jpeg.status();
  EXPECT_EQ(DecodeJpeg(*jpeg).width(), 101);
}

TEST(EncodeJpeg, RefusesEmptyPicturesAndParametersOutOfRange) {
  const Picture picture = MakePicture(64, 64);
  EXPECT_EQ(EncodeJpeg(Picture(), 75, 640).status().code(), absl::StatusCode::kInvalidArgument);
  for (const int quality : {0, 101, -5}) {
    EXPECT_EQ(EncodeJpeg(picture, quality, 640).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(EncodeJpeg(picture, 75, 8).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace patrol::media
