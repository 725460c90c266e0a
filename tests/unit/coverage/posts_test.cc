#include <algorithm>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/cover_matrix.h"
#include "lib/patrol/coverage/cover_solver.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/point_file.h"
#include "lib/patrol/coverage/post_demand.h"
#include "lib/patrol/coverage/post_events.h"
#include "lib/patrol/coverage/post_files.h"
#include "lib/patrol/coverage/post_sites.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ArrivalUs kSecond = 1'000'000;

// What the tests need of a network at once.
struct Town {
  Town(std::shared_ptr<const roadnet::Network> built, std::vector<geo::Area> areas)
      : network(std::move(built)),
        index(*network),
        graph(*network, Mode::kCar, {}),
        cuts(*network, index, areas) {}

  std::shared_ptr<const roadnet::Network> network;
  roadnet::SpatialIndex index;
  roadnet::SearchGraph graph;
  tracks::AreaCuts cuts;
};

FilePoint PointAt(std::string id, double x, double y, double weight = 1) {
  FilePoint point;
  point.id = std::move(id);
  point.place = At(x, y);
  point.has_place = true;
  point.weight = weight;
  return point;
}

//   1 ---------------- 2 ---------------- 3     each 1000 m, 10 m/s
Town Street(std::vector<geo::Area> areas) {
  return Town(
      HandNetwork().Node(1, 0, 0).Node(2, 1000, 0).Node(3, 2000, 0).TwoWay(10, {1, 2, 3}).Build(),
      std::move(areas));
}

TEST(RoadDemand, IsCutWhereReachesBeginAndEnd) {
  const Town town = Street({BoxArea("all", "town", -10, -10, 2010, 10)});
  const PostSites sites = SitesAtPoints(*town.network, town.index, town.graph,
                                        {PointAt("a", 500, 0), PointAt("b", 1100, 0)});
  ASSERT_THAT(sites.sites, SizeIs(2));
  // In 40 s 400 m either way: a 100..900, b 700..1500.
  const auto problem = RoadDemand(*town.network, town.graph, town.cuts, sites.sites, 40 * kSecond);
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->row_count(), 3u);  // a alone, both, b alone
  EXPECT_NEAR(static_cast<double>(problem->own_weight(0)) * 1e-6, 800, 0.01);
  EXPECT_NEAR(static_cast<double>(problem->own_weight(1)) * 1e-6, 800, 0.01);
  EXPECT_NEAR(static_cast<double>(problem->coverable_weight()) * 1e-6, 1400, 0.01);
  EXPECT_NEAR(static_cast<double>(problem->total_weight()) * 1e-6, 2000, 0.01);
}

TEST(RoadDemand, CountsRoadWithinAreasOnceHoweverManyOverlap) {
  const Town town = Street(
      {BoxArea("town", "town", 200, -10, 600, 10), BoxArea("grid", "grid", 500, -10, 800, 10)});
  const PostSites sites =
      SitesAtPoints(*town.network, town.index, town.graph, {PointAt("a", 500, 0)});
  const auto problem = RoadDemand(*town.network, town.graph, town.cuts, sites.sites, 20 * kSecond);
  ASSERT_TRUE(problem.ok());
  EXPECT_NEAR(static_cast<double>(problem->total_weight()) * 1e-6, 600, 0.01);  // 200..800
  EXPECT_NEAR(static_cast<double>(problem->own_weight(0)) * 1e-6, 400, 0.01);   // 300..700
}

