#include "lib/service/report/stored_window.h"

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/matcher.h"
#include "lib/service/store/sqlite_store.h"
#include "tests/support/road_town.h"
#include "tests/support/temporary_folder.h"

namespace patrol::report {
namespace {

using ::testing::HasSubstr;

const absl::Time kMorning = absl::FromUnixSeconds(1772400000);

class StoredWindowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::SqliteStore::Open({.path = folder_.File("patrol.db")});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  // A fix each 10 s of a unit that goes 10 m/s from the road's beginning to the east.
  void Drive(const std::string& unit, absl::Time from, absl::Duration time) {
    std::vector<store::Fix> fixes;
    for (absl::Duration t; t <= time; t += absl::Seconds(10)) {
      fixes.push_back({.unit_id = unit,
                       .time = from + t,
                       .position = testing::RoadPlace(10 * absl::ToDoubleSeconds(t))});
    }
    std::promise<absl::Status> stored;
    store_->AppendFixes(fixes, [&](absl::StatusOr<store::AppendedFixes> appended) {
      stored.set_value(appended.status());
    });
    ASSERT_TRUE(stored.get_future().get().ok());
    driven_.insert(driven_.end(), fixes.begin(), fixes.end());
  }

  absl::StatusOr<WindowReport> Compute(const WindowOrder& order) {
    return ComputeStoredWindow(*store_, town_, order, {}, [](double) {});
  }

  // What is computed of the same fixes without a store.
  coverage::WindowResult Expected(const WindowOrder& order, const std::string& unit) const {
    const roadnet::Network& network = town_.graphs->network();
    const roadnet::SpatialIndex index(network);
    const roadnet::SearchGraph graph = tracks::Matcher::MakeGraph(network, roadnet::Mode::kCar);
    std::vector<tracks::Fix> fixes;
    for (const store::Fix& fix : driven_) {
      fixes.push_back({.unit_id = unit, .time = fix.time, .position = fix.position});
    }
    std::vector<tracks::MatchedTrack> tracks;
    tracks.push_back(tracks::Matcher(network, index, graph).Match(unit, fixes));
    coverage::WindowOptions options;
    options.from = order.from;
    options.to = order.to;
    return *coverage::ComputeWindow(*town_.graphs, *town_.areas, tracks, options, nullptr);
  }

  const test::TemporaryFolder folder_;
  const Town town_ = testing::RoadTown();
  std::unique_ptr<store::SqliteStore> store_;
  std::vector<store::Fix> driven_;
};

TEST_F(StoredWindowTest, SaysWhatTheSameFixesSayWithoutAStore) {
  Drive("car", kMorning, absl::Minutes(20));
  const WindowOrder order{.from = kMorning, .to = kMorning + absl::Minutes(30)};
  const auto report = Compute(order);
  ASSERT_TRUE(report.ok()) << report.status();
  const coverage::WindowResult expected = Expected(order, "car");
  const coverage::SpanSums& town = report->result.town.window;
  EXPECT_GT(town.covered_ratio(), 0);
  EXPECT_TRUE(town.covered_um_steps == expected.town.window.covered_um_steps);
  EXPECT_TRUE(town.unknown_um_steps == expected.town.window.unknown_um_steps);
  ASSERT_EQ(report->result.areas.size(), 1u);
  EXPECT_TRUE(report->result.areas[0].window.covered_um_steps ==
              expected.areas[0].window.covered_um_steps);
  EXPECT_EQ(report->result.areas[0].window.visits.visits, 1);
  EXPECT_EQ(report->fixes.rows, 121u);
  EXPECT_EQ(report->fixes.matched, 121u);
  EXPECT_EQ(report->fixes.units, 1u);
}

TEST_F(StoredWindowTest, KnowsTheFixesJustBeforeItsBeginning) {
  Drive("car", kMorning, absl::Minutes(5));
  // The unit is stale for ten minutes after its last fix, three of which are in the window.
  const absl::Time from = kMorning + absl::Minutes(12);
  const auto report = Compute({.from = from, .to = from + absl::Minutes(6)});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->result.town.window.covered_ratio(), 0);
  EXPECT_EQ(report->result.stale_unit_steps, 18);
}

