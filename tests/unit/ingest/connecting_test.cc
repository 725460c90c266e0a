// Back-off and pacing: when a camera may connect.

#include <algorithm>
#include <set>

#include "gtest/gtest.h"
#include "lib/video/ingest/back_off.h"
#include "lib/video/ingest/connect_pacer.h"

namespace patrol::ingest {
namespace {

constexpr absl::Duration kMin = absl::Milliseconds(500);
constexpr absl::Duration kMax = absl::Seconds(30);

TEST(BackOff, GrowsToItsCapWithJitter) {
  BackOff back_off(kMin, kMax, 7);
  absl::Duration most = kMin;
  for (int i = 0; i < 12; ++i) {
    const absl::Duration wait = back_off.Next(Ending::kFailed);
    EXPECT_GE(wait, most / 2) << i;
    EXPECT_LE(wait, most) << i;
    most = std::min(most * 2, kMax);
  }
}

TEST(BackOff, IsShortAfterStreamingAndBeginsAnew) {
  BackOff back_off(kMin, kMax, 7);
  for (int i = 0; i < 6; ++i) back_off.Next(Ending::kFailed);
  EXPECT_LE(back_off.Next(Ending::kAfterStreaming), kMin);
  EXPECT_LE(back_off.Next(Ending::kFailed), kMin);
}

TEST(BackOff, IsLongAtOnceWhereTheCameraRefusesUs) {
  BackOff back_off(kMin, kMax, 7);
  EXPECT_GE(back_off.Next(Ending::kRefused), kMax * 0.75);
}

TEST(BackOff, DiffersFromCameraToCamera) {
  std::set<absl::Duration> waits;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    BackOff back_off(kMin, kMax, seed * 0x9e3779b97f4a7c15u);
    waits.insert(back_off.Next(Ending::kFailed));
  }
  EXPECT_GE(waits.size(), 19u);
}

TEST(ConnectPacer, SpacesConnectsEvenly) {
  ConnectPacer pacer(50, 2);
  for (uint64_t i = 0; i < 200; ++i) pacer.Ask(i, "host" + std::to_string(i));
  absl::Duration now = absl::Seconds(100);
  size_t taken = 0;
  const absl::Duration end = now + absl::Seconds(2);
  while (now < end) {
    taken += pacer.Take(now).size();
    ASSERT_GT(pacer.NextTake(), now);
    now = pacer.NextTake();
  }
  EXPECT_EQ(taken, 100u);
}

TEST(ConnectPacer, DoesNotSaveUpThePace) {
  ConnectPacer pacer(50, 100);
  pacer.Take(absl::Seconds(1));
  for (uint64_t i = 0; i < 10; ++i) pacer.Ask(i, "h");
  EXPECT_EQ(pacer.Take(absl::Seconds(1000)).size(), 1u);
}

TEST(ConnectPacer, LetsNoBusyHostDelayAnother) {
  ConnectPacer pacer(1000, 2);
  for (uint64_t i = 0; i < 5; ++i) pacer.Ask(i, "recorder");
  pacer.Ask(9, "camera");
  std::vector<ConnectPacer::Ticket> taken;
  for (int ms = 0; ms < 10; ++ms) {
    for (const auto ticket : pacer.Take(absl::Milliseconds(ms))) taken.push_back(ticket);
  }
  EXPECT_EQ(taken, (std::vector<ConnectPacer::Ticket>{0, 1, 9}));
  EXPECT_EQ(pacer.NextTake(), absl::InfiniteDuration());
  pacer.Release("recorder");
  EXPECT_EQ(pacer.Take(absl::Seconds(1)), (std::vector<ConnectPacer::Ticket>{2}));
}

TEST(ConnectPacer, GoesByTheNumberThatEachNamesForItsHost) {
  ConnectPacer pacer(1000, 2);
  for (uint64_t i = 0; i < 6; ++i) pacer.Ask(i, "recorder", 4);
  pacer.Ask(6, "recorder");  // content with the default of two
  pacer.Ask(7, "frail", 1);
  pacer.Ask(8, "frail", 1);
  std::vector<ConnectPacer::Ticket> taken;
  for (int ms = 0; ms < 20; ++ms) {
    for (const auto ticket : pacer.Take(absl::Milliseconds(ms))) taken.push_back(ticket);
  }
  EXPECT_EQ(taken, (std::vector<ConnectPacer::Ticket>{0, 1, 2, 3, 7}));
  pacer.Release("frail");
  EXPECT_EQ(pacer.Take(absl::Seconds(1)), (std::vector<ConnectPacer::Ticket>{8}));
  for (int i = 0; i < 4; ++i) pacer.Release("recorder");
  taken.clear();
  for (int ms = 2000; ms < 2020; ++ms) {
    for (const auto ticket : pacer.Take(absl::Milliseconds(ms))) taken.push_back(ticket);
  }
  // Those two fill what the last one asks for.
  EXPECT_EQ(taken, (std::vector<ConnectPacer::Ticket>{4, 5}));
}

TEST(ConnectPacer, ForgetsWhoNoLongerAsks) {
  ConnectPacer pacer(1000, 2);
  pacer.Ask(1, "a");
  pacer.Ask(2, "b");
  pacer.Forget(1);
  EXPECT_EQ(pacer.Take(absl::Seconds(1)), (std::vector<ConnectPacer::Ticket>{2}));
  EXPECT_EQ(pacer.waiting(), 0u);
}

}  // namespace
}  // namespace patrol::ingest
