#include "lib/video/ingest/decode_pool.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::ingest {
namespace {

class Pictures : public PictureSink {
 public:
  void OnPicture(const std::string&, const media::Picture& picture, PictureOrigin) override {
    std::unique_lock lock(mutex_);
    pictures_.push_back(picture);
    came_.notify_all();
    came_.wait(lock, [&] { return !held_; });
  }
  // Whether the next call returns only when it is let go.
  void Hold(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
    came_.notify_all();
  }
  // All that came since the last call; waits until there are so many.
  std::vector<media::Picture> Take(size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::seconds(20), [&] { return pictures_.size() >= count; });
    return std::exchange(pictures_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<media::Picture> pictures_;
  bool held_ = false;
};

std::vector<media::AccessUnitPtr> Shared(const std::vector<media::AccessUnit>& units) {
  std::vector<media::AccessUnitPtr> shared;
  for (const media::AccessUnit& unit : units) {
    shared.push_back(std::make_shared<const media::AccessUnit>(unit));
  }
  return shared;
}

std::vector<uint8_t> Luma(const media::Picture& picture) {
  std::vector<uint8_t> luma;
  for (int y = 0; y < picture.height(); ++y) {
    const uint8_t* row = picture.plane(0) + y * picture.stride(0);
    luma.insert(luma.end(), row, row + picture.width());
  }
  return luma;
}

class DecodePoolOfCodec : public testing::TestWithParam<const char*> {
 protected:
  FleetOptions options_{.decode_threads = 1, .analysed_per_second = 1000};
  SystemClock clock_;
  Pictures pictures_;
};

TEST_P(DecodePoolOfCodec, ACameraSeesTheSameThroughADecoderThatServedOthers) {
  const auto small = media::EncodeStream({.encoder = GetParam(), .frames = 15});
  const auto large =
      media::EncodeStream({.encoder = GetParam(), .width = 640, .height = 360, .frames = 15});
  if (small.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  const auto decode = [&](DecodePool& pool, const std::vector<media::AccessUnit>& units) {
    const DecodeLanePtr lane = pool.AddLane("n-1");
    pool.BeginFull(lane, Shared(units));
    const std::vector<media::Picture> pictures = pictures_.Take(units.size());
    pool.EndFull(lane);
    EXPECT_EQ(pool.Stats(lane).errors, 0);
    pool.RemoveLane(lane);
    return pictures;
  };
  DecodePool used(options_, clock_, pictures_);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(decode(used, small).size(), small.size());
  const std::vector<media::Picture> again = decode(used, large);
  DecodePool fresh(options_, clock_, pictures_);
  const std::vector<media::Picture> first = decode(fresh, large);
  ASSERT_EQ(again.size(), large.size());
  ASSERT_EQ(first.size(), large.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(again[i].time(), large[i].time) << i;
    EXPECT_TRUE(Luma(again[i]) == Luma(first[i])) << i;
  }
}

// What a decoder makes of units from a keyframe on.
std::vector<std::vector<uint8_t>> Decoded(const std::vector<media::AccessUnit>& units,
                                          bool filter) {
  auto decoder = *media::Decoder::Create(units[0].codec);
  decoder->FilterEdges(filter);
  std::vector<std::vector<uint8_t>> pictures;
  for (const media::AccessUnit& unit : units) pictures.push_back(Luma(**decoder->Decode(unit)));
  return pictures;
}

TEST_P(DecodePoolOfCodec, EdgesAreFilteredFromTheNextKeyframeOn) {
  const auto units =
      media::EncodeStream({.encoder = GetParam(), .preset = "veryfast", .params = "qp=36"});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  const auto filtered = Decoded(units, true), unfiltered = Decoded(units, false);
  DecodePool pool(options_, clock_, pictures_);
  const DecodeLanePtr lane = pool.AddLane("n-1");
  pool.Push(lane, std::make_shared<const media::AccessUnit>(units[0]));
  const std::vector<media::Picture> first = pictures_.Take(1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(Luma(first[0]) == unfiltered[0]);
  EXPECT_FALSE(Luma(first[0]) == filtered[0]);
  std::vector<media::AccessUnitPtr> later = Shared(units);
  const std::vector<media::AccessUnitPtr> gop(later.begin(), later.begin() + 8);
  pool.BeginFull(lane, gop);
  for (size_t i = gop.size(); i < later.size(); ++i) pool.Push(lane, later[i]);
  // The keyframe was handed on already.
  const std::vector<media::Picture> burst = pictures_.Take(units.size() - 1);
  ASSERT_EQ(burst.size(), units.size() - 1);
  for (size_t i = 1; i < units.size(); ++i) {
    ASSERT_FALSE(filtered[i] == unfiltered[i]) << i;
    EXPECT_TRUE(Luma(burst[i - 1]) == (i < 15 ? unfiltered : filtered)[i]) << i;
  }
}

TEST_P(DecodePoolOfCodec, EdgesAreFilteredInALongGop) {
  auto units = media::EncodeStream(
      {.encoder = GetParam(), .gop = 30, .preset = "veryfast", .params = "qp=36"});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].time = absl::UnixEpoch() + absl::Milliseconds(500) * i;
  }
  const auto filtered = Decoded(units, true), unfiltered = Decoded(units, false);
  const std::vector<media::AccessUnitPtr> shared = Shared(units);
  DecodePool pool(options_, clock_, pictures_);
  // Begun 10 s after its keyframe, or 2 s after and it goes on for more.
  for (const size_t begun : {size_t{20}, size_t{4}}) {
    const DecodeLanePtr lane = pool.AddLane("n-1");
    pool.BeginFull(lane, {shared.begin(), shared.begin() + static_cast<std::ptrdiff_t>(begun)});
    for (size_t i = begun; i < shared.size(); ++i) pool.Push(lane, shared[i]);
    const std::vector<media::Picture> pictures = pictures_.Take(units.size());
    ASSERT_EQ(pictures.size(), units.size());
    EXPECT_EQ(Luma(pictures[0]) == filtered[0], begun == 20);
    EXPECT_EQ(Luma(pictures[7]) == unfiltered[7], begun == 4);
    EXPECT_EQ(Luma(pictures.back()) == filtered.back(), begun == 20);
    EXPECT_FALSE(Luma(pictures.back()) == unfiltered.back());
    pool.RemoveLane(lane);
  }
}

class LeavingLanes : public DecodePoolOfCodec {
 protected:
  // Lanes in full decode that all leave it while the first picture of the first is looked at.
  std::vector<DecodeLanePtr> Left(DecodePool& pool, size_t count,
                                  const std::vector<media::AccessUnit>& units) {
    std::vector<DecodeLanePtr> lanes;
    pictures_.Hold(true);
    for (size_t i = 0; i < count; ++i) {
      lanes.push_back(pool.AddLane("n-1"));
      pool.BeginFull(lanes.back(), Shared(units));
      if (i == 0) {
        EXPECT_EQ(pictures_.Take(1).size(), 1u);
      }
    }
    for (const DecodeLanePtr& lane : lanes) pool.EndFull(lane);
    return lanes;
  }
};

TEST_P(LeavingLanes, WhatWaitsIsDecodedOfAFewAndDroppedAndCountedOfTheRest) {
  const auto units = media::EncodeStream({.encoder = GetParam(), .frames = 15});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  constexpr size_t kLanes = 12;
  constexpr size_t kDecoded = 8;
  const size_t waiting = kDecoded * units.size() - 1;
  DecodePool pool(options_, clock_, pictures_);
  // Twice: those that have left are forgotten.
  for (size_t round = 1; round <= 2; ++round) {
    const std::vector<DecodeLanePtr> lanes = Left(pool, kLanes, units);
    EXPECT_EQ(pool.Totals().waiting, waiting);
    EXPECT_EQ(pool.Totals().dropped, round * (kLanes - kDecoded) * units.size());
    EXPECT_EQ(pool.Stats(lanes.front()).dropped, 0);
    EXPECT_EQ(pool.Stats(lanes.back()).dropped, static_cast<int64_t>(units.size()));
    pictures_.Hold(false);
    EXPECT_EQ(pictures_.Take(waiting).size(), waiting);
    for (const DecodeLanePtr& lane : lanes) pool.AwaitCall(lane);
  }
}

TEST_P(LeavingLanes, OneWhoseWorkWasDroppedIsDecodedInFullAgain) {
  const auto units = media::EncodeStream({.encoder = GetParam(), .frames = 15});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder " << GetParam();
  const size_t waiting = 9 * units.size() - 1;
  DecodePool pool(options_, clock_, pictures_);
  const std::vector<DecodeLanePtr> lanes = Left(pool, 12, units);
  pool.BeginFull(lanes.back(), Shared(units));
  pictures_.Hold(false);
  EXPECT_EQ(pictures_.Take(waiting).size(), waiting);
  EXPECT_EQ(pool.Stats(lanes.back()).errors, 0);
  EXPECT_EQ(pool.Stats(lanes.back()).pictures, static_cast<int64_t>(units.size()));
}

TEST(DecodePool, OfMjpegOnlyWhatIsHandedOnIsDecoded) {
  const auto units =
      media::EncodeStream({.encoder = "mjpeg", .frames = 30, .format = AV_PIX_FMT_YUVJ420P});
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no encoder mjpeg";
  SystemClock clock;
  Pictures pictures;
  DecodePool pool({.decode_threads = 1, .analysed_per_second = 5}, clock, pictures);
  const DecodeLanePtr lane = pool.AddLane("n-1");
  pool.BeginFull(lane, Shared(units));
  const std::vector<media::Picture> first = pictures.Take(6);
  ASSERT_EQ(first.size(), 6u);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].time(), units[i * 5].time);
  EXPECT_EQ(pool.Stats(lane).pictures, 6);
  EXPECT_EQ(pool.Stats(lane).errors, 0);
  // A new session, whose clock is behind.
  pool.Push(lane, Shared(units)[0]);
  EXPECT_EQ(pictures.Take(1).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Codecs, DecodePoolOfCodec, testing::Values("libx264", "libx265"),
                         [](const auto& codec) { return std::string(codec.param); });
INSTANTIATE_TEST_SUITE_P(Codecs, LeavingLanes, testing::Values("libx264", "libx265"),
                         [](const auto& codec) { return std::string(codec.param); });

}  // namespace
}  // namespace patrol::ingest
