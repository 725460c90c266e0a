#include "lib/patrol/roadnet/way_rules.h"

#include <gtest/gtest.h>

namespace patrol::roadnet {
namespace {

size_t Index(Mode mode) { return static_cast<size_t>(mode); }

double Forward(const WayRules& rules, Mode mode) { return rules.forward_kmh[Index(mode)]; }
double Backward(const WayRules& rules, Mode mode) { return rules.backward_kmh[Index(mode)]; }

TEST(WayRules, AnUntaggedRoadIsOpenInBothDirectionsAtItsClassSpeed) {
  const WayRules rules = ReadWayRules({{"highway", "tertiary"}, {"name", "兴业路"}}, {});
  EXPECT_TRUE(rules.is_road);
  EXPECT_TRUE(rules.patrollable);
  EXPECT_EQ(rules.name, "兴业路");
  for (size_t m = 0; m < kModeCount; ++m) {
    EXPECT_EQ(rules.forward_kmh[m],
              DefaultSpeedTable()[static_cast<size_t>(RoadClass::kTertiary)][m]);
    EXPECT_EQ(rules.backward_kmh[m], rules.forward_kmh[m]);
  }
}

TEST(WayRules, OneWayHoldsForVehiclesAndNotForWalkers) {
  for (const char* value : {"yes", "true", "1"}) {
    const WayRules rules = ReadWayRules({{"highway", "residential"}, {"oneway", value}}, {});
    for (const Mode mode : {Mode::kCar, Mode::kMotorcycle, Mode::kEbike, Mode::kBicycle}) {
      EXPECT_GT(Forward(rules, mode), 0) << value;
      EXPECT_EQ(Backward(rules, mode), 0) << value;
    }
    EXPECT_GT(Backward(rules, Mode::kFoot), 0) << value;
  }
  const WayRules against = ReadWayRules({{"highway", "residential"}, {"oneway", "-1"}}, {});
  EXPECT_EQ(Forward(against, Mode::kCar), 0);
  EXPECT_GT(Backward(against, Mode::kCar), 0);
}

TEST(WayRules, OneWayIsImpliedOnMotorwaysAndRoundaboutsUnlessDenied) {
  EXPECT_EQ(Backward(ReadWayRules({{"highway", "motorway"}}, {}), Mode::kCar), 0);
  EXPECT_EQ(
      Backward(ReadWayRules({{"highway", "tertiary"}, {"junction", "roundabout"}}, {}), Mode::kCar),
      0);
  EXPECT_GT(Backward(ReadWayRules({{"highway", "motorway"}, {"oneway", "no"}}, {}), Mode::kCar), 0);
  EXPECT_GT(Backward(ReadWayRules({{"highway", "motorway_link"}}, {}), Mode::kCar), 0);
}

TEST(WayRules, AReversibleRoadIsClosedToVehiclesAndSaysSo) {
  const WayRules rules = ReadWayRules({{"highway", "primary"}, {"oneway", "reversible"}}, {});
  EXPECT_TRUE(rules.reversible);
  EXPECT_EQ(Forward(rules, Mode::kCar), 0);
  EXPECT_EQ(Backward(rules, Mode::kCar), 0);
  EXPECT_GT(Forward(rules, Mode::kFoot), 0);
}

TEST(WayRules, CyclesMayGoAgainstAOneWayThatExceptsThem) {
  for (const Tags& tags :
       {Tags{{"highway", "residential"}, {"oneway", "yes"}, {"oneway:bicycle", "no"}},
        Tags{{"highway", "residential"}, {"oneway", "yes"}, {"cycleway", "opposite_lane"}}}) {
    const WayRules rules = ReadWayRules(tags, {});
    EXPECT_GT(Backward(rules, Mode::kEbike), 0);
    EXPECT_GT(Backward(rules, Mode::kBicycle), 0);
    EXPECT_EQ(Backward(rules, Mode::kCar), 0);
  }
}

TEST(WayRules, LimitsCapMotorVehiclesAtNineTenthsAndPerDirection) {
  const WayRules rules = ReadWayRules(
      {{"highway", "primary"}, {"maxspeed", "40"}, {"maxspeed:backward", "20 mph"}}, {});
  EXPECT_DOUBLE_EQ(Forward(rules, Mode::kCar), 36);
  EXPECT_NEAR(Backward(rules, Mode::kCar), 0.9 * 32.18688, 1e-9);
  EXPECT_DOUBLE_EQ(Forward(rules, Mode::kEbike), 22);
  // A limit above the class's own speed makes nobody faster.
  EXPECT_DOUBLE_EQ(
      Forward(ReadWayRules({{"highway", "primary"}, {"maxspeed", "120"}}, {}), Mode::kCar), 45);
}

TEST(WayRules, SpeedLimitsInAllTheirSpellings) {
  EXPECT_DOUBLE_EQ(ParseSpeedLimit("60"), 60);
  EXPECT_DOUBLE_EQ(ParseSpeedLimit("60 km/h"), 60);
  EXPECT_NEAR(ParseSpeedLimit("30mph"), 48.28, 0.01);
  EXPECT_GT(ParseSpeedLimit("walk"), 0);
  for (const char* none : {"", "none", "signals", "CN:urban", "50;60", "fast", "900", "-5", "."}) {
    EXPECT_EQ(ParseSpeedLimit(none), 0) << none;
  }
}

TEST(WayRules, TheNarrowestAccessTagDecides) {
  const WayRules buses =
      ReadWayRules({{"highway", "tertiary"}, {"motor_vehicle", "no"}, {"motorcycle", "yes"}}, {});
  EXPECT_GT(Forward(buses, Mode::kMotorcycle), 30);
  EXPECT_EQ(Forward(buses, Mode::kCar), 5) << "the crew walks";
  EXPECT_NE(buses.walked_modes & ModeBit(Mode::kCar), 0);
  EXPECT_EQ(buses.walked_modes & ModeBit(Mode::kMotorcycle), 0);
  EXPECT_GT(Forward(buses, Mode::kEbike), 5);

  const WayRules closed =
      ReadWayRules({{"highway", "tertiary"}, {"access", "no"}, {"bicycle", "yes"}}, {});
  EXPECT_EQ(Forward(closed, Mode::kCar), 0);
  EXPECT_EQ(Forward(closed, Mode::kFoot), 0);
  EXPECT_GT(Forward(closed, Mode::kBicycle), 0);
}

TEST(WayRules, PrivateRoadsAreClosedUnlessConfiguredOtherwise) {
  const Tags tags = {{"highway", "residential"}, {"access", "private"}};
  EXPECT_FALSE(ReadWayRules(tags, {}).usable());
  RoadOptions options;
  options.use_private = true;
  EXPECT_TRUE(ReadWayRules(tags, options).usable());
  EXPECT_FALSE(ReadWayRules(tags, options).patrollable);
  options.patrol_private = true;
  EXPECT_TRUE(ReadWayRules(tags, options).patrollable);
}

TEST(WayRules, ACarsCrewWalksWhereTheCarCannotGo) {
  const WayRules steps = ReadWayRules({{"highway", "steps"}}, {});
  EXPECT_EQ(Forward(steps, Mode::kCar), 3);
  EXPECT_NE(steps.walked_modes & ModeBit(Mode::kCar), 0);
  EXPECT_EQ(steps.walked_modes & ModeBit(Mode::kFoot), 0);
  EXPECT_FALSE(steps.patrollable);

  RoadOptions options;
  options.crew_walks = false;
  EXPECT_EQ(Forward(ReadWayRules({{"highway", "steps"}}, options), Mode::kCar), 0);
  EXPECT_EQ(Forward(ReadWayRules({{"highway", "steps"}, {"foot", "no"}}, {}), Mode::kCar), 0);
}

TEST(WayRules, ATagOfItsOwnOpensAClassToAMode) {
  const WayRules rules =
      ReadWayRules({{"highway", "footway"}, {"bicycle", "yes"}, {"motor_vehicle", "yes"}}, {});
  EXPECT_EQ(Forward(rules, Mode::kCar), 15);
  EXPECT_EQ(Forward(rules, Mode::kEbike), 15);
  EXPECT_EQ(rules.walked_modes, 0);
  // A general "yes" opens nothing.
  const WayRules general = ReadWayRules({{"highway", "footway"}, {"access", "yes"}}, {});
  EXPECT_NE(general.walked_modes & ModeBit(Mode::kCar), 0);
}

TEST(WayRules, UnknownClassesAreRoadsWithAModestSpeedAndUnbuiltOnesAreNot) {
  const WayRules unknown = ReadWayRules({{"highway", "bus_guideway"}}, {});
  EXPECT_EQ(unknown.road_class, RoadClass::kOther);
  EXPECT_EQ(Forward(unknown, Mode::kCar), 10);
  EXPECT_FALSE(ReadWayRules({{"highway", "construction"}}, {}).is_road);
  EXPECT_FALSE(ReadWayRules({{"building", "yes"}}, {}).is_road);
}

TEST(WayRules, WhatCountsAsPatrollableIsConfigured) {
  const auto patrollable = [](const char* highway, const RoadOptions& options) {
    return ReadWayRules({{"highway", highway}}, options).patrollable;
  };
  const RoadOptions usual;
  EXPECT_TRUE(patrollable("residential", usual));
  EXPECT_TRUE(patrollable("track", usual));
  EXPECT_FALSE(patrollable("service", usual));
  EXPECT_FALSE(patrollable("pedestrian", usual));
  RoadOptions all;
  all.patrol_service = all.patrol_foot = true;
  all.patrol_tracks = false;
  EXPECT_TRUE(patrollable("service", all));
  EXPECT_TRUE(patrollable("steps", all));
  EXPECT_FALSE(patrollable("track", all));
}

TEST(WayRules, ADroppedClassIsUsableByNobody) {
  RoadOptions options;
  options.drop_class[static_cast<size_t>(RoadClass::kTrack)] = true;
  const WayRules rules = ReadWayRules({{"highway", "track"}}, options);
  EXPECT_TRUE(rules.is_road);
  EXPECT_FALSE(rules.usable());
}

TEST(RestrictionRules, BindVehiclesUnlessExcepted) {
  const RestrictionRules all =
      ReadRestrictionRules({{"type", "restriction"}, {"restriction", "no_left_turn"}});
  EXPECT_EQ(all.kind, RestrictionRules::Kind::kNo);
  EXPECT_EQ(all.modes, ModeBit(Mode::kCar) | ModeBit(Mode::kMotorcycle) | ModeBit(Mode::kEbike) |
                           ModeBit(Mode::kBicycle));
  const RestrictionRules excepted = ReadRestrictionRules(
      {{"type", "restriction"}, {"restriction", "only_straight_on"}, {"except", "bicycle; psv"}});
  EXPECT_EQ(excepted.kind, RestrictionRules::Kind::kOnly);
  EXPECT_EQ(excepted.modes, ModeBit(Mode::kCar) | ModeBit(Mode::kMotorcycle));
}

TEST(RestrictionRules, ARestrictionOfOneVehicleBindsThatOne) {
  EXPECT_EQ(
      ReadRestrictionRules({{"type", "restriction"}, {"restriction:motorcar", "no_u_turn"}}).modes,
      ModeBit(Mode::kCar));
  EXPECT_TRUE(ReadRestrictionRules({{"type", "restriction"}, {"restriction:motorcar", "no_u_turn"}})
                  .u_turn);
}

TEST(RestrictionRules, WhatBindsNobodySaysWhy) {
  EXPECT_EQ(
      ReadRestrictionRules({{"type", "restriction"}, {"restriction:hgv", "no_left_turn"}}).ignored,
      "of vehicles that no unit drives");
  EXPECT_EQ(ReadRestrictionRules({{"type", "restriction"},
                                  {"restriction:conditional", "no_left_turn @ (07:00-09:00)"}})
                .ignored,
            "conditional");
  EXPECT_EQ(ReadRestrictionRules({{"type", "restriction"}, {"restriction", "maybe"}}).ignored,
            "of an unknown kind");
  EXPECT_EQ(ReadRestrictionRules({{"type", "restriction"}}).ignored, "no restriction tag");
  EXPECT_EQ(ReadRestrictionRules(
                {{"type", "restriction"}, {"restriction", "no_left_turn"}, {"except", "vehicle"}})
                .ignored,
            "all modes are excepted");
}

}  // namespace
}  // namespace patrol::roadnet
