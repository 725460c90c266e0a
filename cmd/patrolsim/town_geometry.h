#pragma once

#include <optional>
#include <vector>

#include "lib/geo/lonlat.h"

// Flat geometry for making the sample town: metres east and north of its centre.
namespace patrol::sim {

using geo::PointM;
using Path = std::vector<PointM>;  // a line, or a ring without its first point repeated

inline PointM operator+(PointM a, PointM b) { return {a.x + b.x, a.y + b.y}; }
inline PointM operator-(PointM a, PointM b) { return {a.x - b.x, a.y - b.y}; }
inline PointM operator*(double k, PointM a) { return {k * a.x, k * a.y}; }
inline double Cross(PointM a, PointM b) { return a.x * b.y - a.y * b.x; }
inline double Dot(PointM a, PointM b) { return a.x * b.x + a.y * b.y; }
double Distance(PointM a, PointM b);
PointM Rotated(PointM a, double radians);
// Compass bearing of the direction, degrees 0..360, 0 north, 90 east.
double BearingDeg(PointM direction);

// Where a-b and c-d cross, as shares of each; ends count. None for parallels.
struct Crossing {
  double along_first;
  double along_second;
};
std::optional<Crossing> FindCrossing(PointM a, PointM b, PointM c, PointM d);

double DistanceToSegment(PointM p, PointM a, PointM b);
double DistanceToPath(PointM p, const Path& line);
bool CrossesPath(PointM a, PointM b, const Path& line);

// Twice as many points where two are further apart than `step_m`, until none are.
Path Densified(const Path& line, double step_m);

// The same ring, counterclockwise area in square metres.
double RingArea(const Path& ring);
bool IsInside(PointM p, const Path& ring);
Path ConvexHull(Path points);

// The part of a convex ring left of the line through `on` with the direction `along`.
Path ClippedLeftOf(const Path& convex, PointM on, PointM along);

// The cells of `outline` (convex) nearest to each seed. Cells that meet share their corners
// exactly.
std::vector<Path> VoronoiCells(const Path& outline, const std::vector<PointM>& seeds);

// The ring around cells that share corners exactly and together have no hole.
Path RingAround(const std::vector<Path>& cells);

}  // namespace patrol::sim
