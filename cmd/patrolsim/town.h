#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cmd/patrolsim/town_geometry.h"
#include "lib/geo/area.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"

// A sample town for the demo, tests and benchmarks: everything in it is invented, its size and
// shape are those of the town patrolcircle is built for. The same seed gives the same town.
//
// The parts, in the order they are made: TownPlan (outline, river, villages) -> RoadLine (what a
// planner would draw) -> TownRoads (nodes, ways, turn restrictions) -> sites of cameras, patrols.
namespace patrol::sim {

inline constexpr geo::LonLat kTownCentre{113.2300, 22.8600};
inline constexpr double kTownAreaM2 = 80e6;
inline constexpr size_t kVillages = 33;
// Communities of the town centre; each has two grids, the other villages one: 38 grids.
inline constexpr size_t kCommunities = 5;
inline constexpr size_t kGrids = kVillages + kCommunities;
inline constexpr size_t kCameraSites = 700;
inline constexpr size_t kPatrolUnits = 60;

struct Village {
  std::string id;    // "village-01"
  std::string name;  // e.g. "北围村"
  PointM centre;
  double radius_m = 0;  // of its lanes
  bool community = false;
};

struct TownPlan {
  Path outline;  // convex ring
  Path river;
  std::vector<Village> villages;
  std::vector<geo::Area> areas;  // town, villages, grids
};

// A road as planned: a line that knows nothing of the others.
struct RoadLine {
  Path points;
  std::string highway;
  std::string name;
  int maxspeed_kmh = 0;  // 0: not posted
  bool one_way = false;
  bool may_bridge = false;  // may cross the river
};

struct TownWay {
  int64_t id = 0;
  std::vector<int64_t> nodes;
  std::vector<std::pair<std::string, std::string>> tags;
};

struct TownRestriction {
  int64_t id = 0;
  std::string kind;  // "no_left_turn", ...
  int64_t from_way = 0;
  int64_t via_node = 0;
  int64_t to_way = 0;
};

struct TownRoads {
  std::vector<std::pair<int64_t, geo::LonLat>> nodes;  // ordered by id; seven decimals
  std::vector<TownWay> ways;                           // ordered by id
  std::vector<TownRestriction> restrictions;
};

struct CameraSite {
  std::string id;  // "cam-0001"
  std::string name;
  geo::LonLat place;
  int heading_deg = 0;
  int field_of_view_deg = 0;
};

struct PatrolUnit {
  std::string id;
  std::string name;
  roadnet::Mode mode = roadnet::Mode::kCar;
  std::string force;  // "police", "village police"
};

struct PatrolFix {
  absl::Time time;
  size_t unit = 0;  // index into the units
  geo::LonLat place;
  double speed_mps = 0;
  double heading_deg = 0;
  double accuracy_m = 0;
};

struct Patrols {
  std::vector<PatrolUnit> units;
  std::vector<PatrolFix> fixes;  // ordered by time, then unit
};

struct Town {
  TownPlan plan;
  TownRoads roads;
  std::vector<CameraSite> cameras;
  Patrols patrols;
};

TownPlan PlanTown(uint64_t seed);
std::vector<RoadLine> DrawRoads(uint64_t seed, const TownPlan& plan);
// Puts nodes where lines meet, takes away what would wade the river, joins what is left over.
TownRoads JoinRoads(uint64_t seed, const std::vector<RoadLine>& lines, const TownPlan& plan);
roadnet::Network BuildNetwork(const TownRoads& roads);
std::vector<CameraSite> PlaceCameras(uint64_t seed, const TownPlan& plan,
                                     const roadnet::Network& network);
// A day of patrols, 2 March 2026, 08:00 to 24:00 at UTC+8.
Patrols SimulatePatrols(uint64_t seed, const TownPlan& plan, const roadnet::Network& network);

Town MakeTown(uint64_t seed);

// Writes network.osm.pbf, areas.geojson, cameras.csv, units.csv and fixes.csv; the folder is made.
//
// Errors: UNAVAILABLE, naming the file that could not be written.
absl::Status WriteTown(const Town& town, const std::string& folder);

}  // namespace patrol::sim
