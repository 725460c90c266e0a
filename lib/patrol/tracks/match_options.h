#pragma once

#include <cstddef>

#include "absl/time/time.h"
#include "lib/base/limits.h"

namespace patrol::tracks {

// How fixes are matched. The defaults are one setting for all sampling from 1 s to 60 s; the
// figures behind them are in benchmarks/RESULTS.md ("tracks").
struct MatchOptions {
  // Two fixes further apart in time than this break the path (exactly this far does not).
  absl::Duration stale_after = absl::Seconds(60);
  // A fix up to snap_limit_m from the network is on it, up to attach_limit_m attached to it.
  double snap_limit_m = 50;
  double attach_limit_m = 200;

  // Noise of a fix, metres, standard deviation: the larger, the less a near road counts against a
  // plausible way. Receivers are better than this, but errors of neighbouring fixes are alike, and
  // a smaller one takes that for evidence. A fix's own accuracy_m is used where it is larger.
  double sigma_m = 12;
  // Scale of the difference between the way driven and the straight line, metres (Newson & Krumm's
  // beta): beta_m + beta_per_s_m * seconds between the fixes.
  double beta_m = 4;
  double beta_per_s_m = 1;
  // What turning round costs, as so many metres of detour.
  double u_turn_m = 80;
  // A unit that stays further than off_road_m from any plausible road is beside the roads: it is
  // placed on the nearest, but driven along none. Leaving the roads costs e^-leave_road_log (some
  // twenty fixes 100 m away), coming back, or beginning there, e^-return_road_log.
  double off_road_m = 60;
  double leave_road_log = 400;
  double return_road_log = 30;
  // Fixes closer than this many sigma to the last one used are placed along the path that the
  // others make (Newson & Krumm, section 4.1; theirs: 2 sigma of 4 m).
  double thin_sigmas = 1.2;
  // Pieces looked at per fix, the nearest. A town has up to about a dozen within 50 m.
  size_t candidates_max = 12;
  // Faster than any unit moves: a fix that is only reached so, and left so again, is an outlier.
  double speed_max_mps = limits::kUnitSpeedMaxMps;
};

}  // namespace patrol::tracks