TEST(RoadDemand, EqualsTheUnionOfReachesOnRandomTowns) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    HandNetwork hand;
    const auto side = static_cast<int64_t>(4 + random() % 3);
    for (int64_t y = 0; y < side; ++y) {
      for (int64_t x = 0; x < side; ++x) {
        hand.Node(y * side + x + 1,
                  static_cast<double>(x) * 130 + static_cast<double>(random() % 60),
                  static_cast<double>(y) * 130 + static_cast<double>(random() % 60));
      }
    }
    int64_t way = 0;
    for (int64_t n = 1; n <= side * side; ++n) {
      for (const int64_t other :
           {n % side != 0 ? n + 1 : 0, n + side <= side * side ? n + side : 0}) {
        if (other == 0 || random() % 5 == 0) continue;
        if (random() % 3 == 0) {
          hand.OneWay(++way, {n, other});
        } else {
          hand.TwoWay(++way, {n, other});
        }
      }
    }
    const Town town(hand.Build(), {BoxArea("a", "town", 50, 50, 500, 400)});
    std::vector<FilePoint> points;
    for (int i = 0; i < 8; ++i) {
      points.push_back(PointAt(std::to_string(i), static_cast<double>(random() % 600),
                               static_cast<double>(random() % 600)));
    }
    const PostSites sites = SitesAtPoints(*town.network, town.index, town.graph, points);
    const auto problem =
        RoadDemand(*town.network, town.graph, town.cuts, sites.sites, 15 * kSecond);
    ASSERT_TRUE(problem.ok());
    const MaxCoverSolution best = SolveMaxCover(*problem, {.count = 3});
    // The same by one search from all chosen posts, piece by piece.
    std::vector<Source> sources;
    for (const CoverProblem::Candidate c : best.chosen) {
      sources.insert(sources.end(), sites.sites[c].sources.begin(), sites.sites[c].sources.end());
    }
    Reach reach(*town.network, town.graph);
    reach.Run(sources, 15 * kSecond);
    double covered_m = 0;
    for (roadnet::PieceIndex p = 0; p < town.network->piece_count(); ++p) {
      const double length_m = town.network->piece(p).length_m;
      std::vector<Interval> covered;
      reach.AppendCovered(p, &covered);
      Merge(&covered);
      for (const tracks::AreaCuts::Part& part : town.cuts.parts(p)) {
        covered_m += length_m * LengthWithin(covered.data(), covered.data() + covered.size(),
                                             {part.begin_m / length_m, part.end_m / length_m});
      }
    }
    ASSERT_NEAR(static_cast<double>(best.gain) * 1e-6, covered_m, 1e-3) << "round " << round;
    ASSERT_TRUE(best.proven);
  }
}

TEST(PostSites, AtANodeSetOffAlongEveryPieceThere) {
  const Town town = Street({BoxArea("all", "town", -10, -10, 2010, 10)});
  FilePoint by_id = PointAt("by id", 3, 3);
  by_id.node_id = 2;
  const PostSites sites =
      SitesAtPoints(*town.network, town.index, town.graph, {PointAt("near", 1000.05, 0), by_id});
  ASSERT_THAT(sites.sites, SizeIs(2));
  for (const PostSite& site : sites.sites) {
    EXPECT_EQ(site.node_id, 2);
    EXPECT_THAT(site.sources, SizeIs(2));
  }
}

TEST(PostSites, AtAnUnknownNodeStandAtTheNearestRoad) {
  const Town town = Street({BoxArea("all", "town", -10, -10, 2010, 10)});
  FilePoint unknown = PointAt("u", 300, 20);
  unknown.node_id = 77;
  const PostSites sites = SitesAtPoints(*town.network, town.index, town.graph, {unknown});
  ASSERT_THAT(sites.sites, SizeIs(1));
  EXPECT_EQ(sites.sites[0].node_id, 1);
  ASSERT_THAT(sites.sites[0].sources, SizeIs(1));
  EXPECT_NEAR(sites.sites[0].sources[0].position.offset_m, 300, 0.1);
}

TEST(PostSites, FurtherOffAreAttachedOrLeftOutByName) {
  const Town town = Street({BoxArea("all", "town", -10, -10, 2010, 10)});
  const PostSites sites = SitesAtPoints(
      *town.network, town.index, town.graph,
      {PointAt("yard", 500, 140), PointAt("field", 500, 300), PointAt("yard", 700, 0)});
  ASSERT_THAT(sites.sites, SizeIs(1));
  ASSERT_THAT(sites.sites[0].sources, SizeIs(1));
  EXPECT_NEAR(sites.sites[0].sources[0].delay_us, 100e6, 1e5);  // 140 m at 1.4 m/s
  EXPECT_THAT(sites.faults,
              ElementsAre(HasSubstr("candidate \"field\": no road for car within 200 m"),
                          HasSubstr("candidate \"yard\": is given twice")));
}

