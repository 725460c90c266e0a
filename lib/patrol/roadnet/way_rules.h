#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/road_options.h"

namespace patrol::roadnet {

// OSM tags of one object, in any order.
using Tags = std::vector<std::pair<std::string_view, std::string_view>>;

// What a way's tags mean for those who move.
struct WayRules {
  bool is_road = false;  // has a highway value that stands for a built way
  RoadClass road_class = RoadClass::kOther;
  // km/h along the way's node order and against it, per mode; 0: not allowed.
  std::array<double, kModeCount> forward_kmh{};
  std::array<double, kModeCount> backward_kmh{};
  uint8_t walked_modes = 0;  // as Piece::walked_modes
  bool patrollable = false;
  bool reversible = false;  // oneway=reversible: closed to vehicles, since nobody knows when
  std::string_view name;    // points into the tags

  bool usable() const;  // by any mode, in any direction

  friend bool operator==(const WayRules&, const WayRules&) = default;
};

// Reads highway, oneway (also by mode and implied), maxspeed (also per direction), surface, access
// and its kin down to the mode, junction, name.
WayRules ReadWayRules(const Tags& tags, const RoadOptions& options);

// A maxspeed value in km/h: "60", "60 km/h", "30 mph", "walk"; 0 for values without a number
// ("none", "signals", "CN:urban") and for nonsense.
double ParseSpeedLimit(std::string_view text);

// The modes that cannot pass a node with these tags: a bit set (1 << Mode), 0 without a barrier.
//
// Gates and the like are open unless access tags on the node say otherwise; bollards and blocks
// stop motor vehicles, stiles and turnstiles all vehicles. Walkers are stopped by access tags only.
uint8_t ReadBarrier(const Tags& tags, const RoadOptions& options);

// A turn restriction relation as tagged; members are the builder's business.
struct RestrictionRules {
  enum class Kind { kNone, kNo, kOnly };
  Kind kind = Kind::kNone;
  bool u_turn = false;       // no_u_turn
  uint8_t modes = 0;         // that it binds; kNone or 0: nothing to do
  std::string_view ignored;  // why it binds nobody, for the report; empty when it binds
};

// Reads type=restriction with restriction[:mode] and except. Vehicles of all modes are bound unless
// excepted, walkers never.
RestrictionRules ReadRestrictionRules(const Tags& tags);

}  // namespace patrol::roadnet
