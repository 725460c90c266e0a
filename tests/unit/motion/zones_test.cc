#include "lib/video/motion/zones.h"

#include <string>

#include "gtest/gtest.h"
#include "lib/video/motion/region_tracker.h"
#include "lib/video/motion/zone_history.h"

namespace patrol::motion {
namespace {

constexpr char kCamera[] = "camera \"n-042\"";

std::string FaultOf(const std::string& json) {
  return std::string(ParseZones(kCamera, json).status().message());
}

TEST(Zones, ReadsBackWhatItWrites) {
  CameraZones zones;
  zones.zones = {
      {.id = "gate",
       .polygon = {{0.1, 0.2}, {0.5, 0.2}, {0.5, 0.75}},
       .sensitivity = 1.5,
       .smallest_share = 0.001,
       .schedule = {.time_zone = "Asia/Shanghai",
                    .windows = {{.days = 0x21, .from_minute = 1320, .to_minute = 360}}}}};
  zones.ignore = {{{0, 0}, {1, 0}, {1, 0.1}, {0, 0.1}}};
  const auto read = ParseZones(kCamera, ZonesToJson(zones));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, zones);
}

TEST(Zones, AreNoneInAnEmptyText) {
  const auto read = ParseZones(kCamera, "");
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->empty());
  EXPECT_EQ(ZonesToJson(*read), "");
}

TEST(Zones, TakeARingThatRepeatsItsFirstPoint) {
  const auto read =
      ParseZones(kCamera, R"({"zones":[{"id":"a","polygon":[[0,0],[1,0],[1,1],[0,0]]}],
                   "ignore":[{"polygon":[{"x":0,"y":0},{"x":1,"y":0},{"x":1,"y":0.5}]}]})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->zones[0].polygon.size(), 3u);
  EXPECT_EQ(read->ignore[0].size(), 3u);
}

TEST(Zones, NameCameraZoneAndVertexOfAFault) {
  EXPECT_EQ(
      FaultOf(R"({"zones":[{"id":"gate","polygon":[[0,0],[1,0],[0.5,1.2]]}]})"),
      "camera \"n-042\": zone \"gate\": vertex 3: (0.5, 1.2) lies outside the picture (0..1)");
  EXPECT_EQ(FaultOf(R"({"zones":[{"id":"gate","polygon":[[0,0],[1,"x"],[0.5,1]]}]})"),
            "camera \"n-042\": zone \"gate\": vertex 2: is no pair of numbers [x, y]");
  EXPECT_EQ(FaultOf(R"({"zones":[{"id":"gate","polygon":[[0,0],[1,0]]}]})"),
            "camera \"n-042\": zone \"gate\": 2 vertices, at least 3");
  EXPECT_EQ(FaultOf(R"({"zones":[{"id":"gate","polygon":[[0,0],[1,1],[1,0],[0,1]]}]})"),
            "camera \"n-042\": zone \"gate\": vertex 3: its side crosses that of vertex 1");
  EXPECT_EQ(FaultOf(R"({"ignore":[[[0,0],[1,0],[-1,0.5]]]})"),
            "camera \"n-042\": ignore mask 1: vertex 3: (-1, 0.5) lies outside the picture (0..1)");
}

TEST(Zones, RefuseWhatTheyDoNotKnow) {
  EXPECT_NE(FaultOf(R"({"zones":[{"polygon":[[0,0],[1,0],[1,1]]}]})").find("zone 1: id: required"),
            std::string::npos);
  EXPECT_NE(FaultOf(R"({"zones":[{"id":"a","polygn":[]}]})").find("unknown field \"polygn\""),
            std::string::npos);
  EXPECT_NE(FaultOf(R"({"zone":[]})").find("unknown field \"zone\""), std::string::npos);
  EXPECT_NE(FaultOf("[1,2").find("are no JSON"), std::string::npos);
  EXPECT_NE(FaultOf("[]").find("an object"), std::string::npos);
  EXPECT_NE(FaultOf(R"({"zones":[{"id":"a","polygon":[[0,0],[1,0],[1,1]],"sensitivity":0}]})")
                .find("sensitivity 0, must be 0.1..10"),
            std::string::npos);
  EXPECT_NE(FaultOf(R"({"zones":[{"id":"a","polygon":[[0,0],[1,0],[1,1]]},
                                 {"id":"a","polygon":[[0,0],[1,0],[1,1]]}]})")
                .find("is given twice"),
            std::string::npos);
  EXPECT_NE(FaultOf(R"({"zones":[{"id":"a","polygon":[[0,0],[1,0],[1,1]],
                  "schedule":{"time_zone":"Mars/Base","windows":[]}}]})")
                .find("time zone \"Mars/Base\" is not known"),
            std::string::npos);
  EXPECT_NE(FaultOf(R"({"zones":[{"id":"a","polygon":[[0,0],[1,0],[1,1]],
                  "schedule":{"windows":[{"from":"25:00"}]}}]})")
                .find("window 1: from: \"25:00\" is no time like 22:30"),
            std::string::npos);
}

