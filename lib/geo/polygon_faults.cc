// FindFaults of polygon.h: Boost.Geometry judges, a sweep of our own finds the place.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/geometry.hpp>
#include <boost/geometry/geometries/multi_polygon.hpp>
#include <boost/geometry/geometries/point_xy.hpp>
#include <boost/geometry/geometries/polygon.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/geo/polygon.h"

namespace patrol::geo {

namespace {

namespace bg = boost::geometry;
using BgPoint = bg::model::d2::point_xy<double>;
using BgPolygon = bg::model::polygon<BgPoint>;
using BgMultiPolygon = bg::model::multi_polygon<BgPolygon>;

constexpr size_t kRingPlacesMin = 4;  // a triangle, closed

std::string PlaceText(LonLat place) {
  return absl::StrFormat("(%.7f, %.7f)", place.lon, place.lat);
}

BgPolygon::ring_type ToBoost(const Ring& ring) {
  BgPolygon::ring_type converted;
  for (const LonLat& place : ring) converted.emplace_back(place.lon, place.lat);
  return converted;
}

BgPolygon ToBoost(const Polygon& polygon) {
  BgPolygon converted;
  converted.outer() = ToBoost(polygon.outer);
  for (const Ring& hole : polygon.holes) converted.inners().push_back(ToBoost(hole));
  bg::correct(converted);
  return converted;
}

struct Segment {
  LonLat a;
  LonLat b;
  size_t ring;   // which ring it is of
  size_t index;  // which of that ring's
  size_t count;  // segments of that ring
};

void AddSegments(const Ring& ring, size_t number, std::vector<Segment>& segments) {
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    segments.push_back({ring[i], ring[i + 1], number, i, ring.size() - 1});
  }
}

bool AreNeighbours(const Segment& s, const Segment& t) {
  if (s.ring != t.ring) return false;
  const size_t apart = s.index > t.index ? s.index - t.index : t.index - s.index;
  return apart <= 1 || apart + 1 == s.count;
}

long double Side(LonLat a, LonLat b, LonLat p) {
  return static_cast<long double>(b.lon - a.lon) * (p.lat - a.lat) -
         static_cast<long double>(b.lat - a.lat) * (p.lon - a.lon);
}

// Where the segments cross in their inner parts.
std::optional<LonLat> CrossingOf(const Segment& s, const Segment& t) {
  const long double side_a = Side(t.a, t.b, s.a);
  const long double side_b = Side(t.a, t.b, s.b);
  if (side_a * side_b >= 0 || Side(s.a, s.b, t.a) * Side(s.a, s.b, t.b) >= 0) return std::nullopt;
  const double share = static_cast<double>(side_a / (side_a - side_b));
  return LonLat{s.a.lon + share * (s.b.lon - s.a.lon), s.a.lat + share * (s.b.lat - s.a.lat)};
}

// An end of one that lies on the other.
std::optional<LonLat> TouchOf(const Segment& s, const Segment& t) {
  const auto lies_on = [](const Segment& on, LonLat p) {
    return Side(on.a, on.b, p) == 0 && p.lon >= std::min(on.a.lon, on.b.lon) &&
           p.lon <= std::max(on.a.lon, on.b.lon) && p.lat >= std::min(on.a.lat, on.b.lat) &&
           p.lat <= std::max(on.a.lat, on.b.lat);
  };
  for (const LonLat& p : {s.a, s.b}) {
    if (lies_on(t, p)) return p;
  }
  for (const LonLat& p : {t.a, t.b}) {
    if (lies_on(s, p)) return p;
  }
  return std::nullopt;
}

// The westernmost place where two segments that are not neighbours cross, or else touch.
std::optional<LonLat> FindMeeting(std::vector<Segment> segments) {
  const auto west = [](const Segment& s) { return std::min(s.a.lon, s.b.lon); };
  const auto east = [](const Segment& s) { return std::max(s.a.lon, s.b.lon); };
  std::sort(segments.begin(), segments.end(),
            [&](const Segment& s, const Segment& t) { return west(s) < west(t); });
  for (const auto& meeting_of : {CrossingOf, TouchOf}) {
    for (size_t i = 0; i < segments.size(); ++i) {
      for (size_t k = i + 1; k < segments.size() && west(segments[k]) <= east(segments[i]); ++k) {
        if (AreNeighbours(segments[i], segments[k])) continue;
        if (const auto place = meeting_of(segments[i], segments[k])) return place;
      }
    }
  }
  return std::nullopt;
}

// What Boost says of a whole shape, in our words; `place` is where something meets, if it does.
std::string Describe(bg::validity_failure_type failure, const std::string& place) {
  switch (failure) {
    case bg::failure_spikes:
      return "has a spike: it runs out and back on the same line";
    case bg::failure_self_intersections:
    case bg::failure_disconnected_interior:
      return absl::StrCat("crosses or touches itself", place);
    case bg::failure_interior_rings_outside:
      return absl::StrCat("has a hole that is not inside its outer ring", place);
    case bg::failure_nested_interior_rings:
      return "has a hole inside another hole";
    case bg::failure_intersecting_interiors:
      return absl::StrCat("has polygons that overlap", place);
    case bg::failure_few_points:
    case bg::failure_wrong_topological_dimension:
      return "has no inside: too few different places";
    default:
      return absl::StrCat("is not valid: ", bg::validity_failure_type_message(failure));
  }
}

// Faults that concern one ring's numbers alone.
bool CheckPlaces(const Ring& ring, const std::string& name, std::vector<std::string>& faults) {
  const size_t before = faults.size();
  for (size_t i = 0; i < ring.size(); ++i) {
    if (std::abs(ring[i].lon) <= 180 && std::abs(ring[i].lat) <= 90) continue;
    faults.push_back(absl::StrCat(name, ": place ", i, " ", PlaceText(ring[i]),
                                  " is out of range (longitude -180..180, latitude -90..90)"));
    return false;
  }
  if (ring.size() < kRingPlacesMin) {
    faults.push_back(absl::StrCat(name, ": has ", ring.size(), " places, at least ", kRingPlacesMin,
                                  " are needed"));
  } else if (ring.front() != ring.back()) {
    faults.push_back(absl::StrCat(name, ": is not closed: it begins at ", PlaceText(ring.front()),
                                  " and ends at ", PlaceText(ring.back())));
  }
  return faults.size() == before;
}

bool CheckRing(const Ring& ring, const std::string& name, std::vector<std::string>& faults) {
  if (!CheckPlaces(ring, name, faults)) return false;
  BgPolygon alone;
  alone.outer() = ToBoost(ring);
  bg::correct(alone);
  bg::validity_failure_type failure = bg::no_failure;
  if (bg::is_valid(alone, failure)) return true;
  std::vector<Segment> segments;
  AddSegments(ring, 0, segments);
  const std::optional<LonLat> meeting = FindMeeting(std::move(segments));
  // A spike is also where a ring that crosses itself may be first at fault: the crossing says more.
  if (meeting.has_value()) {
    faults.push_back(absl::StrCat(name, ": crosses or touches itself at ", PlaceText(*meeting)));
  } else {
    faults.push_back(absl::StrCat(name, ": ", Describe(failure, "")));
  }
  return false;
}

}  // namespace

