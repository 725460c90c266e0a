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
// Threads: as Hmm.
// Cost:    a search a step, as wide as sure_nats.
class Doubt {
 public:
  // `hmm` outlives the object.
  explicit Doubt(Hmm* hmm) : hmm_(hmm) {}

  // chosen: the state of each step on the likeliest path, which ends with the last step. Both are
  // used until the next call.
  void Weigh(absl::Span<const HmmStep> steps, absl::Span<const size_t> chosen);

  // Of the arcs of the way to that step's chosen state.
  absl::Span<const Certainty> certainty(size_t step) const { return certainty_[step]; }

 private:
  void WeighEnd();
  void WeighWaysTo(size_t step);
  // Follows a path in `state` of `step` back; passed_ are pieces that it leads on over.
  void TakeRival(size_t step, uint32_t state);
  // Puts arcs [first, last) of the way to the step's chosen state in doubt, but for passed_.
  void Spare(size_t step, size_t first, size_t last);

  Hmm* hmm_;
  absl::Span<const HmmStep> steps_;
  absl::Span<const size_t> chosen_;
  std::vector<std::vector<Certainty>> certainty_;  // by step
  absl::flat_hash_set<roadnet::PieceIndex> passed_;
};

}  // namespace patrol::tracks
