// Fragmented MP4: read back with FFmpeg's own demuxer, it must give the camera's pictures and
// times.

#include "lib/video/media/fmp4.h"

#include <fstream>

#include "gtest/gtest.h"
#include "lib/video/media/clip_reader.h"
#include "lib/video/media/decoder.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::media {
namespace {

std::string Luma(const Picture& picture) {
  std::string bytes;
  for (int y = 0; y < picture.height(); ++y) {
    bytes.append(reinterpret_cast<const char*>(picture.plane(0)) + y * picture.stride(0),
                 picture.width());
  }
  return bytes;
}

std::vector<std::string> Decoded(const std::vector<AccessUnit>& units) {
  std::vector<std::string> pictures;
  auto decoder = *Decoder::Create(units.front().codec, Reordering::kDisplayOrder);
  for (const AccessUnit& unit : units) {
    auto picture = decoder->Decode(unit);
    EXPECT_TRUE(picture.ok()) << picture.status();
    if (picture.ok() && *picture) pictures.push_back(Luma(**picture));
  }
  for (auto picture = decoder->Drain(); picture.ok() && *picture; picture = decoder->Drain()) {
    pictures.push_back(Luma(**picture));
  }
  return pictures;
}

uint32_t U32(const std::vector<uint8_t>& bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

// Types and sizes of the boxes between two offsets; they must fill the room exactly.
std::vector<std::string> Boxes(const std::vector<uint8_t>& bytes, size_t from, size_t to) {
  std::vector<std::string> types;
  while (from < to) {
    const uint32_t size = U32(bytes, from);
    EXPECT_GE(size, 8u);
    if (size < 8) break;
    types.emplace_back(bytes.begin() + from + 4, bytes.begin() + from + 8);
    from += size;
  }
  EXPECT_EQ(from, to);
  return types;
}

void ExpectSamePictures(const std::string& encoder, const std::string& codec_prefix) {
  const std::vector<AccessUnit> units = EncodeStream({.encoder = encoder, .frames = 40});
  if (units.empty()) GTEST_SKIP() << "this FFmpeg has no " << encoder;
  const test::TemporaryFolder folder;
  const std::string path = folder.File("live.mp4");
  std::ofstream file(path, std::ios::binary);
  Fmp4Writer writer;
  int inits = 0;
  for (const AccessUnit& unit : units) {
    const auto piece = writer.Write(unit);
    ASSERT_TRUE(piece.ok()) << piece.status();
    if (piece->init) {
      ++inits;
      EXPECT_EQ(piece->init->codec.substr(0, codec_prefix.size()), codec_prefix);
      EXPECT_EQ(piece->init->width, 320);
      EXPECT_EQ(piece->init->height, 240);
      file.write(reinterpret_cast<const char*>(piece->init->bytes.data()),
                 piece->init->bytes.size());
    }
    EXPECT_EQ(Boxes(piece->fragment, 0, piece->fragment.size()),
              (std::vector<std::string>{"moof", "mdat"}));
    EXPECT_EQ(Boxes(piece->fragment, 8, U32(piece->fragment, 0)),
              (std::vector<std::string>{"mfhd", "traf"}));
    file.write(reinterpret_cast<const char*>(piece->fragment.data()), piece->fragment.size());
  }
  file.close();
  EXPECT_EQ(inits, 1);
  EXPECT_EQ(writer.skipped(), 0u);

  auto reader = *ClipReader::Open(path);
  const std::vector<std::string> direct = Decoded(units);
  ASSERT_EQ(direct.size(), units.size());
  for (size_t i = 0; i < direct.size(); ++i) {
    const auto picture = reader->NextPicture();
    ASSERT_TRUE(picture.ok() && *picture) << i << ": " << picture.status();
    EXPECT_TRUE(Luma(**picture) == direct[i]) << "picture " << i << " differs";
    EXPECT_EQ((*picture)->time() - absl::UnixEpoch(), i * absl::Milliseconds(40)) << i;
  }
  EXPECT_FALSE((*reader->NextPicture()).has_value());
  EXPECT_EQ(reader->damaged(), 0u);
}

TEST(Fmp4Writer, CarriesH264PictureForPicture) { ExpectSamePictures("libx264", "avc1.42"); }

TEST(Fmp4Writer, CarriesH265PictureForPicture) { ExpectSamePictures("libx265", "hvc1.1.6.L"); }

TEST(Fmp4Writer, SkipsWhatCannotBeDecodedAndCountsIt) {
  std::vector<AccessUnit> units = EncodeStream({.frames = 45, .gop = 15});
  ASSERT_EQ(units.size(), 45u);
  units[20].damaged = true;
  Fmp4Writer writer;
  int fragments = 0;
  for (size_t i = 5; i < units.size(); ++i) {
    const auto piece = writer.Write(units[i]);
    ASSERT_TRUE(piece.ok()) << piece.status();
    EXPECT_EQ(piece->init != nullptr, i == 15);
    fragments += piece->fragment.empty() ? 0 : 1;
  }
  // 15..19 and 30..44: joined in mid-GOP, damaged at 20.
  EXPECT_EQ(fragments, 20);
  EXPECT_EQ(writer.skipped(), 20u);
  EXPECT_EQ(writer.start(), units[15].time);
}

TEST(Fmp4Writer, BeginsAnewWhenTheParameterSetsChange) {
  const std::vector<AccessUnit> small = EncodeStream({.frames = 3});
  std::vector<AccessUnit> large = EncodeStream({.width = 640, .height = 360, .frames = 3});
  Fmp4Writer writer;
  for (const AccessUnit& unit : small) ASSERT_TRUE(writer.Write(unit).ok());
  for (AccessUnit& unit : large) unit.time += absl::Seconds(1);
  const auto changed = writer.Write(large[0]);
  ASSERT_TRUE(changed.ok() && changed->init);
  EXPECT_EQ(changed->init->width, 640);
  EXPECT_EQ(changed->init->height, 360);
  EXPECT_EQ((*writer.Write(large[1])).init, nullptr);
}

TEST(Fmp4Writer, KeepsDecodeTimesGrowingWithReorderedPictures) {
  std::vector<AccessUnit> units = EncodeStream({.frames = 13, .gop = 100});
  // As a camera with two B-frames sends: 0 3 1 2 6 4 5 ...
  const int order[] = {0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11};
  Fmp4Writer writer;
  int64_t last = -1;
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].time = absl::UnixEpoch() + order[i] * absl::Milliseconds(40);
    const auto piece = writer.Write(units[i]);
    ASSERT_TRUE(piece.ok());
    // moof 8, mfhd 16, traf 8, tfhd 16, tfdt: 8 + 4 + 8; trun: 8 + 12 + duration, size, flags.
    const std::vector<uint8_t>& bytes = piece->fragment;
    const auto decode = static_cast<int64_t>(uint64_t{U32(bytes, 60)} << 32 | U32(bytes, 64));
    const auto shown_after = static_cast<int32_t>(U32(bytes, 100));
    EXPECT_GT(decode, last) << i;
    EXPECT_EQ(decode + shown_after, order[i] * 3600) << i;
    last = decode;
  }
}

