#include "lib/video/media/decoder.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/video/media/annexb.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::media {
namespace {

std::unique_ptr<Decoder> MakeDecoder(Codec codec) {
  auto decoder = Decoder::Create(codec);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  return *std::move(decoder);
}

int SquareLeft(const Picture& picture) {
  const uint8_t* row = picture.plane(0) + 40 * picture.stride(0);
  for (int x = 0; x < picture.width(); ++x) {
    if (row[x] > 180) return x;
  }
  return -1;
}

class DecoderOfCodec : public testing::TestWithParam<const char*> {};

TEST_P(DecoderOfCodec, ReturnsEveryPictureAtItsOwnTime) {
  const auto units = EncodeStream({.encoder = GetParam()});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  for (size_t i = 0; i < units.size(); ++i) {
    auto picture = decoder->Decode(units[i]);
    ASSERT_TRUE(picture.ok()) << i << ": " << picture.status();
    ASSERT_TRUE(picture->has_value()) << i;
    EXPECT_EQ((*picture)->time(), units[i].time);
    EXPECT_EQ((*picture)->keyframe(), i % 15 == 0);
    EXPECT_EQ((*picture)->width(), 320);
    EXPECT_EQ((*picture)->height(), 240);
    EXPECT_NEAR(SquareLeft(**picture), 10 + 4 * static_cast<int>(i), 2);
  }
  EXPECT_EQ(decoder->pictures(), units.size());
  EXPECT_EQ(decoder->damaged(), 0u);
}

TEST_P(DecoderOfCodec, ReturnsPicturesWhoseTimesAreNoWholeMicroseconds) {
  auto units = EncodeStream({.encoder = GetParam()});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].time =
        absl::UnixEpoch() + absl::Seconds(1) + static_cast<int64_t>(i) * absl::Seconds(1) / 15;
    units[i].time += absl::Nanoseconds(400);
    const auto picture = decoder->Decode(units[i]);
    ASSERT_TRUE(picture.ok()) << i << ": " << picture.status();
    EXPECT_TRUE(picture->has_value()) << i;
  }
}

TEST(Decoder, ReportsATruncatedAccessUnitAndRecoversAtTheNextKeyframe) {
  auto units = EncodeStream({});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto decoder = MakeDecoder(Codec::kH264);
  units[0].data.resize(units[0].data.size() * 2 / 3);
  EXPECT_EQ(decoder->Decode(units[0]).status().code(), absl::StatusCode::kDataLoss);
  for (size_t i = 1; i < 15; ++i) {
    auto picture = decoder->Decode(units[i]);
    EXPECT_EQ(picture.status().code(), absl::StatusCode::kDataLoss) << i;
  }
  for (size_t i = 15; i < units.size(); ++i) {
    auto picture = decoder->Decode(units[i]);
    ASSERT_TRUE(picture.ok()) << i << ": " << picture.status();
    EXPECT_TRUE(picture->has_value()) << i;
  }
  EXPECT_EQ(decoder->damaged(), 15u);
}

TEST_P(DecoderOfCodec, ReturnsNoPictureBetweenALostOneAndTheNextKeyframe) {
  const auto units = EncodeStream({.encoder = GetParam()});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  for (size_t i = 0; i < units.size(); ++i) {
    if (i == 5) continue;  // lost on the way
    auto picture = decoder->Decode(units[i]);
    if (i < 5 || i >= 15) {
      ASSERT_TRUE(picture.ok()) << i << ": " << picture.status();
      EXPECT_TRUE(picture->has_value()) << i;
    } else {
      EXPECT_EQ(picture.status().code(), absl::StatusCode::kDataLoss) << i;
    }
  }
  EXPECT_EQ(decoder->damaged(), 9u);
}

TEST_P(DecoderOfCodec, NeverReturnsAPictureMarkedDamagedByTheSource) {
  auto units = EncodeStream({.encoder = GetParam()});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  units[3].damaged = true;
  for (size_t i = 0; i < units.size(); ++i) {
    const bool good = i < 3 || i >= 15;
    EXPECT_EQ(decoder->Decode(units[i]).ok(), good) << i;
  }
}

