#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/patrol/tracks/doubt.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/hmm.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// Takes what a Chain has decided for good, in the order of time.
class ChainSink {
 public:
  virtual ~ChainSink() = default;
  // The unit was in `state` at the fix of `step`, and stayed within noise of it for step.thinned.
  // way: arcs driven from the point before; connected: whether there is one (the way may be empty).
  // certainty: of each of those arcs.
  virtual void OnPoint(const HmmStep& step, const HmmState& state,
                       absl::Span<const roadnet::ArcIndex> way,
                       absl::Span<const Certainty> certainty, bool connected) = 0;
  // No way led to this fix and on from it, while one leads past it.
  virtual void OnNoWay(uint32_t fix) = 0;
};

// Puts the fixes of one unit, as they come, into paths: breaks them where time or roads do, leaves
// out fixes that lead nowhere, and passes over those that are nearer than noise to the last one.
// Offline and live matching are both this, so that they agree.
//
// With a sink, the best path is handed over when a break ends it, on Finish, and piecemeal whenever
// MatchOptions::undecided_max steps are undecided: up to where all likely paths agree, or, where
// they do not, the older half of the likeliest. So the delay and the memory are bounded. Without a
// sink only the last step is kept.
class Chain {
 public:
  enum class Took { kUsed, kThinned, kOffNetwork };

  // `hmm` and `sink` outlive the chain; sink may be null.
  Chain(Hmm* hmm, ChainSink* sink) : hmm_(hmm), sink_(sink), doubt_(hmm) {}

  // The next fix, newer than the last one; `number` comes back in HmmStep::fix.
  Took Feed(const Fix& fix, uint32_t number);

  // Ends the path.
  void Finish();

  // Where the unit is likeliest to be now; null when it is off the network or nothing was fed.
  const HmmStep* front() const;

 private:
  void Push(HmmStep step);
  void EndPath();
  // The states of the likeliest path.
  std::vector<size_t> BestPath() const;
  // Hands over that path up to step `end`, less what was before.
  void HandOver(absl::Span<const size_t> chosen, size_t end);
  // Hands over what all likely paths agree on, or else the older half of the likeliest.
  void Decide();
  void DecideUpTo(size_t step);

  Hmm* hmm_;
  ChainSink* sink_;
  Doubt doubt_;
  std::vector<HmmStep> steps_;      // of the present path; without a sink the last one only
  size_t handed_ = 0;               // of steps_: 0 or, where steps_[0] was handed over already, 1
  std::optional<HmmStep> pending_;  // a fix that no way led to from steps_.back()
  absl::Time last_;                 // of the last fix that belongs to steps_
};

}  // namespace patrol::tracks
