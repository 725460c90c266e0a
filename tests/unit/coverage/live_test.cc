#include "lib/patrol/coverage/live.h"

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/arrival_finder.h"
#include "lib/patrol/coverage/geojson.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;

absl::Time T(int seconds) { return absl::FromUnixSeconds(1'770'000'000 + seconds); }

//   1 ---- 1000 ---- 2 ---- 1000 ---- 3     way 10, cars 10 m/s; a foot way 20 goes on to 4 at 2500
class LiveTest : public testing::Test {
 protected:
  LiveTest() : live_(graphs_, index_, {.reach = absl::Seconds(30)}) {}

  tracks::UnitPosition On(uint32_t seq, double offset_m, double attach_m = 0) const {
    return {{network_->FindPiece(10, seq), offset_m}, attach_m};
  }

  const std::shared_ptr<const roadnet::Network> network_ = HandNetwork()
                                                               .Node(1, 0, 0)
                                                               .Node(2, 1000, 0)
                                                               .Node(3, 2000, 0)
                                                               .Node(4, 2500, 0)
                                                               .TwoWay(10, {1, 2, 3})
                                                               .FootWay(20, {3, 4})
                                                               .Build();
  const std::shared_ptr<const ModeGraphs> graphs_ = std::make_shared<ModeGraphs>(network_);
  const std::shared_ptr<const AreaIndex> index_ = std::make_shared<AreaIndex>(
      *network_, std::vector<geo::Area>{BoxArea("west", "grid", -10, -50, 500, 50)});
  LiveCoverage live_;
};

TEST_F(LiveTest, HasASnapshotBeforeTheFirstTick) {
  const auto snapshot = live_.snapshot();
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->revision, 0);
  EXPECT_EQ(snapshot->town.covered_um, 0);
  EXPECT_NEAR(snapshot->town.patrollable_m(), 2000, 1e-2);
  EXPECT_EQ(snapshot->areas.size(), 1u);
}

TEST_F(LiveTest, CoversWhatAKnownUnitReaches) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  const auto snapshot = live_.Tick(T(1));
  EXPECT_NEAR(snapshot->town.covered_m(), 600, 1e-2);  // 100..700
  EXPECT_NEAR(snapshot->areas[0].covered_m(), 400, 1e-2);
  EXPECT_EQ(snapshot->unit_counts, (UnitCounts{.known = 1}));
  EXPECT_EQ(snapshot->time, T(1));
}

