#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/geo/lonlat.h"

namespace patrol::coverage {

// Units so near each other, now and so long ago, move together: two cars that meet are not a pair,
// two that patrol in a row, or the radios of one crew, are. A convention.
inline constexpr double kTogetherM = 50;
inline constexpr absl::Duration kTogetherFor = absl::Minutes(1);

// Where a unit is, and where it was kTogetherFor ago where that is known.
struct UnitPlaces {
  geo::LonLat now;
  std::optional<geo::LonLat> before;
};

// Gives each unit the number of its group, 0.. without gaps in order of the units; those that move
// together, if need be by way of others, are one group. `groups` is replaced.
//
// Returns: how many groups there are. Cost: O(units^2), a few ns a pair.
uint32_t GroupCompanions(absl::Span<const UnitPlaces> units, std::vector<uint32_t>* groups);

}  // namespace patrol::coverage
