// Goal: nothing of a camera's picture that its privacy mask hides leaves the fleet: no picture, no
// still, no coded unit, no clip; neither what came before the mask was set. Method: a fleet against
// scripted cameras whose picture has a pattern where the mask is; what is kept and handed on is
// searched for it.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lib/video/ingest/clip_files.h"
#include "lib/video/ingest/clip_recorder.h"
#include "lib/video/ingest/fleet.h"
#include "lib/video/media/unit_queue.h"
#include "tests/conformance/fleet_witness.h"
#include "tests/support/temporary_folder.h"

namespace patrol::ingest {
namespace {

namespace fs = std::filesystem;

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::ScriptedCamera;
using test::ScriptedRtspServer;

// The left half of the picture, which is where the clip's square begins.
media::PrivacyMask LeftHalf(int64_t revision = 1) {
  media::PrivacyMask mask;
  mask.polygons = {{{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}};
  mask.width = 320;
  mask.height = 240;
  mask.revision = revision;
  return mask;
}

bool LeftIsBlack(const media::Picture& picture) {
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < 160; ++x) {
      if (picture.plane(0)[y * picture.stride(0) + x] > 16) return false;
    }
  }
  return true;
}

bool RightIsSeen(const media::Picture& picture) {
  return picture.plane(0)[200 * picture.stride(0) + 300] > 16;
}

class Pictures : public Witness {
 public:
  void OnPicture(const std::string& camera_id, const media::Picture& picture,
                 PictureOrigin origin) override {
    {
      std::lock_guard lock(seen_mutex_);
      (picture.hidden() ? hidden_ : LeftIsBlack(picture) ? masked_ : open_)++;
    }
    Witness::OnPicture(camera_id, picture, origin);
  }
  int open() const { return Count(open_); }
  int masked() const { return Count(masked_); }
  int hidden() const { return Count(hidden_); }

 private:
  int Count(const int& number) const {
    std::lock_guard lock(seen_mutex_);
    return number;
  }
  mutable std::mutex seen_mutex_;
  int open_ = 0, masked_ = 0, hidden_ = 0;
};

// The clip over and over, a GOP whenever the test says so; each camera's own time goes on.
class Streamer {
 public:
  ScriptedCamera Camera() {
    ScriptedCamera camera;
    camera.on_play = [this](RtspConnection& connection) {
      RtpWriter writer;
      for (uint32_t i = 0; !stopped_; ++i) {
        while (i >= allowed_ && !stopped_) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (stopped_ || !connection.Send(writer.Unit(CodedClip()[i % 30].data, i * 3600))) return;
      }
    };
    return camera;
  }
  void Allow(uint32_t units) { allowed_ += units; }
  ~Streamer() { Stop(); }
  void Stop() { stopped_ = true; }

 private:
  std::atomic<uint32_t> allowed_ = 0;
  std::atomic<bool> stopped_ = false;
};

class RtspPrivacy : public testing::Test {
 protected:
  void SetUp() override {
    if (CodedClip().empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
    FleetOptions options;
    options.back_off_min = absl::Milliseconds(20);
    options.decode_everything = true;
    options.decode_all_while_room = false;
    options.analysed_per_second = 2000000;
    options.budget_cores = 64;
    fleet_ = std::make_unique<Fleet>(options, SystemClock::Get(), pictures_, pictures_);
  }
  void TearDown() override { streamer_.Stop(); }
  CameraState State() { return *fleet_->State("cam"); }
  bool UntilUnits(int64_t units) {
    return pictures_.Until([&] { return State().access_units >= units; });
  }
  bool UntilDecoded(int64_t pictures) {
    return pictures_.Until([&] { return pictures_.pictures("cam") >= pictures; });
  }

  Pictures pictures_;
  Streamer streamer_;
  std::unique_ptr<ScriptedRtspServer> server_ =
      std::make_unique<ScriptedRtspServer>(streamer_.Camera());
  std::unique_ptr<Fleet> fleet_;
};

TEST_F(RtspPrivacy, EveryPictureOfAMaskedCameraIsMaskedOnEveryWay) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  streamer_.Allow(60);
  ASSERT_TRUE(UntilDecoded(58));
  EXPECT_EQ(pictures_.open(), 0);
  EXPECT_EQ(pictures_.hidden(), 0);
  EXPECT_EQ(State().privacy, "masked");
  const auto full = fleet_->LastPicture("cam");
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_TRUE(LeftIsBlack(*full));
  EXPECT_TRUE(RightIsSeen(*full));
  // What the ring holds is marked, so that no decoder opens it unmasked, and no MP4 is made of it.
  const auto gop = fleet_->LastGop("cam");
  ASSERT_FALSE(gop.empty());
  for (const media::AccessUnitPtr& unit : gop) {
    ASSERT_NE(unit->privacy, nullptr);
    EXPECT_EQ(media::Fmp4Writer().Write(*unit).status().code(),
              absl::StatusCode::kPermissionDenied);
  }
}

TEST_F(RtspPrivacy, AKeyframeDecodedOnceMoreForAStillIsMasked) {
  FleetOptions options;
  options.full_decodes_max = 0;
  options.decode_all_while_room = false;
  fleet_ = std::make_unique<Fleet>(options, SystemClock::Get(), pictures_, pictures_);
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  streamer_.Allow(30);
  ASSERT_TRUE(UntilUnits(29));
  ASSERT_TRUE(UntilDecoded(1));
  const auto still = fleet_->LastPicture("cam");
  ASSERT_TRUE(still.ok()) << still.status();
  EXPECT_TRUE(LeftIsBlack(*still));
  EXPECT_TRUE(RightIsSeen(*still));
  EXPECT_EQ(pictures_.open(), 0);
}

TEST_F(RtspPrivacy, HasNoLiveViewAndSaysWhy) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  streamer_.Allow(10);
  ASSERT_TRUE(UntilUnits(9));
  const auto queue = std::make_shared<media::UnitQueue>(100, 1 << 20, nullptr);
  const auto refused = fleet_->Subscribe("cam", queue);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "has a privacy mask"));
  EXPECT_FALSE(queue->Pop().has_value());
}

