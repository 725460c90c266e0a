#include "lib/patrol/roadnet/network_builder.h"

#include <cmath>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/roadnet/network_stats.h"
#include "tests/support/network_sketch.h"

namespace patrol::roadnet {
namespace {

using patrol::testing::NetworkSketch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NetworkBuilder, OrdersNodesByIdAndPiecesByWayAndSeq) {
  NetworkSketch sketch;
  sketch.Node(30, 0, 0).Node(10, 100, 0).Node(20, 200, 0).Node(5, 300, 300);
  sketch.Way(7, {20, 30}).Way(3, {30, 10, 20});
  const Network network = sketch.Build();
  ASSERT_EQ(network.node_count(), 3u) << "node 5 is on no way";
  EXPECT_EQ(network.node(0).id, 10);
  EXPECT_EQ(network.node(2).id, 30);
  ASSERT_EQ(network.piece_count(), 3u);
  EXPECT_EQ(network.piece(0).way_id, 3);
  EXPECT_EQ(network.piece(1).seq, 1u);
  EXPECT_EQ(network.FindPiece(7, 0), 2u);
  EXPECT_EQ(network.FindPiece(7, 1), network.piece_count());
  EXPECT_EQ(network.FindNode(20), 1u);
  EXPECT_EQ(network.FindNode(21), network.node_count());
  EXPECT_EQ(network.FindArc(3, 1, 20), BackwardArc(1));
}

TEST(NetworkBuilder, TravelTimesAreWholeMicrosecondsRoundedOnce) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 123.456, 0).Way(1, {1, 2}, {{"oneway", "yes"}});
  const Network network = sketch.Build();
  const double length_m = network.piece(0).length_m;
  EXPECT_NEAR(length_m, 123.456, 1e-3);
  EXPECT_EQ(network.time_us(Mode::kCar, 0), std::round(length_m / (25 / 3.6) * 1e6));
  EXPECT_EQ(network.time_us(Mode::kCar, 1), kNotAllowed);
  EXPECT_EQ(network.time_us(Mode::kFoot, 1), std::round(length_m / (5 / 3.6) * 1e6));
}

TEST(NetworkBuilder, OutArcsOfANodeAreThoseThatLeaveIt) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).Node(4, 100, 100);
  sketch.Way(1, {1, 2, 3}).Way(2, {4, 2});
  const Network network = sketch.Build();
  const NodeIndex middle = network.FindNode(2);
  const std::vector<ArcIndex> out(network.out_begin(middle), network.out_end(middle));
  EXPECT_THAT(out, ElementsAre(BackwardArc(0), ForwardArc(1), BackwardArc(2)));
  for (const ArcIndex arc : out) EXPECT_EQ(network.tail(arc), middle);
}

TEST(NetworkBuilder, DropsAndCountsWhatIsNoSegment) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0);
  sketch.Way(1, {1, 1, 2, 99, 3}).Way(2, {2, 3}, {{"highway", "proposed"}});
  sketch.Way(3, {2, 3}, {{"highway", "primary"}, {"access", "no"}});
  NetworkReport report;
  const Network network = sketch.Build(&report);
  ASSERT_EQ(network.piece_count(), 1u);
  EXPECT_EQ(network.piece(0).seq, 1u) << "seq counts dropped segments";
  EXPECT_EQ(report.segments_zero_length, 1u);
  EXPECT_EQ(report.segments_missing_node, 2u);
  EXPECT_EQ(report.ways_read, 3u);
  EXPECT_EQ(report.ways_used, 1u);
  EXPECT_EQ(report.ways_not_roads, 1u);
  EXPECT_EQ(report.ways_closed, 1u);
}

TEST(NetworkBuilder, TwoNodesAtOnePlaceStayConnected) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 0, 0).Way(1, {1, 2});
  const Network network = sketch.Build();
  ASSERT_EQ(network.piece_count(), 1u);
  EXPECT_EQ(network.piece(0).length_m, kPieceLengthMinM);
  EXPECT_GE(network.time_us(Mode::kCar, 0), 1u);
}

