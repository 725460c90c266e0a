#include "lib/video/rtsp/read_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace patrol::rtsp {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;
using testing::ElementsAre;

TEST(ReadTurns, RunsReadsInTheOrderTheyCame) {
  ReadTurns turns;
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) turns.Add([&ran, i] { ran.push_back(i); });
  turns.Run(hours(1));
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
  EXPECT_TRUE(turns.empty());
}

TEST(ReadTurns, ComesBackToTheLoopWhenTheSliceIsOverAndGoesOnWhereItWas) {
  ReadTurns turns;
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) turns.Add([&ran, i] { ran.push_back(i); });
  turns.Run(nanoseconds(0));
  EXPECT_THAT(ran, ElementsAre(0)) << "one at least, or nothing would ever be read";
  EXPECT_FALSE(turns.empty());
  turns.Run(nanoseconds(0));
  EXPECT_THAT(ran, ElementsAre(0, 1));
}

TEST(ReadTurns, ASocketThatHasMoreAtOnceWaitsBehindTheOthers) {
  ReadTurns turns;
  std::vector<int> ran;
  turns.Add([&] {
    ran.push_back(0);
    turns.Add([&ran] { ran.push_back(2); });
  });
  turns.Add([&ran] { ran.push_back(1); });
  turns.Run(hours(1));
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
}

TEST(ReadTurns, WithoutThemAReadIsDoneAtOnce) {
  bool read = false;
  ReadInTurn(nullptr, [&read] { read = true; });
  EXPECT_TRUE(read);
}

}  // namespace
}  // namespace patrol::rtsp