TEST_F(RtspPrivacy, SettingAMaskRemovesWhatWasKeptAndWithdrawsWhatWasGiven) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url()}).ok());
  streamer_.Allow(40);
  ASSERT_TRUE(UntilDecoded(39));
  const auto queue = std::make_shared<media::UnitQueue>(100, 1 << 20, nullptr);
  const auto subscription = fleet_->Subscribe("cam", queue);
  ASSERT_TRUE(subscription.ok());
  ASSERT_TRUE(queue->codec().has_value()) << "the last GOP waits in it";
  ASSERT_FALSE(fleet_->LastGop("cam").empty());

  ASSERT_TRUE(
      fleet_->UpdateCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  // Once that has returned, not one more.
  const int open = pictures_.open();
  EXPECT_GE(open, 39);
  EXPECT_TRUE(fleet_->LastGop("cam").empty());
  EXPECT_EQ(fleet_->LastPicture("cam").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(queue->withdrawn());
  EXPECT_TRUE(queue->ended());
  EXPECT_FALSE(queue->Pop().has_value());

  const int64_t units = State().access_units;
  streamer_.Allow(60);
  ASSERT_TRUE(UntilUnits(units + 58));
  ASSERT_TRUE(pictures_.Until([&] { return pictures_.masked() >= 40; }));
  EXPECT_EQ(pictures_.open(), open);
  EXPECT_EQ(State().reconnects, 0) << "the camera is not bothered with it";
  EXPECT_TRUE(LeftIsBlack(*fleet_->LastPicture("cam")));
}

// The mask is set again and again while pictures are decoded: none of them may come out unmasked
// after UpdateCamera has returned.
TEST_F(RtspPrivacy, NoPictureSlipsThroughWhileAMaskIsSet) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url()}).ok());
  for (int round = 1; round <= 20; ++round) {
    streamer_.Allow(45);
    ASSERT_TRUE(pictures_.Until([&, before = pictures_.open()] {
      return pictures_.open() > before;
    })) << round;
    ASSERT_TRUE(
        fleet_->UpdateCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf(round)})
            .ok());
    const int open = pictures_.open();
    streamer_.Allow(45);
    ASSERT_TRUE(pictures_.Until([&, before = pictures_.masked()] {
      return pictures_.masked() > before;
    })) << round;
    const auto last = fleet_->LastPicture("cam");
    EXPECT_TRUE(!last.ok() || LeftIsBlack(*last)) << round;
    EXPECT_EQ(pictures_.open(), open) << round;
    ASSERT_TRUE(fleet_->UpdateCamera({.id = "cam", .url = server_->Url()}).ok());
  }
}

TEST_F(RtspPrivacy, ChangingAnythingElseKeepsTheMaskAndWhatIsKept) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  streamer_.Allow(20);
  ASSERT_TRUE(UntilDecoded(19));
  ASSERT_TRUE(
      fleet_
          ->UpdateCamera(
              {.id = "cam", .url = server_->Url(), .connects_per_host = 9, .privacy = LeftHalf()})
          .ok());
  EXPECT_FALSE(fleet_->LastGop("cam").empty());
  EXPECT_EQ(State().privacy, "masked");
}