TEST(NetworkBuilder, ATravelTimeTooLongToSayIsCappedAndCounted) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 10000, 0).Way(1, {1, 2}, {{"highway", "footway"}});
  NetworkReport report;
  const Network network = sketch.Build(&report);
  EXPECT_EQ(network.time_us(Mode::kFoot, 0), 4294967295u);
  EXPECT_EQ(report.times_capped, 2 * kModeCount);
}

TEST(NetworkBuilder, IdsGivenTwiceAreRefused) {
  NetworkBuilder ways;
  ways.AddNode(1, {113, 22});
  ways.AddNode(2, {113.1, 22});
  const Tags road = {{"highway", "primary"}};
  ways.AddWay({5, {1, 2}, ReadWayRules(road, {})});
  ways.AddWay({5, {2, 1}, ReadWayRules(road, {})});
  EXPECT_THAT(std::string(std::move(ways).Build().status().message()),
              HasSubstr("way 5 is given twice"));
  NetworkBuilder nodes;
  nodes.AddNode(1, {113, 22});
  nodes.AddNode(1, {113.1, 22});
  EXPECT_THAT(std::string(std::move(nodes).Build().status().message()),
              HasSubstr("node 1 is given twice"));
  NetworkBuilder places;
  places.AddNode(1, {113, NAN});
  EXPECT_THAT(std::string(std::move(places).Build().status().message()),
              HasSubstr("node 1: place"));
}

TEST(NetworkBuilder, PlacesLieBetweenTheEnds) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Way(1, {1, 2});
  const Network network = sketch.Build();
  const geo::LonLat place = network.Place({0, 25});
  EXPECT_NEAR(geo::GreatCircleM(network.node(0).place, place), 25, 0.01);
}

TEST(NetworkStats, CountsLengthsAndComponentsOfAMode) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0);
  sketch.Node(4, 0, 500).Node(5, 50, 500).Node(6, 0, 900).Node(7, 70, 900);
  sketch.Way(1, {1, 2, 3}, {{"oneway", "yes"}}).Way(2, {4, 5});
  sketch.Way(3, {6, 7}, {{"highway", "motorway"}});
  const Network network = sketch.Build();
  const NetworkStats car = ComputeStats(network, Mode::kCar);
  EXPECT_EQ(car.nodes, 7u);
  EXPECT_EQ(car.ways, 3u);
  EXPECT_EQ(car.pieces, 4u);
  EXPECT_EQ(car.arcs, 5u);
  EXPECT_EQ(car.components, 3u);
  EXPECT_NEAR(car.length_m, 320, 0.1);
  EXPECT_NEAR(car.largest_component_m, 200, 0.1);
  EXPECT_NEAR(car.class_length_m[static_cast<size_t>(RoadClass::kMotorway)], 70, 0.1);
  const NetworkStats ebike = ComputeStats(network, Mode::kEbike);
  EXPECT_EQ(ebike.components, 2u);
  EXPECT_NEAR(ebike.length_m, 250, 0.1);
}

TEST(Network, NamesOfModesAndClassesReadBack) {
  for (size_t m = 0; m < kModeCount; ++m) {
    Mode mode = Mode::kCar;
    ASSERT_TRUE(ParseMode(ModeName(static_cast<Mode>(m)), &mode));
    EXPECT_EQ(mode, static_cast<Mode>(m));
  }
  for (size_t c = 0; c < kRoadClassCount; ++c) {
    EXPECT_EQ(ParseRoadClass(RoadClassName(static_cast<RoadClass>(c))), static_cast<RoadClass>(c));
  }
  Mode mode;
  EXPECT_FALSE(ParseMode("tank", &mode));
}

}  // namespace
}  // namespace patrol::roadnet
