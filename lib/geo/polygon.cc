#include "lib/geo/polygon.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace patrol::geo {

namespace {

// Parts of a segment shorter than this share of it are rounding, not parts.
constexpr double kShareMin = 1e-12;

// The edge with its ends in an order that does not depend on the ring's direction, so that two
// areas on either side of a border compute the same with it, bit by bit.
struct Edge {
  LonLat low;
  LonLat high;

  Edge(LonLat a, LonLat b) : low(a), high(b) {
    if (std::pair(b.lat, b.lon) < std::pair(a.lat, a.lon)) std::swap(low, high);
  }
};

template <typename Visitor>
void ForEachRing(const MultiPolygon& shape, const Visitor& visitor) {
  for (const Polygon& polygon : shape) {
    visitor(polygon.outer);
    for (const Ring& hole : polygon.holes) visitor(hole);
  }
}

template <typename Visitor>
void ForEachEdge(const MultiPolygon& shape, const Visitor& visitor) {
  ForEachRing(shape, [&](const Ring& ring) {
    for (size_t i = 0; i + 1 < ring.size(); ++i) visitor(Edge(ring[i], ring[i + 1]));
  });
}

// Square metres, without sign: Lambert's cylindrical projection keeps areas.
double RingAreaM2(const Ring& ring) {
  if (ring.empty()) return 0;
  const LonLat origin = ring.front();
  const double sin_origin = std::sin(origin.lat * kRadiansPerDegree);
  double twice = 0;
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    const double height_a = std::sin(ring[i].lat * kRadiansPerDegree) - sin_origin;
    const double height_b = std::sin(ring[i + 1].lat * kRadiansPerDegree) - sin_origin;
    twice += (ring[i + 1].lon - ring[i].lon) * kRadiansPerDegree * (height_a + height_b);
  }
  return std::abs(twice) / 2 * kEarthRadiusM * kEarthRadiusM;
}

// Adds the shares at which a-b meets the edge.
void AddCrossings(LonLat a, LonLat b, const Edge& edge, std::vector<double>& shares) {
  const double dx = b.lon - a.lon;
  const double dy = b.lat - a.lat;
  const double ex = edge.high.lon - edge.low.lon;
  const double ey = edge.high.lat - edge.low.lat;
  const double ax = edge.low.lon - a.lon;
  const double ay = edge.low.lat - a.lat;
  const double cross = dx * ey - dy * ex;
  const auto add = [&](double share) {
    if (share > 0 && share < 1) shares.push_back(share);
  };
  if (cross != 0) {
    const double along_edge = (ax * dy - ay * dx) / cross;
    if (along_edge >= -kShareMin && along_edge <= 1 + kShareMin) add((ax * ey - ay * ex) / cross);
    return;
  }
  // Parallel: where it lies on the same line, the edge's ends are where things may change.
  const double squared = dx * dx + dy * dy;
  if (squared == 0 || ax * dy - ay * dx != 0) return;
  add((ax * dx + ay * dy) / squared);
  add(((ax + ex) * dx + (ay + ey) * dy) / squared);
}

}  // namespace

void BoundingBox::Extend(LonLat place) {
  min_lon = std::min(min_lon, place.lon);
  min_lat = std::min(min_lat, place.lat);
  max_lon = std::max(max_lon, place.lon);
  max_lat = std::max(max_lat, place.lat);
}

void BoundingBox::Extend(const BoundingBox& box) {
  if (box.empty()) return;
  Extend(LonLat{box.min_lon, box.min_lat});
  Extend(LonLat{box.max_lon, box.max_lat});
}

BoundingBox Bounds(const MultiPolygon& shape) {
  BoundingBox box;
  for (const Polygon& polygon : shape) {
    for (const LonLat& place : polygon.outer) box.Extend(place);
  }
  return box;
}

bool Contains(const MultiPolygon& shape, LonLat place) {
  bool inside = false;
  ForEachEdge(shape, [&](const Edge& edge) {
    if (edge.low.lat > place.lat || edge.high.lat <= place.lat) return;
    const double share = (place.lat - edge.low.lat) / (edge.high.lat - edge.low.lat);
    if (place.lon < edge.low.lon + share * (edge.high.lon - edge.low.lon)) inside = !inside;
  });
  return inside;
}

double AreaM2(const MultiPolygon& shape) {
  double area_m2 = 0;
  for (const Polygon& polygon : shape) {
    area_m2 += RingAreaM2(polygon.outer);
    for (const Ring& hole : polygon.holes) area_m2 -= RingAreaM2(hole);
  }
  return area_m2;
}

LonLat Centroid(const MultiPolygon& shape) {
  if (shape.empty() || shape.front().outer.empty()) return {};
  const LocalPlane plane(shape.front().outer.front());
  double area = 0;
  PointM moment;
  const auto add = [&](const Ring& ring, double sign) {
    double ring_area = 0;
    PointM ring_moment;
    for (size_t i = 0; i + 1 < ring.size(); ++i) {
      const PointM a = plane.ToPlane(ring[i]);
      const PointM b = plane.ToPlane(ring[i + 1]);
      const double cross = a.x * b.y - b.x * a.y;
      ring_area += cross / 2;
      ring_moment.x += (a.x + b.x) * cross / 6;
      ring_moment.y += (a.y + b.y) * cross / 6;
    }
    if (ring_area < 0) sign = -sign;  // whichever way the ring runs
    area += sign * ring_area;
    moment.x += sign * ring_moment.x;
    moment.y += sign * ring_moment.y;
  };
  for (const Polygon& polygon : shape) {
    add(polygon.outer, 1);
    for (const Ring& hole : polygon.holes) add(hole, -1);
  }
  if (area <= 0) return shape.front().outer.front();
  return plane.ToLonLat({moment.x / area, moment.y / area});
}

std::vector<Interval> ClipSegment(const MultiPolygon& shape, LonLat a, LonLat b) {
  return ClipSegment(shape, Bounds(shape), a, b);
}

std::vector<Interval> ClipSegment(const MultiPolygon& shape, const BoundingBox& bounds, LonLat a,
                                  LonLat b) {
  std::vector<Interval> parts;
  BoundingBox segment;
  segment.Extend(a);
  segment.Extend(b);
  if (!bounds.Intersects(segment)) return parts;
  std::vector<double> shares = {0, 1};
  ForEachEdge(shape, [&](const Edge& edge) {
    if (edge.high.lat < segment.min_lat || edge.low.lat > segment.max_lat) return;
    if (std::max(edge.low.lon, edge.high.lon) < segment.min_lon) return;
    if (std::min(edge.low.lon, edge.high.lon) > segment.max_lon) return;
    AddCrossings(a, b, edge, shares);
  });
  std::sort(shares.begin(), shares.end());
  for (size_t i = 0; i + 1 < shares.size(); ++i) {
    if (shares[i + 1] - shares[i] < kShareMin) continue;
    const double middle = (shares[i] + shares[i + 1]) / 2;
    const LonLat place{a.lon + middle * (b.lon - a.lon), a.lat + middle * (b.lat - a.lat)};
    if (!Contains(shape, place)) continue;
    if (!parts.empty() && shares[i] - parts.back().end < kShareMin) {
      parts.back().end = shares[i + 1];
    } else {
      parts.push_back({shares[i], shares[i + 1]});
    }
  }
  return parts;
}

}  // namespace patrol::geo
