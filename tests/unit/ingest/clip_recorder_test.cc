// Clips of events: from the ring, exactly from the keyframe before the pre-roll, within a limit of
// bytes, and playable after a crash.

#include "lib/video/ingest/clip_recorder.h"

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gtest/gtest.h"
#include "lib/video/ingest/gop_ring.h"
#include "lib/video/ingest/subscribers.h"
#include "lib/video/media/clip_reader.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/media/coded_stream.h"

namespace patrol::ingest {
namespace {

namespace fs = std::filesystem;

// One camera "n-1" with a ring of 5 s.
class OneCamera : public media::AccessUnitSource {
 public:
  std::vector<media::AccessUnitPtr> LastGop(const std::string&) const override {
    return ring_.LastGop();
  }
  absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Subscribe(
      const std::string& id, std::shared_ptr<media::AccessUnitListener> listener,
      media::HandOver) override {
    if (id != "n-1") return absl::NotFoundError("no camera \"" + id + "\"");
    return subscribers_->Add(ring_.All(), ring_.accepting(), std::move(listener));
  }
  void Send(const media::AccessUnit& unit) {
    auto shared = std::make_shared<const media::AccessUnit>(unit);
    ring_.Add(shared);
    subscribers_->OnAccessUnit(shared);
  }

 private:
  RingBudget budget_{100'000'000};
  GopRing ring_{50'000'000, absl::Seconds(5), &budget_};
  std::shared_ptr<Subscribers> subscribers_ = std::make_shared<Subscribers>();
};

absl::Time At(int picture) { return absl::UnixEpoch() + picture * absl::Milliseconds(40); }

int Pictures(const std::string& path) {
  auto reader = media::ClipReader::Open(path);
  if (!reader.ok()) return -1;
  int count = 0;
  while (true) {
    const auto picture = (*reader)->NextPicture();
    if (!picture.ok() || !*picture) break;
    ++count;
  }
  EXPECT_EQ((*reader)->damaged(), 0u);
  return count;
}

bool WaitFor(const std::function<bool()>& met) {
  for (int i = 0; i < 2000 && !met(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return met();
}

TEST(ClipRecorder, BeginsAtTheKeyframeBeforeThePreRollAndEndsAfterThePostRoll) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1'000'000'000);
  OneCamera camera;
  // 25 pictures a second, a keyframe every 0.6 s: 0, 15, ...
  const std::vector<media::AccessUnit> units = media::EncodeStream({.frames = 210, .gop = 15});
  ASSERT_EQ(units.size(), 210u);
  ClipRecorder recorder({.pre_roll = absl::Seconds(2), .post_roll = absl::Seconds(1)}, camera,
                        *files);
  for (int i = 0; i < 120; ++i) camera.Send(units[i]);
  recorder.Begin("n-1-4400000", "n-1", At(110));
  recorder.Begin("none-1", "none", At(110));
  for (int i = 120; i <= 150; ++i) camera.Send(units[i]);
  // Told before the clip is past its end: what is written by then stays.
  recorder.End("n-1-4400000", At(150));
  for (int i = 151; i < 210; ++i) camera.Send(units[i]);
  ASSERT_TRUE(WaitFor([&] { return recorder.counts().recorded == 1; }));
  const auto path = files->Find("n-1-4400000");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, folder.File("clips/1970-01-01/n-1-4400000.mp4"));
  // 2 s before 110 is 60, a keyframe itself; 1 s after 150 is 175: 60..175.
  EXPECT_EQ(Pictures(*path), 116);
  EXPECT_EQ(recorder.counts().units_dropped, 0);
  EXPECT_FALSE(files->Find("none-1").ok());
}

TEST(ClipRecorder, FinishesWhatIsOpenWhenItEnds) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1'000'000'000);
  OneCamera camera;
  const std::vector<media::AccessUnit> units = media::EncodeStream({.frames = 30, .gop = 15});
  {
    ClipRecorder recorder({}, camera, *files);
    recorder.Begin("e", "n-1", At(0));
    for (const media::AccessUnit& unit : units) camera.Send(unit);
  }
  EXPECT_EQ(Pictures(*files->Find("e")), 30);
}

TEST(ClipRecorder, BoundsAClipThatGoesOnAndOn) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1'000'000'000);
  OneCamera camera;
  ClipRecorder recorder({.length_max = absl::Seconds(1)}, camera, *files);
  recorder.Begin("e", "n-1", At(0));
  for (const media::AccessUnit& unit : media::EncodeStream({.frames = 60})) camera.Send(unit);
  ASSERT_TRUE(WaitFor([&] { return recorder.counts().recorded == 1; }));
  EXPECT_EQ(Pictures(*files->Find("e")), 26);  // 0..25
}

