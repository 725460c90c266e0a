// Goal: activity says within a picture or so that something begins to move, keeps saying so, and is
// silent while nothing does, whatever the encoder makes of it. Method: a noisy place is coded by
// real encoders set up as cameras are; a square moves through it for a while.

#include "lib/video/ingest/activity.h"

#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/media/annexb.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::ingest {
namespace {

constexpr int kQuiet = 500;   // pictures, 20 s at 25 a second
constexpr int kMoving = 125;  // then 5 s of movement
constexpr int kAfter = 125;   // and 5 s without
constexpr int kLearnt = 250;  // from here on it must not be alarmed by nothing

// A textured place; for a while a thing of another texture, 80 pixels wide, moves through it.
media::FramePtr Place(int n, int noise, std::mt19937& random) {
  const bool moves = n >= kQuiet && n < kQuiet + kMoving;
  media::FramePtr frame = media::MakeFrame(320, 240, -100);
  const int left = moves ? 10 + 5 * ((n - kQuiet) % 45) : 0;
  for (int y = 0; y < 240; ++y) {
    for (int x = 0; x < 320; ++x) {
      uint8_t& pixel = frame->data[0][y * frame->linesize[0] + x];
      if (moves && x >= left && x < left + 80 && y >= 60 && y < 160) {
        pixel =
            static_cast<uint8_t>(150 + (((x - left) * (x - left) + y * y * (n % 2 + 1)) / 7) % 60);
      }
      if (noise > 0) {
        pixel = static_cast<uint8_t>(pixel + static_cast<int>(random() % (2 * noise + 1)) - noise);
      }
    }
  }
  return frame;
}

struct Heard {
  std::vector<int> onsets;  // display numbers of the pictures
  int active_moving = 0;    // pictures of the movement, its first second left out
  int false_active = 0;     // learnt and quiet
  double level_moving = 0;  // mean
  double level_quiet = 0;
  std::set<std::string> causes;  // of active units
  bool keyframes_only_first = true;
};

Heard Listen(const std::vector<media::AccessUnit>& units, bool pixels_tell = false) {
  Heard heard;
  Activity activity;
  int quiet = 0, moving = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    const int n = static_cast<int>((units[i].time - absl::UnixEpoch()) / absl::Milliseconds(40));
    if (units[i].keyframe && i > 0) heard.keyframes_only_first = false;
    const ActivityReading reading = activity.OnUnit(units[i]);
    const bool moves = n >= kQuiet && n < kQuiet + kMoving;
    if (pixels_tell && i % 5 == 0) activity.OnPixels(moves);
    if (reading.onset) heard.onsets.push_back(n);
    if (reading.active) heard.causes.insert(reading.cause);
    if (n >= kQuiet + 25 && moves) {
      ++moving;
      heard.active_moving += reading.active ? 1 : 0;
      heard.level_moving += reading.level;
    } else if (n >= kLearnt && n < kQuiet) {
      ++quiet;
      heard.false_active += reading.active ? 1 : 0;
      heard.level_quiet += reading.level;
    }
  }
  heard.level_moving /= std::max(moving, 1);
  heard.level_quiet /= std::max(quiet, 1);
  return heard;
}

std::vector<media::AccessUnit> Code(media::StreamOptions options, int noise = 2) {
  options.frames = kQuiet + kMoving + kAfter;
  auto random = std::make_shared<std::mt19937>(7);
  if (!options.picture) {
    options.picture = [noise, random](int n) { return Place(n, noise, *random); };
  }
  const auto shown = options.picture;
  options.picture = [shown](int n) {
    media::FramePtr frame = shown(n);
    frame->pts = n;
    return frame;
  };
  std::vector<media::AccessUnit> units = media::EncodeStream(options);
  // The encoder calls recovery points keyframes; the receiver does not.
  for (media::AccessUnit& unit : units) {
    unit.keyframe = media::IsKeyframe(unit.codec, unit.data);
  }
  return units;
}

// Movement is announced by the picture that first shows it or the next, and for as long as it goes
// on; noise is not.
void ExpectHeard(const Heard& heard, int latest = 1, double false_share = 0.08) {
  int first = -1;
  for (int n : heard.onsets) {
    if (n >= kQuiet && first < 0) first = n;
  }
  ASSERT_GE(first, kQuiet);
  EXPECT_LE(first - kQuiet, latest);
  EXPECT_GE(heard.active_moving, (kMoving - 25) * 9 / 10);
  EXPECT_LE(heard.false_active, false_share * (kQuiet - kLearnt));
  EXPECT_GT(heard.level_moving, heard.level_quiet + 1);
}

TEST(Activity, HearsMovementAtConstantQp) {
  const auto units = Code({.gop = 50, .params = "qp=26"});
  if (units.empty()) GTEST_SKIP() << "no libx264";
  ExpectHeard(Listen(units));
}

TEST(Activity, HearsMovementUnderATightBitRate) {
  const auto units = Code({.gop = 50, .params = "bitrate=300:vbv-maxrate=300:vbv-bufsize=300"}, 1);
  if (units.empty()) GTEST_SKIP() << "no libx264";
  const Heard heard = Listen(units);
  // Rate control is settling for the whole of this half minute, so that it is now and then above
  // what was usual before.
  ExpectHeard(heard, 2, 0.6);
  // Rate control takes the size back; what is left of it is told by slice QP.
  EXPECT_TRUE(heard.causes.contains("complexity"));
}

