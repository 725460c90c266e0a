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
  // The unit was in `state` at the fix of `step`.
  // way: arcs driven from the point before; connected: whether there is one (the way may be empty).
  // certainty: of each of those arcs.
  virtual void OnPoint(const HmmStep& step, const HmmState& state,
                       absl::Span<const roadnet::ArcIndex> way,
                       absl::Span<const Certainty> certainty, bool connected) = 0;
  // No way led to this fix and on from it, while one leads past it.
  virtual void OnNoWay(uint32_t fix) = 0;
  // The path has ended: thinned fixes after its last point are where that is.
  virtual void OnEnd() = 0;
};

// Puts the fixes of one unit, as they come, into paths: breaks them where time or roads do, leaves
// out fixes that lead nowhere, and passes over those that are nearer than noise to the last one.
// Offline and live matching are both this, so that they agree.
//
// With a sink, the best path is handed over as it becomes certain, and when a break ends it, on
// Finish, or when Decide asks for it. Where MatchOptions::undecided_max steps are uncertain, the
// older half of the likeliest path is decided: so the memory is bounded. Without a sink only the
// last step is kept.
//
//     dropped   handed over     chosen     undecided
//     . . . . . o-----o-----o---o-----o--<=o==<=o==<      "<": states that no single one precedes
//
// *Certain* is a step, first, that all states of the last one have come through in one state: then
// that state is *chosen*, and later fixes teach nothing else. What is in doubt (doubt.h) may then
// still hang on a rival that a later step beats; so a step is handed over once all states of the
// last chosen one have come through it. Thus neither path nor doubt hang on when one looks.
class Chain {
 public:
  enum class Took { kUsed, kThinned, kOffNetwork };
  // When what is certain is handed over: at every fix, or, at less cost, now and then.
  enum class Handing { kAtOnce, kInBatches };

  // `hmm` and `sink` outlive the chain; sink may be null.
  Chain(Hmm* hmm, ChainSink* sink, Handing when = Handing::kInBatches)
      : hmm_(hmm), sink_(sink), when_(when), doubt_(hmm) {}

  // The next fix, newer than the last one; `number`, greater than the last one's, comes back in
  // HmmStep::fix.
  Took Feed(const Fix& fix, uint32_t number);

  // Decides on that fix and all before it, certain or not. False, and nothing happens, where it was
  // thinned after the last step and that was handed over: the next fix might still tell a way from
  // there, but none of the chain's knowledge does.
  //
  // What was decided binds nothing that comes: where later fixes contradict it, the path goes on
  // where the unit is likelier to be, by a way from what was told (of which is sure what the
  // likelier past drove as well), or, where none leads there, it is torn: not connected.
  bool Decide(uint32_t number);

  // Ends the path.
  void Finish();

  // After this instant no fix goes on with the present path; InfiniteFuture where there is none.
  absl::Time ends() const;

  // Steps kept.
  size_t held() const { return steps_.size() + (pending_ ? 1 : 0); }

  // Where the unit is likeliest to be now; null when it is off the network or nothing was fed.
  const HmmStep* front() const;

 private:
  struct Place {
    size_t step = 0;
    uint32_t state = 0;
  };

  void Push(HmmStep step);
  void EndPath();
  size_t undecided() const { return steps_.size() - chosen_.size(); }
  Doubt::Path path() const { return {steps_, chosen_}; }
  // The newest step that all states of `step` have come through in one state; none: there is no
  // such.
  std::optional<Place> Agreed(size_t step) const;
  // The likeliest path's states from the last chosen one, exclusively, to those of `end`; led on
  // from the last chosen one where they did not come from there.
  void Choose(const Place& end);
  // Chooses and hands over what is certain.
  void LookForCertain();
  // Chooses and hands over the likeliest path up to `step`.
  void DecideUpTo(size_t step);
  // Weighs what rivals that join the path beyond `step` say of it, of steps from `first` on.
  void WeighRivalsBeyond(size_t step, size_t first);
  void HandOverUpTo(size_t step);
  // Drops the first `count` steps, of which nothing more is told, once they are many.
  void Drop(size_t count);

  Hmm* hmm_;
  ChainSink* sink_;
  const Handing when_;
  Doubt doubt_;
  std::vector<HmmStep> steps_;      // of the present path; without a sink the last one only
  std::vector<uint32_t> chosen_;    // states of the first of them
  size_t handed_ = 0;               // so many of these were handed over
  size_t pushed_ = 0;               // since one last looked for what is certain
  std::optional<HmmStep> pending_;  // a fix that no way led to from steps_.back()
  absl::Time last_;                 // of the last fix that belongs to steps_
};

}  // namespace patrol::tracks
