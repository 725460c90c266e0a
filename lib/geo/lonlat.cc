#include "lib/geo/lonlat.h"

#include <algorithm>
#include <cmath>

namespace patrol::geo {

namespace {}  // namespace

double GreatCircleM(LonLat a, LonLat b) {
  const double lat_a = a.lat * kRadiansPerDegree;
  const double lat_b = b.lat * kRadiansPerDegree;
  const double sin_lat = std::sin((lat_b - lat_a) / 2);
  const double sin_lon = std::sin((b.lon - a.lon) * kRadiansPerDegree / 2);
  const double h = sin_lat * sin_lat + std::cos(lat_a) * std::cos(lat_b) * sin_lon * sin_lon;
  return 2 * kEarthRadiusM * std::asin(std::sqrt(std::min(1.0, h)));
}

LocalPlane::LocalPlane(LonLat origin)
    : origin_(origin),
      metres_per_degree_lon_(kEarthRadiusM * kRadiansPerDegree *
                             std::cos(origin.lat * kRadiansPerDegree)),
      metres_per_degree_lat_(kEarthRadiusM * kRadiansPerDegree) {}

LonLat LocalPlane::ToLonLat(PointM point) const {
  double lon = origin_.lon + point.x / metres_per_degree_lon_;
  if (lon > 180) lon -= 360;
  if (lon < -180) lon += 360;
  return {lon, origin_.lat + point.y / metres_per_degree_lat_};
}

}  // namespace patrol::geo
