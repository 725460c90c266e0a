#include "lib/patrol/tracks/chain.h"

#include <utility>

#include "lib/base/check.h"

namespace patrol::tracks {

namespace {

// Steps gathered before it is asked whether all paths agree on the older ones.
constexpr size_t kStepsMax = 1024;

}  // namespace

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
  if (sink_ != nullptr && steps_.size() >= kStepsMax) HandOverAgreed();
}

void Chain::EndPath() {
  if (sink_ != nullptr && !steps_.empty()) HandOver(steps_.size() - 1, steps_.back().Best());
  steps_.clear();
  handed_ = 0;
  if (pending_) {
    HmmStep alone = *std::move(pending_);
    pending_.reset();
    if (sink_ != nullptr) sink_->OnPoint(alone, alone.states[alone.Best()], {}, false);
  }
}

void Chain::HandOver(size_t end, size_t state) {
  std::vector<size_t> chosen(end + 1);
  chosen[end] = state;
  for (size_t i = end; i > 0; --i) {
    const int32_t before = steps_[i].states[chosen[i]].before;
    PATROL_CHECK(before >= 0);
    chosen[i - 1] = static_cast<size_t>(before);
  }
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
                   connected);
  }
}

void Chain::HandOverAgreed() {
  // Walk back from every state of the last step until they have all come from one.
  std::vector<bool> from(steps_.back().states.size(), true);
  for (size_t i = steps_.size() - 1; i > 0; --i) {
    std::vector<bool> earlier(steps_[i - 1].states.size(), false);
    size_t count = 0;
    size_t only = 0;
    for (size_t s = 0; s < from.size(); ++s) {
      if (!from[s]) continue;
      const auto before = static_cast<size_t>(steps_[i].states[s].before);
      if (!earlier[before]) {
        earlier[before] = true;
        ++count;
        only = before;
      }
    }
    from = std::move(earlier);
    if (count != 1) continue;
    const size_t agreed = i - 1;
    if (agreed < handed_) return;
    HandOver(agreed, only);
    // The agreed step stays as the first, with its one state; the next steps refer to it.
    HmmState state = steps_[agreed].states[only];
    state.before = -1;
    steps_[agreed].states = {state};
    for (HmmState& next : steps_[agreed + 1].states) next.before = 0;
    steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(agreed));
    handed_ = 1;
    return;
  }
}

}  // namespace patrol::tracks
