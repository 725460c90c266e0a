#pragma once

#include <string>
#include <vector>

#include "lib/geo/lonlat.h"

namespace patrol::geo {

// A closed line: the first place is repeated at the end, as in GeoJSON. Edges are straight in
// longitude and latitude. No ring crosses the 180th meridian.
using Ring = std::vector<LonLat>;

struct Polygon {
  Ring outer;
  std::vector<Ring> holes;

  friend bool operator==(const Polygon&, const Polygon&) = default;
};

using MultiPolygon = std::vector<Polygon>;

struct BoundingBox {
  // An empty box until the first Extend.
  double min_lon = 361;
  double min_lat = 91;
  double max_lon = -361;
  double max_lat = -91;

  void Extend(LonLat place);
  void Extend(const BoundingBox& box);
  bool empty() const { return min_lon > max_lon; }
  bool Contains(LonLat place) const {
    return place.lon >= min_lon && place.lon <= max_lon && place.lat >= min_lat &&
           place.lat <= max_lat;
  }
  bool Intersects(const BoundingBox& other) const {
    return min_lon <= other.max_lon && other.min_lon <= max_lon && min_lat <= other.max_lat &&
           other.min_lat <= max_lat;
  }

  friend bool operator==(const BoundingBox&, const BoundingBox&) = default;
};

// All functions below take valid shapes (see FindFaults) and are safe from any number of threads.

BoundingBox Bounds(const MultiPolygon& shape);

// Whether `place` lies inside. Of areas that share a border line with the same places, a place on
// that line is inside exactly one (the crossing rule with half-open edges).
bool Contains(const MultiPolygon& shape, LonLat place);

// Square metres on a sphere of kEarthRadiusM; within 0.7 % of the ellipsoid's area.
double AreaM2(const MultiPolygon& shape);

// Centre of mass; may lie outside of a bent shape. {0, 0} for an empty shape.
LonLat Centroid(const MultiPolygon& shape);

// A part of a segment: shares of its length from its first place, 0 <= begin < end <= 1.
struct Interval {
  double begin = 0;
  double end = 0;

  friend bool operator==(const Interval&, const Interval&) = default;
};

// The parts of the segment a-b that lie inside `shape`, in order, touching parts joined. A segment
// along a border that two areas share is inside exactly one of them.
//
// Accuracy: shares to 1e-12 of the segment's length for shapes of a town's size.
// Cost:     O(places of the shape), none outside its box: pass `bounds` when many are clipped.
std::vector<Interval> ClipSegment(const MultiPolygon& shape, LonLat a, LonLat b);
std::vector<Interval> ClipSegment(const MultiPolygon& shape, const BoundingBox& bounds, LonLat a,
                                  LonLat b);

// What is wrong with the shape, each with the place, e.g. "the outer ring crosses itself at
// (113.123457, 22.987654)"; empty when it is valid. Checked: rings closed and of at least four
// places, coordinates in range, no ring crossing or touching itself, holes inside, polygons apart.
// The rings' orientation does not matter.
std::vector<std::string> FindFaults(const MultiPolygon& shape);

}  // namespace patrol::geo
