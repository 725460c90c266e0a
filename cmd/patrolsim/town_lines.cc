// The roads of the sample town as a planner would draw them: county roads, the centre's streets and
// alleys, village lanes, and the roads between villages.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "cmd/patrolsim/town.h"
#include "cmd/patrolsim/town_names.h"
#include "cmd/patrolsim/town_random.h"

namespace patrol::sim {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kCentreTurn = 0.06;  // radians the centre's streets are turned by
constexpr double kCentreHalfWidthM = 1500;
constexpr double kCentreHalfHeightM = 1300;
// Distance between shape points, metres.
constexpr double kCountyStepM = 90;
constexpr double kStreetStepM = 65;
constexpr double kLaneStepM = 40;
constexpr double kHalfMedianM = 9;  // of the dual carriageway

class Planner {
 public:
  Planner(uint64_t seed, const TownPlan& plan)
      : plan_(plan), random_(seed * 1000003 + 3), names_(seed * 1000003 + 4) {}

  std::vector<RoadLine> Draw() {
    DrawCountyRoads();
    DrawCentre();
    for (const Village& village : plan_.villages) {
      if (!village.community) DrawLanes(village);
    }
    DrawVillageRoads();
    return std::move(lines_);
  }

 private:
  void Add(const Path& points, double step_m, RoadLine line) {
    line.points = Densified(points, step_m);
    lines_.push_back(std::move(line));
  }

  // A gently winding line from border to border through `on`, in a direction.
  Path Across(PointM on, PointM along, double sway_m) {
    const double phase = random_.Uniform(0, 2 * kPi);
    const PointM side{-along.y, along.x};
    Path line;
    for (double t = -7000; t <= 7000; t += 50) {
      const PointM point = on + t * along + sway_m * std::sin(t / 1100 + phase) * side;
      if (IsInside(point, plan_.outline)) line.push_back(point);
    }
    return line;
  }

  void DrawCountyRoads() {
    // North of the centre, a dual carriageway: traffic keeps to the right.
    const Path north = Across({0, 1640}, {1, 0}, 40);
    Path east_bound;
    Path west_bound;
    for (const PointM point : north) {
      east_bound.push_back(point - PointM{0, kHalfMedianM});
      west_bound.push_back(point + PointM{0, kHalfMedianM});
    }
    std::reverse(west_bound.begin(), west_bound.end());
    const std::string dual = names_.Avenue();
    Add(east_bound, kCountyStepM, {{}, "primary", dual, 70, true, true});
    Add(west_bound, kCountyStepM, {{}, "primary", dual, 70, true, true});
    Add({west_bound.back(), east_bound.front()}, kCountyStepM, {{}, "primary_link", "", 30, false});
    Add({east_bound.back(), west_bound.front()}, kCountyStepM, {{}, "primary_link", "", 30, false});

    Add(Across({-1900, 0}, {0, 1}, 60), kCountyStepM,
        {{}, "primary", names_.Avenue(), 60, false, true});
    Add(Across({2050, 0}, {0.06, 1}, 80), kCountyStepM,
        {{}, "secondary", names_.Avenue(), 60, false, true});
    Add(Across({0, -3500}, {1, 0.02}, 90), kCountyStepM,
        {{}, "primary", names_.Avenue(), 60, false, true});
    trunk_count_ = lines_.size();
  }

  // Offsets of parallel streets from one edge of the centre to the other.
  std::vector<double> Offsets(double half_m) {
    std::vector<double> offsets = {-half_m};
    while (offsets.back() < half_m - 260) {
      offsets.push_back(offsets.back() + random_.Uniform(150, 235));
    }
    offsets.push_back(half_m);
    return offsets;
  }

  // From the centre's own axes, bent a little, to the map.
  PointM Bent(PointM p) const {
    const PointM bent = p + PointM{14 * std::sin(p.y / 420), 11 * std::sin(p.x / 380 + 1)};
    return Rotated(bent, kCentreTurn);
  }
  Path Bent(const Path& line) const {
    Path bent;
    for (const PointM point : Densified(line, kStreetStepM)) bent.push_back(Bent(point));
    return bent;
  }