TEST_F(LiveTest, ExplainsWhyAPlaceIsCoveredOrNot) {
  live_.PutUnit({"u1"});
  live_.PutUnit({"u2"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  ASSERT_TRUE(live_.Update("u2", On(0, 0), T(0)).ok());
  const auto snapshot = live_.Tick(T(1));
  ArrivalFinder finder(graphs_);
  using State = PlaceExplanation::State;
  const PlaceExplanation near = finder.Explain(*snapshot, At(650, 10));
  EXPECT_EQ(near.state, State::kCovered);
  EXPECT_EQ(near.arrival.unit_id, "u1");
  EXPECT_NEAR(near.road_distance_m, 10, 0.1);
  ASSERT_TRUE(near.route.has_value());
  EXPECT_NEAR(near.route->length_m, 250, 0.1);
  const PlaceExplanation far = finder.Explain(*snapshot, At(1900, 0));
  EXPECT_EQ(far.state, State::kNotCovered);
  EXPECT_NEAR(absl::ToDoubleSeconds(far.arrival.time), 150, 0.1);
  ASSERT_TRUE(far.route.has_value());
  EXPECT_EQ(far.route->arcs.size(), 2u);
  EXPECT_EQ(finder.Explain(*snapshot, At(1000, 900)).state, State::kOffNetwork);
  const PlaceExplanation stale = finder.Explain(*live_.Tick(T(100)), At(650, 0));
  EXPECT_EQ(stale.state, State::kUnknown);
  EXPECT_FALSE(stale.arrival.reason.empty());
  EXPECT_FALSE(stale.route.has_value());
}

TEST_F(LiveTest, GoesFromKnownThroughStaleToLost) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  EXPECT_EQ(live_.Tick(T(60))->unit_counts, (UnitCounts{.known = 1}));  // exactly 60 s is not stale
  const auto stale = live_.Tick(T(61));
  EXPECT_EQ(stale->unit_counts, (UnitCounts{.stale = 1}));
  EXPECT_EQ(stale->town.covered_um, 0);
  EXPECT_NEAR(stale->town.unknown_m(), 600, 1e-2);
  EXPECT_EQ(live_.Tick(T(599))->unit_counts, (UnitCounts{.stale = 1}));
  const auto lost = live_.Tick(T(600));
  EXPECT_EQ(lost->unit_counts, (UnitCounts{.lost = 1}));
  EXPECT_EQ(lost->town.unknown_um, 0);
  EXPECT_EQ(lost->town.not_covered_um(), lost->town.patrollable_um);
}

TEST_F(LiveTest, ThreeStatesAddUpWhenUnitsOverlap) {
  for (const char* id : {"a", "b", "c"}) live_.PutUnit({id});
  ASSERT_TRUE(live_.Update("c", On(0, 900), T(0)).ok());
  ASSERT_TRUE(live_.Update("a", On(0, 400), T(90)).ok());
  ASSERT_TRUE(live_.Update("b", On(0, 500), T(90)).ok());
  const auto snapshot = live_.Tick(T(100));
  EXPECT_NEAR(snapshot->town.covered_m(), 700, 1e-2);  // 100..800
  EXPECT_NEAR(snapshot->town.unknown_m(), 400, 1e-2);  // 800..1200
  EXPECT_EQ(snapshot->town.covered_um + snapshot->town.unknown_um + snapshot->town.not_covered_um(),
            snapshot->town.patrollable_um);
}

TEST_F(LiveTest, OffNetworkCoversNothingThenItsLastPlaceIsUnknown) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  ASSERT_TRUE(live_.Update("u1", std::nullopt, T(10)).ok());
  const auto off = live_.Tick(T(11));
  EXPECT_EQ(off->unit_counts, (UnitCounts{.off_network = 1}));
  EXPECT_EQ(off->town.covered_um + off->town.unknown_um, 0);
  const auto stale = live_.Tick(T(71));
  EXPECT_EQ(stale->unit_counts, (UnitCounts{.stale = 1}));
  EXPECT_NEAR(stale->town.unknown_m(), 600, 1e-2);
}

TEST_F(LiveTest, OffDutyCoversNothing) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  live_.PutUnit({"u1", Mode::kCar, true});
  EXPECT_EQ(live_.Tick(T(1))->unit_counts, (UnitCounts{.off_duty = 1}));
  EXPECT_EQ(live_.snapshot()->town.covered_um, 0);
  live_.PutUnit({"u1", Mode::kCar, false});  // its position was kept
  EXPECT_GT(live_.Tick(T(2))->town.covered_um, 0);
}

TEST_F(LiveTest, AUnitNeverHeardOfIsLost) {
  live_.PutUnit({"u1"});
  EXPECT_EQ(live_.Tick(T(0))->unit_counts, (UnitCounts{.lost = 1}));
}

TEST_F(LiveTest, RevisionGrowsWithChangesOnly) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  const int64_t first = live_.Tick(T(1))->revision;
  EXPECT_GT(first, 0);
  EXPECT_EQ(live_.Tick(T(2))->revision, first);
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(2)).ok());  // stands still
  EXPECT_EQ(live_.Tick(T(3))->revision, first);
  EXPECT_EQ(live_.snapshot()->units[0].fix_time, T(2));
  ASSERT_TRUE(live_.Update("u1", On(0, 410), T(4)).ok());
  EXPECT_EQ(live_.Tick(T(5))->revision, first + 1);
  live_.RemoveUnit("u1");
  const auto gone = live_.Tick(T(6));
  EXPECT_EQ(gone->revision, first + 2);
  EXPECT_EQ(gone->town.covered_um, 0);
  EXPECT_TRUE(gone->units.empty());
}

