#include "lib/video/media/annexb.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::media {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::vector<uint8_t>> Split(Codec codec, const std::vector<uint8_t>& bytes) {
  std::vector<std::vector<uint8_t>> units;
  NalReader reader(codec, bytes);
  for (NalUnit nal; reader.Next(nal);) units.emplace_back(nal.data.begin(), nal.data.end());
  return units;
}

TEST(NalReader, FindsUnitsBehindThreeAndFourByteStartCodes) {
  EXPECT_THAT(Split(Codec::kH264, {0, 0, 0, 1, 0x67, 9, 0, 0, 1, 0x68, 8, 7, 0, 0, 0, 1, 0x65}),
              ElementsAre(std::vector<uint8_t>{0x67, 9}, std::vector<uint8_t>{0x68, 8, 7},
                          std::vector<uint8_t>{0x65}));
}

TEST(NalReader, SkipsWhatIsBeforeTheFirstStartCodeEmptyUnitsAndTrailingZeros) {
  EXPECT_THAT(Split(Codec::kH264, {9, 9, 0, 0, 1, 0, 0, 1, 0x41, 5, 0, 0, 0}),
              ElementsAre(std::vector<uint8_t>{0x41, 5}));
}

TEST(NalReader, FindsNothingWhereThereIsNothing) {
  EXPECT_THAT(Split(Codec::kH264, {}), IsEmpty());
  EXPECT_THAT(Split(Codec::kH264, {0, 0, 1}), IsEmpty());
  EXPECT_THAT(Split(Codec::kH264, {1, 2, 3, 4, 5, 6}), IsEmpty());
  EXPECT_THAT(Split(Codec::kMjpeg, {0, 0, 1, 5}), IsEmpty());
}

TEST(IsKeyframe, KnowsIdrOfH264AndRandomAccessOfH265) {
  EXPECT_TRUE(IsKeyframe(Codec::kH264, std::vector<uint8_t>{0, 0, 1, 0x65, 1}));
  EXPECT_FALSE(IsKeyframe(Codec::kH264, std::vector<uint8_t>{0, 0, 1, 0x41, 1}));
  for (uint8_t type = 0; type < 40; ++type) {
    const std::vector<uint8_t> unit{0, 0, 1, static_cast<uint8_t>(type << 1), 1, 1};
    EXPECT_EQ(IsKeyframe(Codec::kH265, unit), type >= 16 && type <= 21) << int{type};
  }
  EXPECT_FALSE(IsKeyframe(Codec::kH264, std::vector<uint8_t>{}));
}

TEST(EntryOf, KnowsRecoveryPointsAndWhatTheyAreWorth) {
  // SEI with recovery_frame_cnt 0 or 1, then a slice of type 7 (I) or 5 (P).
  const std::vector<uint8_t> now{0, 0, 1, 6, 6, 1, 0x84, 0x80}, later{0, 0, 1, 6, 6, 1, 0x44, 0x80};
  const std::vector<uint8_t> intra{0, 0, 1, 0x41, 0x88, 0x80}, other{0, 0, 1, 0x41, 0x98, 0x80};
  const auto entry = [](std::vector<uint8_t> sei, const std::vector<uint8_t>& slice) {
    sei.insert(sei.end(), slice.begin(), slice.end());
    return EntryOf(Codec::kH264, sei);
  };
  EXPECT_EQ(entry(now, intra), (Entry{.keyframe = true}));
  EXPECT_EQ(entry(now, other), (Entry{.refresh = Refresh::kUnannounced}));
  EXPECT_EQ(entry(later, intra), (Entry{.refresh = Refresh::kAnnounced}));
  EXPECT_EQ(entry(later, other), (Entry{.refresh = Refresh::kAnnounced}));
  EXPECT_EQ(entry({}, intra), Entry());
  EXPECT_EQ(entry(now, {}), Entry());
  EXPECT_EQ(entry(now, {0, 0, 1, 0x65, 0x88, 0x80}), (Entry{.keyframe = true}));
}

TEST(ParameterSetsOf, CopiesThemFromACodedKeyframe) {
  for (const char* encoder : {"libx264", "libx265"}) {
    const auto units = EncodeStream({.encoder = encoder, .frames = 2});
    if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << encoder;
    const Codec codec = units[0].codec;
    EXPECT_TRUE(IsKeyframe(codec, units[0].data));
    EXPECT_FALSE(IsKeyframe(codec, units[1].data));
    const std::vector<uint8_t> sets = ParameterSetsOf(codec, units[0].data);
    std::vector<int> types;
    NalReader reader(codec, sets);
    for (NalUnit nal; reader.Next(nal);) types.push_back(nal.type);
    if (codec == Codec::kH264) {
      EXPECT_THAT(types, ElementsAre(7, 8));
    } else {
      EXPECT_THAT(types, ElementsAre(32, 33, 34));
    }
    EXPECT_THAT(ParameterSetsOf(codec, units[1].data), IsEmpty());
    EXPECT_TRUE(HasParameterSets(codec, units[0].data));
    EXPECT_FALSE(HasParameterSets(codec, units[1].data));
  }
}

}  // namespace
}  // namespace patrol::media
