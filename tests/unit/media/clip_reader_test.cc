#include "lib/video/media/clip_reader.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/decoder.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::media {
namespace {

std::string WriteRawStream(const std::vector<AccessUnit>& units, const char* name) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream file(path, std::ios::binary);
  for (const AccessUnit& unit : units) {
    file.write(reinterpret_cast<const char*>(unit.data.data()),
               static_cast<std::streamsize>(unit.data.size()));
  }
  return path;
}

std::string SharedClip(const char* name) {
  return std::string(PATROL_SHARED_DIR "/data/video/") + name;
}

TEST(ClipReader, ReadsEveryPictureOfARawStream) {
  const auto units = EncodeStream({});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto reader = ClipReader::Open(WriteRawStream(units, "clip.h264"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->info().width, 320);
  EXPECT_EQ((*reader)->info().codec, Codec::kH264);
  absl::Time last = absl::InfinitePast();
  int pictures = 0;
  while (true) {
    auto picture = (*reader)->NextPicture();
    ASSERT_TRUE(picture.ok()) << picture.status();
    if (!picture->has_value()) break;
    EXPECT_GT((*picture)->time(), last);
    last = (*picture)->time();
    EXPECT_EQ((*reader)->number(), pictures);
    ++pictures;
  }
  EXPECT_EQ(pictures, 30);
  EXPECT_EQ((*reader)->damaged(), 0u);
}

TEST(ClipReader, StartsAgainAfterRewind) {
  const auto units = EncodeStream({.frames = 10});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto reader = ClipReader::Open(WriteRawStream(units, "rewind.h264"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  for (int round = 0; round < 3; ++round) {
    int count = 0;
    while (true) {
      auto unit = (*reader)->NextAccessUnit();
      ASSERT_TRUE(unit.ok()) << unit.status();
      if (!unit->has_value()) break;
      if (count == 0) {
        EXPECT_EQ((*unit)->time, absl::UnixEpoch());
        EXPECT_TRUE((*unit)->keyframe);
      }
      ++count;
    }
    EXPECT_EQ(count, 10);
    ASSERT_TRUE((*reader)->Rewind().ok());
  }
}

TEST(ClipReader, SkipsAndCountsDamagedPictures) {
  auto units = EncodeStream({});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  units.erase(units.begin() + 5);
  auto reader = ClipReader::Open(WriteRawStream(units, "damaged.h264"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  int pictures = 0;
  while (true) {
    auto picture = (*reader)->NextPicture();
    ASSERT_TRUE(picture.ok()) << picture.status();
    if (!picture->has_value()) break;
    ++pictures;
  }
  EXPECT_EQ(pictures, 20);
  EXPECT_EQ((*reader)->damaged(), 9u);
}

TEST(ClipReader, NamesThePathOfWhatItCannotRead) {
  auto missing = ClipReader::Open("/nonexistent/clip.mp4");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), testing::HasSubstr("/nonexistent/clip.mp4"));

  const std::string path = testing::TempDir() + "/text.mp4";
  std::ofstream(path) << "this is no clip\n";
  auto text = ClipReader::Open(path);
  EXPECT_EQ(text.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ClipReader, GivesAnnexBWithParameterSetsFromAnMp4) {
  const std::string path = SharedClip("highway.h264.mp4");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  auto reader = ClipReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  auto decoder = Decoder::Create(Codec::kH264);
  int units = 0, keyframes = 0;
  while (units < 300) {
    auto unit = (*reader)->NextAccessUnit();
    ASSERT_TRUE(unit.ok()) << unit.status();
    ASSERT_TRUE(unit->has_value());
    if ((*unit)->keyframe) {
      ++keyframes;
      EXPECT_FALSE(ParameterSetsOf(Codec::kH264, (*unit)->data).empty());
    }
    EXPECT_EQ((*unit)->time, absl::UnixEpoch() + units * absl::Milliseconds(40));
    auto picture = (*decoder)->Decode(**unit);
    ASSERT_TRUE(picture.ok()) << units << ": " << picture.status();
    ++units;
  }
  EXPECT_GE(keyframes, 2);
}

TEST(ClipReader, PutsPicturesOfAClipWithBFramesInOrder) {
  const std::string path = SharedClip("bottle-detection.mp4");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  auto reader = ClipReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::Time last = absl::InfinitePast();
  int64_t pictures = 0;
  while (true) {
    auto picture = (*reader)->NextPicture();
    ASSERT_TRUE(picture.ok()) << picture.status();
    if (!picture->has_value()) break;
    ASSERT_GT((*picture)->time(), last) << pictures;
    last = (*picture)->time();
    ++pictures;
  }
  EXPECT_EQ(pictures, 1189);
  EXPECT_EQ((*reader)->damaged(), 0u);
}

TEST(ClipReader, GivesKeyPicturesAloneWithTheirNumbers) {
  const auto units = EncodeStream({.frames = 40, .gop = 10});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto reader = ClipReader::Open(WriteRawStream(units, "keys.h264"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<int64_t> numbers;
  while (true) {
    auto picture = (*reader)->NextKeyPicture();
    ASSERT_TRUE(picture.ok()) << picture.status();
    if (!picture->has_value()) break;
    EXPECT_TRUE((*picture)->keyframe());
    numbers.push_back((*reader)->number());
  }
  EXPECT_THAT(numbers, testing::ElementsAre(0, 10, 20, 30));
}

}  // namespace
}  // namespace patrol::media
