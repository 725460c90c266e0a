#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/bounded_queue.h"
#include "lib/base/clock.h"
#include "lib/base/heap.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"

namespace patrol {
namespace {

using ::testing::HasSubstr;

TEST(TimeText, ReadsRfc3339WithOffsetAndFraction) {
  const auto time = ParseTime("2026-03-02T13:27:34.5+08:00");
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_EQ(FormatUtc(*time), "2026-03-02T05:27:34.500Z");
}

TEST(TimeText, RefusesANaiveTimeUnlessAZoneIsGiven) {
  const auto refused = ParseTime("2026-03-02T13:27:34");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("no UTC offset"));

  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  const auto read = ParseTime("2026-03-02 13:27:34", &zone);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(FormatUtc(*read), "2026-03-02T05:27:34Z");
}

TEST(TimeText, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"", "yesterday", "infinite-future", "2026-13-02T00:00:00Z", "1772429254"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
}

TEST(TimeText, KeepsMicrosecondsAndNoMore) {
  EXPECT_EQ(FormatUtc(absl::FromUnixMicros(1)), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatUtc(absl::FromUnixMicros(2000)), "1970-01-01T00:00:00.002Z");
}

TEST(TimeText, DurationsNeedAUnit) {
  EXPECT_EQ(*ParseDuration("180s"), absl::Minutes(3));
  EXPECT_EQ(*ParseDuration("2m30s"), absl::Seconds(150));
  EXPECT_FALSE(ParseDuration("180").ok());
  EXPECT_FALSE(ParseDuration("inf").ok());
}

TEST(Status, AnnotateNamesTheEntityAndKeepsTheCode) {
  const absl::Status status =
      Annotate(absl::NotFoundError("no such file"), "network \"a.osm.pbf\"");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(std::string(status.message()), "network \"a.osm.pbf\": no such file");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

TEST(BoundedQueue, RefusesTheNewestWhenFullAndCountsIt) {
  BoundedQueue<int> queue(2, Overflow::kRefuseNewest);
  EXPECT_TRUE(queue.Push(1));
  EXPECT_TRUE(queue.Push(2));
  EXPECT_FALSE(queue.Push(3));
  EXPECT_EQ(queue.dropped(), 1u);
  EXPECT_EQ(queue.Pop(), 1);
}

TEST(BoundedQueue, DropsTheOldestWhenTold) {
  BoundedQueue<int> queue(2, Overflow::kDropOldest);
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(queue.Push(i));
  EXPECT_EQ(queue.dropped(), 2u);
  EXPECT_EQ(queue.Pop(), 3);
  EXPECT_EQ(queue.Pop(), 4);
  EXPECT_EQ(queue.TryPop(), std::nullopt);
}

TEST(BoundedQueue, HandsOutWhatIsInsideAfterItIsClosed) {
  BoundedQueue<int> queue(4, Overflow::kRefuseNewest);
  ASSERT_TRUE(queue.Push(1));
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueue, PopForGivesUpWhenNothingComesAndTakesWhatIsThere) {
  BoundedQueue<int> queue(4, Overflow::kRefuseNewest);
  EXPECT_EQ(queue.PopFor(std::chrono::milliseconds(1)), std::nullopt);
  EXPECT_FALSE(queue.closed());
  ASSERT_TRUE(queue.Push(1));
  EXPECT_EQ(queue.PopFor(std::chrono::hours(1)), 1);
  queue.Close();
  EXPECT_EQ(queue.PopFor(std::chrono::hours(1)), std::nullopt);
}

TEST(BoundedQueue, LosesNothingBetweenThreads) {
  BoundedQueue<int> queue(1000, Overflow::kRefuseNewest);
  std::vector<std::thread> producers;
  for (int t = 0; t < 4; ++t) {
    producers.emplace_back([&queue] {
      for (int i = 0; i < 250; ++i) ASSERT_TRUE(queue.Push(1));
    });
  }
  int sum = 0;
  for (int i = 0; i < 1000; ++i) sum += queue.Pop().value();
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(sum, 1000);
  EXPECT_EQ(queue.dropped(), 0u);
}

TEST(ManualClock, MovesOnlyWhenMoved) {
  ManualClock clock(absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(5));
}

// ARCHITECTURE.md's arithmetic for the town, held against the limits.
TEST(Limits, HoldATownOfSevenHundredCameras) {
  constexpr size_t kTownCameras = 700;
  constexpr double kStreamBytesPerSecond = 384e3 / 8;
  constexpr double kGopSeconds = 2;
  EXPECT_GE(limits::kCamerasMax, kTownCameras);
  // The last GOP and the one before it, so that an event's beginning can be decoded again.
  EXPECT_GE(limits::kGopRingBytesPerCamera, 2 * kGopSeconds * kStreamBytesPerSecond);
  // All rings as full as the streams make them in five seconds.
  EXPECT_GE(limits::kGopRingBytesTotal, kTownCameras * 5 * kStreamBytesPerSecond);
  // After a power cut all are connected within a minute at the pace of connects.
  EXPECT_LE(kTownCameras / limits::kConnectsPerSecondMax, 60u);
  EXPECT_LE(limits::kStreamSilenceMax, absl::Seconds(10));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST(Heap, GivesBackWhatLiesFreeBetweenWhatStays) {
  constexpr size_t kBlock = 16 * 1024, kBlocks = 4096;  // 64 MiB
  std::vector<std::unique_ptr<std::vector<char>>> blocks;
  for (size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(std::make_unique<std::vector<char>>(kBlock, 'x'));
  }
  for (size_t i = 0; i < kBlocks; ++i) {
    if (i % 64 != 63) blocks[i].reset();
  }
  const size_t before = ResidentBytes();
  GiveBackFreedMemory();
  EXPECT_LT(ResidentBytes() + kBlock * kBlocks / 2, before);
  EXPECT_EQ(blocks.back()->back(), 'x');
}

#endif

}  // namespace
}  // namespace patrol
