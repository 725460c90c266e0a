#include "lib/patrol/tracks/chain.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace patrol::tracks {

Chain::Took Chain::Feed(const Fix& fix, uint32_t number) {
  const MatchOptions& options = hmm_->options();
  if (pending_ && fix.time - pending_->time > options.stale_after) EndPath();
  if (!pending_ && !steps_.empty() && fix.time - last_ > options.stale_after) EndPath();
  if (!steps_.empty() && !pending_ &&
      geo::GreatCircleM(steps_.back().place, fix.position) <
          options.thin_sigmas * options.sigma_m) {
    last_ = fix.time;
    if (sink_ != nullptr) steps_.back().thinned.push_back(number);
    return Took::kThinned;
  }

  const HmmStep* before = steps_.empty() ? nullptr : &steps_.back();
  HmmStep step = hmm_->Begin(fix, number, before);
  if (step.states.empty()) {
    EndPath();
    return Took::kOffNetwork;
  }
  const bool keep_ways = sink_ != nullptr;
  if (steps_.empty()) {
    Push(std::move(step));
    return Took::kUsed;
  }
  if (fix.time - last_ <= options.stale_after &&
      hmm_->Connect(steps_.back(), last_, &step, keep_ways)) {
    if (pending_ && sink_ != nullptr) sink_->OnNoWay(pending_->fix);
    pending_.reset();
    Push(std::move(step));
    return Took::kUsed;
  }
  if (!pending_) {
    pending_ = std::move(step);
    return Took::kUsed;
  }
  // Two fixes in a row that no way leads to: the path ended before them.
  HmmStep first = *std::move(pending_);
  pending_.reset();
  EndPath();
  Push(std::move(first));
  step = hmm_->Begin(fix, number, &steps_.back());
  if (hmm_->Connect(steps_.back(), last_, &step, keep_ways)) {
    Push(std::move(step));
  } else {
    pending_ = std::move(step);
  }
  return Took::kUsed;
}

void Chain::Finish() { EndPath(); }

const HmmStep* Chain::front() const {
  if (pending_) return &*pending_;
  return steps_.empty() ? nullptr : &steps_.back();
}

void Chain::Push(HmmStep step) {
  last_ = step.time;
  if (sink_ == nullptr) steps_.clear();
  steps_.push_back(std::move(step));
  const size_t undecided_max = std::max<size_t>(hmm_->options().undecided_max, 4);
  if (sink_ != nullptr && steps_.size() >= undecided_max) Decide();
}

void Chain::EndPath() {
  if (sink_ != nullptr && !steps_.empty()) HandOver(BestPath(), steps_.size() - 1);
  steps_.clear();
  handed_ = 0;
  if (pending_) {
    HmmStep alone = *std::move(pending_);
    pending_.reset();
    if (sink_ != nullptr) sink_->OnPoint(alone, alone.states[alone.Best()], {}, {}, false);
  }
}

std::vector<size_t> Chain::BestPath() const {
  std::vector<size_t> chosen(steps_.size());
  chosen.back() = steps_.back().Best();
  for (size_t i = steps_.size() - 1; i > 0; --i) {
    const int32_t before = steps_[i].states[chosen[i]].before;
    PATROL_CHECK(before >= 0);
    chosen[i - 1] = static_cast<size_t>(before);
  }
  return chosen;
}

void Chain::HandOver(absl::Span<const size_t> chosen, size_t end) {
  doubt_.Weigh(steps_, chosen);
  for (size_t i = handed_; i <= end; ++i) {
    const HmmStep& step = steps_[i];
    const HmmState& at = step.states[chosen[i]];
    bool connected = i > 0;
    if (i > 0) {
      // Beside the roads nothing is driven; but standing there is standing.
      const HmmState& before = steps_[i - 1].states[chosen[i - 1]];
      if (at.off_road || before.off_road) {
        connected = at.off_road && before.off_road && at.at == before.at;
      }
    }
    sink_->OnPoint(step, at,
                   absl::MakeConstSpan(step.ways.data() + at.way_begin, at.way_end - at.way_begin),
                   doubt_.certainty(i), connected);
  }
}

void Chain::Decide() {
  // Walk back from every state of the last step until they have all come from one. No use in what
  // agrees so far back that it would have to be asked again at once: then the likeliest path
  // decides on the older half.
  std::vector<bool> from(steps_.back().states.size(), true);
  size_t agreed = steps_.size() - 1;
  while (agreed > steps_.size() / 2) {
    std::vector<bool> earlier(steps_[agreed - 1].states.size(), false);
    for (size_t s = 0; s < from.size(); ++s) {
      if (from[s]) earlier[static_cast<size_t>(steps_[agreed].states[s].before)] = true;
    }
    from = std::move(earlier);
    --agreed;
    if (std::count(from.begin(), from.end(), true) == 1) break;
  }
  DecideUpTo(agreed);
}

void Chain::DecideUpTo(size_t step) {
  const std::vector<size_t> chosen = BestPath();
  HandOver(chosen, step);
  const size_t state = chosen[step];
  // The step stays as the first, with its one state; what came from others goes.
  HmmState only = steps_[step].states[state];
  only.before = -1;
  std::vector<int32_t> now_at(steps_[step].states.size(), -1);
  now_at[state] = 0;
  steps_[step].states = {only};
  for (size_t i = step + 1; i < steps_.size(); ++i) {
    std::vector<HmmState> kept;
    std::vector<int32_t> next(steps_[i].states.size(), -1);
    for (size_t s = 0; s < steps_[i].states.size(); ++s) {
      HmmState from = steps_[i].states[s];
      from.before = now_at[static_cast<size_t>(from.before)];
      if (from.before < 0) continue;
      next[s] = static_cast<int32_t>(kept.size());
      kept.push_back(from);
    }
    steps_[i].states = std::move(kept);
    now_at = std::move(next);
  }
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(step));
  handed_ = 1;
}

}  // namespace patrol::tracks
