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
  // Some fixes are just wrong, or the road is not where the map has it: e^-bad_fix_log of them, and
  // how far such a one is off says little, an e-fold in bad_fix_m.
  double bad_fix_log = 5;
  double bad_fix_m = 200;
  // Scale of the difference between the way driven and the straight line, metres (Newson & Krumm's
  // beta): beta_m + beta_per_s_m * seconds in which nothing was heard of the unit, but no more of
  // them than the straight line takes at detour_mps: who gets on slowly is slow, and does not go
  // round the block meanwhile. What it dislikes (below, in nats) is reckoned in metres of detour by
  // the same scale.
  double beta_m = 4;
  double beta_per_s_m = 1.5;
  double detour_mps = 5;
  // What turning round costs, as so many metres of detour, and on top in nats.
  double u_turn_m = 80;
  double u_turn_nats = 1;
  // A right-angled turn at a junction: of ways alike in length, drivers take that with fewer turns
  // (Osogami & Raymond, IJCAI 2013).
  double turn_nats = 0.6;
  // A kilometre on a road at half the speed of the network's fastest: they take the main road.
  double slow_nats_per_km = 1;
  // A unit that stays further than off_road_m from any plausible road is beside the roads: it is
  // placed on the nearest, but driven along none. Leaving the roads costs e^-leave_road_log (some
  // twenty fixes 100 m away), coming back, or beginning there, e^-return_road_log. Nobody goes fast
  // there: every metre at twice off_road_mps costs e^-off_road_nats_per_m.
  double off_road_m = 60;
  double leave_road_log = 400;
  double return_road_log = 30;
  double off_road_mps = 8;
  double off_road_nats_per_m = 0.05;
  // Fixes closer than this many sigma to the last one used are placed along the path that the
  // others make (Newson & Krumm, section 4.1; theirs: 2 sigma of 4 m).
  double thin_sigmas = 1;
  // A piece is sure where the path beats the likeliest one that spares it by sure_nats (0: all are
  // sure), or by sure_m of way, which is the noise of two fixes, where that is less: between rare
  // fixes a nat is worth many metres. And by proportionally less where the unit was heard of within
  // sure_after_s: there the way was seen rather than inferred.
  double sure_nats = 1;
  double sure_m = 25;
  double sure_after_s = 10;
  // Pieces looked at per fix, the nearest. A town has up to about a dozen within 50 m.
  size_t candidates_max = 12;
  // Used fixes of a path, at least 4, that may be undecided: where no single state of the model
  // leads to all that are possible now. Then the older half of the likeliest path is taken.
  // Smaller: less memory (some 2 KB each), and a little worse: later fixes do not teach.
  size_t undecided_max = 1024;
  // Faster than any unit moves: a fix that is only reached so, and left so again, is an outlier.
  double speed_max_mps = limits::kUnitSpeedMaxMps;
};

}  // namespace patrol::tracks
