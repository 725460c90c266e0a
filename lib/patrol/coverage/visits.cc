#include "lib/patrol/coverage/visits.h"

#include <algorithm>

namespace patrol::coverage {

VisitSums SumVisits(const Visit* begin, const Visit* end, absl::Time from, absl::Time to) {
  VisitSums sums;
  absl::Time last_leave = from;
  for (const Visit* visit = begin; visit != end; ++visit) {
    if (visit->enter >= to) break;
    // A visit that ends where the span begins is over; one of no duration there is not.
    if (visit->leave < from || (visit->leave == from && visit->enter < from)) continue;
    const absl::Time enter = std::max(visit->enter, from);
    const absl::Time leave = std::min(visit->leave, to);
    ++sums.visits;
    sums.dwell += leave - enter;
    sums.longest_gap = std::max(sums.longest_gap, enter - last_leave);
    last_leave = std::max(last_leave, leave);
  }
  sums.longest_gap = std::max(sums.longest_gap, to - last_leave);
  return sums;
}

}  // namespace patrol::coverage
