#pragma once

#include <numbers>

namespace patrol::geo {

// A place on the earth: WGS-84 (equal to CGCS2000 to a few centimetres), degrees.
struct LonLat {
  double lon = 0;  // -180..180, east positive
  double lat = 0;  // -90..90, north positive

  friend bool operator==(const LonLat&, const LonLat&) = default;
};

// Mean radius of the earth, metres (IUGG 1980, R1).
inline constexpr double kEarthRadiusM = 6371008.8;
inline constexpr double kRadiansPerDegree = std::numbers::pi / 180.0;
// Of latitude, and of longitude on the equator.
inline constexpr double kMetresPerDegree = kEarthRadiusM * std::numbers::pi / 180.0;

// Length of the great circle between two places on a sphere of kEarthRadiusM, metres (haversine;
// Sinnott 1984). Within 0.5 % of the ellipsoid's geodesic.
double GreatCircleM(LonLat a, LonLat b);

// A flat map around one place: metres east (x) and north (y) of the origin. Equirectangular, true
// to 1e-4 within 20 km of the origin: for nearest-piece searches and drawing, never for lengths
// that are reported.
struct PointM {
  double x = 0;
  double y = 0;
};

class LocalPlane {
 public:
  explicit LocalPlane(LonLat origin);
  PointM ToPlane(LonLat place) const {
    double lon = place.lon - origin_.lon;
    // The short way round where the 180th meridian lies between.
    if (lon > 180) lon -= 360;
    if (lon < -180) lon += 360;
    return {lon * metres_per_degree_lon_, (place.lat - origin_.lat) * metres_per_degree_lat_};
  }
  LonLat ToLonLat(PointM point) const;
  LonLat origin() const { return origin_; }

 private:
  LonLat origin_;
  double metres_per_degree_lon_;
  double metres_per_degree_lat_;
};

}  // namespace patrol::geo
