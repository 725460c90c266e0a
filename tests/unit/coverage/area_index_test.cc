#include "lib/patrol/coverage/area_index.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "tests/unit/coverage/hand_network.h"
#include "tests/unit/coverage/one_field.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;

//   0        100        200        300     a foot way from 200 to 300
//   1 -------- 2 -------- 3 ........ 4
//       [  west ][     east      ]          the border lies at 150
std::shared_ptr<const roadnet::Network> Street() {
  return HandNetwork()
      .Node(1, 0, 0)
      .Node(2, 100, 0)
      .Node(3, 200, 0)
      .Node(4, 300, 0)
      .TwoWay(10, {1, 2, 3})
      .FootWay(20, {3, 4})
      .Build();
}

std::vector<geo::Area> WestAndEast() {
  return {BoxArea("west", "grid", 20, -50, 150, 50), BoxArea("east", "grid", 150, -50, 400, 50),
          BoxArea("all", "village", -50, -50, 400, 50)};
}

TEST(AreaIndex, CutsPiecesAtBordersAndCountsPatrollableOnesOnly) {
  const auto network = Street();
  const AreaIndex index(*network, WestAndEast());
  EXPECT_NEAR(index.town_patrollable_um() * 1e-6, 200, 1e-3);
  EXPECT_NEAR(index.patrollable_um(0) * 1e-6, 130, 1e-3);
  EXPECT_NEAR(index.patrollable_um(1) * 1e-6, 50, 1e-3);
  EXPECT_EQ(index.patrollable_um(2), index.town_patrollable_um());
}

TEST(AreaIndex, CoveredMetresOfACutPieceGoToTheAreaTheyLieIn) {
  const auto network = Street();
  const AreaIndex index(*network, WestAndEast());
  const ModeGraphs graphs(network);
  OneField field(graphs, 2'000'000);                                     // 20 m at 10 m/s
  field.Compute({{Mode::kCar, {{network->FindPiece(10, 1), 40}}}}, {});  // covers 120..160
  RoadLengths town;
  std::vector<RoadLengths> areas;
  field.Sum(index, &town, &areas);
  EXPECT_NEAR(town.covered_m(), 40, 1e-3);
  EXPECT_NEAR(areas[0].covered_m(), 30, 1e-3);
  EXPECT_NEAR(areas[1].covered_m(), 10, 1e-3);
  EXPECT_NEAR(areas[2].covered_m(), 40, 1e-3);
  EXPECT_NEAR(areas[0].covered_ratio(), 30.0 / 130, 1e-5);
  EXPECT_EQ(areas[1].not_covered_um(), areas[1].patrollable_um - areas[1].covered_um);
}

TEST(AreaIndex, FindsThePreferredKindFirstAndElseTheSmallest) {
  const AreaIndex index(*Street(), WestAndEast());
  EXPECT_EQ(index.FindArea(At(100, 10), "grid"), 0u);
  EXPECT_EQ(index.FindArea(At(200, 10), "grid"), 1u);
  EXPECT_EQ(index.FindArea(At(0, 10), "grid"), 2u);       // in no grid
  EXPECT_EQ(index.FindArea(At(100, 10), "village"), 2u);  // larger, but preferred
  EXPECT_EQ(index.FindArea(At(100, 10), "beat"), 0u);     // none: the smallest of all
  EXPECT_EQ(index.FindArea(At(1000, 10), "grid"), std::nullopt);
}

TEST(AreaIndex, WorksWithoutAreas) {
  const AreaIndex index(*Street(), {});
  EXPECT_GT(index.town_patrollable_um(), 0);
  EXPECT_EQ(index.FindArea(At(0, 0), "grid"), std::nullopt);
}

}  // namespace
}  // namespace patrol::coverage