TEST(PostSites, NodesAreThoseOfRoadsInAreasAndThinnedEvenly) {
  HandNetwork hand;
  for (int64_t n = 0; n <= 100; ++n) hand.Node(n + 1, static_cast<double>(n) * 100, 0);
  std::vector<int64_t> nodes;
  for (int64_t n = 1; n <= 101; ++n) nodes.push_back(n);
  hand.TwoWay(10, nodes).Node(500, 0, 500).Node(501, 100, 500).FootWay(11, {500, 501});
  const Town town(hand.Build(), {BoxArea("west", "town", -10, -10, 5010, 600)});
  EXPECT_THAT(SitesAtNodes(*town.network, town.graph, town.cuts, 1000).sites, SizeIs(52));
  const PostSites thinned = SitesAtNodes(*town.network, town.graph, town.cuts, 10);
  EXPECT_EQ(thinned.nodes_offered, 52u);
  ASSERT_THAT(thinned.sites, SizeIs(testing::AllOf(testing::Ge(8u), testing::Le(10u))));
  for (size_t i = 1; i < thinned.sites.size(); ++i) {
    EXPECT_GE(geo::GreatCircleM(thinned.sites[i - 1].place, thinned.sites[i].place), 150);
  }
}

TEST(DemandAtPoints, IsCoveredWithinReachWithTheWalkCounted) {
  const Town town = Street({BoxArea("all", "town", -10, -10, 2010, 10)});
  const PostSites sites =
      SitesAtPoints(*town.network, town.index, town.graph, {PointAt("a", 0, 0)});
  // 40 s: 400 m; the second is 100 m off the road, 71 s on foot; the third too far off.
  const auto demand = DemandAtPoints(*town.network, town.index, town.graph,
                                     {PointAt("near", 390, 0, 2.5), PointAt("yard", 100, 100, 4),
                                      PointAt("field", 100, 300, 8), PointAt("far", 410, 0, 16)},
                                     sites.sites, 40 * kSecond);
  ASSERT_TRUE(demand.ok()) << demand.status();
  EXPECT_EQ(demand->problem.coverable_weight(), 2'500'000);
  EXPECT_EQ(demand->problem.total_weight(), 22'500'000);
  EXPECT_THAT(demand->faults, ElementsAre(HasSubstr("point \"field\"")));
}

TEST(PostEvents, CountWithinTheHoursPastMidnightAtTheirCamerasPlace) {
  const auto events = ReadPoints(
      "event_id,camera_id,begin_time,lon,lat\n"
      "e1,c1,2026-03-02T15:00:00Z,,\n"  // 23:00 in Shanghai
      "e1,c1,2026-03-02T15:00:09Z,,\n"  // its end
      "e2,c1,2026-03-02T21:59:59Z,,\n"  // 05:59:59
      "e3,c1,2026-03-02T22:00:00Z,,\n"  // 06:00: outside
      "e4,c9,2026-03-02T15:00:00Z,,\n"  // no such camera
      "e5,,2026-03-02T15:00:00Z,113.2,23\n",
      true);
  ASSERT_TRUE(events.ok()) << events.status();
  const auto cameras = ReadPoints("id,lon,lat\nc1,113.1,23\n", false);
  ASSERT_TRUE(cameras.ok());
  const auto hours = ParseDayHours("22:00-06:00");
  ASSERT_TRUE(hours.ok());
  const EventPlaces places =
      PlaceEvents(events->points, cameras->points, *hours, absl::FixedTimeZone(8 * 3600));
  EXPECT_EQ(places.events, 3u);
  EXPECT_EQ(places.outside_hours, 1u);
  EXPECT_EQ(places.repeated, 1u);
  EXPECT_THAT(places.faults, ElementsAre(HasSubstr("camera \"c9\" has no place")));
  ASSERT_THAT(places.places, SizeIs(2));
  EXPECT_EQ(places.places[0].weight, 2);
  EXPECT_EQ(places.places[1].place.lon, 113.2);
}

TEST(PostEvents, HoursThatAreNoneAreRefused) {
  for (const char* text :
       {"", "22-06", "25:00-06:00", "22:00-06:00x", "22:60-06:00", "-1:00-06:00"}) {
    EXPECT_FALSE(ParseDayHours(text).ok()) << text;
  }
  EXPECT_TRUE(ParseDayHours("00:00-24:00").ok());
}

