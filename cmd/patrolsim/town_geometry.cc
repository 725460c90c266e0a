#include "cmd/patrolsim/town_geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include "lib/base/check.h"

namespace patrol::sim {

double Distance(PointM a, PointM b) { return std::hypot(a.x - b.x, a.y - b.y); }

PointM Rotated(PointM a, double radians) {
  const double c = std::cos(radians);
  const double s = std::sin(radians);
  return {c * a.x - s * a.y, s * a.x + c * a.y};
}

double BearingDeg(PointM direction) {
  const double degrees = std::atan2(direction.x, direction.y) * 180 / std::numbers::pi;
  return degrees < 0 ? degrees + 360 : degrees;
}

std::optional<Crossing> FindCrossing(PointM a, PointM b, PointM c, PointM d) {
  const double cross = Cross(b - a, d - c);
  if (cross == 0) return std::nullopt;
  const double along_first = Cross(c - a, d - c) / cross;
  const double along_second = Cross(c - a, b - a) / cross;
  if (along_first < 0 || along_first > 1 || along_second < 0 || along_second > 1) {
    return std::nullopt;
  }
  return Crossing{along_first, along_second};
}

double DistanceToSegment(PointM p, PointM a, PointM b) {
  const double squared = Dot(b - a, b - a);
  const double share = squared > 0 ? std::clamp(Dot(p - a, b - a) / squared, 0.0, 1.0) : 0;
  return Distance(p, a + share * (b - a));
}

double DistanceToPath(PointM p, const Path& line) {
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    least = std::min(least, DistanceToSegment(p, line[i], line[i + 1]));
  }
  return least;
}

bool CrossesPath(PointM a, PointM b, const Path& line) {
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    if (FindCrossing(a, b, line[i], line[i + 1]).has_value()) return true;
  }
  return false;
}

Path Densified(const Path& line, double step_m) {
  Path dense = {line.front()};
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    const int parts =
        std::max(1, static_cast<int>(std::ceil(Distance(line[i], line[i + 1]) / step_m)));
    for (int k = 1; k <= parts; ++k) {
      dense.push_back(line[i] + (static_cast<double>(k) / parts) * (line[i + 1] - line[i]));
    }
  }
  return dense;
}

double RingArea(const Path& ring) {
  double twice = 0;
  for (size_t i = 0; i < ring.size(); ++i) twice += Cross(ring[i], ring[(i + 1) % ring.size()]);
  return twice / 2;
}

bool IsInside(PointM p, const Path& ring) {
  bool inside = false;
  for (size_t i = 0; i < ring.size(); ++i) {
    const PointM a = ring[i];
    const PointM b = ring[(i + 1) % ring.size()];
    if ((a.y > p.y) == (b.y > p.y)) continue;
    if (p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x)) inside = !inside;
  }
  return inside;
}

Path ConvexHull(Path points) {
  // Andrew 1979: the lower chain, then the upper one.
  std::sort(points.begin(), points.end(),
            [](PointM a, PointM b) { return std::pair(a.x, a.y) < std::pair(b.x, b.y); });
  Path hull;
  for (int side = 0; side < 2; ++side) {
    const size_t start = hull.size();
    for (const PointM point : points) {
      while (hull.size() >= start + 2 &&
             Cross(hull.back() - hull[hull.size() - 2], point - hull.back()) <= 0) {
        hull.pop_back();
      }
      hull.push_back(point);
    }
    hull.pop_back();
    std::reverse(points.begin(), points.end());
  }
  return hull;
}

Path ClippedLeftOf(const Path& convex, PointM on, PointM along) {
  Path kept;
  for (size_t i = 0; i < convex.size(); ++i) {
    const PointM a = convex[i];
    const PointM b = convex[(i + 1) % convex.size()];
    const double side_a = Cross(along, a - on);
    const double side_b = Cross(along, b - on);
    if (side_a >= 0) kept.push_back(a);
    if ((side_a < 0) != (side_b < 0)) kept.push_back(a + side_a / (side_a - side_b) * (b - a));
  }
  return kept;
}

std::vector<Path> VoronoiCells(const Path& outline, const std::vector<PointM>& seeds) {
  std::vector<Path> cells;
  // Corners of different cells closer than this are one corner, computed twice.
  constexpr double kSameM = 0.05;
  std::vector<PointM> corners;
  for (const PointM seed : seeds) {
    Path cell = outline;
    for (const PointM other : seeds) {
      if (other.x == seed.x && other.y == seed.y) continue;
      const PointM apart = other - seed;
      cell = ClippedLeftOf(cell, seed + 0.5 * apart, {-apart.y, apart.x});
    }
    Path shared;
    for (const PointM corner : cell) {
      const auto same = std::find_if(corners.begin(), corners.end(), [&](PointM known) {
        return Distance(known, corner) < kSameM;
      });
      const PointM used = same != corners.end() ? *same : corner;
      if (same == corners.end()) corners.push_back(corner);
      if (shared.empty() || Distance(shared.back(), used) > 0) shared.push_back(used);
    }
    if (shared.size() > 1 && Distance(shared.front(), shared.back()) == 0) shared.pop_back();
    cells.push_back(std::move(shared));
  }
  return cells;
}

Path RingAround(const std::vector<Path>& cells) {
  // Every edge that no other cell runs along the other way is part of the ring.
  const auto key = [](PointM p) { return std::pair(p.x, p.y); };
  std::map<std::pair<std::pair<double, double>, std::pair<double, double>>, bool> edges;
  for (const Path& cell : cells) {
    for (size_t i = 0; i < cell.size(); ++i) {
      const auto a = key(cell[i]);
      const auto b = key(cell[(i + 1) % cell.size()]);
      if (edges.erase({b, a}) == 0) edges[{a, b}] = true;
    }
  }
  std::map<std::pair<double, double>, std::pair<double, double>> next;
  for (const auto& [edge, unused] : edges) next[edge.first] = edge.second;
  Path ring;
  auto at = next.begin()->first;
  const auto start = at;
  do {
    ring.push_back({at.first, at.second});
    const auto step = next.find(at);
    PATROL_CHECK(step != next.end() && ring.size() <= next.size());
    at = step->second;
  } while (at != start);
  return ring;
}

}  // namespace patrol::sim