std::vector<std::string> FindFaults(const MultiPolygon& shape) {
  std::vector<std::string> faults;
  if (shape.empty()) return {"has no polygon"};
  BgMultiPolygon whole;
  bool rings_valid = true;
  for (size_t p = 0; p < shape.size(); ++p) {
    const std::string of = shape.size() > 1 ? absl::StrCat("polygon ", p, ", ") : "";
    rings_valid &= CheckRing(shape[p].outer, absl::StrCat(of, "outer ring"), faults);
    for (size_t h = 0; h < shape[p].holes.size(); ++h) {
      rings_valid &= CheckRing(shape[p].holes[h], absl::StrCat(of, "hole ", h), faults);
    }
  }
  if (!rings_valid) return faults;
  for (const Polygon& polygon : shape) whole.push_back(ToBoost(polygon));
  bg::validity_failure_type failure = bg::no_failure;
  if (bg::is_valid(whole, failure)) return faults;
  std::vector<Segment> segments;
  size_t number = 0;
  for (const Polygon& polygon : shape) {
    AddSegments(polygon.outer, number++, segments);
    for (const Ring& hole : polygon.holes) AddSegments(hole, number++, segments);
  }
  const std::optional<LonLat> meeting = FindMeeting(std::move(segments));
  const std::string place = meeting.has_value() ? absl::StrCat(" at ", PlaceText(*meeting)) : "";
  // Each ring is good by itself: whatever crosses is two of them.
  faults.push_back(failure == bg::failure_self_intersections
                       ? absl::StrCat("two of its rings cross or overlap", place)
                       : absl::StrCat("it ", Describe(failure, place)));
  return faults;
}

}  // namespace patrol::geo