TEST_P(DecoderOfCodec, ServesTwoCamerasInTurnAfterFlush) {
  const auto small = EncodeStream({.encoder = GetParam(), .frames = 2});
  const auto large =
      EncodeStream({.encoder = GetParam(), .width = 640, .height = 360, .frames = 2});
  if (small.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(small[0].codec);
  for (int turn = 0; turn < 4; ++turn) {
    const auto& units = turn % 2 == 0 ? small : large;
    decoder->Flush();
    auto picture = decoder->Decode(units[0]);
    ASSERT_TRUE(picture.ok()) << picture.status();
    ASSERT_TRUE(picture->has_value());
    EXPECT_EQ((*picture)->width(), turn % 2 == 0 ? 320 : 640);
  }
}

TEST_P(DecoderOfCodec, DoesNotDecodeACameraByTheParameterSetsOfTheOneBefore) {
  const auto units = EncodeStream({.encoder = GetParam(), .frames = 2});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  ASSERT_TRUE(decoder->Decode(units[0]).ok());
  AccessUnit bare = units[0];
  bare.data.clear();
  NalReader reader(bare.codec, units[0].data);
  for (NalUnit nal; reader.Next(nal);) {
    if (KindOf(bare.codec, nal.type) != NalKind::kParameterSet) AppendNal(nal.data, bare.data);
  }
  ASSERT_LT(bare.data.size(), units[0].data.size());
  decoder->Flush();
  EXPECT_EQ(decoder->Decode(bare).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(decoder->Decode(units[0]).ok());
}

std::vector<uint8_t> Luma(const Picture& picture) {
  std::vector<uint8_t> luma;
  for (int y = 0; y < picture.height(); ++y) {
    const uint8_t* row = picture.plane(0) + y * picture.stride(0);
    luma.insert(luma.end(), row, row + picture.width());
  }
  return luma;
}

TEST_P(DecoderOfCodec, LeavesOutTheEdgeFilterOfAKeyframeDecodedAloneAndOfNoOtherPicture) {
  const auto units = EncodeStream({.encoder = GetParam(), .preset = "veryfast", .params = "qp=36"});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto whole = MakeDecoder(units[0].codec);
  auto mixed = MakeDecoder(units[0].codec);
  for (size_t i = 0; i < units.size(); ++i) {
    const auto filtered = whole->Decode(units[i]);
    ASSERT_TRUE(filtered.ok() && filtered->has_value()) << i;
    if (i % 15 == 0) {
      const auto alone = mixed->DecodeAlone(units[i]);
      ASSERT_TRUE(alone.ok()) << alone.status();
      ASSERT_TRUE(alone->has_value());
      EXPECT_EQ((*alone)->time(), units[i].time);
      EXPECT_FALSE(Luma(**alone) == Luma(**filtered));
      EXPECT_NEAR(SquareLeft(**alone), 10 + 4 * static_cast<int>(i), 2);
      mixed->Flush();
    }
    const auto after = mixed->Decode(units[i]);
    ASSERT_TRUE(after.ok() && after->has_value()) << i;
    EXPECT_TRUE(Luma(**after) == Luma(**filtered)) << i;
  }
}

TEST_P(DecoderOfCodec, GivesAKeyframeDecodedAloneAtOnceWhereBPicturesFollow) {
  const auto units = EncodeStream({.encoder = GetParam(), .b_frames = 2, .tune = ""});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  for (int turn = 0; turn < 2; ++turn) {
    const auto picture = decoder->DecodeAlone(units[0]);
    ASSERT_TRUE(picture.ok()) << picture.status();
    EXPECT_TRUE(picture->has_value());
  }
}

TEST_P(DecoderOfCodec, GivesNothingBeforeTheFirstKeyframe) {
  const auto units = EncodeStream({.encoder = GetParam()});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  for (size_t i = 4; i < 15; ++i) {
    auto picture = decoder->Decode(units[i]);
    EXPECT_TRUE(!picture.ok() || !picture->has_value()) << i;
  }
  auto picture = decoder->Decode(units[15]);
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_TRUE(picture->has_value());
}

TEST_P(DecoderOfCodec, SurvivesGarbage) {
  auto units = EncodeStream({.encoder = GetParam()});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  auto decoder = MakeDecoder(units[0].codec);
  std::srand(1);
  for (int round = 0; round < 300; ++round) {
    AccessUnit unit = units[static_cast<size_t>(round) % units.size()];
    for (int i = 0; i < 1 + round % 40; ++i) {
      unit.data[static_cast<size_t>(std::rand()) % unit.data.size()] =
          static_cast<uint8_t>(std::rand());
    }
    if (round % 7 == 0) unit.data.resize(1 + static_cast<size_t>(std::rand()) % unit.data.size());
    (void)decoder->Decode(unit);
  }
  AccessUnit noise = units[0];
  for (uint8_t& byte : noise.data) byte = static_cast<uint8_t>(std::rand());
  auto picture = decoder->Decode(noise);
  EXPECT_TRUE(!picture.ok() || !picture->has_value());
  EXPECT_GT(decoder->damaged(), 0u);
  decoder->Flush();
  picture = decoder->Decode(units[0]);
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_TRUE(picture->has_value());
}

INSTANTIATE_TEST_SUITE_P(Codecs, DecoderOfCodec, testing::Values("libx264", "libx265"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST(Decoder, ConvertsOtherPixelFormatsTo420) {
  const auto units = EncodeStream({.frames = 1, .format = AV_PIX_FMT_YUV444P});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto picture = MakeDecoder(Codec::kH264)->Decode(units[0]);
  ASSERT_TRUE(picture.ok()) << picture.status();
  ASSERT_TRUE(picture->has_value());
  EXPECT_EQ((*picture)->frame()->format, AV_PIX_FMT_YUV420P);
  EXPECT_NEAR(SquareLeft(**picture), 10, 2);
  EXPECT_NEAR((*picture)->plane(1)[0], 128, 1);
}

TEST(Decoder, KeepsAPictureAfterTheDecoderIsGone) {
  const auto units = EncodeStream({.frames = 1});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  Picture kept;
  {
    auto decoder = MakeDecoder(Codec::kH264);
    kept = **decoder->Decode(units[0]);
  }
  EXPECT_NEAR(SquareLeft(kept), 10, 2);
}

TEST(Decoder, DecodesMjpeg) {
  const auto units = EncodeStream({.encoder = "mjpeg", .frames = 2, .format = AV_PIX_FMT_YUVJ420P});
  ASSERT_EQ(units.size(), 2u);
  auto picture = MakeDecoder(Codec::kMjpeg)->Decode(units[1]);
  ASSERT_TRUE(picture.ok()) << picture.status();
  ASSERT_TRUE(picture->has_value());
  EXPECT_TRUE((*picture)->keyframe());
  EXPECT_NEAR(SquareLeft(**picture), 14, 2);
}

TEST(Decoder, DecodesInSoftwareWhereTheDeviceIsNotThere) {
  for (const HardwareChoice kind : {HardwareChoice::kCuda, HardwareChoice::kVaapi}) {
    for (const char* encoder : {"libx264", "libx265"}) {
      const auto units = EncodeStream({.encoder = encoder});
      if (units.empty()) continue;
      // FFmpeg's decoder takes the offer and finds no device behind it.
      const auto gone = std::make_shared<const Hardware>(kind, nullptr);
      auto decoder = Decoder::Create(units[0].codec, Reordering::kNone, gone);
      ASSERT_TRUE(decoder.ok()) << decoder.status();
      EXPECT_EQ((*decoder)->decoded_by(), "");
      for (size_t i = 0; i < units.size(); ++i) {
        const auto picture = (*decoder)->Decode(units[i]);
        ASSERT_TRUE(picture.ok()) << encoder << " " << i << ": " << picture.status();
        ASSERT_TRUE(picture->has_value()) << encoder << " " << i;
        EXPECT_NEAR(SquareLeft(**picture), 10 + 4 * static_cast<int>(i), 2);
      }
      EXPECT_EQ((*decoder)->decoded_by(), "software");
      EXPECT_THAT((*decoder)->fallback(), testing::StartsWith(std::string(gone->name())))
          << encoder;
      EXPECT_EQ((*decoder)->damaged(), 0u);
    }
  }
}

TEST(Decoder, GivesHardwareUpWhereItFailsTimeAndAgainAndRecovers) {
  auto units = EncodeStream({.frames = 60});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto decoder = Decoder::Create(Codec::kH264, Reordering::kNone,
                                 std::make_shared<const Hardware>(HardwareChoice::kVaapi, nullptr));
  ASSERT_TRUE(decoder.ok());
  // A keyframe that is cut: everything up to the next fails, more often than hardware may.
  units[0].data.resize(units[0].data.size() * 2 / 3);
  for (size_t i = 0; i < 15; ++i) EXPECT_FALSE((*decoder)->Decode(units[i]).ok()) << i;
  EXPECT_THAT((*decoder)->fallback(), testing::HasSubstr("vaapi failed 5 times in a row"));
  for (size_t i = 15; i < units.size(); ++i) {
    const auto picture = (*decoder)->Decode(units[i]);
    ASSERT_TRUE(picture.ok()) << i << ": " << picture.status();
    EXPECT_TRUE(picture->has_value()) << i;
  }
  EXPECT_EQ((*decoder)->decoded_by(), "software");
}

TEST(Hardware, IsChosenByNameAndSaysWhyThereIsNone) {
  HardwareChoice choice = HardwareChoice::kOff;
  EXPECT_TRUE(ParseHardwareChoice("cuda", &choice));
  EXPECT_EQ(choice, HardwareChoice::kCuda);
  EXPECT_FALSE(ParseHardwareChoice("abacus", &choice));
  EXPECT_EQ(OpenHardware(HardwareChoice::kOff).hardware, nullptr);
  EXPECT_EQ(OpenHardware(HardwareChoice::kOff).why, "software decodes: so configured");
  // Whatever this machine has: the decoder works with it.
  const OpenedHardware found = OpenHardware(HardwareChoice::kAuto);
  EXPECT_FALSE(found.why.empty());
  if (found.hardware == nullptr) {
    EXPECT_THAT(found.why, testing::HasSubstr("no device"));
  }
  const auto units = EncodeStream({.width = 640, .height = 360});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  auto decoder = Decoder::Create(Codec::kH264, Reordering::kNone, found.hardware);
  ASSERT_TRUE(decoder.ok());
  for (const AccessUnit& unit : units) {
    const auto picture = (*decoder)->Decode(unit);
    ASSERT_TRUE(picture.ok()) << picture.status();
    ASSERT_TRUE(picture->has_value());
    EXPECT_TRUE((*picture)->frame()->format == AV_PIX_FMT_YUV420P ||
                (*picture)->frame()->format == AV_PIX_FMT_YUVJ420P);
  }
}

TEST(Decoder, RefusesWhatIsNoAccessUnitOfItsCodec) {
  auto decoder = MakeDecoder(Codec::kH264);
  AccessUnit unit;
  EXPECT_EQ(decoder->Decode(unit).status().code(), absl::StatusCode::kInvalidArgument);
  unit.codec = Codec::kH265;
  unit.data = {0, 0, 0, 1, 0x40, 1};
  EXPECT_EQ(decoder->Decode(unit).status().code(), absl::StatusCode::kInvalidArgument);
  unit.codec = Codec::kH264;
  unit.data.assign(5 * 1024 * 1024, 0);
  auto refused = decoder->Decode(unit);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("5242880 bytes"));
}

}  // namespace
}  // namespace patrol::media
