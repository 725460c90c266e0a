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

  // Noise of a fix, metres, standard deviation along one axis: the larger, the less a near road
  // counts against a plausible way. A fix's own accuracy_m is used where it is larger.
  double sigma_m = 6;
  // Scale of the difference between the way driven and the straight line, metres (Newson & Krumm's
  // beta): beta_m + beta_per_s_m * seconds between the fixes.
  double beta_m = 4;
  double beta_per_s_m = 0.6;
  // What turning round costs, as so many metres of detour.
  double u_turn_m = 80;
  // Fixes closer than this many sigma to the last one used are placed along the path that the
  // others make (Newson & Krumm, section 4.1: 2).
  double thin_sigmas = 2;
  // Pieces looked at per fix, the nearest. A town has up to about a dozen within 50 m.
  size_t candidates_max = 12;
  // Faster than any unit moves: such a fix is an outlier, or the unit was relocated.
  double speed_max_mps = limits::kUnitSpeedMaxMps;
};

}  // namespace patrol::tracks
