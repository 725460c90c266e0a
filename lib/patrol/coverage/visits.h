#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// One time that a unit was in an area or on a piece.
struct Visit {
  absl::Time enter;
  absl::Time leave;  // >= enter
};

struct AreaVisit {
  uint32_t area = 0;  // index into AreaIndex::areas()
  Visit visit;
};

// All visits of a matched path to areas, ordered by area and enter time. A visit lasts as long as
// the path stays inside without interruption; where the path breaks it ends. Within a stretch the
// unit moves by length, as in tracks::PositionAt; instants are rounded to whole microseconds.
// Cost: O(arcs of the track * shares a piece).
std::vector<AreaVisit> AreaVisits(const roadnet::Network& network, const AreaIndex& index,
                                  const tracks::MatchedTrack& track);

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