TEST_F(LiveTest, NewAreasShowAtTheNextTick) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(0)).ok());
  const int64_t before = live_.Tick(T(1))->revision;
  live_.SetAreas(std::make_shared<AreaIndex>(
      *network_, std::vector<geo::Area>{BoxArea("a", "grid", -10, -50, 300, 50),
                                        BoxArea("b", "grid", 300, -50, 900, 50)}));
  const auto snapshot = live_.Tick(T(2));
  EXPECT_EQ(snapshot->revision, before + 1);
  ASSERT_EQ(snapshot->areas.size(), 2u);
  EXPECT_NEAR(snapshot->areas[0].covered_m(), 200, 1e-2);
  EXPECT_NEAR(snapshot->areas[1].covered_m(), 400, 1e-2);
}

TEST_F(LiveTest, IgnoresAPositionOlderThanTheLast) {
  live_.PutUnit({"u1"});
  ASSERT_TRUE(live_.Update("u1", On(0, 400), T(10)).ok());
  ASSERT_TRUE(live_.Update("u1", On(1, 500), T(5)).ok());
  EXPECT_EQ(live_.Tick(T(11))->units[0].position, On(0, 400));
}

TEST_F(LiveTest, TimeNeverRunsBack) {
  live_.PutUnit({"u1"});
  live_.Tick(T(100));
  EXPECT_EQ(live_.Tick(T(50))->time, T(100));
}

