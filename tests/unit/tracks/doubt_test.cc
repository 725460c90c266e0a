// Goal: of a path only that is sure which no other way spares that is nearly as likely. Method:
// small maps with two ways between the same places, and fixes that tell them apart, or do not.

#include "lib/patrol/tracks/doubt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "lib/patrol/tracks/matcher.h"
#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Ways of which some piece is sure, or in doubt.
std::set<int64_t> Ways(const Ground& ground, const MatchedTrack& track, Certainty which) {
  std::set<int64_t> ways;
  for (size_t i = 0; i < track.points().size(); ++i) {
    const auto arcs = track.arcs_to(i);
    for (size_t k = 0; k < arcs.size(); ++k) {
      if (track.certainty_to(i)[k] != which) continue;
      ways.insert(ground.network.piece(roadnet::PieceOf(arcs[k])).way_id);
    }
  }
  return ways;
}

//        4 --20-- 5            the ways 20 and 30 are equally long; 10 and 40 lead there and on
//       /          \          .
//  1-10-2           3 -40- 6
//       \          /          .
//        7 --30-- 8
class DoubtTest : public ::testing::Test {
 protected:
  static roadnet::Network Diamond() {
    testing::NetworkSketch sketch;
    sketch.Node(1, -400, 0).Node(2, 0, 0).Node(3, 400, 0).Node(6, 800, 0);
    sketch.Node(4, 100, 60).Node(5, 300, 60).Node(7, 100, -60).Node(8, 300, -60);
    sketch.Way(10, {1, 2}).Way(20, {2, 4, 5, 3}).Way(30, {2, 7, 8, 3}).Way(40, {3, 6});
    return sketch.Build();
  }

  std::set<int64_t> Sure(const std::vector<Fix>& fixes, const MatchOptions& options = {}) const {
    return Ways(ground_, ground_.Match(fixes, options), Certainty::kSure);
  }
  std::set<int64_t> Doubtful(const std::vector<Fix>& fixes,
                             const MatchOptions& options = {}) const {
    return Ways(ground_, ground_.Match(fixes, options), Certainty::kDoubtful);
  }

  const Ground ground_{Diamond()};
};

TEST_F(DoubtTest, OfTwoWaysAlikeBetweenTwoFixesTheOneChosenIsInDoubtAndWhatIsCommonIsSure) {
  const std::vector<Fix> fixes = {FixAt(0, -300, 0), FixAt(20, -50, 0), FixAt(50, 450, 0),
                                  FixAt(70, 700, 0)};
  EXPECT_THAT(Sure(fixes), UnorderedElementsAre(10, 40));
  EXPECT_EQ(Doubtful(fixes).size(), 1u);
}

TEST_F(DoubtTest, AFixOnOneOfTheWaysDispelsTheDoubt) {
  const std::vector<Fix> fixes = {FixAt(0, -300, 0), FixAt(20, -50, 0), FixAt(35, 200, 58),
                                  FixAt(50, 450, 0), FixAt(70, 700, 0)};
  EXPECT_THAT(Sure(fixes), UnorderedElementsAre(10, 20, 40));
  EXPECT_THAT(Doubtful(fixes), IsEmpty());
}

TEST_F(DoubtTest, FixesBetweenTheWaysLeaveTheDoubtHoweverManyStepsTheyAreBesideEachOther) {
  const std::vector<Fix> fixes = {FixAt(0, -300, 0),   FixAt(20, -50, 0), FixAt(32, 120, 0.5),
                                  FixAt(44, 280, 0.5), FixAt(56, 450, 0), FixAt(76, 700, 0)};
  EXPECT_THAT(Sure(fixes), UnorderedElementsAre(10, 40));
}

TEST_F(DoubtTest, APathThatEndsOnOneOfTwoWaysAlikeIsInDoubtThere) {
  const std::vector<Fix> fixes = {FixAt(0, -300, 0), FixAt(20, -50, 0), FixAt(40, 200, 0.5)};
  EXPECT_THAT(Sure(fixes), ElementsAre(10));
  EXPECT_EQ(Doubtful(fixes).size(), 1u);
}

TEST_F(DoubtTest, APathThatBeginsOnOneOfTwoWaysAlikeIsInDoubtThere) {
  const std::vector<Fix> fixes = {FixAt(0, 200, 0.5), FixAt(20, 450, 0), FixAt(40, 700, 0)};
  EXPECT_THAT(Sure(fixes), ElementsAre(40));
}

TEST_F(DoubtTest, AUnitHeardOfEverySecondIsSureOfItsWay) {
  std::vector<Fix> fixes;
  for (int t = 0; t <= 90; ++t) {
    const double east = -300 + 10 * t;
    const double bend = std::min(std::min(east, 400 - east) * 0.6, 60.0);
    fixes.push_back(FixAt(t, east, std::max(0.0, bend)));
  }
  EXPECT_THAT(Sure(fixes), UnorderedElementsAre(10, 20, 40));
  EXPECT_THAT(Doubtful(fixes), IsEmpty());
}

TEST_F(DoubtTest, WithoutAMarginNothingIsInDoubt) {
  MatchOptions options;
  options.sure_nats = 0;
  EXPECT_THAT(Doubtful({FixAt(0, -300, 0), FixAt(20, -50, 0), FixAt(50, 450, 0)}, options),
              IsEmpty());
}

TEST_F(DoubtTest, TheMoreMarginIsWantedTheLessIsSure) {
  const std::vector<Fix> fixes = {FixAt(0, -300, 0), FixAt(20, -50, 0), FixAt(35, 200, 12),
                                  FixAt(50, 450, 0), FixAt(70, 700, 0)};
  size_t sure = 99;
  for (const double nats : {0.0, 0.5, 2.0, 8.0}) {
    MatchOptions options;
    options.sure_nats = nats;
    options.sure_m = 1e6;
    const size_t now = Sure(fixes, options).size();
    EXPECT_LE(now, sure);
    sure = now;
  }
  EXPECT_EQ(sure, 2u);
}

TEST_F(DoubtTest, APathDecidedPiecemealIsInDoubtWhereTheWholeOneIs) {
  std::vector<Fix> fixes;
  for (int t = 0; t <= 16; ++t) fixes.push_back(FixAt(5 * t, -380 + 20 * t, 0));
  fixes.push_back(FixAt(110, 450, 0));
  for (int t = 1; t <= 16; ++t) fixes.push_back(FixAt(110 + 5 * t, 450 + 20 * t, 0));
  MatchOptions piecemeal;
  piecemeal.undecided_max = 8;
  EXPECT_EQ(Sure(fixes, piecemeal), Sure(fixes));
  EXPECT_EQ(Doubtful(fixes, piecemeal), Doubtful(fixes));
  EXPECT_EQ(Doubtful(fixes).size(), 1u);
}

}  // namespace
}  // namespace patrol::tracks
