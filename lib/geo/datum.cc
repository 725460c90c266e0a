#include "lib/geo/datum.h"

#include <array>
#include <cmath>
#include <numbers>

namespace patrol::geo {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr std::array<std::string_view, 3> kNames = {"wgs84", "gcj02", "bd09"};

// The ellipsoid of the GCJ-02 offset (Krasovsky 1940).
constexpr double kSemiMajorM = 6378245.0;
constexpr double kEccentricitySquared = 0.00669342162296594323;

// Baidu's angle constant.
constexpr double kBaiduPi = kPi * 3000.0 / 180.0;

// GCJ-02 of a WGS-84 place, wherever it lies.
LonLat Gcj02Of(LonLat place) {
  const double x = place.lon - 105.0;
  const double y = place.lat - 35.0;
  const double root = std::sqrt(std::abs(x));
  const auto wave = [](double amplitude, double turns) {
    return amplitude * std::sin(turns * kPi);
  };
  const double short_waves = wave(20, 6 * x) + wave(20, 2 * x);
  const double north_waves =
      short_waves + wave(20, y) + wave(40, y / 3) + wave(160, y / 12) + wave(320, y / 30);
  const double east_waves =
      short_waves + wave(20, x) + wave(40, x / 3) + wave(150, x / 12) + wave(300, x / 30);
  const double north =
      -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + north_waves * 2 / 3;
  const double east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + east_waves * 2 / 3;

  const double lat = place.lat * kPi / 180.0;
  const double w = 1 - kEccentricitySquared * std::sin(lat) * std::sin(lat);
  const double root_w = std::sqrt(w);
  const double metres_per_radian_lat = kSemiMajorM * (1 - kEccentricitySquared) / (w * root_w);
  const double metres_per_radian_lon = kSemiMajorM / root_w * std::cos(lat);
  return {place.lon + east / metres_per_radian_lon * 180.0 / kPi,
          place.lat + north / metres_per_radian_lat * 180.0 / kPi};
}

// BD-09 of a GCJ-02 place.
LonLat Bd09Of(LonLat gcj) {
  const double radius = std::hypot(gcj.lon, gcj.lat) + 0.00002 * std::sin(gcj.lat * kBaiduPi);
  const double angle = std::atan2(gcj.lat, gcj.lon) + 0.000003 * std::cos(gcj.lon * kBaiduPi);
  return {radius * std::cos(angle) + 0.0065, radius * std::sin(angle) + 0.006};
}

// The place that `forward` maps to `target`. Both offsets change by less than 2 % of the way one
// moves, so each round takes two digits off the error: ten reach the last bit.
template <typename Forward>
LonLat Inverse(const Forward& forward, LonLat target) {
  constexpr int kRounds = 10;
  LonLat guess = target;
  for (int i = 0; i < kRounds; ++i) {
    const LonLat there = forward(guess);
    guess.lon -= there.lon - target.lon;
    guess.lat -= there.lat - target.lat;
  }
  return guess;
}

}  // namespace

std::string_view DatumName(Datum datum) { return kNames[static_cast<size_t>(datum)]; }

bool ParseDatum(std::string_view name, Datum* datum) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) {
      *datum = static_cast<Datum>(i);
      return true;
    }
  }
  return false;
}

bool HasOffset(LonLat place) {
  return place.lon >= 72.004 && place.lon <= 137.8347 && place.lat >= 0.8293 &&
         place.lat <= 55.8271;
}

LonLat ToWgs84(Datum datum, LonLat place) {
  if (datum == Datum::kWgs84 || !HasOffset(place)) return place;
  const LonLat gcj = datum == Datum::kBd09 ? Inverse(Bd09Of, place) : place;
  return Inverse(Gcj02Of, gcj);
}

LonLat FromWgs84(Datum datum, LonLat place) {
  if (datum == Datum::kWgs84 || !HasOffset(place)) return place;
  const LonLat gcj = Gcj02Of(place);
  return datum == Datum::kBd09 ? Bd09Of(gcj) : gcj;
}

}  // namespace patrol::geo
