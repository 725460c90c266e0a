#include "lib/patrol/coverage/what_if.h"

#include <algorithm>

namespace patrol::coverage {

tracks::MatchedTrack StationedTrack(const std::string& unit_id, roadnet::Mode mode,
                                    const tracks::UnitPosition& position, absl::Time from,
                                    absl::Time to, absl::Duration stale_after) {
  tracks::MatchedTrack track(unit_id, mode);
  const auto verdict = position.attach_distance_m > 0 ? tracks::MatchVerdict::kAttached
                                                      : tracks::MatchVerdict::kMatched;
  for (absl::Time time = from;; time = std::min(time + stale_after, to)) {
    track.AddFix(
        {time, verdict, tracks::OutlierReason::kNone, position.at, position.attach_distance_m});
    if (time == from) {
      track.AddBreak(time, position);
    } else {
      track.AddPoint(time, position, {}, 0);
    }
    if (time >= to) return track;
  }
}

}  // namespace patrol::coverage
