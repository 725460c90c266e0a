// Goal: streams without keyframes, and with open GOPs, decode from wherever they are entered, and
// never is a picture given that is not what the camera saw. Method: streams of x264 and x265
// entered in their middle; the truth is the same stream decoded from its beginning.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/decoder.h"
#include "lib/video/media/privacy.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::media {
namespace {

std::unique_ptr<Decoder> MakeDecoder(Codec codec) {
  auto decoder = Decoder::Create(codec);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  return *std::move(decoder);
}

// A square that moves over a noisy place: something to tell at every pixel.
std::vector<AccessUnit> Code(StreamOptions options) {
  auto random = std::make_shared<std::mt19937>(3);
  options.paint = [random](AVFrame& frame, int) {
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        frame.data[0][y * frame.linesize[0] + x] += static_cast<uint8_t>((*random)() % 5);
      }
    }
  };
  std::vector<AccessUnit> units = EncodeStream(options);
  for (AccessUnit& unit : units) {
    const Entry entry = EntryOf(unit.codec, unit.data);
    unit.keyframe = entry.keyframe;
    unit.refresh = entry.refresh;
  }
  return units;
}

// The stream from unit `first` on, as a receiver has it that connects then.
std::vector<AccessUnit> From(const std::vector<AccessUnit>& units, size_t first) {
  std::vector<AccessUnit> rest(units.begin() + static_cast<ptrdiff_t>(first), units.end());
  if (!HasParameterSets(rest[0].codec, rest[0].data)) {
    std::vector<uint8_t> data = ParameterSetsOf(units[0].codec, units[0].data);
    data.insert(data.end(), rest[0].data.begin(), rest[0].data.end());
    rest[0].data = std::move(data);
  }
  return rest;
}

// Without a word on when it is whole.
std::vector<AccessUnit> Silenced(std::vector<AccessUnit> units) {
  for (AccessUnit& unit : units) {
    std::vector<uint8_t> data;
    NalReader reader(unit.codec, unit.data);
    for (NalUnit nal; reader.Next(nal);) {
      const bool sei = nal.type == (unit.codec == Codec::kH265 ? 39 : 6);
      if (!sei) AppendNal(nal.data, data);
    }
    unit.data = std::move(data);
    unit.refresh = Refresh::kNone;
  }
  units[0].refresh = Refresh::kUnannounced;
  return units;
}

struct Given {
  int pictures = 0;
  int errors = 0;
  int first = -1;      // unit that gave the first picture
  int most_wrong = 0;  // grey levels, of any pixel of any picture
  int late = 0;        // that are shown before one that was given already
};

std::map<absl::Time, Picture> Truth(const std::vector<AccessUnit>& units) {
  std::map<absl::Time, Picture> truth;
  auto decoder = MakeDecoder(units[0].codec);
  for (const AccessUnit& unit : units) {
    auto picture = decoder->Decode(unit);
    if (picture.ok() && *picture) truth.emplace((*picture)->time(), **picture);
  }
  return truth;
}

int MostWrong(const Picture& a, const Picture& b) {
  int most = 0;
  for (int plane = 0; plane < 3; ++plane) {
    const int height = plane == 0 ? a.height() : a.height() / 2;
    const int width = plane == 0 ? a.width() : a.width() / 2;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        most = std::max(most, std::abs(a.plane(plane)[y * a.stride(plane) + x] -
                                       b.plane(plane)[y * b.stride(plane) + x]));
      }
    }
  }
  return most;
}

Given Enter(Decoder& decoder, const std::vector<AccessUnit>& units,
            const std::map<absl::Time, Picture>& truth) {
  Given given;
  absl::Time last = absl::InfinitePast();
  for (size_t i = 0; i < units.size(); ++i) {
    const auto picture = decoder.Decode(units[i]);
    if (!picture.ok()) ++given.errors;
    if (!picture.ok() || !*picture) continue;
    if (given.pictures++ == 0) given.first = static_cast<int>(i);
    given.late += (*picture)->time() <= last ? 1 : 0;
    last = (*picture)->time();
    const auto right = truth.find(last);
    if (right == truth.end()) continue;
    given.most_wrong = std::max(given.most_wrong, MostWrong(**picture, right->second));
  }
  return given;
}

constexpr char kIntraRefresh[] = "intra-refresh=1:qp=26:keyint=20";