TEST_F(StoredWindowTest, CountsTheFixesOfAUnitDeletedSince) {
  ASSERT_TRUE(store_->CreateUnit({.id = "gone", .mode = "foot"}).ok());
  Drive("gone", kMorning, absl::Minutes(5));
  ASSERT_TRUE(store_->DeleteUnit("gone").ok());
  const auto report = Compute({.from = kMorning, .to = kMorning + absl::Minutes(5)});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->fixes.units, 1u);
  EXPECT_GT(report->result.town.window.covered_ratio(), 0);
}

TEST_F(StoredWindowTest, TellsWhereNobodyWasAndWhatCamerasSeeOfIt) {
  Drive("car", kMorning, absl::Minutes(5));
  ASSERT_TRUE(store_->CreateCamera({.id = "far", .position = testing::RoadPlace(19500)}).ok());
  ASSERT_TRUE(store_->CreateCamera({.id = "nowhere"}).ok());
  const auto report = Compute({.from = kMorning, .to = kMorning + absl::Minutes(30)});
  ASSERT_TRUE(report.ok()) << report.status();
  const auto map = nlohmann::json::parse(report->blind_spots_geojson);
  ASSERT_EQ(map["features"].size(), report->blind_spots);
  const auto& largest = map["features"][0]["properties"];
  EXPECT_EQ(largest["rank"], 1);
  EXPECT_EQ(largest["uncovered_s"], 1800);
  EXPECT_NEAR(largest["watched_m"].get<double>(), 100, 0.5);
  double length_m = 0;
  for (const auto& spot : map["features"]) length_m += spot["properties"]["length_m"].get<double>();
  EXPECT_NEAR(length_m, report->blind_spots_m, 0.1 * static_cast<double>(report->blind_spots));
}

TEST_F(StoredWindowTest, OfATimeWithoutFixesIsWhollyUncovered) {
  const auto report = Compute({.from = kMorning, .to = kMorning + absl::Hours(1)});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->result.town.window.longest_uncovered_steps, 360);
  EXPECT_EQ(report->blind_spots, 1u);
  EXPECT_NEAR(report->blind_spots_m, 20000, 1);
}

TEST_F(StoredWindowTest, SaysWhatItWouldHaveBeenWithoutAUnitAndWithOneMore) {
  Drive("car", kMorning, absl::Minutes(20));
  const WindowOrder asked{.from = kMorning, .to = kMorning + absl::Minutes(20)};
  const auto was = Compute(asked);
  ASSERT_TRUE(was.ok()) << was.status();
  EXPECT_FALSE(was->before.has_value());
  WindowOrder order = asked;
  order.what_if.without = {"car"};
  const auto without = Compute(order);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(without->result.town.window.covered_ratio(), 0);
  EXPECT_EQ(without->result.areas[0].window.visits.visits, 0);
  EXPECT_EQ(without->fixes.units, 0u);
  ASSERT_TRUE(without->before.has_value());
  EXPECT_EQ(without->before->town, was->result.town.window.covered_ratio());
  ASSERT_EQ(without->before->areas.size(), 1u);
  EXPECT_EQ(without->before->areas[0], was->result.areas[0].window.covered_ratio());
  order.what_if = {.added = {{.place = testing::RoadPlace(18000)}}};
  const auto added = Compute(order);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_GT(added->result.town.window.covered_ratio(), added->before->town);
  EXPECT_EQ(added->result.areas[0].window.covered_ratio(), added->before->areas[0]);
  EXPECT_EQ(added->fixes.units, 2u);
}

