#include "lib/patrol/coverage/window.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/window_files.h"
#include "tests/unit/coverage/hand_network.h"
#include "tests/unit/coverage/one_field.h"

namespace patrol::coverage {
namespace {

using roadnet::ForwardArc;
using roadnet::Mode;
using testing::HasSubstr;

// 2026-02-02T02:00:00Z, a full hour.
absl::Time T(int seconds) { return absl::FromUnixSeconds(1'769'997'600 + seconds); }

//   1 ---- 1000 ---- 2 ---- 1000 ---- 3      way 10, cars 10 m/s; area "west" up to 500, "east"
//   rest
class WindowTest : public testing::Test {
 protected:
  roadnet::RoadPosition On(uint32_t seq, double offset_m) const {
    return {network_->FindPiece(10, seq), offset_m};
  }
  // A point of a track that the unit came to by no known way.
  void Appear(tracks::MatchedTrack* track, absl::Time time, roadnet::RoadPosition at) const {
    track->AddFix({time, tracks::MatchVerdict::kMatched, tracks::OutlierReason::kNone, at, 0});
    track->AddBreak(time, {at, 0});
  }
  // A point on the same piece or the next one, driven to along the way.
  void Drive(tracks::MatchedTrack* track, absl::Time time, roadnet::RoadPosition at) const {
    const roadnet::RoadPosition from = track->points().back().at();
    std::vector<roadnet::ArcIndex> arcs;
    double length_m = 0;
    if (!(from == at)) arcs.push_back(ForwardArc(from.piece));
    if (from.piece != at.piece) {
      arcs.push_back(ForwardArc(at.piece));
      length_m = network_->piece(from.piece).length_m;
    }
    length_m += at.offset_m - from.offset_m;
    track->AddFix({time, tracks::MatchVerdict::kMatched, tracks::OutlierReason::kNone, at, 0});
    track->AddPoint(time, {at, 0}, arcs, length_m);
  }
  WindowResult Compute(const std::vector<tracks::MatchedTrack>& tracks,
                       const WindowOptions& options) const {
    auto result = ComputeWindow(graphs_, index_, tracks, options, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }

  const std::shared_ptr<const roadnet::Network> network_ =
      HandNetwork().Node(1, 0, 0).Node(2, 1000, 0).Node(3, 2000, 0).TwoWay(10, {1, 2, 3}).Build();
  const ModeGraphs graphs_{network_};
  const AreaIndex index_{
      *network_,
      {BoxArea("west", "grid", -10, -50, 500, 50), BoxArea("east", "grid", 500, -50, 2010, 50)}};
};

TEST_F(WindowTest, AddsUpCoveredMetresOverTheSteps) {
  tracks::MatchedTrack track("u1", Mode::kCar);
  Appear(&track, T(0), On(0, 500));
  Drive(&track, T(60), On(0, 500));  // stands for a minute: known at 0, 10, .. 60
  const WindowResult result =
      Compute({track}, {.from = T(0), .to = T(3600), .reach = absl::Seconds(30)});
  EXPECT_EQ(result.steps, 360);
  EXPECT_EQ(result.searches, 2);  // standing, then stale
  EXPECT_EQ(result.known_unit_steps, 7);
  // Stale at 70 .. 650: from 60 on less than ten minutes.
  EXPECT_EQ(result.stale_unit_steps, 59);
  EXPECT_NEAR(result.town.window.covered_ratio(), 7.0 / 360 * 600 / 2000, 1e-6);
  EXPECT_NEAR(result.town.window.unknown_ratio(), 59.0 / 360 * 600 / 2000, 1e-6);
  EXPECT_NEAR(result.areas[0].window.covered_ratio(), 7.0 / 360 * 300 / 500, 1e-6);
  EXPECT_NEAR(result.areas[1].window.covered_ratio(), 7.0 / 360 * 300 / 1500, 1e-6);
  EXPECT_EQ(result.town.window.longest_uncovered_steps, 353);
  EXPECT_NEAR(result.pieces[0].covered_um_steps * 1e-6, 7 * 600, 1e-2);
  EXPECT_EQ(result.pieces[1].covered_um_steps, 0);
  EXPECT_EQ(result.pieces[1].longest_uncovered_steps, 360);
}

TEST_F(WindowTest, MovesUnitsAlongTheirPathBetweenFixes) {
  tracks::MatchedTrack track("u1", Mode::kCar);
  Appear(&track, T(0), On(0, 500));
  Drive(&track, T(60), On(1, 500));
  const WindowResult result = Compute(
      {track}, {.from = T(30), .to = T(31), .step = absl::Seconds(1), .reach = absl::Seconds(10)});
  // Half way at 1000 m, the node between: 900..1100.
  EXPECT_NEAR(result.pieces[0].covered_um_steps * 1e-6, 100, 1e-2);
  EXPECT_NEAR(result.pieces[1].covered_um_steps * 1e-6, 100, 1e-2);
}

TEST_F(WindowTest, SplitsIntoHoursThatAddUpToTheWindow) {
  tracks::MatchedTrack track("u1", Mode::kCar);
  Appear(&track, T(3500), On(0, 100));
  for (int s = 3550; s <= 3850; s += 50) Drive(&track, T(s), On(0, 100));
  const WindowResult result =
      Compute({track}, {.from = T(1800), .to = T(9000), .reach = absl::Seconds(30)});
  ASSERT_EQ(result.hours.size(), 3u);
  EXPECT_EQ(result.hours[0].start, T(0));
  EXPECT_EQ(result.hours[0].first_step, 0);
  EXPECT_EQ(result.hours[0].end_step, 180);
  EXPECT_EQ(result.hours[2].end_step, 720);
  for (const AreaWindow* area : {&result.town, &result.areas[0], &result.areas[1]}) {
    __int128 covered = 0;
    __int128 unknown = 0;
    for (const SpanSums& hour : area->hours) {
      covered += hour.covered_um_steps;
      unknown += hour.unknown_um_steps;
    }
    EXPECT_TRUE(covered == area->window.covered_um_steps);
    EXPECT_TRUE(unknown == area->window.unknown_um_steps);
  }
  // Covered at 3500 .. 3850: ten steps of the first hour, 26 of the second.
  EXPECT_NEAR(result.areas[0].hours[0].covered_ratio(), 10.0 / 180 * 400 / 500, 1e-5);
  EXPECT_NEAR(result.areas[0].hours[1].covered_ratio(), 26.0 / 360 * 400 / 500, 1e-5);
  EXPECT_EQ(result.areas[0].hours[0].longest_uncovered_steps, 170);
  EXPECT_EQ(result.areas[0].hours[1].longest_uncovered_steps, 334);
  EXPECT_EQ(result.areas[0].window.longest_uncovered_steps, 720 - 36 - 170);
  EXPECT_EQ(result.areas[0].hours[0].visits.visits, 1);
  EXPECT_EQ(result.areas[0].hours[0].visits.dwell, absl::Seconds(100));
  EXPECT_EQ(result.areas[0].hours[1].visits.dwell, absl::Seconds(250));
  EXPECT_EQ(result.areas[0].window.visits.visits, 1);
  EXPECT_EQ(result.areas[0].window.visits.longest_gap, absl::Seconds(9000 - 3850));
}

TEST_F(WindowTest, PercentilesAreOverTime) {
  tracks::MatchedTrack track("u1", Mode::kCar);
  Appear(&track, T(0), On(0, 1000));
  for (int s = 60; s <= 1800; s += 60) Drive(&track, T(s), On(0, 1000));
  const WindowResult result =
      Compute({track}, {.from = T(0), .to = T(3600), .reach = absl::Seconds(50)});
  EXPECT_EQ(result.town.window.covered_p5, 0);
  EXPECT_NEAR(result.town.window.covered_p95, 0.5, 1e-6);
  EXPECT_NEAR(result.town.window.covered_p50, 0.5, 1e-6);  // 181 steps of 360
}

TEST_F(WindowTest, MakesNothingUpInAGapAboveStaleAfter) {
  tracks::MatchedTrack track("u1", Mode::kCar);
  Appear(&track, T(0), On(0, 500));
  Appear(&track, T(100), On(1, 500));
  const WindowResult result =
      Compute({track}, {.from = T(0), .to = T(110), .reach = absl::Seconds(10)});
  EXPECT_EQ(result.known_unit_steps, 2);
  EXPECT_EQ(result.stale_unit_steps, 9);
  EXPECT_NEAR(result.pieces[0].unknown_um_steps * 1e-6, 9 * 200, 1e-2);
  EXPECT_EQ(result.pieces[1].unknown_um_steps, 0);
}

TEST_F(WindowTest, IsEmptyWithoutTracks) {
  const WindowResult result = Compute({}, {.from = T(0), .to = T(3600)});
  EXPECT_EQ(result.town.window.covered_ratio(), 0);
  EXPECT_EQ(result.town.window.longest_uncovered_steps, 360);
  EXPECT_EQ(result.town.window.visits.longest_gap, absl::Hours(1));
  EXPECT_EQ(result.searches, 0);
}

TEST_F(WindowTest, RefusesOptionsOutOfRange) {
  const auto status = [&](const WindowOptions& options) {
    return std::string(ComputeWindow(graphs_, index_, {}, options, nullptr).status().message());
  };
  EXPECT_THAT(status({.from = T(10), .to = T(10)}), HasSubstr("is not after its beginning"));
  EXPECT_THAT(status({.from = T(0), .to = T(10), .step = absl::Milliseconds(500)}),
              HasSubstr("step"));
  EXPECT_THAT(status({.from = T(0), .to = T(10), .reach = absl::Hours(2)}), HasSubstr("reach"));
  EXPECT_THAT(status({.from = T(0), .to = T(0) + absl::Hours(24 * 400), .step = absl::Seconds(1)}),
              HasSubstr("more than"));
}

// Many units that come, stand, drive and fall silent: the window equals a fresh field at each step.
TEST_F(WindowTest, EqualsAFieldComputedAnewAtEachStep) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  std::vector<tracks::MatchedTrack> tracks;
  for (int unit = 0; unit < 12; ++unit) {
    tracks::MatchedTrack track("u" + std::to_string(unit),
                               unit % 3 == 0 ? Mode::kFoot : Mode::kCar);
    int time = below(3000);
    double place = below(400);
    Appear(&track, T(time), On(0, place));
    for (int i = below(30); i > 0; --i) {
      const int pause = 5 + below(70);
      time += pause;
      place = std::min(990.0, place + (below(2) == 0 ? 0 : below(60)));
      if (pause > 60) {
        Appear(&track, T(time), On(0, place));
      } else {
        Drive(&track, T(time), On(0, place));
      }
    }
    tracks.push_back(std::move(track));
  }
  const WindowOptions options{
      .from = T(0), .to = T(5400), .step = absl::Seconds(7), .reach = absl::Seconds(20)};
  const WindowResult result = Compute(tracks, options);

  std::vector<int64_t> covered(network_->piece_count());
  std::vector<int64_t> unknown(network_->piece_count());
  __int128 west = 0;
  for (int64_t step = 0; step < result.steps; ++step) {
    std::vector<UnitSource> known, stale;
    for (const tracks::MatchedTrack& track : tracks) {
      const absl::Time now = result.StepTime(step);
      const auto knowledge = tracks::TrackCursor(*network_, track).At(now);
      if (knowledge.knowledge == tracks::Knowledge::kKnown) {
        known.push_back(ToSource(track.mode(), *knowledge.position));
      } else if (knowledge.knowledge == tracks::Knowledge::kStale && knowledge.position &&
                 now - knowledge.since < absl::Minutes(10)) {
        stale.push_back(ToSource(track.mode(), *knowledge.position));
      }
    }
    OneField field(graphs_, 20'000'000);
    field.Compute(known, stale);
    for (roadnet::PieceIndex piece = 0; piece < network_->piece_count(); ++piece) {
      const Field::PieceCover cover = field.Piece(piece);
      covered[piece] += cover.covered_um;
      unknown[piece] += cover.unknown_um;
    }
    RoadLengths town;
    std::vector<RoadLengths> areas;
    field.Sum(index_, &town, &areas);
    west += areas[0].covered_um;
  }
  for (size_t piece = 0; piece < network_->piece_count(); ++piece) {
    EXPECT_EQ(result.pieces[piece].covered_um_steps, covered[piece]);
    EXPECT_EQ(result.pieces[piece].unknown_um_steps, unknown[piece]);
  }
  EXPECT_GT(covered[0], 0);
  EXPECT_GT(unknown[0], 0);
  EXPECT_TRUE(result.areas[0].window.covered_um_steps == west);
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_F(WindowTest, IsTheSameHoweverManyThreadsAndHoweverFewListsAreKept) {
  std::mt19937 random(11);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  std::vector<tracks::MatchedTrack> tracks;
  for (int unit = 0; unit < 6; ++unit) {
    tracks::MatchedTrack track("u" + std::to_string(unit), unit == 0 ? Mode::kFoot : Mode::kCar);
    int time = below(1000);
    double place = below(400);
    Appear(&track, T(time), On(0, place));
    for (int i = 0; i < 300; ++i) {
      const int pause = 5 + below(60);
      time += pause;
      place = std::min(990.0, place + (below(3) == 0 ? below(20) : 0));
      if (pause > 60) {
        Appear(&track, T(time), On(0, place));
      } else {
        Drive(&track, T(time), On(0, place));
      }
    }
    tracks.push_back(std::move(track));
  }
  WindowOptions options{
      .from = T(0), .to = T(14'000), .step = absl::Seconds(1), .reach = absl::Seconds(20)};
  options.threads = 1;
  const WindowResult one = Compute(tracks, options);
  for (const int threads : {2, 3, 7}) {
    options.threads = threads;
    options.list_bytes_max = threads == 3 ? 0 : 1000;
    const WindowResult many = Compute(tracks, options);
    for (size_t piece = 0; piece < one.pieces.size(); ++piece) {
      EXPECT_EQ(one.pieces[piece].covered_um_steps, many.pieces[piece].covered_um_steps);
      EXPECT_EQ(one.pieces[piece].unknown_um_steps, many.pieces[piece].unknown_um_steps);
      EXPECT_EQ(one.pieces[piece].longest_uncovered_steps,
                many.pieces[piece].longest_uncovered_steps);
      EXPECT_EQ(one.pieces[piece].longest_uncovered_begin,
                many.pieces[piece].longest_uncovered_begin);
    }
    const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "threads_test";
    ASSERT_TRUE(WriteWindow(*network_, index_, one, {}, (folder / "one").string()).ok());
    ASSERT_TRUE(WriteWindow(*network_, index_, many, {}, (folder / "many").string()).ok());
    for (const char* name :
         {"summary.json", "areas.csv", "edges.csv", "coverage.geojson", "gaps.geojson"}) {
      EXPECT_EQ(ReadFile(folder / "one" / name), ReadFile(folder / "many" / name)) << name;
    }
  }
  EXPECT_GT(one.pieces[0].covered_um_steps, 0);
}

TEST_F(WindowTest, WritesItsFilesAndTheSameBytesTwice) {
  tracks::MatchedTrack track("u1", Mode::kCar);
  Appear(&track, T(0), On(0, 500));
  Drive(&track, T(60), On(1, 250));
  const WindowResult result =
      Compute({track}, {.from = T(0), .to = T(3600), .reach = absl::Seconds(30)});
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "window_test" / "deep";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(WriteWindow(*network_, index_, result, {}, folder.string()).ok());
  const std::string areas = ReadFile(folder / "areas.csv");
  EXPECT_THAT(areas, testing::StartsWith(
                         "area_id,kind,hour_start,patrollable_m,covered_ratio,covered_p5,"
                         "covered_p50,covered_p95,unknown_ratio,visits,dwell_s,"
                         "longest_uncovered_s,longest_revisit_s,presences,mean_stay_s,"
                         "mean_revisit_s,p95_revisit_s,koper_stays\nwest,grid,2026-02-02T02:00:00Z,"
                         "500.000,"));
  EXPECT_THAT(areas, HasSubstr("\nwest,grid,,500.000,"));
  const std::string edges = ReadFile(folder / "edges.csv");
  EXPECT_THAT(edges, testing::StartsWith(
                         "way_id,seq,from_node,to_node,length_m,covered_seconds,unknown_seconds,"
                         "visits,longest_uncovered_s,longest_revisit_s"));
  EXPECT_THAT(edges, HasSubstr("\n10,0,1,2,1000.0000"));
  const auto again = folder / "again";
  ASSERT_TRUE(WriteWindow(*network_, index_, result, {}, again.string()).ok());
  for (const char* name :
       {"summary.json", "areas.csv", "edges.csv", "coverage.geojson", "gaps.geojson"}) {
    const std::string text = ReadFile(folder / name);
    EXPECT_FALSE(text.empty()) << name;
    EXPECT_EQ(text, ReadFile(again / name)) << name;
  }
}

TEST_F(WindowTest, SaysWhichFolderCannotBeMade) {
  const std::string file = testing::TempDir() + "/window_test_file";
  std::ofstream(file) << "in the way";
  const absl::Status status =
      WriteWindow(*network_, index_, Compute({}, {.from = T(0), .to = T(60)}), {}, file + "/out");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("window_test_file/out"));
}

}  // namespace
}  // namespace patrol::coverage