TEST(PointFile, ReadsFeaturesAndRowsAndNamesWhatItCannotUse) {
  const auto feature = [](const std::string& id, const std::string& type,
                          const std::string& coordinates, const std::string& properties) {
    return R"({"type":"Feature","id":)" + id + R"(,"geometry":{"type":")" + type +
           R"(","coordinates":)" + coordinates + R"(},"properties":{)" + properties + "}}";
  };
  const auto json = ReadPoints(
      R"({"type":"FeatureCollection","features":[)" + feature("7", "Point", "[113,23]", "") + "," +
          feature("8", "LineString", "[]", R"("id":"l")") + "," +
          feature("9", "Point", "[113,93]", R"("id":"n")") + "," +
          feature("10", "Point", "[113.5,23]", R"("id":"p","node_id":42,"weight":2.5)") + "]}",
      false);
  ASSERT_TRUE(json.ok()) << json.status();
  ASSERT_THAT(json->points, SizeIs(2));
  EXPECT_EQ(json->points[0].id, "7");
  EXPECT_EQ(json->points[1].node_id, 42);
  EXPECT_EQ(json->points[1].weight, 2.5);
  EXPECT_THAT(json->faults,
              ElementsAre(HasSubstr("feature 1 \"l\""), HasSubstr("feature 2 \"n\"")));

  const auto csv = ReadPoints("lat,lon,id\n23,113,a\n23,x,b\n23,,c\n", false);
  ASSERT_TRUE(csv.ok());
  ASSERT_THAT(csv->points, SizeIs(1));
  EXPECT_EQ(csv->points[0].id, "a");
  EXPECT_THAT(csv->faults, SizeIs(2));

  EXPECT_FALSE(ReadPoints("", false).ok());
  EXPECT_FALSE(ReadPoints("{\"type\":", false).ok());
  EXPECT_FALSE(ReadPoints("lon,lat\n", false).ok());
  EXPECT_FALSE(ReadPoints("a,b\n1,2\n", false).ok());
}

TEST(CoverMatrix, ReadsCostsAndRefusesContradictions) {
  std::istringstream good(
      "who,where,metres,people\ns1,d1,100,5\ns1,d2,200.1,7\ns2,d1,300,5\ns2,d2,200,7\n");
  const auto matrix = ReadCoverMatrix(good, {"who", "where", "metres", "people"}, 200);
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_THAT(matrix->candidates, ElementsAre("s1", "s2"));
  EXPECT_EQ(matrix->problem.own_weight(0), 5'000'000);
  EXPECT_EQ(matrix->problem.own_weight(1), 7'000'000);
  std::istringstream bad(
      "candidate_id,demand_id,cost,weight\ns1,d1,1,5\ns2,d1,1,6\ns1,d1,2,5\ns3,d1,x,5\n");
  const auto status = ReadCoverMatrix(bad, {}, 1).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("3 bad rows"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 3: demand \"d1\" weighs 6"));
}

TEST(PostFiles, TellOwnAndCumulativeWeights) {
  CoverProblem problem(2);
  problem.Add({0}, 4'000'000);
  problem.Add({0, 1}, 1'000'000);
  problem.Add({1}, 2'500'000);
  problem.Add({}, 2'500'000);
  problem.Finish();
  PostsResult result;
  result.total_weight = problem.total_weight();
  result.posts = DescribePosts(problem, {0, 1});
  EXPECT_EQ(PostsCsv(result, {}, {"first", "sec,ond"}),
            "rank,candidate_id,lon,lat,node_id,own_weight,cumulative_covered,share,covered_twice\n"
            "1,first,,,,5,5,0.500000,0\n"
            "2,\"sec,ond\",,,,3.5,7.5,0.750000,1\n");
}

TEST(PostFiles, SayThatATimeLimitedAnswerIsUnproven) {
  PostsResult result;
  result.gap = 0.02;
  EXPECT_THAT(GapText(result), HasSubstr("unproven"));
  EXPECT_THAT(GapText(result), HasSubstr("2.000 %"));
  result.proven = true;
  EXPECT_THAT(GapText(result), HasSubstr("proven within 2.000 %"));
  result.gap = 0;
  EXPECT_EQ(GapText(result), "proven optimal");
}

}  // namespace
}  // namespace patrol::coverage
