#include "lib/patrol/tracks/area_visits.h"

#include <gtest/gtest.h>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

geo::Area Box(const std::string& id, double west, double south, double east, double north) {
  const geo::LocalPlane plane(testing::NetworkSketch::kOrigin);
  geo::Area area;
  area.id = id;
  area.shape = {
      {{plane.ToLonLat({west, south}), plane.ToLonLat({east, south}), plane.ToLonLat({east, north}),
        plane.ToLonLat({west, north}), plane.ToLonLat({west, south})},
       {}}};
  return area;
}

//   1 ---100--- 2 ---100--- 3 ---100--- 4     areas: a 0..150 m, b 150..300 m, all 0..300 m
class AreaVisitsTest : public ::testing::Test {
 protected:
  static roadnet::Network Road() {
    testing::NetworkSketch sketch;
    sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).Node(4, 300, 0).Way(10, {1, 2, 3, 4});
    return sketch.Build();
  }

  std::vector<AreaVisit> Visits(const std::vector<Fix>& fixes) const {
    return AreaVisits(ground_.network, ground_.Match(fixes), cuts_);
  }
  double Seconds(absl::Time time) const { return absl::ToDoubleSeconds(time - kNoon); }

  const Ground ground_{Road()};
  const AreaCuts cuts_{
      ground_.network,
      ground_.index,
      {Box("a", -50, -50, 150, 50), Box("b", 150, -50, 350, 50), Box("all", -50, -50, 350, 50)}};
};

TEST_F(AreaVisitsTest, APieceIsCutAtTheAreasBorder) {
  ASSERT_EQ(cuts_.parts(1).size(), 3u);
  EXPECT_NEAR(cuts_.parts(1)[0].end_m, 50, 0.1);
  EXPECT_NEAR(cuts_.parts(1)[1].begin_m, 50, 0.1);
  EXPECT_EQ(cuts_.parts(1)[2].end_m, ground_.network.piece(1).length_m);
  EXPECT_EQ(cuts_.parts(0).size(), 2u);
}

TEST_F(AreaVisitsTest, VisitsBeginAndEndAtTheBorder) {
  const std::vector<AreaVisit> visits = Visits({FixAt(0, 50, 0), FixAt(20, 250, 0)});
  ASSERT_EQ(visits.size(), 3u);
  EXPECT_EQ(visits[0].area, 0u);
  EXPECT_NEAR(Seconds(visits[0].enter), 0, 1e-9);
  EXPECT_NEAR(Seconds(visits[0].leave), 10, 0.02);
  EXPECT_EQ(visits[1].area, 2u) << "areas may overlap";
  EXPECT_NEAR(absl::ToDoubleSeconds(visits[1].dwell()), 20, 1e-9);
  EXPECT_EQ(visits[2].area, 1u);
  EXPECT_EQ(visits[2].enter, visits[0].leave);
}

TEST_F(AreaVisitsTest, TheWayBackIsASecondVisit) {
  const std::vector<AreaVisit> visits =
      Visits({FixAt(0, 50, 0), FixAt(20, 250, 0), FixAt(40, 250, 0), FixAt(60, 50, 0)});
  std::vector<AreaVisit> of_a;
  for (const AreaVisit& visit : visits) {
    if (visit.area == 0) of_a.push_back(visit);
  }
  ASSERT_EQ(of_a.size(), 2u);
  EXPECT_NEAR(Seconds(of_a[1].enter), 50, 0.05);
  EXPECT_NEAR(Seconds(of_a[1].leave), 60, 1e-9);
}

TEST_F(AreaVisitsTest, StandingIsDwelling) {
  std::vector<Fix> fixes;
  for (int t = 0; t <= 600; t += 30) fixes.push_back(FixAt(t, 100, 0));
  const std::vector<AreaVisit> visits = Visits(fixes);
  ASSERT_EQ(visits.size(), 2u);
  EXPECT_NEAR(absl::ToDoubleSeconds(visits[0].dwell()), 600, 1e-9);
}

TEST_F(AreaVisitsTest, ABreakOfThePathEndsAVisit) {
  const std::vector<AreaVisit> visits =
      Visits({FixAt(0, 50, 0), FixAt(10, 60, 0), FixAt(100, 60, 0), FixAt(110, 70, 0)});
  ASSERT_EQ(visits.size(), 4u);
  EXPECT_NEAR(Seconds(visits[0].leave), 10, 1e-9);
  EXPECT_NEAR(Seconds(visits[2].enter), 100, 1e-9);
}

TEST_F(AreaVisitsTest, AWayInDoubtGoesOnWithAVisitButBeginsNoneUnlessTheUnitStands) {
  const auto visits = [&](Certainty first, Certainty second, bool stands) {
    MatchedTrack track("u", roadnet::Mode::kCar);
    track.AddBreak(kNoon, {{0, 0}, 0});
    track.AddPoint(kNoon + absl::Seconds(10), {{2, 50}, 0},
                   {roadnet::ForwardArc(0), roadnet::ForwardArc(1), roadnet::ForwardArc(2)}, 250,
                   {first, second, second});
    if (stands) track.AddPoint(kNoon + absl::Seconds(700), {{2, 50}, 0}, {}, 0);
    std::vector<uint32_t> areas;
    for (const AreaVisit& visit : AreaVisits(ground_.network, track, cuts_)) {
      areas.push_back(visit.area);
    }
    return areas;
  };
  using Areas = std::vector<uint32_t>;
  EXPECT_EQ(visits(Certainty::kSure, Certainty::kSure, false), (Areas{0, 2, 1}));
  EXPECT_EQ(visits(Certainty::kSure, Certainty::kDoubtful, false), (Areas{0, 2}));
  EXPECT_EQ(visits(Certainty::kDoubtful, Certainty::kDoubtful, false), Areas{});
  EXPECT_EQ(visits(Certainty::kDoubtful, Certainty::kDoubtful, true), (Areas{1, 2}));
}

}  // namespace
}  // namespace patrol::tracks
