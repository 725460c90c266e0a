// Goal: backup is what two units reach that do not move together, whatever the network.
// Method: random grids of streets; beside BackupSearch every group's own coverage is computed and
// the stretches that two of them cover are added up piece by piece.
#include "lib/patrol/coverage/backup.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/companions.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/coverage/window.h"
#include "tests/unit/coverage/hand_network.h"
#include "tests/unit/coverage/one_field.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using roadnet::PieceIndex;

// 2026-02-02T00:00:00Z.
absl::Time T(int seconds) { return absl::FromUnixSeconds(1'769'990'400 + seconds); }

class BackupTest : public testing::Test {
 protected:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  std::shared_ptr<const roadnet::Network> Grid(int side) {
    HandNetwork drawing;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        drawing.Node(1 + y * side + x, x * 300 + Below(100), y * 300 + Below(100));
      }
    }
    int64_t way = 100;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const int node = 1 + y * side + x;
        if (x + 1 < side && Below(8) > 0) Street(&drawing, ++way, node, node + 1);
        if (y + 1 < side && Below(8) > 0) Street(&drawing, ++way, node, node + side);
      }
    }
    return drawing.Build();
  }

  std::mt19937 random_{5};

 private:
  void Street(HandNetwork* drawing, int64_t id, int64_t from, int64_t to) {
    if (Below(4) == 0) {
      drawing->OneWay(id, {from, to}, 5 + Below(10));
    } else {
      drawing->TwoWay(id, {from, to}, 5 + Below(10));
    }
  }
};

// Of shares covered by each group, the length that two or more cover.
double TwiceCovered(const std::vector<std::vector<Interval>>& groups) {
  std::vector<std::pair<double, int>> ends;
  for (const std::vector<Interval>& group : groups) {
    for (const Interval& share : group) {
      ends.push_back({share.begin, 1});
      ends.push_back({share.end, -1});
    }
  }
  std::sort(ends.begin(), ends.end());
  double total = 0;
  int depth = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    if (depth >= 2) total += ends[i].first - ends[i - 1].first;
    depth += ends[i].second;
  }
  return total;
}

TEST_F(BackupTest, IsWhatTwoGroupsCoverEachOfItself) {
  double backed_up_m = 0;
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    const auto network = Grid(4);
    const ModeGraphs graphs(network);
    OneField one(graphs, static_cast<ArrivalUs>(5'000'000 + Below(80'000'000)));
    std::vector<UnitSource> units;
    std::vector<uint32_t> groups;
    const int group_count = 1 + Below(9);
    for (int i = 0; i < group_count + Below(4); ++i) {
      const auto piece = static_cast<PieceIndex>(Below(static_cast<int>(network->piece_count())));
      const double offset_m = network->piece(piece).length_m * Below(101) / 100;
      units.push_back({Below(4) == 0 ? Mode::kFoot : Mode::kCar, {{piece, offset_m}, 0}});
      groups.push_back(static_cast<uint32_t>(i < group_count ? i : Below(group_count)));
    }
    BackupSearch search(one.kernel);
    Field backup(one.kernel);
    search.Compute(units, groups, &backup);
    std::vector<std::vector<std::vector<Interval>>> covered(network->piece_count());
    Field::PieceCover cover;
    for (int group = 0; group < group_count; ++group) {
      std::vector<UnitSource> own;
      for (size_t i = 0; i < units.size(); ++i) {
        if (groups[i] == static_cast<uint32_t>(group)) own.push_back(units[i]);
      }
      one.Compute(own, {});
      for (PieceIndex piece = 0; piece < network->piece_count(); ++piece) {
        one.field.GetPiece(piece, &cover);
        covered[piece].push_back(cover.covered);
      }
    }
    for (PieceIndex piece = 0; piece < network->piece_count(); ++piece) {
      backup.GetPiece(piece, &cover);
      const double want_m = network->piece(piece).length_m * TwiceCovered(covered[piece]);
      ASSERT_NEAR(static_cast<double>(cover.covered_um) * 1e-6, want_m, 1e-5) << "piece " << piece;
      ASSERT_EQ(cover.unknown_um, 0);
      backed_up_m += want_m;
    }
  }
  EXPECT_GT(backed_up_m, 10'000);
}

UnitPlaces Places(double x, double before_x) { return {At(x, 0), At(before_x, 0)}; }

TEST(GroupCompanions, JoinsThoseThatStayedNearEachOther) {
  std::vector<uint32_t> groups;
  // A row of three 40 m apart is one group; who only passes by is not in it.
  EXPECT_EQ(GroupCompanions({Places(0, 500), Places(900, 900), Places(80, 580), Places(20, -700),
                             Places(40, 540)},
                            &groups),
            3u);
  EXPECT_EQ(groups, (std::vector<uint32_t>{0, 1, 0, 2, 0}));
  EXPECT_EQ(GroupCompanions({}, &groups), 0u);
}

TEST(GroupCompanions, GoesByThePresentWhereNothingIsKnownBefore) {
  std::vector<uint32_t> groups;
  EXPECT_EQ(GroupCompanions({{At(0, 0), std::nullopt}, Places(10, 5000)}, &groups), 1u);
  EXPECT_EQ(GroupCompanions({{At(0, 0), std::nullopt}, Places(60, 60)}, &groups), 2u);
}

//   1 ---- 2000 ---- 2      cars 10 m/s, 30 s: units at 500 and 700 both reach 400..800
TEST(WindowBackup, IsAveragedOverTimeBesideCoverage) {
  const auto network = HandNetwork().Node(1, 0, 0).Node(2, 2000, 0).TwoWay(10, {1, 2}).Build();
  const ModeGraphs graphs(network);
  const AreaIndex index(*network, {BoxArea("west", "grid", -10, -50, 600, 50)});
  WindowOptions options{.from = T(0), .to = T(3600), .reach = absl::Seconds(30)};
  options.backup = true;
  options.duty["second"] = {{T(0), T(900)}};
  std::vector<tracks::MatchedTrack> tracks;
  for (const auto& [id, at] : {std::pair("first", 500.0), {"second", 700.0}, {"pair", 510.0}}) {
    tracks.push_back(StationedTrack(id, Mode::kCar, {{0, at}, 0}, options.from, options.to,
                                    options.stale_after));
  }
  for (const int threads : {1, 3}) {
    options.threads = threads;
    const auto result = ComputeWindow(graphs, index, tracks, options, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    // "pair" stands with "first" and backs up nothing; "second" does for a quarter of the time.
    EXPECT_NEAR(result->town.window.backup_ratio(), 410.0 / 2000 / 4, 1e-6);
    EXPECT_NEAR(result->areas[0].window.backup_ratio(), 200.0 / 600 / 4, 1e-4);
    EXPECT_NEAR(static_cast<double>(result->pieces[0].backup_um_steps) * 1e-6, 410.0 * 90, 1e-3);
  }
}

}  // namespace
}  // namespace patrol::coverage
