#include "lib/video/rtsp/stream_habits.h"

#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

// Pictures of so many a second; a report with each where there are any.
QuirkCounts Quirks(double declared, double actual, absl::Duration length, bool reports) {
  QuirkCounts quirks;
  VideoTrack track;
  track.frame_rate = declared;
  StreamHabits habits(track, &quirks);
  for (int i = 0; i < absl::ToDoubleSeconds(length) * actual; ++i) {
    // It wraps soon.
    habits.OnUnit(4'294'960'000u + static_cast<uint32_t>(i * 90000 / actual),
                  absl::Seconds(i / actual));
    if (reports) habits.OnSenderReport();
  }
  return quirks;
}

TEST(StreamHabits, CountsOnceThatACameraSendsNoReports) {
  EXPECT_EQ(Quirks(0, 15, absl::Seconds(60), false), (QuirkCounts{{"sender_reports_absent", 1}}));
  EXPECT_TRUE(Quirks(0, 15, absl::Seconds(15), false).empty());
  EXPECT_TRUE(Quirks(0, 15, absl::Seconds(60), true).empty());
}

TEST(StreamHabits, CountsOnceThatTheDeclaredFrameRateIsWrong) {
  const QuirkCounts wrong = {{"frame_rate_wrong", 1}};
  EXPECT_EQ(Quirks(25, 15, absl::Seconds(15), true), wrong);
  EXPECT_EQ(Quirks(5, 15, absl::Seconds(15), true), wrong);
  EXPECT_TRUE(Quirks(15, 14.5, absl::Seconds(15), true).empty());
  EXPECT_TRUE(Quirks(0, 15, absl::Seconds(15), true).empty());
}

TEST(StreamHabits, JudgesNoFrameRateByAJumpOfTime) {
  QuirkCounts quirks;
  VideoTrack track;
  track.frame_rate = 25;
  StreamHabits habits(track, &quirks);
  for (uint32_t i = 0; i < 200; ++i) {
    habits.OnUnit(i * 3600 + i / 20 * 900'000'000, absl::Milliseconds(40) * i);
    habits.OnSenderReport();
  }
  EXPECT_TRUE(quirks.empty());
}

}  // namespace
}  // namespace patrol::rtsp
