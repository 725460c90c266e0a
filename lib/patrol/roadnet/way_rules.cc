#include "lib/patrol/roadnet/way_rules.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace patrol::roadnet {

namespace {

std::string_view Find(const Tags& tags, std::string_view key) {
  for (const auto& [k, value] : tags) {
    if (k == key) return value;
  }
  return {};
}

bool IsOneOf(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

enum class Access { kUnset, kYes, kDismount, kPrivate, kNo };

struct AccessTag {
  Access access = Access::kUnset;
  bool of_mode = false;  // said of the mode itself, not of all traffic or all vehicles
};

Access ParseAccess(std::string_view value) {
  if (value.empty()) return Access::kUnset;
  if (IsOneOf(value, {"no", "agricultural", "forestry", "military", "use_sidepath"})) {
    return Access::kNo;
  }
  if (value == "private") return Access::kPrivate;
  if (value == "dismount") return Access::kDismount;
  return Access::kYes;  // yes, designated, permissive, destination, delivery, customers, official,
                        // ...
}

// OSM's access keys that concern the mode, from the narrowest to the widest. The first two of each
// are the mode's own.
const std::vector<std::string_view>& AccessKeys(Mode mode) {
  static const std::array<std::vector<std::string_view>, kModeCount> kKeys = {{
      {"motorcar", "motor_vehicle", "vehicle", "access"},
      {"motorcycle", "motor_vehicle", "vehicle", "access"},
      {"electric_bicycle", "bicycle", "vehicle", "access"},
      {"bicycle", "vehicle", "access"},
      {"foot", "access"},
  }};
  return kKeys[static_cast<size_t>(mode)];
}

AccessTag ReadAccess(const Tags& tags, Mode mode) {
  for (const std::string_view key : AccessKeys(mode)) {
    const Access access = ParseAccess(Find(tags, key));
    if (access != Access::kUnset) return {access, key != "vehicle" && key != "access"};
  }
  return {};
}

bool IsMotor(Mode mode) { return mode == Mode::kCar || mode == Mode::kMotorcycle; }

// Which directions traffic may take.
struct Directions {
  bool forward = true;
  bool backward = true;
};

enum class OneWay { kUnset, kNo, kForward, kBackward, kReversible };

OneWay ParseOneWay(std::string_view value) {
  if (value.empty()) return OneWay::kUnset;
  if (IsOneOf(value, {"yes", "true", "1"})) return OneWay::kForward;
  if (IsOneOf(value, {"-1", "reverse"})) return OneWay::kBackward;
  if (value == "reversible") return OneWay::kReversible;
  return OneWay::kNo;  // no, false, 0, alternating
}

Directions ToDirections(OneWay one_way) {
  switch (one_way) {
    case OneWay::kForward:
      return {true, false};
    case OneWay::kBackward:
      return {false, true};
    case OneWay::kReversible:
      return {false, false};
    case OneWay::kUnset:
    case OneWay::kNo:
      break;
  }
  return {};
}

OneWay VehicleOneWay(const Tags& tags, RoadClass road_class) {
  const OneWay tagged = ParseOneWay(Find(tags, "oneway"));
  if (tagged != OneWay::kUnset) return tagged;
  const bool implied = road_class == RoadClass::kMotorway ||
                       IsOneOf(Find(tags, "junction"), {"roundabout", "circular"});
  return implied ? OneWay::kForward : OneWay::kUnset;
}

Directions ReadDirections(const Tags& tags, OneWay vehicles, Mode mode) {
  switch (mode) {
    case Mode::kFoot:
      return ToDirections(ParseOneWay(Find(tags, "oneway:foot")));
    case Mode::kEbike:
    case Mode::kBicycle: {
      const OneWay own = ParseOneWay(Find(tags, "oneway:bicycle"));
      if (own != OneWay::kUnset) return ToDirections(own);
      for (const std::string_view key :
           {"cycleway", "cycleway:left", "cycleway:right", "cycleway:both"}) {
        if (Find(tags, key).starts_with("opposite")) return {};
      }
      return ToDirections(vehicles);
    }
    case Mode::kCar:
    case Mode::kMotorcycle:
      break;
  }
  return ToDirections(vehicles);
}

// No posted limit makes anybody slower than this.
constexpr double kLimitedKmhMin = 5;

double Capped(double kmh, double limit_kmh, double share) {
  return limit_kmh > 0 ? std::min(kmh, std::max(kLimitedKmhMin, share * limit_kmh)) : kmh;
}

bool IsFootClass(RoadClass road_class) {
  switch (road_class) {
    case RoadClass::kPedestrian:
    case RoadClass::kFootway:
    case RoadClass::kCycleway:
    case RoadClass::kPath:
    case RoadClass::kSteps:
    case RoadClass::kBridleway:
      return true;
    default:
      return false;
  }
}

// How one mode passes the way: km/h before limits, and whether out of its vehicle.
struct Passage {
  double kmh = 0;
  bool walked = false;
};

Passage ReadPassage(const Tags& tags, const RoadOptions& options, RoadClass road_class, Mode mode) {
  const auto speed = [&](RoadClass of, Mode by) {
    return options.speeds[static_cast<size_t>(of)][static_cast<size_t>(by)];
  };
  const bool waived = options.waive_access[static_cast<size_t>(mode)];
  const auto open = [&](Access access) {
    return access == Access::kPrivate ? options.use_private || waived
                                      : access != Access::kNo || waived;
  };
  const double walking_kmh = speed(road_class, Mode::kFoot);
  const AccessTag own = ReadAccess(tags, mode);
  if (open(own.access)) {
    if (own.access == Access::kDismount) return {walking_kmh, false};
    const double kmh = speed(road_class, mode);
    if (kmh > 0) return {kmh, false};
    // A class that is closed to the mode, opened by a tag of its own: slowly.
    if (own.of_mode && own.access == Access::kYes) return {speed(RoadClass::kService, mode), false};
    if (waived && road_class == RoadClass::kPedestrian) {
      return {speed(RoadClass::kService, mode), false};
    }
  }
  if (mode == Mode::kFoot || !options.crew_walks) return {};
  return open(ReadAccess(tags, Mode::kFoot).access) ? Passage{walking_kmh, true} : Passage{};
}

// km/h that a vehicle goes at most on a surface; 0: as fast as the class allows. Between
// GraphHopper's and OSRM's tables for cars.
double SurfaceKmh(std::string_view surface) {
  if (IsOneOf(surface, {"compacted", "fine_gravel"})) return 40;
  if (IsOneOf(surface, {"unpaved", "gravel", "pebblestone", "cobblestone", "sett",
                        "unhewn_cobblestone", "grass_paver"})) {
    return 30;
  }
  if (IsOneOf(surface, {"dirt", "ground", "earth", "grass", "rock"})) return 20;
  return IsOneOf(surface, {"mud", "sand"}) ? 10 : 0;
}

bool IsPatrollable(const Tags& tags, const RoadOptions& options, const WayRules& rules) {
  const auto driven = [&](Mode mode) {
    const size_t m = static_cast<size_t>(mode);
    return (rules.forward_kmh[m] > 0 || rules.backward_kmh[m] > 0) &&
           (rules.walked_modes & ModeBit(mode)) == 0;
  };
  if (IsFootClass(rules.road_class)) return options.patrol_foot && rules.usable();
  if (!driven(Mode::kCar) && !driven(Mode::kEbike)) return false;
  if (rules.road_class == RoadClass::kService && !options.patrol_service) return false;
  if (rules.road_class == RoadClass::kTrack && !options.patrol_tracks) return false;
  const bool is_private = ReadAccess(tags, Mode::kCar).access == Access::kPrivate;
  return !is_private || options.patrol_private;
}

}  // namespace

bool WayRules::usable() const {
  const auto positive = [](double kmh) { return kmh > 0; };
  return std::any_of(forward_kmh.begin(), forward_kmh.end(), positive) ||
         std::any_of(backward_kmh.begin(), backward_kmh.end(), positive);
}

WayRules ReadWayRules(const Tags& tags, const RoadOptions& options) {
  WayRules rules;
  const std::string_view highway = Find(tags, "highway");
  if (highway.empty() || IsOneOf(highway, {"construction", "proposed", "planned", "abandoned",
                                           "razed", "demolished", "disused", "no"})) {
    return rules;
  }
  rules.is_road = true;
  rules.road_class = ParseRoadClass(highway);
  rules.name = Find(tags, "name");
  if (options.drop_class[static_cast<size_t>(rules.road_class)]) return rules;

  const double limit_kmh = ParseSpeedLimit(Find(tags, "maxspeed"));
  const auto limit_of = [&](std::string_view key) {
    const double own = ParseSpeedLimit(Find(tags, key));
    return own > 0 ? own : limit_kmh;
  };
  const double forward_limit_kmh = limit_of("maxspeed:forward");
  const double backward_limit_kmh = limit_of("maxspeed:backward");
  const double surface_kmh = SurfaceKmh(Find(tags, "surface"));
  const OneWay vehicles = VehicleOneWay(tags, rules.road_class);
  rules.reversible = vehicles == OneWay::kReversible;
  for (size_t m = 0; m < kModeCount; ++m) {
    const Mode mode = static_cast<Mode>(m);
    Passage passage = ReadPassage(tags, options, rules.road_class, mode);
    if (passage.kmh <= 0) continue;
    if (surface_kmh > 0) passage.kmh = std::min(passage.kmh, surface_kmh);
    const Directions directions = ReadDirections(tags, vehicles, mode);
    const double share = IsMotor(mode) ? options.limit_share : 1.0;
    if (directions.forward) {
      rules.forward_kmh[m] = Capped(passage.kmh, forward_limit_kmh, share);
    }
    if (directions.backward) {
      rules.backward_kmh[m] = Capped(passage.kmh, backward_limit_kmh, share);
    }
    if (passage.walked) rules.walked_modes |= ModeBit(mode);
  }
  if (std::find(options.waive_access.begin(), options.waive_access.end(), true) ==
      options.waive_access.end()) {
    rules.patrollable = IsPatrollable(tags, options, rules);
  } else {
    RoadOptions bound = options;
    bound.waive_access = {};
    rules.patrollable = ReadWayRules(tags, bound).patrollable;
  }
  return rules;
}

uint8_t ReadBarrier(const Tags& tags, const RoadOptions& options) {
  const std::string_view barrier = Find(tags, "barrier");
  if (barrier.empty() || barrier == "no") return 0;
  const bool on_foot_only = IsOneOf(
      barrier, {"kissing_gate", "turnstile", "full-height_turnstile", "stile", "hampshire_gate"});
  const bool narrow = IsOneOf(barrier, {"bollard", "block", "cycle_barrier", "jersey_barrier",
                                        "planter", "log", "motorcycle_barrier", "debris", "chain"});
  uint8_t closed = 0;
  for (size_t m = 0; m < kModeCount; ++m) {
    const Mode mode = static_cast<Mode>(m);
    if (options.waive_barriers[m]) continue;
    const Access own = ReadAccess(tags, mode).access;
    bool stops = mode != Mode::kFoot && (on_foot_only || (narrow && IsMotor(mode)));
    if (own == Access::kYes || own == Access::kDismount) stops = false;
    if (own == Access::kNo) stops = true;
    if (own == Access::kPrivate) stops = !options.use_private;
    if (stops) closed |= ModeBit(mode);
  }
  return closed;
}

double ParseSpeedLimit(std::string_view text) {
  constexpr double kKmhPerMph = 1.609344;
  constexpr double kKmhPerKnot = 1.852;
  constexpr double kWalkKmh = 6;
  constexpr double kLimitKmhMax = 300;  // beyond it, a slip of the mapper's
  if (text == "walk") return kWalkKmh;
  size_t digits = 0;
  while (digits < text.size() &&
         ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) {
    ++digits;
  }
  double value = 0;
  if (digits == 0 || !absl::SimpleAtod(absl::string_view(text.data(), digits), &value)) return 0;
  std::string_view unit = text.substr(digits);
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  while (!unit.empty() && unit.back() == ' ') unit.remove_suffix(1);
  if (unit == "mph") {
    value *= kKmhPerMph;
  } else if (unit == "knots") {
    value *= kKmhPerKnot;
  } else if (!unit.empty() && !IsOneOf(unit, {"km/h", "kmh", "kph", "kmph"})) {
    return 0;
  }
  return value <= kLimitKmhMax ? value : 0;
}

namespace {

constexpr uint8_t kCycles = ModeBit(Mode::kEbike) | ModeBit(Mode::kBicycle);
constexpr uint8_t kMotors = ModeBit(Mode::kCar) | ModeBit(Mode::kMotorcycle);

// The modes that an OSM vehicle class stands for; 0 for those nobody here drives (hgv, bus, ...).
uint8_t ModesOf(std::string_view vehicle) {
  if (vehicle == "motorcar") return ModeBit(Mode::kCar);
  if (vehicle == "motorcycle") return ModeBit(Mode::kMotorcycle);
  if (vehicle == "motor_vehicle") return kMotors;
  if (vehicle == "bicycle") return kCycles;
  if (vehicle == "vehicle") return kMotors | kCycles;
  return 0;
}

}  // namespace

RestrictionRules ReadRestrictionRules(const Tags& tags) {
  RestrictionRules rules;
  if (Find(tags, "type") != "restriction") {
    rules.ignored = "not a restriction";
    return rules;
  }
  std::string_view value = Find(tags, "restriction");
  uint8_t modes = kMotors | kCycles;
  bool conditional = false;
  bool other_vehicles = false;
  if (value.empty()) {
    modes = 0;
    for (const auto& [key, own] : tags) {
      if (!key.starts_with("restriction:")) continue;
      const std::string_view suffix = key.substr(std::string_view("restriction:").size());
      if (suffix.ends_with("conditional")) {
        conditional = true;
      } else if (const uint8_t bound = ModesOf(suffix); bound == 0) {
        other_vehicles = true;
      } else if (modes == 0 || own == value) {
        modes |= bound;
        value = own;
      }
    }
  }
  const std::string_view except = Find(tags, "except");
  for (const absl::string_view vehicle :
       absl::StrSplit(absl::string_view(except.data(), except.size()), ';')) {
    const absl::string_view stripped = absl::StripAsciiWhitespace(vehicle);
    modes &= static_cast<uint8_t>(~ModesOf({stripped.data(), stripped.size()}));
  }
  if (value.empty()) {
    rules.ignored = conditional      ? "conditional"
                    : other_vehicles ? "of vehicles that no unit drives"
                                     : "no restriction tag";
  } else if (!Find(tags, "hour_on").empty() || !Find(tags, "day_on").empty()) {
    rules.ignored = "limited to hours or days";
  } else if (IsOneOf(value, {"no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn",
                             "no_entry", "no_exit"})) {
    rules.kind = RestrictionRules::Kind::kNo;
    rules.u_turn = value == "no_u_turn";
  } else if (IsOneOf(value,
                     {"only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"})) {
    rules.kind = RestrictionRules::Kind::kOnly;
  } else {
    rules.ignored = "of an unknown kind";
  }
  if (rules.kind == RestrictionRules::Kind::kNone) return rules;
  if (modes == 0) {
    rules.kind = RestrictionRules::Kind::kNone;
    rules.ignored = "all modes are excepted";
  }
  rules.modes = modes;
  return rules;
}

}  // namespace patrol::roadnet
