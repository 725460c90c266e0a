#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace patrol::coverage {

// One time that a unit was in an area or on a piece.
struct Visit {
  absl::Time enter;
  absl::Time leave;  // >= enter
};

// What visits of one place add up to over a span of time.
struct VisitSums {
  int64_t visits = 0;                           // that touch the span
  absl::Duration dwell = absl::ZeroDuration();  // within it, all units added up
  // Longest time within the span that no unit was there, cut at its ends.
  absl::Duration longest_gap = absl::ZeroDuration();
};

// visits: of any units, in order of enter time. The span is [from, to).
VisitSums SumVisits(const Visit* begin, const Visit* end, absl::Time from, absl::Time to);

}  // namespace patrol::coverage
