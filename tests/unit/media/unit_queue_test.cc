#include "lib/video/media/unit_queue.h"

#include "gtest/gtest.h"

namespace patrol::media {
namespace {

AccessUnitPtr Unit(int number, bool keyframe, size_t bytes = 100) {
  auto unit = std::make_shared<AccessUnit>();
  unit->keyframe = keyframe;
  unit->rtp_time = static_cast<uint32_t>(number);
  unit->data.resize(bytes);
  return unit;
}

TEST(UnitQueue, GivesASlowTakerWholeGopsOnly) {
  int ready = 0;
  UnitQueue queue(4, 1'000'000, [&] { ++ready; });
  // GOPs of six: the first four wait, 4 and 5 are dropped, keyframe 6 pushes out what waits.
  for (int i = 0; i < 8; ++i) queue.OnAccessUnit(Unit(i, i % 6 == 0));
  EXPECT_EQ(ready, 2);
  EXPECT_EQ(queue.dropped(), 6u);
  const auto first = queue.Pop();
  EXPECT_EQ(first->unit->rtp_time, 6u);
  EXPECT_TRUE(first->after_gap);
  const auto second = queue.Pop();
  EXPECT_EQ(second->unit->rtp_time, 7u);
  EXPECT_FALSE(second->after_gap);
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(UnitQueue, DropsToTheKeyframeEvenWhenThereIsRoomAgain) {
  UnitQueue queue(2, 1'000'000, nullptr);
  for (int i = 0; i < 3; ++i) queue.OnAccessUnit(Unit(i, i == 0));
  queue.Pop();
  queue.OnAccessUnit(Unit(3, false));
  EXPECT_EQ(queue.Pop()->unit->rtp_time, 1u);
  EXPECT_FALSE(queue.Pop().has_value());
  queue.OnAccessUnit(Unit(4, true));
  EXPECT_TRUE(queue.Pop()->after_gap);
}

TEST(UnitQueue, KeepsItsByteLimit) {
  UnitQueue queue(100, 1000, nullptr);
  queue.OnAccessUnit(Unit(0, true, 900));
  queue.OnAccessUnit(Unit(1, false, 200));
  queue.OnAccessUnit(Unit(2, true, 2000));  // over the limit on its own
  EXPECT_EQ(queue.dropped(), 3u);
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(UnitQueue, EndsAfterWhatWaits) {
  UnitQueue queue(4, 1000, nullptr);
  queue.OnAccessUnit(Unit(0, true));
  queue.OnEnd();
  EXPECT_FALSE(queue.ended());
  queue.Pop();
  EXPECT_TRUE(queue.ended());
}

}  // namespace
}  // namespace patrol::media
