// Goal: what the coded stream suggests is a candidate, and the pictures have the word. Method: one
// camera of a large town, decoded by a keyframe now and then, as Fleet and patrold put it together,
// on a clock of the stream's own; streams are coded here, with a keyframe every two seconds.

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "lib/base/clock.h"
#include "lib/video/ingest/activity.h"
#include "lib/video/ingest/attention.h"
#include "lib/video/ingest/decode_pool.h"
#include "lib/video/ingest/gop_ring.h"
#include "lib/video/motion/analyser.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol {
namespace {

constexpr int kPerSecond = 25;
constexpr int kGop = 2 * kPerSecond;
constexpr ingest::Attention::Key kKey = 1;

absl::Time At(double seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }

// A yard with a noisy sensor; from `from` on, until `until`, something of 40x60 pixels walks
// through it. Seconds.
std::vector<media::AccessUnit> Yard(double seconds, double from, double until) {
  media::StreamOptions options;
  options.frames = static_cast<int>(seconds * kPerSecond);
  options.gop = kGop;
  auto random = std::make_shared<std::minstd_rand>(5);
  options.picture = [=](int n) {
    media::FramePtr frame = media::MakeFrame(320, 240, -100);
    const double t = static_cast<double>(n) / kPerSecond;
    const int x0 = t >= from && t < until ? static_cast<int>(20 + 70 * (t - from)) : 400;
    for (int y = 0; y < 240; ++y) {
      uint8_t* row = frame->data[0] + y * frame->linesize[0];
      for (int x = 0; x < 320; ++x) {
        const bool inside = x >= x0 && x < x0 + 40 && y >= 90 && y < 150;
        const int grey = inside ? 200 - (x - x0) % 16 * 3 : 60 + (x / 16 * 37 + y / 16 * 61) % 64;
        row[x] = static_cast<uint8_t>(grey + static_cast<int>((*random)() % 5) - 2);
      }
    }
    return frame;
  };
  return media::EncodeStream(options);
}

// The units from `from` to `until` carry filler (ITU-T H.264 7.3.2.7): more bytes, the same
// picture.
void Fill(std::vector<media::AccessUnit>& units, double from, double until) {
  for (media::AccessUnit& unit : units) {
    if (unit.time < At(from) || unit.time >= At(until)) continue;
    unit.data.insert(unit.data.end(), {0, 0, 0, 1, 12});
    unit.data.insert(unit.data.end(), 4 * unit.data.size(), 0xff);
    unit.data.push_back(0x80);
  }
}

class OneCamera : public ingest::PictureSink, public motion::MotionSink {
 public:
  OneCamera() : attention_(LargeTown(), 3), pool_(Options(), clock_, *this) {
    attention_.Begin(kKey, clock_.Monotonic());
  }
  ~OneCamera() override { pool_.Shutdown(); }

  void Run(const std::vector<media::AccessUnit>& units) {
    for (const media::AccessUnit& unit : units) {
      Take(std::make_shared<media::AccessUnit>(unit));
    }
  }

  ingest::CandidateCounts candidates() {
    std::lock_guard lock(mutex_);
    return attention_.State(kKey, clock_.Monotonic()).candidates;
  }

  std::vector<motion::MotionEvent> begins;  // as told
  std::vector<absl::Time> told_at;          // the stream's time then
  std::vector<absl::Time> opened;           // candidates
  // The first candidate from `from` on; InfiniteFuture: none.
  absl::Time CandidateFrom(absl::Time from) const {
    const auto found = std::lower_bound(opened.begin(), opened.end(), from);
    return found == opened.end() ? absl::InfiniteFuture() : *found;
  }
  int64_t decoded() const { return pool_.Stats(lane_).pictures; }

 private:
  static ingest::AttentionOptions LargeTown() {
    ingest::AttentionOptions options;
    options.all_while_room = false;
    return options;
  }
  static ingest::FleetOptions Options() {
    ingest::FleetOptions options;
    options.decode_threads = 1;
    options.hardware = media::HardwareChoice::kOff;
    return options;
  }

