#include "lib/patrol/roadnet/waivers.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/roadnet/way_rules.h"
#include "tests/support/network_sketch.h"

namespace patrol::roadnet {
namespace {

using patrol::testing::NetworkSketch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr size_t kCar = static_cast<size_t>(Mode::kCar);
constexpr size_t kFoot = static_cast<size_t>(Mode::kFoot);
constexpr size_t kBicycle = static_cast<size_t>(Mode::kBicycle);

uint8_t Bits(std::vector<Mode> modes) {
  uint8_t bits = 0;
  for (const Mode mode : modes) bits |= ModeBit(mode);
  return bits;
}

TEST(Waivers, AreReadPerModeAndRule) {
  const auto waivers = ParseWaivers("car=one-way+access,bicycle=barriers");
  ASSERT_TRUE(waivers.ok()) << waivers.status();
  EXPECT_TRUE(waivers->graphs[kCar].ignore_one_way);
  EXPECT_FALSE(waivers->graphs[kCar].ignore_restrictions);
  EXPECT_TRUE(waivers->access[kCar]);
  EXPECT_FALSE(waivers->barriers[kCar]);
  EXPECT_TRUE(waivers->barriers[kBicycle]);
  EXPECT_TRUE(waivers->in_network());
  EXPECT_FALSE(ParseWaivers("car=one-way+turning-round+restrictions")->in_network());
  EXPECT_FALSE(ParseWaivers("")->in_network());
}

TEST(Waivers, EmergencyIsAllOfThemAndAllIsEveryVehicle) {
  const auto waivers = ParseWaivers("all=emergency");
  ASSERT_TRUE(waivers.ok()) << waivers.status();
  EXPECT_TRUE(waivers->graphs[kCar].ignore_restrictions && waivers->graphs[kCar].u_turns);
  EXPECT_TRUE(waivers->access[kCar] && waivers->barriers[kBicycle]);
  EXPECT_FALSE(waivers->access[kFoot]);
}

TEST(Waivers, NameTheWordThatIsNone) {
  EXPECT_THAT(ParseWaivers("tank=access").status().message(), HasSubstr("\"tank\""));
  EXPECT_THAT(ParseWaivers("car=acces").status().message(), HasSubstr("\"acces\""));
  EXPECT_THAT(ParseWaivers("car").status().message(), HasSubstr("\"\""));
}

TEST(WayRules, WaivedAccessOpensClosedRoadsAndLeavesWhatIsPatrollable) {
  RoadOptions options;
  options.waive_access[kCar] = true;
  for (const char* access : {"no", "private"}) {
    const Tags tags = {{"highway", "residential"}, {"access", access}};
    const WayRules bound = ReadWayRules(tags, {});
    const WayRules waived = ReadWayRules(tags, options);
    EXPECT_EQ(bound.forward_kmh[kCar], 0) << access;
    EXPECT_EQ(waived.forward_kmh[kCar], 25) << access;
    EXPECT_EQ(waived.forward_kmh[static_cast<size_t>(Mode::kMotorcycle)], 0) << access;
    EXPECT_FALSE(waived.patrollable) << access;
  }
  const WayRules street = ReadWayRules({{"highway", "pedestrian"}}, options);
  EXPECT_EQ(street.forward_kmh[kCar], 15);
  EXPECT_EQ(street.walked_modes & ModeBit(Mode::kCar), 0);
}

TEST(WayRules, BadSurfacesSlowVehiclesDown) {
  const auto kmh = [](const char* surface) {
    return ReadWayRules({{"highway", "primary"}, {"surface", surface}}, {}).forward_kmh[kCar];
  };
  EXPECT_EQ(kmh("asphalt"), 45);
  EXPECT_EQ(kmh("gravel"), 30);
  EXPECT_EQ(kmh("mud"), 10);
}

TEST(Barriers, StopWhoCannotPassThem) {
  EXPECT_EQ(ReadBarrier({{"highway", "crossing"}}, {}), 0);
  EXPECT_EQ(ReadBarrier({{"barrier", "bollard"}}, {}), Bits({Mode::kCar, Mode::kMotorcycle}));
  EXPECT_EQ(ReadBarrier({{"barrier", "stile"}}, {}),
            Bits({Mode::kCar, Mode::kMotorcycle, Mode::kEbike, Mode::kBicycle}));
  EXPECT_EQ(ReadBarrier({{"barrier", "gate"}}, {}), 0);
  EXPECT_EQ(ReadBarrier({{"barrier", "gate"}, {"motor_vehicle", "no"}}, {}),
            Bits({Mode::kCar, Mode::kMotorcycle}));
  EXPECT_EQ(ReadBarrier({{"barrier", "bollard"}, {"motorcycle", "yes"}}, {}), Bits({Mode::kCar}));
  RoadOptions open;
  open.waive_barriers[kCar] = true;
  EXPECT_EQ(ReadBarrier({{"barrier", "bollard"}}, open), Bits({Mode::kMotorcycle}));
}

std::vector<int64_t> NodesAfter(const Network& network, Mode mode, ArcIndex arc,
                                const SearchGraph::Options& options = {}) {
  const SearchGraph graph(network, mode, options);
  std::vector<int64_t> ids;
  const StateIndex state = graph.entry(arc);
  for (const auto* edge = graph.edges_begin(state); edge != graph.edges_end(state); ++edge) {
    ids.push_back(network.node(network.head(edge->arc)).id);
  }
  return ids;
}

//   1 --- 2 --|-- 3 --- 4      a bollard on 3; way 10
TEST(Barriers, ACarTurnsRoundAtABollardAndABicyclePasses) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).Node(4, 300, 0).Way(10, {1, 2, 3, 4});
  sketch.Barrier(3, ReadBarrier({{"barrier", "bollard"}}, {}));
  NetworkReport report;
  const Network network = sketch.Build(&report);
  EXPECT_EQ(report.barriers, 1u);
  const ArcIndex to_bollard = network.FindArc(10, 1, 2);
  EXPECT_THAT(NodesAfter(network, Mode::kCar, to_bollard), ElementsAre(2));
  EXPECT_THAT(NodesAfter(network, Mode::kBicycle, to_bollard), UnorderedElementsAre(2, 4));
  // Whoever ignores turn restrictions still cannot drive through it.
  EXPECT_THAT(NodesAfter(network, Mode::kCar, to_bollard, {.ignore_restrictions = true}),
              ElementsAre(2));
}

TEST(Network, WithSpeedsScalesTimesAndNothingElse) {
  NetworkSketch sketch;
  sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0);
  sketch.Way(10, {1, 2}, {{"highway", "primary"}, {"oneway", "yes"}}).Way(11, {2, 3});
  const Network network = sketch.Build();
  const Network slow = network.WithSpeeds([](const Piece& piece, Mode mode) {
    return mode == Mode::kCar && piece.road_class == RoadClass::kPrimary ? 0.5 : 1.0;
  });
  const ArcIndex primary = network.FindArc(10, 0, 1);
  const ArcIndex other = network.FindArc(11, 0, 2);
  EXPECT_NEAR(slow.time_us(Mode::kCar, primary), 2.0 * network.time_us(Mode::kCar, primary), 1);
  EXPECT_FALSE(slow.allowed(Mode::kCar, ReverseArc(primary)));
  EXPECT_EQ(slow.time_us(Mode::kEbike, primary), network.time_us(Mode::kEbike, primary));
  EXPECT_EQ(slow.time_us(Mode::kCar, other), network.time_us(Mode::kCar, other));
}

}  // namespace
}  // namespace patrol::roadnet
