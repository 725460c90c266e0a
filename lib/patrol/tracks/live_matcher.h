#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/match_options.h"
#include "lib/patrol/tracks/mode_matchers.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// Where a unit is believed to be on the strength of its fixes so far.
struct LivePosition {
  absl::Time fix_time;  // of the newest used fix
  MatchVerdict verdict = MatchVerdict::kOffNetwork;
  // Empty when off the network.
  std::optional<UnitPosition> position;
  double distance_m = 0;  // straight way from the fix to position->at

  // Live, a position stays for stale_after from fix_time (that instant included), then it is stale.
  bool stale(absl::Time now, absl::Duration stale_after) const {
    return now - fix_time > stale_after;
  }
};

// Matches fixes as they come, unit by unit: causal, and never revised. The position given back is
// the one at which a Matcher would end that had seen the same fixes so far, in whatever chunks they
// came.
//
// Keeps per unit the last step of the model only: at most 20 KB.
//
// Threads: one thread at a time (a lock outside, or one owner). Cost: well under a millisecond a
// fix.
class LiveMatcher {
 public:
  // All outlive the matcher.
  LiveMatcher(const roadnet::Network& network, const roadnet::SpatialIndex& index,
              MatchGraphs& graphs, const MatchOptions& options = {});
  ~LiveMatcher();

  // Takes a fix that FixIntake accepted (of a unit of this mode; a change of mode starts anew). A
  // fix not newer than the unit's last changes nothing and is given back as kDuplicate or kLate.
  LivePosition Feed(const Fix& fix, roadnet::Mode mode);

  // What the last Feed of the unit gave back.
  std::optional<LivePosition> Last(std::string_view unit_id) const;

  // Forgets a unit.
  void Remove(std::string_view unit_id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::tracks