TEST(IntraRefresh, DecodesFromARecoveryPointOnceItsPicturesAreWhole) {
  const auto units = Code({.frames = 80, .gop = 20, .params = kIntraRefresh});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  ASSERT_EQ(units[20].refresh, Refresh::kAnnounced);
  const auto truth = Truth(units);
  const auto rest = From(units, 20);
  const Given given = Enter(*MakeDecoder(Codec::kH264), rest, truth);
  // 20 columns of macroblocks, one a picture.
  EXPECT_GE(given.first, 18);
  EXPECT_LE(given.first, 20);
  EXPECT_EQ(given.pictures, static_cast<int>(rest.size()) - given.first);
  EXPECT_EQ(given.errors, 0);
  EXPECT_EQ(given.most_wrong, 0);
}

TEST(IntraRefresh, FindsOutByItselfWhenPicturesAreWholeWhereNothingSaysSo) {
  for (const char* preset : {"ultrafast", "medium"}) {
    const auto units = Code({.frames = 100,
                             .gop = 20,
                             .preset = preset,
                             .params = std::string(kIntraRefresh) + ":ref=3"});
    if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
    const auto truth = Truth(units);
    for (const size_t first : {3u, 20u, 29u}) {
      const auto rest = Silenced(From(units, first));
      const Given given = Enter(*MakeDecoder(Codec::kH264), rest, truth);
      EXPECT_GE(given.first, 20) << preset << first;
      EXPECT_LE(given.first, 60) << preset << first;
      EXPECT_EQ(given.pictures, static_cast<int>(rest.size()) - given.first) << preset << first;
      EXPECT_EQ(given.errors, 0) << preset << first;
      EXPECT_EQ(given.most_wrong, 0) << preset << first;
    }
  }
}

TEST(IntraRefresh, GivesNoPictureOfH265BeforeItIsWholeToAFewGreyLevels) {
  // x265's refresh leaks: its recovery points promise what does not hold.
  const auto units = Code({.encoder = "libx265",
                           .frames = 400,
                           .gop = 20,
                           .params = "intra-refresh=1:qp=26:keyint=20:pools=none"});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx265";
  const auto truth = Truth(units);
  const auto rest = Silenced(From(units, 7));
  const Given given = Enter(*MakeDecoder(Codec::kH265), rest, truth);
  EXPECT_GT(given.first, 20);
  EXPECT_GT(given.pictures, 0);
  EXPECT_EQ(given.errors, 0);
  EXPECT_LE(given.most_wrong, 4);
}

TEST(IntraRefresh, GivesNothingOfAStreamThatNeverRenewsItsPicture) {
  const auto units = Code({.frames = 100, .gop = 1000, .params = "qp=26"});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  const auto rest = Silenced(From(units, 5));
  const Given given = Enter(*MakeDecoder(Codec::kH264), rest, {});
  EXPECT_EQ(given.pictures, 0);
  EXPECT_EQ(given.errors, 0);
}

TEST(IntraRefresh, BeginsAnewAfterALossAndIsNotWholeTooEarly) {
  const auto units = Code({.frames = 220, .gop = 20, .params = kIntraRefresh});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  const auto truth = Truth(units);
  for (int i = 0; i < 24; ++i) {
    // frame_num wraps on the way from a recovery point to where it is reached.
    const bool announced = i > 0;
    auto rest = announced ? From(units, 20) : Silenced(From(units, 20));
    // Lost while it is being renewed, and after it was whole.
    rest.erase(rest.begin() + 12);
    rest.erase(rest.begin() + 95 + i);
    for (const size_t entry : {110u, 120u}) {
      if (announced) continue;
      rest[entry].refresh = Refresh::kUnannounced;
      std::vector<uint8_t> data = ParameterSetsOf(units[0].codec, units[0].data);
      data.insert(data.end(), rest[entry].data.begin(), rest[entry].data.end());
      rest[entry].data = data;
    }
    const Given given = Enter(*MakeDecoder(Codec::kH264), rest, truth);
    EXPECT_GT(given.first, 12 + 18) << i;
    EXPECT_LT(given.first, 90) << i;
    EXPECT_EQ(given.most_wrong, 0) << i;
    EXPECT_GT(given.pictures, 30) << i;
    // From the second loss on until all of the picture was renewed once more.
    EXPECT_LT(given.pictures, static_cast<int>(rest.size()) - given.first - 17) << i;
  }
}