  // As Camera::OnAccessUnit and Fleet::Impl::OnUnit.
  void Take(const media::AccessUnitPtr& unit) {
    clock_.Advance(unit->time - clock_.Now());
    const ingest::ActivityReading reading = activity_.OnUnit(*unit);
    ingest::Attention::Turn turn;
    {
      std::lock_guard lock(mutex_);
      turn = attention_.OnUnit(kKey, unit->keyframe, reading, clock_.Monotonic());
    }
    if (turn.decide) opened.push_back(reading.time);
    Decide();
    ring_.Add(unit);
    if (full_ || turn.decode) {
      ++pushed_;
      pool_.Push(lane_, unit);
    }
    while (pool_.Stats(lane_).units < pushed_) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  void Decide() {
    std::vector<ingest::Attention::Change> changes;
    {
      std::lock_guard lock(mutex_);
      changes = attention_.Decide(clock_.Monotonic());
    }
    for (const ingest::Attention::Change& change : changes) {
      full_ = change.full;
      if (!full_) {
        pool_.EndFull(lane_);
        continue;
      }
      std::vector<media::AccessUnitPtr> gop = ring_.LastGop();
      pushed_ += static_cast<int64_t>(gop.size());
      pool_.BeginFull(lane_, std::move(gop));
    }
  }

  // On the decoding thread; as patrold's VideoWing.
  void OnPicture(const std::string&, const media::Picture& picture,
                 ingest::PictureOrigin origin) override {
    std::lock_guard lock(mutex_);
    analyser_.OnPicture(picture, origin == ingest::PictureOrigin::kRing
                                     ? motion::OnsetSource::kReplay
                                     : motion::OnsetSource::kPictures);
    attention_.OnMotion(kKey, analyser_.state() == motion::Analyser::State::kMoving,
                        clock_.Monotonic());
    const std::optional<bool> moving = analyser_.SeesMovement();
    if (!moving.has_value()) return;
    attention_.OnPixels(kKey, picture.time(), *moving, clock_.Monotonic());
  }

  void OnMotion(const motion::MotionEvent& event) override {
    if (event.phase != motion::Phase::kBegin) return;
    begins.push_back(event);
    told_at.push_back(clock_.Now());
  }

  ManualClock clock_{absl::UnixEpoch()};
  std::mutex mutex_;
  ingest::Attention attention_;  // guarded by mutex_, as is the analyser
  motion::Analyser analyser_{"yard", motion::Analyser::Options(), this};
  ingest::Activity activity_;
  ingest::RingBudget budget_{size_t{1} << 26};
  ingest::GopRing ring_{size_t{1} << 24, absl::Seconds(5), &budget_};
  ingest::DecodePool pool_;
  const ingest::DecodeLanePtr lane_ = pool_.AddLane("yard");
  bool full_ = false;
  int64_t pushed_ = 0;
};

TEST(Fusion, FindsTheOnsetInTheReplayedRingOfACameraDecodedByKeyframes) {
  // It comes late in a group of pictures and is gone before the next keyframe would have shown it
  // begin.
  for (const double onset : {60.7, 61.1, 61.6}) {
    const std::vector<media::AccessUnit> units = Yard(66, onset, onset + 4);
    if (units.empty()) GTEST_SKIP() << "FFmpeg has no libx264";
    OneCamera camera;
    camera.Run(units);
    ASSERT_EQ(camera.begins.size(), 1u) << onset;
    const motion::MotionEvent& event = camera.begins.front();
    EXPECT_EQ(event.onset_source, motion::OnsetSource::kReplay) << onset;
    EXPECT_LE(event.onset_uncertainty, absl::Seconds(0.25)) << onset;
    EXPECT_GE(event.begin, At(onset)) << onset;
    EXPECT_LE(event.begin, At(onset + 0.5)) << onset;
    EXPECT_LE(camera.told_at.front() - camera.CandidateFrom(At(onset)), absl::Seconds(2)) << onset;
    EXPECT_EQ(camera.candidates().confirmed, 1) << onset;
    // All the while it was a quiet camera: of 66 s some 35 keyframes and a few seconds.
    EXPECT_LT(camera.decoded(), 250) << onset;
  }
}

TEST(Fusion, MakesNoEventOfActivityAloneAndCountsTheRejection) {
  std::vector<media::AccessUnit> units = Yard(66, 1e9, 1e9);
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no libx264";
  Fill(units, 60.5, 62.5);
  OneCamera camera;
  camera.Run(units);
  EXPECT_LE(camera.CandidateFrom(At(60.5)), At(61.5));
  EXPECT_TRUE(camera.begins.empty());
  EXPECT_GE(camera.candidates().rejected, 1);
  EXPECT_EQ(camera.candidates().confirmed, 0);
  EXPECT_EQ(camera.candidates().undecided, 0);
}

TEST(Fusion, GivesTheIntervalBetweenPicturesWhereTheRingDoesNotReachBackToTheOnset) {
  // Without activity: a keyframe shows it, and what is decoded before is 2 to 6 s older.
  std::vector<media::AccessUnit> units = Yard(70, 60.2, 64.2);
  if (units.empty()) GTEST_SKIP() << "FFmpeg has no libx264";
  // The last keyframe before is lost, and all that depends on it: the ring begins anew at 62 s.
  std::vector<media::AccessUnit> lossy;
  for (const media::AccessUnit& unit : units) {
    if (unit.time < At(60) || unit.time >= At(62)) lossy.push_back(unit);
  }
  OneCamera camera;
  camera.Run(lossy);
  ASSERT_EQ(camera.begins.size(), 1u);
  const motion::MotionEvent& event = camera.begins.front();
  EXPECT_EQ(event.onset_source, motion::OnsetSource::kPictures);
  // The true onset lies within the stated uncertainty.
  EXPECT_LE(event.begin - event.onset_uncertainty, At(60.2));
  EXPECT_GE(event.begin, At(60.2));
}

}  // namespace
}  // namespace patrol
