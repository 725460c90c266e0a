#include "lib/patrol/tracks/doubt.h"

#include <algorithm>
#include <iterator>
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

void Doubt::WeighUntil(const Path& path, size_t end) {
  while (weighed() < end) {
    PassNext(path);
    WeighWayTo(weighed() - 1);
  }
}

void Doubt::PassNext(const Path& path) {
  path_ = path;
  const size_t step = weighed();
  const HmmState& state = path.steps[step].states[path.chosen[step]];
  certainty_.emplace_back(state.way_end - state.way_begin, Certainty::kSure);
}

void Doubt::WeighEnd(const Path& path) {
  path_ = path;
  if (hmm_->options().sure_nats <= 0) return;
  const size_t end = path.steps.size() - 1;
  const std::vector<HmmState>& states = path.steps[end].states;
  for (uint32_t j = 0; j < states.size(); ++j) {
    const double nats = states[path.chosen[end]].log_prob - states[j].log_prob;
    if (j == path.chosen[end] || nats >= SureNats(path.steps[end], hmm_->options())) continue;
    passed_.clear();
    TakeRival(end, j);
  }
}

std::vector<std::vector<Certainty>> Doubt::CertaintyFrom(size_t step) const {
  return {certainty_.begin() + static_cast<std::ptrdiff_t>(step), certainty_.end()};
}

void Doubt::Restore(size_t step, std::vector<std::vector<Certainty>> certainty) {
  certainty_.resize(step);
  std::move(certainty.begin(), certainty.end(), std::back_inserter(certainty_));
}

void Doubt::WeighWayTo(size_t step) {
  if (step == 0 || !path_.GoesOnTo(step) || hmm_->options().sure_nats <= 0) return;
  const auto& [steps, chosen] = path_;
  const HmmStep& before = steps[step - 1];
  const uint32_t from = chosen[step - 1];
  const uint32_t to = chosen[step];
  if (steps[step].states[to].off_road || before.states[from].off_road) return;
  const DetourSearch& search =
      hmm_->FindDetours(before, from, steps[step], to, SureNats(steps[step], hmm_->options()));
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
  while (rival >= 0 && static_cast<uint32_t>(rival) != path_.chosen[at]) {
    const HmmState& its = path_.steps[at].states[static_cast<size_t>(rival)];
    for (uint32_t i = its.way_begin; i < its.way_end; ++i) {
      passed_.insert(roadnet::PieceOf(path_.steps[at].ways[i]));
    }
    if (!its.off_road) passed_.insert(its.at.piece);
    rival = at > 0 ? its.before : -1;
    if (rival >= 0) --at;
  }
  for (size_t i = rival >= 0 ? at + 1 : at; i <= step; ++i) Spare(i, 0, kAll);
}

void Doubt::Spare(size_t step, size_t first, size_t last) {
  std::vector<Certainty>& certainty = certainty_[step];
  const uint32_t begin = path_.steps[step].states[path_.chosen[step]].way_begin;
  for (size_t k = first; k < std::min(last, certainty.size()); ++k) {
    const roadnet::ArcIndex arc = path_.steps[step].ways[begin + k];
    if (!passed_.contains(roadnet::PieceOf(arc))) certainty[k] = Certainty::kDoubtful;
  }
}

}  // namespace patrol::tracks