TEST(IntraRefresh, PicturesThatArePaintedOrFoundWholeAreMaskedAllTheSame) {
  const auto units = Code({.frames = 100, .gop = 20, .params = kIntraRefresh});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  PrivacyMask mask;
  mask.polygons = {{{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}};
  const auto filter = std::make_shared<PrivacyFilter>(mask);
  auto rest = Silenced(From(units, 7));
  auto decoder = MakeDecoder(Codec::kH264);
  int pictures = 0;
  for (AccessUnit& unit : rest) {
    unit.privacy = filter;
    const auto picture = decoder->Decode(unit);
    ASSERT_TRUE(picture.ok()) << picture.status();
    if (!*picture) continue;
    ++pictures;
    const uint8_t* row = (*picture)->plane(0) + 120 * (*picture)->stride(0);
    EXPECT_LE(*std::max_element(row, row + 160), 16);
    EXPECT_GE(*std::min_element(row + 200, row + 320), 50);
  }
  EXPECT_GT(pictures, 30);
}

TEST(IntraRefresh, KeyframesEndTheFindingOut) {
  const auto units = Code({.frames = 60, .gop = 30, .params = "qp=26"});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  const Given given = Enter(*MakeDecoder(Codec::kH264), Silenced(From(units, 20)), Truth(units));
  EXPECT_EQ(given.first, 10);
  EXPECT_EQ(given.pictures, 30);
  EXPECT_EQ(given.most_wrong, 0);
}

struct OpenGop {
  const char* name;
  StreamOptions options;
};
class OpenGops : public testing::TestWithParam<OpenGop> {};

TEST_P(OpenGops, AreEnteredAtTheirKeyframesWithoutWhatIsShownBefore) {
  const auto units = Code(GetParam().options);
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam().options.encoder;
  const auto truth = Truth(units);
  int entered = 0;
  for (size_t i = 1; i + 20 < units.size(); ++i) {
    if (!units[i].keyframe) continue;
    ++entered;
    const Given given = Enter(*MakeDecoder(units[0].codec), From(units, i), truth);
    EXPECT_GT(given.pictures, static_cast<int>(units.size() - i) - 10);
    EXPECT_EQ(given.most_wrong, 0);
    EXPECT_EQ(given.late, 0);
  }
  EXPECT_GT(entered, 1);
}

TEST_P(OpenGops, ShowNothingThatRefersToALostPictureOverAKeyframe) {
  const auto units = Code(GetParam().options);
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam().options.encoder;
  const auto truth = Truth(units);
  size_t key = 0;
  for (size_t i = 16; i < units.size() && key == 0; ++i) key = units[i].keyframe ? i : 0;
  ASSERT_GT(key, 0u);
  auto rest = units;
  // The last reference before the keyframe, which the pictures that lead it refer to.
  for (size_t lost = key - 1; lost > 0; --lost) {
    if (units[lost].data.size() < 200) continue;
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(lost));
    break;
  }
  auto decoder = MakeDecoder(units[0].codec);
  const Given given = Enter(*decoder, rest, truth);
  EXPECT_EQ(given.most_wrong, 0);
  EXPECT_GT(given.pictures, static_cast<int>(units.size()) / 2);
}

TEST_P(OpenGops, AKeyframeAloneGivesItsPictureWhenDrained) {
  const auto units = Code(GetParam().options);
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam().options.encoder;
  const auto truth = Truth(units);
  auto decoder = MakeDecoder(units[0].codec);
  for (const AccessUnit& unit : units) {
    if (!unit.keyframe) continue;
    decoder->Flush();
    auto picture = decoder->Decode(unit);
    ASSERT_TRUE(picture.ok()) << picture.status();
    if (!*picture) picture = decoder->Drain();
    ASSERT_TRUE(picture.ok()) << picture.status();
    ASSERT_TRUE(picture->has_value());
    const auto right = truth.find(unit.time);
    if (right != truth.end()) {
      EXPECT_EQ(MostWrong(**picture, right->second), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Encoders, OpenGops,
    testing::Values(OpenGop{"X264",
                            {.frames = 80,
                             .gop = 15,
                             .b_frames = 2,
                             .preset = "medium",
                             .tune = "",
                             .params = "open-gop=1:qp=28:keyint=15:b-adapt=0"}},
                    OpenGop{"X265",
                            {.encoder = "libx265",
                             .frames = 80,
                             .gop = 15,
                             .b_frames = 3,
                             .tune = "",
                             .params = "open-gop=1:qp=28:keyint=15:b-adapt=0:pools=none"}},
                    OpenGop{"X265WithoutBPictures",
                            {.encoder = "libx265",
                             .frames = 80,
                             .gop = 15,
                             .params = "open-gop=1:qp=28:keyint=15:pools=none"}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace patrol::media
