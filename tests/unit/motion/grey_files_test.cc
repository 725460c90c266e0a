#include <zlib.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/motion/grey_jpeg.h"
#include "lib/video/motion/grey_png.h"

namespace patrol::motion {
namespace {

Plane Waves(int width, int height) {
  Plane plane(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      plane.row(y)[x] =
          static_cast<uint8_t>(128 + 60 * std::sin(x * 0.1) + 50 * std::cos(y * 0.07));
    }
  }
  return plane;
}

TEST(GreyJpegTest, APlaneComesBackWithinAFewGreyLevels) {
  const Plane plane = Waves(321, 179);
  const std::vector<uint8_t> jpeg = EncodeGreyJpeg(plane.view(), 85);
  ASSERT_FALSE(jpeg.empty());
  EXPECT_LT(jpeg.size(), 321u * 179u / 4);
  Plane back(321, 179);
  ASSERT_TRUE(DecodeGreyJpeg(jpeg, back));
  for (int y = 0; y < 179; ++y) {
    for (int x = 0; x < 321; ++x) {
      ASSERT_LE(std::abs(plane.row(y)[x] - back.row(y)[x]), 6) << x << "," << y;
    }
  }
}

TEST(GreyJpegTest, AnotherSizeAndDamagedBytesAreRefused) {
  const std::vector<uint8_t> jpeg = EncodeGreyJpeg(Waves(64, 48).view(), 85);
  Plane other(48, 64);
  EXPECT_FALSE(DecodeGreyJpeg(jpeg, other));
  Plane same(64, 48);
  EXPECT_FALSE(DecodeGreyJpeg({}, same));
  EXPECT_FALSE(DecodeGreyJpeg({0xff, 0xd8, 0x00, 0x01}, same));
}

TEST(GreyJpegTest, APlaneWithoutPixelsIsNotCoded) {
  EXPECT_TRUE(EncodeGreyJpeg(PlaneView{}, 85).empty());
}

uint32_t BigEndianAt(const std::string& bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes.at(at + i));
  return number;
}

TEST(GreyPngTest, ThePixelsAreInTheFileRowByRow) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "grey.png").string();
  const Plane plane = Waves(37, 11);
  ASSERT_TRUE(WriteGreyPng(plane.view(), path).ok());
  std::ifstream file(path, std::ios::binary);
  const std::string png{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  ASSERT_EQ(png.substr(12, 4), "IHDR");
  EXPECT_EQ(BigEndianAt(png, 16), 37u);
  EXPECT_EQ(BigEndianAt(png, 20), 11u);
  ASSERT_EQ(png.substr(37, 4), "IDAT");
  const uint32_t packed = BigEndianAt(png, 33);
  EXPECT_EQ(BigEndianAt(png, 41 + packed),
            crc32(0, reinterpret_cast<const Bytef*>(png.data() + 37), packed + 4));
  std::vector<uint8_t> rows(11 * 38);
  uLongf size = rows.size();
  ASSERT_EQ(uncompress(rows.data(), &size, reinterpret_cast<const Bytef*>(png.data() + 41), packed),
            Z_OK);
  ASSERT_EQ(size, rows.size());
  for (int y = 0; y < 11; ++y) {
    EXPECT_EQ(rows[static_cast<size_t>(y) * 38], 0);
    for (int x = 0; x < 37; ++x) {
      ASSERT_EQ(rows[static_cast<size_t>(y * 38 + 1 + x)], plane.row(y)[x]) << x << "," << y;
    }
  }
  std::filesystem::remove(path);
}

TEST(GreyPngTest, AFolderThatIsNotThereIsToldAsUnavailable) {
  EXPECT_EQ(WriteGreyPng(Waves(8, 8).view(), "/no/such/folder/grey.png").code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace patrol::motion