TEST(Activity, HearsMovementWhereQpVariesWithinThePictureAlone) {
  // Row by row under a small buffer, and block by block: the slice header's QP is the first row's.
  const auto units =
      Code({.gop = 50,
            .preset = "veryfast",
            .params = "bitrate=400:vbv-maxrate=400:vbv-bufsize=100:aq-mode=1:mbtree=0"},
           1);
  if (units.empty()) GTEST_SKIP() << "no libx264";
  ExpectHeard(Listen(units), 3);
}

TEST(Activity, HearsMovementInSmartStreams) {
  // One keyframe, then P pictures of high quality in its place every 4 s, and two pictures of three
  // skipped.
  std::mt19937 random(7);
  media::FramePtr last;
  media::StreamOptions options{.gop = 100'000, .params = "qp=28:aq-mode=1"};
  options.picture = [&](int n) {
    if (!last || n % 3 == 0) last = Place(n, 2, random);
    media::FramePtr frame(av_frame_clone(last.get()));
    if (n % 99 == 0) {
      AVFrameSideData* side = av_frame_new_side_data(frame.get(), AV_FRAME_DATA_REGIONS_OF_INTEREST,
                                                     sizeof(AVRegionOfInterest));
      *reinterpret_cast<AVRegionOfInterest*>(side->data) = {
          sizeof(AVRegionOfInterest), 0, 240, 0, 320, {-1, 3}};
    }
    return frame;
  };
  const auto units = Code(options);
  if (units.empty()) GTEST_SKIP() << "no libx264";
  const Heard heard = Listen(units);
  EXPECT_TRUE(heard.keyframes_only_first);
  ExpectHeard(heard, 4);
}

TEST(Activity, HearsMovementInIntraRefreshWithoutKeyframes) {
  const auto units = Code({.gop = 50, .params = "intra-refresh=1:qp=26"});
  if (units.empty()) GTEST_SKIP() << "no libx264";
  const Heard heard = Listen(units);
  EXPECT_TRUE(heard.keyframes_only_first);
  ExpectHeard(heard, 2);
}

TEST(Activity, HearsMovementInOpenGopsOfH265) {
  const auto units =
      Code({.encoder = "libx265",
            .gop = 48,
            .b_frames = 3,
            .tune = "",
            .params = "open-gop=1:qp=28:bframes=3:b-adapt=0:b-pyramid=1:pools=none"});
  if (units.empty()) GTEST_SKIP() << "no libx265";
  EXPECT_FALSE(Listen(units).keyframes_only_first);
  // A group of B pictures comes after the P that they lie before.
  ExpectHeard(Listen(units), 4);
}

TEST(Activity, HearsMovementInBPicturesOfH264) {
  const auto units = Code({.gop = 48, .b_frames = 2, .tune = "", .params = "qp=26:b-adapt=0"});
  if (units.empty()) GTEST_SKIP() << "no libx264";
  ExpectHeard(Listen(units), 3);
}

TEST(Activity, HearsMjpegBySizeAlone) {
  Activity activity;
  std::mt19937 random(5);
  const auto take = [&](size_t size) {
    media::AccessUnit unit;
    unit.codec = media::Codec::kMjpeg;
    unit.keyframe = true;
    unit.data.resize(size + random() % 200);
    return activity.OnUnit(unit);
  };
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(take(20'000).active) << i;
  ActivityReading reading;
  for (int i = 0; i < 5; ++i) reading = take(26'000);
  EXPECT_TRUE(reading.active);
  EXPECT_STREQ(reading.cause, "size");
}

TEST(Activity, DoesNotTakeConfirmedMovementForUsual) {
  const auto units = Code({.gop = 50, .params = "qp=26"});
  if (units.empty()) GTEST_SKIP() << "no libx264";
  // The whole of it, played over and over: a minute of movement that pixels confirm.
  std::vector<media::AccessUnit> moving(units.begin() + kQuiet, units.begin() + kQuiet + 100);
  Activity activity;
  for (int i = 0; i < kQuiet; ++i) activity.OnUnit(units[static_cast<size_t>(i)]);
  ActivityReading last;
  for (int turn = 0; turn < 15; ++turn) {
    for (const media::AccessUnit& unit : moving) {
      activity.OnPixels(true);
      last = activity.OnUnit(unit);
    }
  }
  EXPECT_TRUE(last.active);
  // The same that pixels see nothing in becomes usual within a minute.
  for (int turn = 0; turn < 15; ++turn) {
    for (const media::AccessUnit& unit : moving) {
      activity.OnPixels(false);
      last = activity.OnUnit(unit);
    }
  }
  EXPECT_FALSE(last.active);
}

TEST(Activity, BearsAnything) {
  Activity activity;
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    media::AccessUnit unit;
    unit.codec = i % 700 < 350 ? media::Codec::kH264 : media::Codec::kH265;
    unit.keyframe = random() % 20 == 0;
    unit.data.resize(random() % 300);
    for (uint8_t& byte : unit.data) byte = static_cast<uint8_t>(random() % 4 == 0 ? 1 : 0);
    const ActivityReading reading = activity.OnUnit(unit);
    EXPECT_GE(reading.level, 0);
    EXPECT_LT(reading.level, 100);
  }
}

}  // namespace
}  // namespace patrol::ingest