TEST(Zones, WatchANightAcrossMidnightInTheirOwnTimeZone) {
  Schedule schedule;
  schedule.time_zone = "Asia/Shanghai";  // UTC+8, no summer time
  schedule.windows = {{.days = DayBit("fri"), .from_minute = 22 * 60, .to_minute = 6 * 60}};
  const auto at = [&](const char* time) {
    absl::Time instant;
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &instant, nullptr));
    return schedule.Contains(instant);
  };
  // 2026-11-27 is a Friday.
  EXPECT_FALSE(at("2026-11-27T21:59:00+08:00"));
  EXPECT_TRUE(at("2026-11-27T22:00:00+08:00"));
  EXPECT_TRUE(at("2026-11-28T05:59:00+08:00"));
  EXPECT_FALSE(at("2026-11-28T06:00:00+08:00"));
  EXPECT_FALSE(at("2026-11-27T05:00:00+08:00"));
  EXPECT_TRUE(at("2026-11-27T14:30:00Z"));
}

TEST(Zones, DrawEachPolygonAsItsOwnBit) {
  CameraZones zones;
  zones.zones = {{.id = "left", .polygon = {{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}},
                 {.id = "top", .polygon = {{0, 0}, {1, 0}, {1, 0.5}, {0, 0.5}}}};
  zones.ignore = {{{0.75, 0}, {1, 0}, {1, 1}, {0.75, 1}}};
  const Plane plane = DrawZones(zones, 40, 20);
  EXPECT_EQ(plane.row(2)[2], 3);
  EXPECT_EQ(plane.row(15)[2], 1);
  EXPECT_EQ(plane.row(2)[25], 2);
  EXPECT_EQ(plane.row(15)[25], 0);
  EXPECT_EQ(plane.row(2)[35], kIgnored);
}

TEST(ZoneHistory, CallsAZoneBusyThatNearlyAlwaysMovesAndNoLongerWhenItCalmsDown) {
  ZoneHistory history;
  absl::Time time = absl::UnixEpoch() + absl::Hours(9);
  const auto see = [&](absl::Duration how_long, bool moving) {
    for (absl::Duration seen; seen < how_long; seen += absl::Seconds(1)) {
      time += absl::Seconds(1);
      history.Note(time, absl::Seconds(1), moving);
    }
  };
  see(absl::Minutes(4), true);
  EXPECT_FALSE(history.busy()) << "four minutes are no habit";
  see(absl::Minutes(2), true);
  EXPECT_TRUE(history.busy());
  see(absl::Minutes(3), false);
  EXPECT_TRUE(history.busy());
  see(absl::Minutes(3), false);
  EXPECT_FALSE(history.busy());
}

TEST(ZoneHistory, KnowsWhatIsUsualAtAnHour) {
  ZoneHistory history;
  absl::Time time = absl::UnixEpoch() + absl::Hours(9);
  EXPECT_LT(history.usual_share(time), 0);
  for (int i = 0; i < 3600; ++i) {
    time += absl::Seconds(1);
    history.Note(time, absl::Seconds(1), i % 4 == 0);
  }
  EXPECT_NEAR(history.usual_share(absl::UnixEpoch() + absl::Hours(9 + 24)), 0.25, 0.01);
  EXPECT_LT(history.usual_share(absl::UnixEpoch() + absl::Hours(12)), 0);
}

}  // namespace
}  // namespace patrol::motion