TEST(ClipFiles, RemovesTheOldestWhenOverTheLimit) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 250);
  for (int day = 0; day < 4; ++day) {
    const std::string id = "e" + std::to_string(day);
    ASSERT_TRUE(files->Begin(id, absl::UnixEpoch() + day * absl::Hours(24)).ok());
    ASSERT_TRUE(files->Append(id, std::string(100, 'x')).ok());
    ASSERT_TRUE(files->Finish(id).ok());
  }
  EXPECT_EQ(files->bytes(), 200);
  EXPECT_EQ(files->removed(), 2);
  EXPECT_FALSE(files->Find("e1").ok());
  EXPECT_TRUE(fs::exists(folder.File("clips/1970-01-04/e3.mp4")));
  EXPECT_FALSE(fs::exists(folder.File("clips/1970-01-02/e1.mp4")));
}

// A pipe in the place of a clip's file: who opens it for writing waits for a reader, as on a disk
// that does not answer.
TEST(ClipFiles, AnswersWhileTheDiskDoesNot) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1000);
  ASSERT_TRUE(files->Begin("kept", absl::UnixEpoch()).ok());
  ASSERT_TRUE(files->Append("kept", "0123456789").ok());
  const std::string pipe = folder.File("clips/1970-01-01/slow.mp4.part");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writing([&] { EXPECT_TRUE(files->Begin("slow", absl::UnixEpoch()).ok()); });
  // Begin hangs, now or in a moment: nothing of this waits for it.
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(files->Find("kept").ok());
    EXPECT_EQ(files->bytes(), 10);
  }
  EXPECT_TRUE(files->Append("kept", "0123456789").ok());
  EXPECT_TRUE(files->Finish("kept").ok());
  EXPECT_FALSE(files->Find("slow").ok());
  std::ifstream reader(pipe);  // lets it go on
  writing.join();
  EXPECT_EQ(files->bytes(), 20);
}

TEST(ClipFiles, IsFoundUnderAPathThatIsThereWhileItIsFinished) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1 << 20);
  std::atomic<bool> done = false;
  std::atomic<int> missed = 0;
  ASSERT_TRUE(files->Begin("e", absl::UnixEpoch()).ok());
  ASSERT_TRUE(files->Append("e", "0123456789").ok());
  std::thread asking([&] {
    while (!done) {
      const auto path = files->Find("e");
      // Looked for again where it was renamed in between, as whoever reads clips does.
      if (path.ok() && !fs::exists(*path) && !fs::exists(*files->Find("e"))) ++missed;
    }
  });
  ASSERT_TRUE(files->Finish("e").ok());
  done = true;
  asking.join();
  EXPECT_EQ(missed, 0);
  EXPECT_TRUE(fs::exists(folder.File("clips/1970-01-01/e.mp4")));
  EXPECT_FALSE(fs::exists(folder.File("clips/1970-01-01/e.mp4.part")));
}

