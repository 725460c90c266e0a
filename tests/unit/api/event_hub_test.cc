#include "lib/service/api/event_hub.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/service/store/sqlite_store.h"
#include "tests/support/temporary_folder.h"

namespace patrol::api {
namespace {

store::MotionEvent EventOf(const std::string& id) {
  store::MotionEvent event;
  event.id = id;
  event.camera_id = "n-042";
  return event;
}

TEST(EventHub, NumbersChangesFromItsStartTimeOn) {
  ManualClock clock(absl::FromUnixMicros(5'000'000));
  EventHub hub(clock, 10);
  EXPECT_EQ(hub.latest(), 5'000'000);
  EXPECT_EQ(hub.Publish(EventPhase::kBegin, EventOf("a")), 5'000'001);
  EXPECT_EQ(hub.Publish(EventPhase::kEnd, EventOf("a")), 5'000'002);
  EXPECT_EQ(hub.latest(), 5'000'002);
}

TEST(EventHub, GivesEachChangeAfterARevisionInOrder) {
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 10);
  for (const char* id : {"a", "b", "c"}) hub.Publish(EventPhase::kBegin, EventOf(id));
  std::string seen;
  int64_t revision = 100;
  while (true) {
    const absl::StatusOr<EventChangePtr> change = hub.After(revision);
    ASSERT_TRUE(change.ok()) << change.status();
    if (*change == nullptr) break;
    revision = (*change)->revision;
    seen += (*change)->event.id;
  }
  EXPECT_EQ(seen, "abc");
  EXPECT_EQ(revision, 103);
}

TEST(EventHub, SaysWhenARevisionCantBeGoneOnFrom) {
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 2);
  for (const char* id : {"a", "b", "c"}) hub.Publish(EventPhase::kBegin, EventOf(id));
  EXPECT_EQ(hub.After(100).status().code(), absl::StatusCode::kOutOfRange);  // no longer kept
  EXPECT_EQ((*hub.After(101))->event.id, "b");
  EXPECT_EQ(hub.After(104).status().code(), absl::StatusCode::kOutOfRange);  // never given
  EXPECT_EQ(hub.After(7).status().code(), absl::StatusCode::kOutOfRange);    // another run's
}

TEST(EventHub, WakesSubscribersUntilTheyEnd) {
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 2);
  int woken = 0;
  auto subscription = hub.Subscribe([&woken] { ++woken; });
  hub.Publish(EventPhase::kBegin, EventOf("a"));
  EXPECT_EQ(woken, 1);
  subscription.reset();
  hub.Publish(EventPhase::kBegin, EventOf("b"));
  EXPECT_EQ(woken, 1);
}

TEST(EventHub, NeverWakesASubscriberThatHasEnded) {
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 2);
  std::atomic<bool> stop = false;
  std::thread publisher([&] {
    while (!stop) hub.Publish(EventPhase::kUpdate, EventOf("a"));
  });
  for (int i = 0; i < 200; ++i) {
    // A subscriber's memory goes right after its end: the sanitizers see a call that comes late.
    auto called = std::make_unique<std::atomic<int>>(0);
    auto subscription = hub.Subscribe([&called = *called] { ++called; });
    subscription.reset();
    called.reset();
  }
  stop = true;
  publisher.join();
}

TEST(EventRecorder, TellsWatchersOfAnEventOnceItCanBeAskedFor) {
  test::TemporaryFolder folder;
  auto store = store::SqliteStore::Open({.path = folder.File("patrol.db")});
  ASSERT_TRUE(store.ok()) << store.status();
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 10);
  std::vector<bool> stored;
  auto subscription = hub.Subscribe([&] { stored.push_back((*store)->GetMotionEvent("a").ok()); });
  {
    EventRecorder recorder(**store, hub);
    recorder.Record(EventPhase::kBegin, EventOf("a"), std::make_shared<const std::string>("jpeg"));
    recorder.Record(EventPhase::kUpdate, EventOf("a"), nullptr);
    // Its end waits for both.
  }
  EXPECT_EQ(stored, std::vector<bool>({true, true}));
  EXPECT_TRUE((*hub.After(100))->event.has_still);
  EXPECT_EQ(*(*store)->GetMotionStill("a"), "jpeg");
}

TEST(EventRecorder, TellsAMarkAtOnceAndKeepsItOnWhatIsToldLater) {
  test::TemporaryFolder folder;
  auto store = store::SqliteStore::Open({.path = folder.File("patrol.db")});
  ASSERT_TRUE(store.ok()) << store.status();
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 10);
  const absl::Time when = absl::FromUnixMicros(77);
  {
    EventRecorder recorder(**store, hub);
    recorder.Record(EventPhase::kBegin, EventOf("a"), nullptr);
    while (hub.latest() < 101) std::this_thread::yield();
    ASSERT_TRUE(recorder.Mark("a", when).ok());
    EXPECT_EQ((*hub.After(101))->event.marked, when);
    EXPECT_EQ((*hub.After(101))->phase, EventPhase::kUpdate);
    // The analysis goes on and knows nothing of it.
    recorder.Record(EventPhase::kUpdate, EventOf("a"), nullptr);
    store::MotionEvent end = EventOf("a");
    end.ended = true;
    recorder.Record(EventPhase::kEnd, end, nullptr);
    while (hub.latest() < 104) std::this_thread::yield();
    EXPECT_EQ((*hub.After(102))->event.marked, when);
    EXPECT_EQ((*hub.After(103))->event.marked, when);
    // Taken back after the end.
    ASSERT_TRUE(recorder.Mark("a", std::nullopt).ok());
    EXPECT_EQ((*hub.After(104))->event.marked, std::nullopt);
    EXPECT_EQ((*hub.After(104))->phase, EventPhase::kEnd);
    EXPECT_EQ(recorder.Mark("nobody", when).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(hub.latest(), 105);
}

TEST(EventRecorder, TellsWatchersEvenWhenTheDiskIsFullAndCountsIt) {
  test::TemporaryFolder folder;
  auto store = store::SqliteStore::Open({.path = folder.File("patrol.db"), .size_max = 128 * 1024});
  ASSERT_TRUE(store.ok()) << store.status();
  ManualClock clock(absl::FromUnixMicros(100));
  EventHub hub(clock, 10);
  uint64_t failures = 0;
  {
    EventRecorder recorder(**store, hub);
    recorder.Record(EventPhase::kBegin, EventOf("a"),
                    std::make_shared<const std::string>(500 * 1024, 'x'));
    recorder.Record(EventPhase::kBegin, EventOf("b"), nullptr);
    while (hub.latest() < 102) std::this_thread::yield();
    failures = recorder.store_failures();
  }
  EXPECT_EQ(failures, 1u);
  EXPECT_EQ((*hub.After(100))->event.id, "a");
  EXPECT_FALSE((*store)->GetMotionEvent("a").ok());
  EXPECT_TRUE((*store)->GetMotionEvent("b").ok());
}

}  // namespace
}  // namespace patrol::api
