#include "lib/patrol/tracks/chain.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "lib/base/check.h"

namespace patrol::tracks {

namespace {

// In batches one looks every so many steps for what is certain, and drops that many at a time.
constexpr size_t kBatchSteps = 64;

}  // namespace

Chain::Took Chain::Feed(const Fix& fix, uint32_t number) {
  const MatchOptions& options = hmm_->options();
  if (pending_ && fix.time - pending_->time > options.stale_after) EndPath();
  if (!pending_ && !steps_.empty() && fix.time - last_ > options.stale_after) EndPath();
  if (!steps_.empty() && !pending_ &&
      geo::GreatCircleM(steps_.back().place, fix.position) <
          options.thin_sigmas * options.sigma_m) {
    last_ = fix.time;
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

absl::Time Chain::ends() const {
  if (pending_) return pending_->time + hmm_->options().stale_after;
  return steps_.empty() ? absl::InfiniteFuture() : last_ + hmm_->options().stale_after;
}

void Chain::Push(HmmStep step) {
  last_ = step.time;
  if (sink_ == nullptr) steps_.clear();
  steps_.push_back(std::move(step));
  if (sink_ == nullptr) return;
  const size_t undecided_max = std::max<size_t>(hmm_->options().undecided_max, 4);
  const bool full = undecided() >= undecided_max;
  if (++pushed_ < (when_ == Handing::kAtOnce ? 1 : kBatchSteps) && !full) return;
  LookForCertain();
  if (undecided() >= undecided_max) DecideUpTo(steps_.size() - 1 - undecided_max / 2);
}

void Chain::EndPath() {
  if (sink_ != nullptr && !steps_.empty()) {
    Choose({steps_.size() - 1, static_cast<uint32_t>(steps_.back().Best())});
    doubt_.WeighUntil(path(), steps_.size());
    doubt_.WeighEnd(path());
    HandOverUpTo(steps_.size() - 1);
  }
  steps_.clear();
  chosen_.clear();
  doubt_.Clear();
  handed_ = 0;
  pushed_ = 0;
  if (sink_ != nullptr) sink_->OnEnd();
  if (pending_) {
    HmmStep alone = *std::move(pending_);
    pending_.reset();
    if (sink_ == nullptr) return;
    sink_->OnPoint(alone, alone.states[alone.Best()], {}, {}, false);
    sink_->OnEnd();
  }
}

bool Chain::Decide(uint32_t number) {
  size_t step = handed_;
  while (step < steps_.size() && steps_[step].fix < number) ++step;
  if (step < steps_.size()) {
    DecideUpTo(step);
    return true;
  }
  if (handed_ < steps_.size()) DecideUpTo(steps_.size() - 1);
  if (!pending_ || pending_->fix != number) return false;
  // Nothing shows yet that a way leads past it: so the path ended before it.
  HmmStep first = *std::move(pending_);
  pending_.reset();
  EndPath();
  Push(std::move(first));
  if (handed_ == 0) DecideUpTo(0);
  return true;
}

std::optional<Chain::Place> Chain::Agreed(size_t step) const {
  std::vector<uint32_t> from(steps_[step].states.size());
  std::iota(from.begin(), from.end(), 0);
  std::vector<uint32_t> before;
  while (from.size() > 1) {
    if (step == 0) return std::nullopt;
    before.clear();
    // States that came from one stand together for the most part, and they are few.
    for (const uint32_t state : from) {
      const auto its = static_cast<uint32_t>(steps_[step].states[state].before);
      if (std::find(before.rbegin(), before.rend(), its) == before.rend()) before.push_back(its);
    }
    std::swap(from, before);
    --step;
  }
  return Place{step, from.front()};
}

void Chain::Choose(const Place& end) {
  const size_t known = chosen_.size();
  if (end.step < known) return;
  chosen_.resize(end.step + 1);
  uint32_t state = end.state;
  for (size_t i = end.step;; --i) {
    chosen_[i] = state;
    if (i == known) break;
    const int32_t before = steps_[i].states[state].before;
    PATROL_CHECK(before >= 0);
    state = static_cast<uint32_t>(before);
  }
  if (known > 0 && !path().GoesOnTo(known)) {
    hmm_->Reconnect(steps_[known - 1], chosen_[known - 1], chosen_[known], &steps_[known]);
  }
}

void Chain::LookForCertain() {
  pushed_ = 0;
  const std::optional<Place> agreed = Agreed(steps_.size() - 1);
  if (!agreed || agreed->step < chosen_.size()) return;
  Choose(*agreed);
  doubt_.WeighUntil(path(), chosen_.size());
  const std::optional<Place> certain = Agreed(chosen_.size() - 1);
  if (!certain) return;
  HandOverUpTo(certain->step);
  Drop(certain->step);
}

void Chain::DecideUpTo(size_t step) {
  const size_t keep = std::max(step + 1, chosen_.size());
  Choose({steps_.size() - 1, static_cast<uint32_t>(steps_.back().Best())});
  doubt_.WeighUntil(path(), keep);
  std::vector<std::vector<Certainty>> known = doubt_.CertaintyFrom(step + 1);
  WeighRivalsBeyond(step, keep);
  doubt_.WeighEnd(path());
  HandOverUpTo(step);
  doubt_.Restore(step + 1, std::move(known));
  chosen_.resize(keep);
  // Rivals may go back further; but of that nothing is told any more.
  Drop(handed_ - 1);
}

void Chain::WeighRivalsBeyond(size_t step, size_t first) {
  std::vector<bool> came(steps_[step].states.size(), false);
  came[chosen_[step]] = true;
  for (size_t i = step + 1; i < steps_.size(); ++i) {
    const std::vector<HmmState>& before = steps_[i - 1].states;
    bool rivals = false;
    for (size_t s = 0; s < before.size(); ++s) rivals |= !came[s] && !before[s].off_road;
    if (i >= first) {
      if (rivals) {
        doubt_.WeighUntil(path(), i + 1);
      } else {
        doubt_.PassNext(path());
      }
    }
    std::vector<bool> now(steps_[i].states.size(), false);
    for (size_t s = 0; s < now.size(); ++s) {
      now[s] = came[static_cast<size_t>(steps_[i].states[s].before)];
    }
    came = std::move(now);
  }
}

void Chain::Drop(size_t count) {
  if (count < kBatchSteps && 2 * count < steps_.size()) return;
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(count));
  chosen_.erase(chosen_.begin(), chosen_.begin() + static_cast<std::ptrdiff_t>(count));
  doubt_.Drop(count);
  handed_ -= count;
}

void Chain::HandOverUpTo(size_t step) {
  for (; handed_ <= step; ++handed_) {
    const size_t i = handed_;
    const HmmState& at = steps_[i].states[chosen_[i]];
    bool connected = i > 0 && path().GoesOnTo(i);
    if (connected) {
      // Beside the roads nothing is driven; but standing there is standing.
      const HmmState& before = steps_[i - 1].states[chosen_[i - 1]];
      if (at.off_road || before.off_road) {
        connected = at.off_road && before.off_road && at.at == before.at;
      }
    }
    const auto way =
        absl::MakeConstSpan(steps_[i].ways.data() + at.way_begin, at.way_end - at.way_begin);
    sink_->OnPoint(steps_[i], at, way, doubt_.certainty(i), connected);
  }
}

}  // namespace patrol::tracks
