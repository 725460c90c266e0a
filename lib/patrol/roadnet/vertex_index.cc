#include "lib/patrol/roadnet/vertex_index.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace patrol::roadnet {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

uint64_t HashOf(geo::LonLat place) {
  uint64_t lon = 0;
  uint64_t lat = 0;
  std::memcpy(&lon, &place.lon, sizeof(lon));
  std::memcpy(&lat, &place.lat, sizeof(lat));
  uint64_t hash = lon * 0x9e3779b97f4a7c15 ^ (lat + 0x7f4a7c159e3779b9) * 0xbf58476d1ce4e5b9;
  return hash ^ hash >> 32;
}

// Twice the signed area of a triangle, in square degrees.
double Turn(geo::LonLat a, geo::LonLat b, geo::LonLat c) {
  return (b.lon - a.lon) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lon - a.lon);
}

bool Within(geo::LonLat a, geo::LonLat b, geo::LonLat p) {
  return std::min(a.lon, b.lon) <= p.lon && p.lon <= std::max(a.lon, b.lon) &&
         std::min(a.lat, b.lat) <= p.lat && p.lat <= std::max(a.lat, b.lat);
}

bool Meet(geo::LonLat a, geo::LonLat b, geo::LonLat c, geo::LonLat d) {
  const double abc = Turn(a, b, c);
  const double abd = Turn(a, b, d);
  const double cda = Turn(c, d, a);
  const double cdb = Turn(c, d, b);
  if (((abc > 0 && abd < 0) || (abc < 0 && abd > 0)) &&
      ((cda > 0 && cdb < 0) || (cda < 0 && cdb > 0))) {
    return true;
  }
  return (abc == 0 && Within(a, b, c)) || (abd == 0 && Within(a, b, d)) ||
         (cda == 0 && Within(c, d, a)) || (cdb == 0 && Within(c, d, b));
}

}  // namespace

uint32_t VertexIndex::PlaceIndex(geo::LonLat place) {
  // -0.0 and 0.0 are one place.
  place.lon += 0.0;
  place.lat += 0.0;
  if (places_.size() * 2 >= slots_.size()) Grow();
  const size_t mask = slots_.size() - 1;
  for (size_t at = HashOf(place) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == kNone) {
      slots_[at] = static_cast<uint32_t>(places_.size());
      places_.push_back(place);
      return slots_[at];
    }
    if (places_[slots_[at]] == place) return slots_[at];
  }
}

void VertexIndex::Grow() {
  slots_.assign(std::max<size_t>(64, slots_.size() * 2), kNone);
  const size_t mask = slots_.size() - 1;
  for (uint32_t index = 0; index < places_.size(); ++index) {
    size_t at = HashOf(places_[index]) & mask;
    while (slots_[at] != kNone) at = (at + 1) & mask;
    slots_[at] = index;
  }
}

void VertexIndex::AddLine(const std::vector<geo::LonLat>& vertices) {
  for (const geo::LonLat place : vertices) vertices_.push_back(PlaceIndex(place));
  offsets_.push_back(vertices_.size());
}

