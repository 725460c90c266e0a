// The outline, the river, the villages and the areas of the sample town.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_format.h"
#include "cmd/patrolsim/town.h"
#include "cmd/patrolsim/town_names.h"
#include "cmd/patrolsim/town_random.h"

namespace patrol::sim {

namespace {

constexpr double kPi = std::numbers::pi;
// Villages keep away from the river and from one another.
constexpr double kRiverClearanceM = 450;
constexpr double kBorderClearanceM = 550;
constexpr double kCentreClearanceM = 2150;

// A rounded, uneven, convex outline of kTownAreaM2.
Path MakeOutline(Random& random) {
  const double phase_2 = random.Uniform(0, 2 * kPi);
  const double phase_3 = random.Uniform(0, 2 * kPi);
  Path points;
  constexpr int kPoints = 64;
  for (int i = 0; i < kPoints; ++i) {
    const double angle = 2 * kPi * i / kPoints;
    const double radius = 1 + 0.10 * std::sin(2 * angle + phase_2) +
                          0.04 * std::sin(3 * angle + phase_3) + 0.01 * random.Uniform();
    points.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  Path hull = ConvexHull(points);
  const double scale = std::sqrt(kTownAreaM2 / RingArea(hull));
  for (PointM& point : hull) point = scale * point;
  return hull;
}

// From beyond the western border to beyond the eastern one, south of the centre.
Path MakeRiver(Random& random) {
  const double phase_1 = random.Uniform(0, 2 * kPi);
  const double phase_2 = random.Uniform(0, 2 * kPi);
  Path river;
  for (double x = -7000; x <= 7000; x += 100) {
    river.push_back(
        {x, -2350 + 260 * std::sin(x / 1500 + phase_1) + 120 * std::sin(x / 620 + phase_2)});
  }
  return river;
}

bool IsGoodSite(const TownPlan& plan, PointM site) {
  if (!IsInside(site, plan.outline)) return false;
  if (std::hypot(site.x, site.y) < kCentreClearanceM) return false;
  if (DistanceToPath(site, plan.river) < kRiverClearanceM) return false;
  Path border = plan.outline;
  border.push_back(border.front());
  return DistanceToPath(site, border) > kBorderClearanceM;
}

// The site, of many tried, that is furthest from all villages so far (Mitchell 1991).
PointM NextSite(const TownPlan& plan, Random& random) {
  PointM best;
  double best_m = -1;
  for (int i = 0; i < 60; ++i) {
    PointM site;
    do {
      site = {random.Uniform(-6500, 6500), random.Uniform(-6500, 6500)};
    } while (!IsGoodSite(plan, site));
    double nearest_m = 1e9;
    for (const Village& village : plan.villages) {
      nearest_m = std::min(nearest_m, Distance(site, village.centre));
    }
    if (nearest_m > best_m) {
      best_m = nearest_m;
      best = site;
    }
  }
  return best;
}

geo::MultiPolygon ToShape(const Path& ring) {
  const geo::LocalPlane plane(kTownCentre);
  geo::Polygon polygon;
  for (const PointM point : ring) {
    const geo::LonLat place = plane.ToLonLat(point);
    // The decimals that are written, so that what is tested is what is read.
    polygon.outer.push_back({std::round(place.lon * 1e7) / 1e7, std::round(place.lat * 1e7) / 1e7});
  }
  polygon.outer.push_back(polygon.outer.front());
  return {polygon};
}

// Grids are Voronoi cells; a village is one of them, a community two, the town all.
void DrawAreas(TownPlan& plan) {
  std::vector<PointM> seeds;
  for (const Village& village : plan.villages) {
    if (village.community) {
      // East and west of the community's middle; its two cells always meet.
      seeds.push_back(village.centre + PointM{-190, 40});
      seeds.push_back(village.centre + PointM{190, -40});
    } else {
      seeds.push_back(village.centre);
    }
  }
  const std::vector<Path> cells = VoronoiCells(plan.outline, seeds);
  std::vector<geo::Area> villages;
  std::vector<geo::Area> grids;
  size_t cell = 0;
  for (const Village& village : plan.villages) {
    std::vector<Path> own(cells.begin() + cell, cells.begin() + cell + (village.community ? 2 : 1));
    cell += own.size();
    villages.push_back({village.id, village.name, "village", "town", ToShape(RingAround(own))});
    for (size_t i = 0; i < own.size(); ++i) {
      const std::string number = absl::StrFormat("%02d", grids.size() + 1);
      const char* part = own.size() == 1 ? "" : i == 0 ? "西" : "东";
      grids.push_back({"grid-" + number, number + "号网格(" + village.name + part + ")", "grid",
                       village.id, ToShape(own[i])});
    }
  }
  plan.areas.push_back({"town", "云溪镇", "town", "", ToShape(RingAround(cells))});
  plan.areas.insert(plan.areas.end(), villages.begin(), villages.end());
  plan.areas.insert(plan.areas.end(), grids.begin(), grids.end());
}

}  // namespace

TownPlan PlanTown(uint64_t seed) {
  Random random(seed * 1000003 + 1);
  TownNames names(seed * 1000003 + 2);
  TownPlan plan;
  plan.outline = MakeOutline(random);
  plan.river = MakeRiver(random);
  for (size_t i = 0; i < kVillages; ++i) {
    Village village;
    village.id = absl::StrFormat("village-%02d", i + 1);
    village.community = i < kCommunities;
    if (village.community) {
      // One in the middle, four around.
      const double angle = kPi / 4 + kPi / 2 * static_cast<double>(i);
      const double radius = i == 0 ? 0 : random.Uniform(1050, 1250);
      village.centre = {radius * std::cos(angle), radius * std::sin(angle)};
      village.name = names.Community();
      village.radius_m = 420;
    } else {
      village.centre = NextSite(plan, random);
      village.name = names.Village();
      village.radius_m = random.Uniform(230, 370);
    }
    plan.villages.push_back(village);
  }
  DrawAreas(plan);
  return plan;
}

}  // namespace patrol::sim
