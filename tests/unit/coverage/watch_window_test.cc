#include "lib/patrol/coverage/watch_window.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/what_if.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using testing::HasSubstr;

absl::Time T(int seconds) { return absl::FromUnixSeconds(1'769'997'600 + seconds); }

//   1 ---- 1000 ---- 2 ---- 1000 ---- 3      cars 10 m/s; area "west" up to 500, "east" the rest;
//   a car stands at 500 and reaches 200..800, a camera sees 700..1100
class WatchWindowTest : public testing::Test {
 protected:
  std::vector<WatchMetres> Compute(absl::Time until, WindowOptions options) const {
    const std::vector<tracks::MatchedTrack> tracks = {StationedTrack(
        "u", Mode::kCar, {{network_->FindPiece(10, 0), 500}, 0}, T(0), until, absl::Seconds(60))};
    options.from = T(0);
    options.to = T(1200);
    options.reach = absl::Seconds(30);
    const auto window = ComputeWindow(graphs_, index_, tracks, options, nullptr);
    EXPECT_TRUE(window.ok()) << window.status();
    const auto rows = ComputeWatched(graphs_, index_, tracks, *window, {{{0.7, 1}}, {{0, 0.1}}});
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *rows;
  }
  static void ExpectRow(const WatchMetres& row, double both, double covered, double watched,
                        double neither) {
    EXPECT_NEAR(row.covered_watched, both, 1e-3);
    EXPECT_NEAR(row.covered_only, covered, 1e-3);
    EXPECT_NEAR(row.watched_only, watched, 1e-3);
    EXPECT_NEAR(row.neither, neither, 1e-3);
  }

  const std::shared_ptr<const roadnet::Network> network_ =
      HandNetwork().Node(1, 0, 0).Node(2, 1000, 0).Node(3, 2000, 0).TwoWay(10, {1, 2, 3}).Build();
  const ModeGraphs graphs_{network_};
  const AreaIndex index_{
      *network_,
      {BoxArea("west", "grid", -10, -50, 500, 50), BoxArea("east", "grid", 500, -50, 2010, 50)}};
};

TEST_F(WatchWindowTest, TellsWhatIsCoveredAndWatchedOneOfThemOrNeither) {
  const std::vector<WatchMetres> rows = Compute(T(1200), {});
  ASSERT_EQ(rows.size(), 3u);
  ExpectRow(rows[0], 0, 300, 0, 200);
  ExpectRow(rows[1], 100, 200, 300, 900);
  ExpectRow(rows[2], 100, 500, 300, 1100);
}

TEST_F(WatchWindowTest, AveragesOverTimeAndAddsUpToWhatIsPatrollable) {
  // Known at 0, 10, .. 600: at 61 of 120 steps; stale and then lost after that.
  const std::vector<WatchMetres> rows = Compute(T(600), {});
  const double share = 61.0 / 120;
  ExpectRow(rows[1], 100 * share, 200 * share, 400 - 100 * share, 1100 - 200 * share);
  EXPECT_NEAR(rows[0].total(), 500, 1e-3);
  EXPECT_NEAR(rows[1].total(), 1500, 1e-3);
  EXPECT_NEAR(rows[2].total(), 2000, 1e-3);
}

TEST_F(WatchWindowTest, AsksForNothingThatTheWindowAlsoAskedFor) {
  WindowOptions options;
  options.backup = true;
  options.shift_starts = {absl::Hours(6)};
  options.rounds = {{0, absl::Minutes(5), std::nullopt}};
  ExpectRow(Compute(T(1200), options)[2], 100, 500, 300, 1100);
}

TEST_F(WatchWindowTest, WritesARowAnAreaAndOneOfTheWholeNetwork) {
  const test::TemporaryFolder folder;
  ASSERT_TRUE(WriteWatched(index_.areas(), Compute(T(1200), {}), folder.File("")).ok());
  std::ostringstream text;
  text << std::ifstream(folder.File("watched.csv")).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("east,grid,1500.000,100.000,200.000,300.000,900.000\n"));
  EXPECT_THAT(text.str(), HasSubstr("\n,network,2000.000,100.000,500.000,300.000,1100.000\n"));
}

}  // namespace
}  // namespace patrol::coverage
