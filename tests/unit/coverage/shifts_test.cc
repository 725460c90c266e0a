#include "lib/patrol/coverage/shifts.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_files.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using testing::HasSubstr;

// 2026-02-02T00:00:00Z.
absl::Time T(int seconds) { return absl::FromUnixSeconds(1'769'990'400 + seconds); }

TEST(ShiftsOf, CutsTheWindowWhereShiftsChange) {
  const auto shifts = ShiftsOf({absl::Hours(6), absl::Hours(14), absl::Hours(22)},
                               absl::UTCTimeZone(), T(3600), T(20 * 3600));
  ASSERT_EQ(shifts.size(), 3u);
  EXPECT_EQ(shifts[0].begin, T(3600));  // since 22:00 of the day before
  EXPECT_EQ(shifts[0].end, T(6 * 3600));
  EXPECT_EQ(shifts[1].end, T(14 * 3600));
  EXPECT_EQ(shifts[2].end, T(20 * 3600));
  EXPECT_TRUE(ShiftsOf({}, absl::UTCTimeZone(), T(0), T(3600)).empty());
  EXPECT_EQ(ShiftsOf({absl::Hours(8)}, absl::UTCTimeZone(), T(0), T(48 * 3600)).size(), 3u);
}

TEST(AppendOnDuty, CutsVisitsAtTheEndsOfDuty) {
  const std::vector<DutyInterval> duty = {{T(10), T(20)}, {T(30), T(40)}};
  std::vector<Visit> visits;
  AppendOnDuty({T(0), T(35)}, &duty, &visits);
  ASSERT_EQ(visits.size(), 2u);
  EXPECT_EQ(visits[0].enter, T(10));
  EXPECT_EQ(visits[0].leave, T(20));
  EXPECT_EQ(visits[1].enter, T(30));
  EXPECT_EQ(visits[1].leave, T(35));
  visits.clear();
  AppendOnDuty({T(20), T(30)}, &duty, &visits);
  AppendOnDuty({T(25), T(25)}, &duty, &visits);
  EXPECT_TRUE(visits.empty());
  AppendOnDuty({T(15), T(15)}, &duty, &visits);
  AppendOnDuty({T(0), T(1)}, nullptr, &visits);
  EXPECT_EQ(visits.size(), 2u);
}

//   1 ---- 1000 ---- 2      cars 10 m/s; a unit stands at 500
class ShiftWindowTest : public testing::Test {
 protected:
  WindowResult Compute(const WindowOptions& options) const {
    const std::vector<tracks::MatchedTrack> tracks = {StationedTrack(
        "u1", Mode::kCar, {{0, 500}, 0}, options.from, options.to, options.stale_after)};
    auto result = ComputeWindow(graphs_, index_, tracks, options, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }

  const std::shared_ptr<const roadnet::Network> network_ =
      HandNetwork().Node(1, 0, 0).Node(2, 1000, 0).TwoWay(10, {1, 2}).Build();
  const ModeGraphs graphs_{network_};
  const AreaIndex index_{*network_, {BoxArea("all", "grid", -10, -50, 1010, 50)}};
};

TEST_F(ShiftWindowTest, AStationedUnitIsKnownAllTheTime) {
  const WindowResult result = Compute({.from = T(0), .to = T(7200), .reach = absl::Seconds(30)});
  EXPECT_EQ(result.known_unit_steps, 720);
  EXPECT_EQ(result.stale_unit_steps, 0);
  EXPECT_NEAR(result.town.window.covered_ratio(), 0.6, 1e-6);
}

TEST_F(ShiftWindowTest, AUnitCoversAndVisitsOnDutyOnly) {
  WindowOptions options{.from = T(0), .to = T(7200), .reach = absl::Seconds(30)};
  options.duty["u1"] = {{T(3600), T(5400)}};
  const WindowResult result = Compute(options);
  EXPECT_EQ(result.known_unit_steps, 180);
  EXPECT_NEAR(result.town.window.covered_ratio(), 0.6 / 4, 1e-6);
  EXPECT_EQ(result.town.hours[0].covered_ratio(), 0);
  EXPECT_EQ(result.areas[0].window.visits.dwell, absl::Minutes(30));
  EXPECT_EQ(result.town.window.visits.dwell, absl::Minutes(30));
  EXPECT_EQ(result.pieces[0].visits.dwell, absl::Minutes(30));
  EXPECT_EQ(result.areas[0].window.presence.presences, 1);
}

TEST_F(ShiftWindowTest, DutyThatIsInManyPartsOrOverlapsCutsVisitsOfPiecesIntoAsMany) {
  WindowOptions options{.from = T(0), .to = T(7200), .reach = absl::Seconds(30)};
  for (int i = 0; i < 60; ++i) options.duty["u1"].push_back({T(100 * i), T(100 * i + 40)});
  EXPECT_EQ(Compute(options).pieces[0].visits.visits, 60);
  EXPECT_EQ(Compute(options).pieces[0].p95_revisit, absl::Seconds(60));
  options.duty["u1"] = {};
  for (int i = 0; i < 60; ++i) options.duty["u1"].push_back({T(100 * i), T(100 * i + 150)});
  EXPECT_EQ(Compute(options).pieces[0].visits.visits, 60);
  EXPECT_EQ(Compute(options).pieces[0].visits.longest_gap, absl::Seconds(7200 - 6050));
}

TEST_F(ShiftWindowTest, WritesShiftsAndRounds) {
  WindowOptions options{.from = T(0), .to = T(7200), .reach = absl::Seconds(30)};
  options.duty["u1"] = {{T(600), T(1500)}};
  options.shift_starts = {absl::ZeroDuration(), absl::Hours(1)};
  options.rounds = {{0, absl::Minutes(20), {}}};
  const auto folder = std::filesystem::path(testing::TempDir()) / "shifts_test";
  ASSERT_TRUE(WriteWindow(*network_, index_, Compute(options), {}, folder.string()).ok());
  const auto text = [&](const char* name) {
    std::ostringstream all;
    all << std::ifstream(folder / name).rdbuf();
    return all.str();
  };
  EXPECT_THAT(
      text("shifts.csv"),
      HasSubstr("all,grid,2026-02-02T00:00:00Z,2026-02-02T01:00:00Z,1,900,2100,1,900,0,0,1"));
  // There at 10 min, gone at 25: due again at 45, missed; then every 20 minutes of the next shift.
  EXPECT_THAT(text("rounds.csv"),
              HasSubstr("all,2026-02-02T00:00:00Z,2026-02-02T01:00:00Z,1200,1,0,1,2100\n"
                        "all,2026-02-02T01:00:00Z,2026-02-02T02:00:00Z,1200,0,0,3,3600\n"));
}

TEST_F(ShiftWindowTest, TellsEachVisitThatWasDue) {
  WindowOptions options{.from = T(0), .to = T(7200), .reach = absl::Seconds(30)};
  options.duty["u1"] = {{T(1500), T(1800)}};
  options.rounds = {{0, absl::Minutes(20), {}}};  // without shifts the window is one
  const auto folder = std::filesystem::path(testing::TempDir()) / "due_visits_test";
  ASSERT_TRUE(WriteWindow(*network_, index_, Compute(options), {}, folder.string()).ok());
  std::ostringstream all;
  all << std::ifstream(folder / "due_visits.csv").rdbuf();
  EXPECT_EQ(all.str(),
            "area_id,shift_begin,every_s,due_time,visit_time,state,late_s\n"
            "all,2026-02-02T00:00:00Z,1200,2026-02-02T00:20:00Z,2026-02-02T00:25:00Z,late,300\n"
            "all,2026-02-02T00:00:00Z,1200,2026-02-02T00:50:00Z,,missed,\n"
            "all,2026-02-02T00:00:00Z,1200,2026-02-02T01:10:00Z,,missed,\n"
            "all,2026-02-02T00:00:00Z,1200,2026-02-02T01:30:00Z,,missed,\n"
            "all,2026-02-02T00:00:00Z,1200,2026-02-02T01:50:00Z,,missed,\n");
}

TEST_F(ShiftWindowTest, ARoundOfOneShiftIsCheckedInThatShiftOnly) {
  std::istringstream file("area_id,every_s,shift_start\nall,1200,01:00\n");
  const std::vector<absl::Duration> starts = {absl::ZeroDuration(), absl::Hours(1)};
  const auto rounds = ReadRounds(file, index_.areas(), starts);
  ASSERT_TRUE(rounds.ok()) << rounds.status();
  WindowOptions options{.from = T(0), .to = T(7200), .reach = absl::Seconds(30)};
  options.shift_starts = starts;
  options.rounds = *rounds;
  const WindowResult result = Compute(options);
  ASSERT_EQ(result.rounds.size(), 1u);
  EXPECT_EQ(result.shifts[result.rounds[0].shift].begin, T(3600));
}

TEST(ReadRounds, NamesTheLineAtFault) {
  const std::vector<geo::Area> areas = {BoxArea("a", "grid", 0, 0, 1, 1)};
  for (const char* row : {"b,60", "a,0", "a,x", "a,60,07:00", "a,60,noon"}) {
    std::istringstream file(std::string("area_id,every_s,shift_start\na,60,\n") + row + "\n");
    EXPECT_THAT(ReadRounds(file, areas, {absl::Hours(6)}).status().message(), HasSubstr("line 3"))
        << row;
  }
}

TEST_F(ShiftWindowTest, RefusesShiftsThatAreNoTimesOfTheDay) {
  WindowOptions options{.from = T(0), .to = T(7200)};
  options.shift_starts = {absl::Hours(25)};
  EXPECT_FALSE(ComputeWindow(graphs_, index_, {}, options, nullptr).ok());
  options.shift_starts = {absl::Hours(14), absl::Hours(6)};
  EXPECT_FALSE(ComputeWindow(graphs_, index_, {}, options, nullptr).ok());
}

}  // namespace
}  // namespace patrol::coverage
