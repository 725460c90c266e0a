#include "lib/patrol/coverage/companions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace patrol::coverage {
namespace {

// Whether two places are kTogetherM apart or less; longitudes far apart are told without a cosine.
bool AreNear(geo::LonLat a, geo::LonLat b) {
  constexpr double kDegrees = kTogetherM / geo::kMetresPerDegree;
  return std::abs(a.lat - b.lat) <= kDegrees * (1 + 1e-9) && geo::GreatCircleM(a, b) <= kTogetherM;
}

bool MoveTogether(const UnitPlaces& a, const UnitPlaces& b) {
  if (!AreNear(a.now, b.now)) return false;
  // Of a unit that has just come on duty nothing is known before: what counts is where it is.
  return !a.before || !b.before || AreNear(*a.before, *b.before);
}

}  // namespace

uint32_t GroupCompanions(absl::Span<const UnitPlaces> units, std::vector<uint32_t>* groups) {
  // Each unit points at one of its group, at last at the first of it.
  std::vector<uint32_t>& first = *groups;
  first.resize(units.size());
  const auto root = [&](uint32_t unit) {
    while (first[unit] != unit) unit = first[unit];
    return unit;
  };
  for (uint32_t i = 0; i < units.size(); ++i) {
    first[i] = i;
    for (uint32_t j = 0; j < i; ++j) {
      if (!MoveTogether(units[i], units[j])) continue;
      const uint32_t a = root(i);
      const uint32_t b = root(j);
      first[std::max(a, b)] = std::min(a, b);
    }
  }
  // In order, so that the first of a group has its number before the others ask for it.
  std::vector<uint32_t> roots(units.size());
  for (uint32_t i = 0; i < units.size(); ++i) roots[i] = root(i);
  uint32_t count = 0;
  for (uint32_t i = 0; i < units.size(); ++i) first[i] = roots[i] == i ? count++ : first[roots[i]];
  return count;
}

}  // namespace patrol::coverage