TEST_F(LiveTest, RefusesUnknownUnitsAndRoadsTheModeMayNotUse) {
  EXPECT_EQ(live_.Update("ghost", On(0, 1), T(0)).code(), absl::StatusCode::kNotFound);
  live_.PutUnit({"u1"});
  const tracks::UnitPosition footway{{network_->FindPiece(20, 0), 1}, 0};
  EXPECT_EQ(live_.Update("u1", footway, T(0)).code(), absl::StatusCode::kInvalidArgument);
  const tracks::UnitPosition nowhere{{static_cast<uint32_t>(network_->piece_count()), 1}, 0};
  EXPECT_EQ(live_.Update("u1", nowhere, T(0)).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LiveTest, NamesTheUnitThatArrivesFirstAlsoBeyondTheReach) {
  live_.PutUnit({"car"});
  live_.PutUnit({"walker", Mode::kFoot});
  ASSERT_TRUE(live_.Update("car", On(0, 0), T(0)).ok());
  ASSERT_TRUE(live_.Update("walker", On(1, 900), T(0)).ok());
  live_.Tick(T(1));
  const UnitArrival near = live_.ArrivalAt(At(1950, 10));
  EXPECT_EQ(near.unit_id, "walker");
  EXPECT_NEAR(absl::ToDoubleSeconds(near.time), 50, 0.01);
  const UnitArrival far = live_.ArrivalAt(At(1500, 10));
  EXPECT_EQ(far.unit_id, "car");
  EXPECT_NEAR(absl::ToDoubleSeconds(far.time), 150, 0.01);
}

TEST_F(LiveTest, WalksTheStraightWayAtBothEnds) {
  live_.PutUnit({"car"});
  ASSERT_TRUE(live_.Update("car", On(0, 0, 140), T(0)).ok());  // 100 s to the road
  live_.Tick(T(1));
  const UnitArrival arrival = live_.ArrivalAt(At(500, 70));  // 70 m off: 50 s
  EXPECT_EQ(arrival.unit_id, "car");
  EXPECT_NEAR(absl::ToDoubleSeconds(arrival.time), 100 + 50 + 50, 0.05);
}

TEST_F(LiveTest, SaysWhyNobodyArrives) {
  EXPECT_EQ(live_.ArrivalAt(At(500, 0)).reason, "no unit's position is known");
  live_.PutUnit({"car"});
  ASSERT_TRUE(live_.Update("car", On(0, 0), T(0)).ok());
  live_.Tick(T(1));
  EXPECT_THAT(live_.ArrivalAt(At(500, 250)).reason, testing::HasSubstr("off the network"));
  live_.Tick(T(61));  // a stale unit does not count
  EXPECT_EQ(live_.ArrivalAt(At(500, 0)).reason, "no unit's position is known");
}

TEST_F(LiveTest, DrawsCoveredAndUnknownRoads) {
  live_.PutUnit({"a"});
  live_.PutUnit({"b"});
  ASSERT_TRUE(live_.Update("b", On(1, 900), T(0)).ok());
  ASSERT_TRUE(live_.Update("a", On(0, 950), T(70)).ok());
  const auto json = nlohmann::json::parse(CoveredRoadsGeoJson(*live_.Tick(T(71))));
  ASSERT_EQ(json["type"], "FeatureCollection");
  double covered = 0;
  double unknown = 0;
  for (const auto& feature : json["features"]) {
    EXPECT_EQ(feature["properties"]["way_id"], 10);
    const auto& line = feature["geometry"]["coordinates"];
    const double length =
        geo::GreatCircleM({line.front()[0], line.front()[1]}, {line.back()[0], line.back()[1]});
    if (feature["properties"]["state"] == "covered") {
      covered += length;
      EXPECT_LE(feature["properties"]["arrival_s"].get<double>(), 30);
    } else {
      EXPECT_EQ(feature["properties"]["state"], "unknown");
      EXPECT_FALSE(feature["properties"].contains("arrival_s"));
      unknown += length;
    }
  }
  EXPECT_NEAR(covered, 600, 1);  // 650..1250
  EXPECT_NEAR(unknown, 400, 1);  // 1600..2000
}

TEST_F(LiveTest, DrawsTheNetworkAsOneLineAWay) {
  const auto json = nlohmann::json::parse(NetworkGeoJson(*network_));
  ASSERT_EQ(json["features"].size(), 2u);
  EXPECT_EQ(json["features"][0]["geometry"]["coordinates"].size(), 3u);
  EXPECT_EQ(json["features"][0]["properties"]["way_id"], 10);
  EXPECT_EQ(json["features"][0]["properties"]["class"], "residential");
  EXPECT_EQ(json["features"][0]["properties"]["patrollable"], true);
  EXPECT_EQ(json["features"][1]["properties"]["patrollable"], false);
}

// Units appear, drive, fall silent and change their areas; whenever Tick comes, and however often
// it came before, the coverage is that of a service that has just been told where everybody is.
TEST_F(LiveTest, IsTheSameInWhateverChunksPositionsCome) {
  std::mt19937 random(5);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  struct Told {
    tracks::UnitPosition position;
    absl::Time time;
  };
  std::map<std::string, Told> told;
  int64_t revision = 0;
  for (int second = 0; second < 900; ++second) {
    const std::string id = "u" + std::to_string(below(12));
    if (below(3) == 0) {
      const tracks::UnitPosition position = On(static_cast<uint32_t>(below(2)), below(1001));
      live_.PutUnit({id});
      ASSERT_TRUE(live_.Update(id, position, T(second)).ok());
      told[id] = {position, T(second)};
    }
    if (below(4) > 0) continue;
    const auto now = live_.Tick(T(second));
    EXPECT_GE(now->revision, revision);
    revision = now->revision;
    if (below(10) > 0) continue;
    LiveCoverage fresh(graphs_, index_, {.reach = absl::Seconds(30)});
    for (const auto& [unit, last] : told) {
      fresh.PutUnit({unit});
      ASSERT_TRUE(fresh.Update(unit, last.position, last.time).ok());
    }
    const auto want = fresh.Tick(T(second));
    ASSERT_EQ(now->town, want->town) << "second " << second;
    ASSERT_EQ(now->areas, want->areas) << "second " << second;
    ASSERT_EQ(CoveredRoadsGeoJson(*now), CoveredRoadsGeoJson(*want)) << "second " << second;
  }
  EXPECT_GT(revision, 10);
}

}  // namespace
}  // namespace patrol::coverage