TEST_F(RtspPrivacy, IsBlackWhollyOnceItsViewHasMovedUntilTheMaskIsDrawnAnew) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  streamer_.Allow(20);
  ASSERT_TRUE(UntilDecoded(19));
  fleet_->OnViewMoved("cam", "it turns to preset 3");
  fleet_->OnViewMoved("nobody", "x");
  // From the next keyframe on: what was masked for the old view is not shown for the new one.
  streamer_.Allow(40);
  ASSERT_TRUE(pictures_.Until([&] { return pictures_.hidden() >= 15; }));
  EXPECT_EQ(State().privacy, "hidden: it turns to preset 3");
  // Saying the same again is not looking at it again.
  ASSERT_TRUE(
      fleet_->UpdateCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  EXPECT_TRUE(absl::StartsWith(State().privacy, "hidden"));
  ASSERT_TRUE(
      fleet_->UpdateCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf(2)}).ok());
  const int masked = pictures_.masked();
  streamer_.Allow(40);
  EXPECT_TRUE(pictures_.Until([&] { return pictures_.masked() >= masked + 15; }));
  EXPECT_EQ(State().privacy, "masked");
  // The flag that is stored does the same.
  ASSERT_TRUE(
      fleet_
          ->UpdateCamera(
              {.id = "cam", .url = server_->Url(), .privacy = LeftHalf(2), .view_moved = true})
          .ok());
  EXPECT_TRUE(absl::StartsWith(State().privacy, "hidden: the camera was flagged as moved"));
}

TEST_F(RtspPrivacy, CodedSizeTellsNothingOfAMaskedCamera) {
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
  streamer_.Allow(60);
  ASSERT_TRUE(UntilUnits(58));
  EXPECT_EQ(State().activity, 0);
}

TEST_F(RtspPrivacy, RefusesAMaskThatIsNoneAndHidesWhereItIsNotKnown) {
  media::PrivacyMask bad = LeftHalf();
  bad.polygons[0].resize(2);
  const absl::Status refused =
      fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = bad});
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(
      absl::StrContains(refused.message(), "camera \"cam\": privacy_mask: polygons[0].corners: 2"));
  media::PrivacyMask unknown;
  unknown.unknown = true;
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url(), .privacy = unknown}).ok());
  streamer_.Allow(20);
  ASSERT_TRUE(pictures_.Until([&] { return pictures_.hidden() >= 19; }));
  EXPECT_EQ(pictures_.open() + pictures_.masked(), 0);
}

// Every run of 32 bytes of the slices, at the density at which one in eight bytes begins one.
std::set<std::string> RunsOf(const std::vector<media::AccessUnit>& clip) {
  std::set<std::string> runs;
  for (const media::AccessUnit& unit : clip) {
    const auto* bytes = reinterpret_cast<const char*>(unit.data.data());
    for (size_t i = 64; i + 32 <= unit.data.size(); ++i) runs.emplace(bytes + i, 32);
  }
  return runs;
}

size_t RunsIn(const fs::path& folder, const std::set<std::string>& runs) {
  size_t found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    for (size_t i = 0; i + 32 <= bytes.size(); ++i) found += runs.count(bytes.substr(i, 32));
  }
  return found;
}

TEST_F(RtspPrivacy, AClipThatIsBeingWrittenIsGoneOnceTheMaskIsSet) {
  const test::TemporaryFolder folder;
  const std::set<std::string> runs = RunsOf(CodedClip());
  auto files = *ClipFiles::Open(folder.File("clips"), 1 << 30);
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server_->Url()}).ok());
  streamer_.Allow(40);
  ASSERT_TRUE(UntilUnits(39));
  {
    ClipRecorder recorder({}, *fleet_, *files);
    recorder.Begin("cam-1", "cam", fleet_->LastGop("cam").front()->time);
    ASSERT_TRUE(pictures_.Until([&] { return files->Find("cam-1").ok(); }));
    EXPECT_GT(RunsIn(folder.File("clips"), runs), 100u) << "the test finds what is there";
    ASSERT_TRUE(
        fleet_->UpdateCamera({.id = "cam", .url = server_->Url(), .privacy = LeftHalf()}).ok());
    streamer_.Allow(60);
    ASSERT_TRUE(pictures_.Until([&] { return pictures_.masked() >= 30; }));
    // A new event of it has no clip.
    recorder.Begin("cam-2", "cam", absl::Now());
    EXPECT_TRUE(pictures_.Until([&] { return !files->Find("cam-1").ok(); }));
  }
  EXPECT_FALSE(files->Find("cam-2").ok());
  EXPECT_EQ(files->bytes(), 0);
  EXPECT_EQ(RunsIn(folder.File("clips"), runs), 0u);
}

}  // namespace
}  // namespace patrol::ingest