  void DrawCentre() {
    const std::vector<double> xs = Offsets(kCentreHalfWidthM);
    const std::vector<double> ys = Offsets(kCentreHalfHeightM);
    DrawStreets(xs, ys, false);
    DrawStreets(ys, xs, true);
    DrawAlleys(xs, ys);
  }

  // Streets at `at`, across the streets at `others`; along x when `eastward`.
  void DrawStreets(const std::vector<double>& at, const std::vector<double>& others,
                   bool eastward) {
    const auto point = [&](double offset, double along) {
      return eastward ? PointM{along, offset} : PointM{offset, along};
    };
    for (size_t i = 0; i < at.size(); ++i) {
      const bool edge = i == 0 || i + 1 == at.size();
      const bool avenue = i % 4 == 2;
      // Pairs of one-way streets, one each way.
      const bool one_way = !edge && !avenue && (i % 8 == 3 || i % 8 == 5);
      RoadLine line;
      line.name = avenue ? names_.Avenue() : names_.Road();
      line.highway = avenue                 ? "secondary"
                     : edge                 ? "tertiary"
                     : random_.Chance(0.25) ? "tertiary"
                     : random_.Chance(0.15) ? "unclassified"
                                            : "residential";
      line.maxspeed_kmh = avenue ? 50 : line.highway == "tertiary" ? 40 : one_way ? 30 : 0;
      line.one_way = one_way;
      if (avenue) {
        // On to the county roads; two of those that run north and south cross the river.
        line.may_bridge = !eastward;
        const double south = eastward ? -2300 : i % 8 == 2 ? -3900 : others.front();
        const double north = eastward ? 2500 : 1800;
        Add(Bent({point(at[i], south), point(at[i], north)}), kStreetStepM, line);
        continue;
      }
      // A block or two where the street is interrupted.
      double begin = others.front();
      if (!edge && !one_way) {
        for (size_t k = 1; k + 2 < others.size(); ++k) {
          if (!random_.Chance(0.10)) continue;
          if (others[k] > begin) {
            Add(Bent({point(at[i], begin), point(at[i], others[k])}), kStreetStepM, line);
          }
          begin = others[k + 1];
        }
      }
      Path street = {point(at[i], begin), point(at[i], others.back())};
      if (one_way && i % 8 == 5) std::reverse(street.begin(), street.end());
      Add(Bent(street), kStreetStepM, line);
    }
  }

  void DrawAlleys(const std::vector<double>& xs, const std::vector<double>& ys) {
    for (size_t i = 0; i + 1 < xs.size(); ++i) {
      for (size_t k = 0; k + 1 < ys.size(); ++k) {
        if (!random_.Chance(0.6)) continue;
        const double x = xs[i] + random_.Uniform(0.35, 0.65) * (xs[i + 1] - xs[i]);
        // Through the block, or a dead end inside it.
        const double depth = random_.Chance(0.55) ? 1.0 : random_.Uniform(0.4, 0.8);
        const double kind = random_.Uniform();
        Add(Bent({{x, ys[k]}, {x, ys[k] + depth * (ys[k + 1] - ys[k])}}), kLaneStepM,
            {{},
             kind < 0.5    ? "living_street"
             : kind < 0.85 ? "service"
                           : "footway",
             "",
             0});
      }
    }
  }