TEST(Fmp4Writer, RefusesMjpegAndBrokenParameterSets) {
  Fmp4Writer writer;
  EXPECT_EQ(writer.Write({.codec = Codec::kMjpeg, .keyframe = true}).status().code(),
            absl::StatusCode::kUnimplemented);
  AccessUnit broken{.keyframe = true, .data = {0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x65, 1, 2}};
  EXPECT_EQ(writer.Write(broken).status().code(), absl::StatusCode::kDataLoss);
  // And goes on with the next good one.
  EXPECT_NE((*writer.Write(EncodeStream({.frames = 1})[0])).init, nullptr);
}

TEST(CodecString, NamesProfilesAsBrowsersDo) {
  EXPECT_EQ(*CodecString(Codec::kH264, {0, 0, 0, 1, 0x67, 0x64, 0x00, 0x29, 0xac}), "avc1.640029");
  // Main profile, compatible with 1 and 2, level 3.1, progressive and frame-only constraints.
  EXPECT_EQ(*CodecString(Codec::kH265, {0, 0,    0, 1, 0x42, 0x01, 0x01, 0x01, 0x60, 0,    0,   3,
                                        0, 0xb0, 0, 0, 3,    0,    0,    3,    0,    0x5d, 0xa0}),
            "hvc1.1.6.L93.b0");
}

}  // namespace
}  // namespace patrol::media