TEST_F(StoredWindowTest, SaysWhichDueVisitsCameWhichCameLateAndWhichNever) {
  // In the west for five minutes, then again after a quarter of an hour.
  Drive("car", kMorning, absl::Minutes(5));
  Drive("car", kMorning + absl::Minutes(20), absl::Minutes(5));
  const std::string west = town_.areas->areas()[0].id;
  const auto report = Compute(
      {.from = kMorning, .to = kMorning + absl::Hours(1), .rounds = {{west, absl::Minutes(10)}}});
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->result.rounds.size(), 1u);
  const std::vector<coverage::RoundDue>& due = report->result.rounds[0].due;
  ASSERT_GE(due.size(), 3u);
  EXPECT_EQ(std::count_if(due.begin(), due.end(), [](const auto& d) { return d.late(); }), 1);
  EXPECT_FALSE(due.back().visit.has_value());
}

TEST_F(StoredWindowTest, AddsUpWhatTwoUnitsCouldReachWhereItIsAsked) {
  Drive("car", kMorning, absl::Minutes(5));
  WindowOrder order{.from = kMorning, .to = kMorning + absl::Minutes(5), .backup = true};
  const auto alone = Compute(order);
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(alone->result.town.window.backup_ratio(), 0);
  order.what_if = {.added = {{.place = testing::RoadPlace(3000)}}};
  const auto two = Compute(order);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_GT(two->result.town.window.backup_ratio(), 0);
}

TEST_F(StoredWindowTest, NamesTheUnitOfAQuestionThatHasNoFixes) {
  const auto report = Compute(
      {.from = kMorning, .to = kMorning + absl::Hours(1), .what_if = {.without = {"idle"}}});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("unit \"idle\""));
}

TEST_F(StoredWindowTest, EndsWhenItIsToldToStop) {
  Drive("car", kMorning, absl::Minutes(20));
  std::stop_source stop;
  stop.request_stop();
  const auto report =
      ComputeStoredWindow(*store_, town_, {.from = kMorning, .to = kMorning + absl::Hours(1)},
                          stop.get_token(), [](double) {});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(StoredWindowTest, RefusesWhatIsOutOfRangeNamingTheField) {
  const WindowOrder good{.from = kMorning, .to = kMorning + absl::Hours(1)};
  EXPECT_TRUE(CheckOrder(good).ok());
  const auto said = [&](auto change) {
    WindowOrder order = good;
    change(order);
    return std::string(CheckOrder(order).message());
  };
  EXPECT_THAT(said([](WindowOrder& o) { o.to = o.from; }), HasSubstr("to_time: "));
  EXPECT_THAT(said([](WindowOrder& o) { o.to = o.from + absl::Hours(169); }), HasSubstr("168h"));
  EXPECT_THAT(said([](WindowOrder& o) { o.step = absl::Milliseconds(999); }), HasSubstr("step: "));
  EXPECT_THAT(said([](WindowOrder& o) { o.reach = absl::ZeroDuration(); }), HasSubstr("reach: "));
  EXPECT_THAT(said([](WindowOrder& o) { o.reach = absl::InfiniteDuration(); }),
              HasSubstr("reach: "));
  EXPECT_THAT(said([](WindowOrder& o) { o.gap_min = -absl::Seconds(1); }), HasSubstr("gap_min: "));
  EXPECT_THAT(said([](WindowOrder& o) { o.what_if.without.resize(201); }),
              HasSubstr("what_if: 201 changes"));
  EXPECT_THAT(said([](WindowOrder& o) {
                o.rounds = {{"a", absl::Minutes(1)}, {"b", absl::Milliseconds(999)}};
              }),
              HasSubstr("required_rounds[1].every: 999ms"));
  EXPECT_THAT(said([](WindowOrder& o) {
                o.rounds.assign(6, {"a", absl::Seconds(1)});
              }),
              HasSubstr("required_rounds[5]: with it 21600 visits"));
}

}  // namespace
}  // namespace patrol::report