  void DrawLanes(const Village& village) {
    const double turn = random_.Uniform(0, kPi / 2);
    const double phase_1 = random_.Uniform(0, 2 * kPi);
    const double phase_2 = random_.Uniform(0, 2 * kPi);
    const auto place = [&](PointM p) {
      const PointM bent =
          p + PointM{11 * std::sin(p.y / 85 + phase_1), 9 * std::sin(p.x / 100 + phase_2)};
      return village.centre + Rotated(bent, turn);
    };
    const std::string stem = village.name.substr(0, village.name.size() - std::string("村").size());
    const double radius = village.radius_m;
    for (const bool eastward : {true, false}) {
      const double spacing = eastward ? 58 : 80;
      int number = 0;
      for (double offset = -radius + random_.Uniform(15, 40); offset < radius - 15;
           offset += spacing * random_.Uniform(0.75, 1.25)) {
        const double chord = std::sqrt(radius * radius - offset * offset);
        if (chord < 60) continue;
        const bool main = std::abs(offset) < spacing / 2;
        const double from = -chord * (main ? 1.0 : random_.Uniform(0.5, 1));
        const double to = chord * (main ? 1.0 : random_.Uniform(0.5, 1));
        const PointM a = eastward ? PointM{from, offset} : PointM{offset, from};
        const PointM b = eastward ? PointM{to, offset} : PointM{offset, to};
        Path lane;
        for (const PointM point : Densified({a, b}, kLaneStepM)) lane.push_back(place(point));
        ++number;
        const double kind = random_.Uniform();
        RoadLine line;
        line.highway = main || kind < 0.4 ? "residential"
                       : kind < 0.75      ? "living_street"
                       : kind < 0.94      ? "service"
                                          : "footway";
        line.name = main ? stem + (eastward ? "大街" : "中路")
                         : stem + (eastward ? "横" : "直") + std::to_string(number) + "巷";
        line.maxspeed_kmh = main ? 30 : 0;
        Add(lane, kLaneStepM, line);
      }
    }
  }

  // A winding road that does not cross the river.
  bool DrawRoadBetween(PointM a, PointM b) {
    const double length = Distance(a, b);
    if (CrossesPath(a, b, plan_.river)) return false;
    const PointM along = (1 / length) * (b - a);
    const PointM side{-along.y, along.x};
    const double bow = random_.Uniform(-0.06, 0.06) * length;
    const double phase = random_.Uniform(0, 2 * kPi);
    Path road;
    for (double t = 0; t < length; t += 50) {
      const double arch = std::sin(kPi * t / length);
      road.push_back(a + t * along + arch * (bow + 9 * std::sin(t / 130 + phase)) * side);
    }
    road.push_back(b);
    for (size_t i = 0; i + 1 < road.size(); ++i) {
      if (CrossesPath(road[i], road[i + 1], plan_.river)) return false;
    }
    Add(road, kCountyStepM, {{}, "tertiary", names_.Road(), 40});
    return true;
  }

  void DrawVillageRoads() {
    std::vector<PointM> centres;
    for (const Village& village : plan_.villages) {
      if (!village.community) centres.push_back(village.centre);
    }
    // Neighbours by Gabriel's rule (1969): no third village within the circle over the two.
    for (size_t i = 0; i < centres.size(); ++i) {
      for (size_t k = i + 1; k < centres.size(); ++k) {
        const PointM middle = 0.5 * (centres[i] + centres[k]);
        const double radius = Distance(centres[i], centres[k]) / 2;
        const bool neighbours = std::none_of(centres.begin(), centres.end(), [&](PointM c) {
          return Distance(c, middle) < radius - 1;
        });
        if (neighbours && 2 * radius < 2600) DrawRoadBetween(centres[i], centres[k]);
      }
    }
    // To the nearest county road.
    for (const PointM centre : centres) {
      PointM nearest;
      double nearest_m = 2500;
      for (size_t i = 0; i < trunk_count_; ++i) {
        for (const PointM point : lines_[i].points) {
          const double distance = Distance(point, centre);
          if (distance > nearest_m || CrossesPath(centre, point, plan_.river)) continue;
          nearest_m = distance;
          nearest = point;
        }
      }
      if (nearest_m < 2500 && nearest_m > 80) DrawRoadBetween(centre, nearest);
    }
  }

  const TownPlan& plan_;
  Random random_;
  TownNames names_;
  std::vector<RoadLine> lines_;
  size_t trunk_count_ = 0;  // the county roads are the first lines
};

}  // namespace

std::vector<RoadLine> DrawRoads(uint64_t seed, const TownPlan& plan) {
  return Planner(seed, plan).Draw();
}

}  // namespace patrol::sim