size_t VertexIndex::Join(double tolerance_m) {
  std::vector<uint32_t> joined(places_.size());  // with which earlier place; its own: with none
  std::iota(joined.begin(), joined.end(), 0);
  const auto leader = [&](uint32_t place) {
    while (joined[place] != place) place = joined[place] = joined[joined[place]];
    return place;
  };
  size_t count = 0;
  if (tolerance_m > 0 && !places_.empty()) {
    // Squares of the tolerance's size: whatever is near lies in one of nine.
    const double row_deg = tolerance_m / geo::kMetresPerDegree;
    const auto row_of = [&](double lat) { return static_cast<int64_t>(std::floor(lat / row_deg)); };
    const auto column_of = [&](double lon, int64_t row) {
      const double lat = static_cast<double>(row) * row_deg * geo::kRadiansPerDegree;
      const double column_deg = row_deg / std::max(0.01, std::cos(lat));
      return static_cast<int64_t>(std::floor(lon / column_deg));
    };
    absl::flat_hash_map<std::pair<int64_t, int64_t>, std::vector<uint32_t>> squares;
    for (uint32_t place = 0; place < places_.size(); ++place) {
      const int64_t row = row_of(places_[place].lat);
      squares[{row, column_of(places_[place].lon, row)}].push_back(place);
    }
    for (size_t line = 0; line + 1 < offsets_.size(); ++line) {
      const size_t begin = offsets_[line];
      const size_t end = offsets_[line + 1];
      if (begin == end) continue;
      for (const size_t at : {begin, end - 1}) {
        const uint32_t place = vertices_[at];
        if (leader(place) != place) continue;
        uint32_t nearest = kNone;
        double nearest_m = tolerance_m;
        const int64_t row = row_of(places_[place].lat);
        for (int64_t r = row - 1; r <= row + 1; ++r) {
          const int64_t column = column_of(places_[place].lon, r);
          for (int64_t c = column - 1; c <= column + 1; ++c) {
            const auto square = squares.find({r, c});
            if (square == squares.end()) continue;
            for (const uint32_t other : square->second) {
              if (other == place || leader(other) == place) continue;
              const double distance_m = geo::GreatCircleM(places_[place], places_[other]);
              if (distance_m > nearest_m || (distance_m == nearest_m && nearest != kNone)) continue;
              // A line is not joined to itself: it would lose its short segments.
              const auto own_begin = vertices_.begin() + static_cast<ptrdiff_t>(begin);
              const auto own_end = vertices_.begin() + static_cast<ptrdiff_t>(end);
              if (std::find(own_begin, own_end, other) != own_end) continue;
              nearest = other;
              nearest_m = distance_m;
            }
          }
        }
        if (nearest == kNone) continue;
        const uint32_t a = leader(place);
        const uint32_t b = leader(nearest);
        joined[std::max(a, b)] = std::min(a, b);
        ++count;
      }
    }
  }
  std::vector<uint32_t> id(places_.size(), kNone);
  for (uint32_t& vertex : vertices_) {
    uint32_t& number = id[leader(vertex)];
    if (number == kNone) {
      number = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back(places_[leader(vertex)]);
    }
    vertex = number;
  }
  return count;
}

std::vector<int64_t> VertexIndex::line(size_t index) const {
  std::vector<int64_t> ids;
  for (size_t at = offsets_[index]; at < offsets_[index + 1]; ++at) {
    ids.push_back(int64_t{vertices_[at]} + 1);
  }
  return ids;
}

bool CrossesItself(const std::vector<geo::LonLat>& line) {
  struct Segment {
    double begin;  // least longitude
    double end;
    size_t index;
  };
  std::vector<geo::LonLat> vertices = line;
  vertices.erase(std::unique(vertices.begin(), vertices.end()), vertices.end());
  std::vector<Segment> segments;
  for (size_t i = 0; i + 1 < vertices.size(); ++i) {
    segments.push_back({std::min(vertices[i].lon, vertices[i + 1].lon),
                        std::max(vertices[i].lon, vertices[i + 1].lon), i});
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
  for (size_t i = 0; i < segments.size(); ++i) {
    for (size_t j = i + 1; j < segments.size() && segments[j].begin <= segments[i].end; ++j) {
      const size_t first = std::min(segments[i].index, segments[j].index);
      const size_t second = std::max(segments[i].index, segments[j].index);
      const geo::LonLat a = vertices[first];
      const geo::LonLat b = vertices[first + 1];
      const geo::LonLat c = vertices[second];
      const geo::LonLat d = vertices[second + 1];
      if (second == first + 1) {
        // Neighbours share b; going back on itself is a crossing.
        if (Turn(a, b, d) == 0 && (Within(a, b, d) || Within(b, d, a))) return true;
        continue;
      }
      // Where it comes back to one of its own vertices there is a node: that is a junction.
      if (a == c || a == d || b == c || b == d) continue;
      if (Meet(a, b, c, d)) return true;
    }
  }
  return false;
}

}  // namespace patrol::roadnet
