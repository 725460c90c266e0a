#include "lib/patrol/tracks/doubt.h"

#include <algorithm>
#include <limits>

namespace patrol::tracks {

namespace {

constexpr size_t kAll = std::numeric_limits<size_t>::max();

// By how much the path must beat a rival that joins it at `step`, nats.
double SureNats(const HmmStep& step, const MatchOptions& options) {
  if (step.beta_m <= 0) return options.sure_nats;  // a path's first
  return std::min({options.sure_nats, options.sure_m / step.beta_m,
                   options.sure_nats * step.silent_s / options.sure_after_s});
}

}  // namespace

void Doubt::Weigh(absl::Span<const HmmStep> steps, absl::Span<const size_t> chosen) {
  steps_ = steps;
  chosen_ = chosen;
  certainty_.resize(std::max(certainty_.size(), steps.size()));
  for (size_t i = 0; i < steps.size(); ++i) {
    const HmmState& state = steps[i].states[chosen[i]];
    certainty_[i].assign(state.way_end - state.way_begin, Certainty::kSure);
  }
  if (hmm_->options().sure_nats <= 0) return;
  WeighEnd();
  for (size_t i = 1; i < steps.size(); ++i) WeighWaysTo(i);
}

void Doubt::WeighEnd() {
  const size_t end = steps_.size() - 1;
  const std::vector<HmmState>& states = steps_[end].states;
  for (uint32_t j = 0; j < states.size(); ++j) {
    const double nats = states[chosen_[end]].log_prob - states[j].log_prob;
    if (j == chosen_[end] || nats >= SureNats(steps_[end], hmm_->options())) continue;
    passed_.clear();
    TakeRival(end, j);
  }
}

void Doubt::WeighWaysTo(size_t step) {
  const HmmStep& before = steps_[step - 1];
  const auto from = static_cast<uint32_t>(chosen_[step - 1]);
  const auto to = static_cast<uint32_t>(chosen_[step]);
  if (steps_[step].states[to].off_road || before.states[from].off_road) return;
  const DetourSearch& search =
      hmm_->FindDetours(before, from, steps_[step], to, SureNats(steps_[step], hmm_->options()));
  for (const Detour& detour : search.detours()) {
    passed_.clear();
    for (const roadnet::ArcIndex arc : search.ArcsOf(detour)) {
      passed_.insert(roadnet::PieceOf(arc));
    }
    if (detour.source != Detour::kNoSource) {
      TakeRival(step - 1, hmm_->detour_states()[detour.source]);
    }
    Spare(step, detour.first, detour.last);
  }
}

void Doubt::TakeRival(size_t step, uint32_t state) {
  size_t at = step;
  auto rival = static_cast<int32_t>(state);
  while (rival >= 0 && static_cast<size_t>(rival) != chosen_[at]) {
    const HmmState& its = steps_[at].states[static_cast<size_t>(rival)];
    for (uint32_t i = its.way_begin; i < its.way_end; ++i) {
      passed_.insert(roadnet::PieceOf(steps_[at].ways[i]));
    }
    if (!its.off_road) passed_.insert(its.at.piece);
    rival = at > 0 ? its.before : -1;
    if (rival >= 0) --at;
  }
  for (size_t i = rival >= 0 ? at + 1 : at; i <= step; ++i) Spare(i, 0, kAll);
}

void Doubt::Spare(size_t step, size_t first, size_t last) {
  std::vector<Certainty>& certainty = certainty_[step];
  const uint32_t begin = steps_[step].states[chosen_[step]].way_begin;
  for (size_t k = first; k < std::min(last, certainty.size()); ++k) {
    const roadnet::ArcIndex arc = steps_[step].ways[begin + k];
    if (!passed_.contains(roadnet::PieceOf(arc))) certainty[k] = Certainty::kDoubtful;
  }
}

}  // namespace patrol::tracks
