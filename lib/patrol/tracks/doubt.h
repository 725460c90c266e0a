#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/hmm.h"
#include "lib/patrol/tracks/match_options.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// Tells which pieces of a path are sure: those that no other path spares which is nearly as likely
// (MatchOptions::sure_nats).
//
// Every other way to a state of the path, and every other end of it, is a *rival*. It is followed
// back to where it was one with the path; what it does not pass between there and here is in doubt.
// After the soft-output Viterbi algorithm (Hagenauer & Hoeher, GLOBECOM 1989), of pieces instead of
// bits, and with rivals between two states as well.
//
//     path    o===o=====o=====o=====o===     "=" sure, "-" in doubt: the rival joins the path there
//                  \---o-----o---/           by a way that is hardly less likely
//     rival
//
// Weighed is what has been chosen for good, step by step and once; a path that is told before that
// is weighed further on, as far as it is likely to go, and what that says is forgotten again.
//
// Threads: as Hmm.
// Cost:    a search a step, as wide as sure_nats.
class Doubt {
 public:
  // The path so far: chosen[i] is the state of steps[i]; both in step with what was dropped.
  struct Path {
    absl::Span<const HmmStep> steps;
    absl::Span<const uint32_t> chosen;

    // Whether the state chosen of `step` came from the one chosen before, of which there is one.
    bool GoesOnTo(size_t step) const {
      return steps[step].states[chosen[step]].before == static_cast<int32_t>(chosen[step - 1]);
    }
  };

  // `hmm` outlives the object.
  explicit Doubt(Hmm* hmm) : hmm_(hmm) {}

  // Weighs the ways to the steps from the first one that was not yet up to `end`; these have been
  // chosen.
  void WeighUntil(const Path& path, size_t end);
  // Passes over the way to the next step: it has no rival that says anything of those before.
  void PassNext(const Path& path);
  // Weighs the other ends against the path's, at its last step. All steps were weighed or passed.
  void WeighEnd(const Path& path);

  size_t weighed() const { return certainty_.size(); }
  // Of the arcs of the way to that step's chosen state.
  absl::Span<const Certainty> certainty(size_t step) const { return certainty_[step]; }

  // What was said of the steps from `step` on; and back to that, after more was weighed.
  std::vector<std::vector<Certainty>> CertaintyFrom(size_t step) const;
  void Restore(size_t step, std::vector<std::vector<Certainty>> certainty);
  void Clear() { certainty_.clear(); }
  // The first `count` steps are no longer part of the path.
  void Drop(size_t count) { certainty_.erase(certainty_.begin(), certainty_.begin() + count); }

 private:
  void WeighWayTo(size_t step);
  // Follows a path in `state` of `step` back; passed_ are pieces that it leads on over.
  void TakeRival(size_t step, uint32_t state);
  // Puts arcs [first, last) of the way to the step's chosen state in doubt, but for passed_.
  void Spare(size_t step, size_t first, size_t last);

  Hmm* hmm_;
  Path path_;                                      // of the present call
  std::vector<std::vector<Certainty>> certainty_;  // by step
  absl::flat_hash_set<roadnet::PieceIndex> passed_;
};

}  // namespace patrol::tracks