TEST(ClipFiles, KeepsWhatACrashLeftUpToTheLastWholeFragment) {
  const test::TemporaryFolder folder;
  const std::vector<media::AccessUnit> units = media::EncodeStream({.frames = 10});
  std::string bytes;
  media::Fmp4Writer writer;
  for (const media::AccessUnit& unit : units) {
    const auto piece = *writer.Write(unit);
    if (piece.init) bytes.append(piece.init->bytes.begin(), piece.init->bytes.end());
    bytes.append(piece.fragment.begin(), piece.fragment.end());
  }
  fs::create_directories(folder.File("clips/2026-01-01"));
  std::ofstream(folder.File("clips/2026-01-01/e.mp4.part"), std::ios::binary)
      << bytes.substr(0, bytes.size() - 10);
  std::ofstream(folder.File("clips/2026-01-01/empty.mp4.part"), std::ios::binary) << bytes[0];
  std::ofstream(folder.File("clips/2026-01-01/notes.txt")) << "not ours";
  auto files = *ClipFiles::Open(folder.File("clips"), 1'000'000'000);
  ASSERT_TRUE(files->Find("e").ok());
  EXPECT_EQ(*files->Find("e"), folder.File("clips/2026-01-01/e.mp4"));
  EXPECT_EQ(Pictures(*files->Find("e")), 9);
  EXPECT_FALSE(files->Find("empty").ok());
  EXPECT_FALSE(fs::exists(folder.File("clips/2026-01-01/empty.mp4.part")));
  EXPECT_TRUE(fs::exists(folder.File("clips/2026-01-01/notes.txt")));
}

TEST(ClipFiles, CountsOnceWhatACrashLeftUnderBothNames) {
  const test::TemporaryFolder folder;
  {
    auto files = *ClipFiles::Open(folder.File("clips"), 1 << 20);
    ASSERT_TRUE(files->Begin("e", absl::UnixEpoch()).ok());
    // One whole box: free space of 16 bytes.
    ASSERT_TRUE(files
                    ->Append("e", std::string("\0\0\0\x10"
                                              "free12345678",
                                              16))
                    .ok());
    ASSERT_TRUE(files->Finish("e").ok());
  }
  fs::create_hard_link(folder.File("clips/1970-01-01/e.mp4"),
                       folder.File("clips/1970-01-01/e.mp4.part"));
  auto files = *ClipFiles::Open(folder.File("clips"), 1 << 20);
  EXPECT_EQ(files->bytes(), 16);
  EXPECT_TRUE(files->Find("e").ok());
  EXPECT_FALSE(fs::exists(folder.File("clips/1970-01-01/e.mp4.part")));
}

TEST(ClipFiles, RemovesChosenOnesAlsoWhileTheyAreWritten) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1 << 20);
  for (const char* id : {"a-1", "a-2", "b-1"}) {
    ASSERT_TRUE(files->Begin(id, absl::UnixEpoch()).ok());
    ASSERT_TRUE(files->Append(id, "0123456789").ok());
  }
  ASSERT_TRUE(files->Finish("a-1").ok());
  EXPECT_EQ(files->RemoveThose([](const std::string& id) { return id[0] == 'a'; }), 2);
  EXPECT_EQ(files->bytes(), 10);
  EXPECT_EQ(files->Append("a-2", "more").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(files->Finish("a-2").ok());
  EXPECT_TRUE(files->Find("b-1").ok());
  for (const char* gone : {"a-1.mp4", "a-2.mp4", "a-2.mp4.part"}) {
    EXPECT_FALSE(fs::exists(folder.File(std::string("clips/1970-01-01/") + gone))) << gone;
  }
}

TEST(ClipFiles, RefusesIdsThatLeaveTheFolder) {
  const test::TemporaryFolder folder;
  auto files = *ClipFiles::Open(folder.File("clips"), 1000);
  for (const char* id : {"", "../e", "a/b", ".hidden"}) {
    EXPECT_EQ(files->Begin(id, absl::UnixEpoch()).code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_FALSE(files->Find(id).ok());
  }
}

}  // namespace
}  // namespace patrol::ingest
