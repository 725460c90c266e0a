#include "lib/patrol/tracks/detour_search.h"

#include <algorithm>

namespace patrol::tracks {

using roadnet::ArcIndex;
using roadnet::kNoState;
using roadnet::ReverseArc;
using roadnet::SearchGraph;
using roadnet::StateIndex;

void DetourSearch::Run(const DrivenWay& way, absl::Span<const OtherSource> others, float slack_m) {
  way_ = way;
  around_ = WayCosts::ToPoint(way.around);
  labels_.clear();
  heap_.clear();
  detours_.clear();
  arcs_.clear();
  driven_at_.clear();
  least_.clear();
  FollowDriven(way);
  total_ = disliked_ + OffStraight(length_, way.straight_m, way.short_share);
  excess_max_ = slack_m;
  key_max_ = total_ + slack_m + way.straight_m;
  for (uint32_t i = 0; i < others.size(); ++i) ComeFrom(others[i], i);
  for (uint32_t i = 0; i < passed_.size(); ++i) Leave(i);
  Expand();
}

void DetourSearch::FollowDriven(const DrivenWay& way) {
  driven_.assign(way.arcs.begin(), way.arcs.end());
  if (driven_.empty()) driven_.push_back(way.to.arc);
  passed_.clear();
  disliked_ = 0;
  length_ = 0;
  auto start = static_cast<float>(way.from.along_m);
  if (driven_.front() != way.from.arc) {
    disliked_ = costs_.u_turn_m();
    start = costs_.Length(way.from.arc) - start;
  }
  StateIndex state = graph_.entry(driven_.front());
  for (uint32_t i = 0; i < driven_.size(); ++i) {
    const ArcIndex arc = driven_[i];
    if (i > 0) {
      disliked_ += costs_.TurnCost(network_.tail(arc), driven_[i - 1], arc);
      StateIndex next = kNoState;
      if (state != kNoState) {
        for (const SearchGraph::Edge* edge = graph_.edges_begin(state);
             edge != graph_.edges_end(state); ++edge) {
          if (edge->arc == arc) next = edge->state;
        }
      }
      state = next;
    }
    const bool last = i + 1 == driven_.size();
    const float end = last ? static_cast<float>(way.to.along_m) : costs_.Length(arc);
    const float metres = std::max(0.0F, end - start);
    start = 0;
    disliked_ += metres * costs_.SlowPerMetre(arc);
    length_ += metres;
    if (last) break;
    passed_.push_back({state, disliked_, length_});
    if (state != kNoState) driven_at_[state] = i;
  }
}

void DetourSearch::Leave(uint32_t arc) {
  const Passed& passed = passed_[arc];
  if (passed.state == kNoState) return;
  const roadnet::NodeIndex node = graph_.node(passed.state);
  for (const SearchGraph::Edge* edge = graph_.edges_begin(passed.state);
       edge != graph_.edges_end(passed.state); ++edge) {
    if (edge->arc == driven_[arc + 1] || edge->arc == ReverseArc(driven_[arc])) continue;
    const float metres = costs_.Length(edge->arc);
    Push({passed.disliked + costs_.TurnCost(node, driven_[arc], edge->arc) +
              metres * costs_.SlowPerMetre(edge->arc),
          passed.length + metres, edge->state, edge->arc, Detour::kNoSource, arc, kNone});
  }
}

void DetourSearch::ComeFrom(const OtherSource& other, uint32_t source) {
  if (other.handicap_m > total_ + excess_max_) return;
  const auto along = static_cast<float>(other.place.along_m);
  Label label{other.handicap_m, 0, kNoState, other.place.arc, source, kNone, kNone};
  for (uint32_t i = 0; i < driven_.size(); ++i) {
    if (driven_[i] != other.place.arc) continue;
    // It stands on the driven way.
    const bool last = i + 1 == driven_.size();
    const float end = last ? static_cast<float>(way_.to.along_m) : costs_.Length(driven_[i]);
    if (along > end) continue;
    label.disliked += (end - along) * costs_.SlowPerMetre(driven_[i]);
    label.length = end - along;
    if (last) {
      Note(label, i, label.disliked, label.length);
    } else {
      Note(label, i, label.disliked + disliked_ - passed_[i].disliked,
           label.length + length_ - passed_[i].length);
    }
    return;
  }
  const float rest = std::max(0.0F, costs_.Length(other.place.arc) - along);
  label.disliked += rest * costs_.SlowPerMetre(other.place.arc);
  label.length = rest;
  label.state = graph_.entry(other.place.arc);
  Push(label);
}

void DetourSearch::Push(Label label) {
  if (label.state == kNoState) return;
  const float key = label.disliked + label.length;
  const float bound = key + std::max(0.0F, costs_.AwayM(graph_.node(label.state), around_) -
                                               WayCosts::kPointSlackM);
  if (bound > key_max_) return;
  const auto [least, added] = least_.try_emplace(label.state, key);
  if (!added) {
    if (least->second <= key) return;
    least->second = key;
  }
  labels_.push_back(label);
  heap_.push_back({bound, static_cast<uint32_t>(labels_.size() - 1)});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

void DetourSearch::Expand() {
  const ArcIndex goal = driven_.back();
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    const uint32_t index = heap_.back().label;
    heap_.pop_back();
    const Label label = labels_[index];
    if (label.disliked + label.length > least_[label.state]) continue;
    if (const auto at = driven_at_.find(label.state); at != driven_at_.end()) {
      Join(label, at->second);
      continue;
    }
    const roadnet::NodeIndex node = graph_.node(label.state);
    for (const SearchGraph::Edge* edge = graph_.edges_begin(label.state);
         edge != graph_.edges_end(label.state); ++edge) {
      if (edge->arc == ReverseArc(label.arc)) continue;
      const float disliked = label.disliked + costs_.TurnCost(node, label.arc, edge->arc);
      const float slow = costs_.SlowPerMetre(edge->arc);
      if (edge->arc == goal) {
        const auto along = static_cast<float>(way_.to.along_m);
        labels_.push_back(
            {disliked, label.length, label.state, edge->arc, label.source, label.left, index});
        Note(labels_.back(), static_cast<uint32_t>(driven_.size() - 1), disliked + along * slow,
             label.length + along);
        continue;
      }
      const float metres = costs_.Length(edge->arc);
      Push({disliked + metres * slow, label.length + metres, edge->state, edge->arc, label.source,
            label.left, index});
    }
  }
}

void DetourSearch::Join(const Label& label, uint32_t at) {
  if (label.left != kNone && at <= label.left) return;
  const Passed& passed = passed_[at];
  const roadnet::NodeIndex node = graph_.node(passed.state);
  const float turn = costs_.TurnCost(node, label.arc, driven_[at + 1]) -
                     costs_.TurnCost(node, driven_[at], driven_[at + 1]);
  Note(label, at + 1, label.disliked + turn + disliked_ - passed.disliked,
       label.length + length_ - passed.length);
}

void DetourSearch::Note(const Label& label, uint32_t last, float disliked, float length) {
  const float excess = disliked + OffStraight(length, way_.straight_m, way_.short_share) - total_;
  if (excess > excess_max_) return;
  Detour detour;
  detour.source = label.source;
  detour.first = label.left == kNone ? 0 : label.left + 1;
  detour.last = last;
  detour.excess_m = std::max(0.0F, excess);
  detour.arcs_begin = static_cast<uint32_t>(arcs_.size());
  arcs_.push_back(label.arc);
  for (uint32_t i = label.before; i != kNone; i = labels_[i].before)
    arcs_.push_back(labels_[i].arc);
  detour.arcs_end = static_cast<uint32_t>(arcs_.size());
  detours_.push_back(detour);
}

}  // namespace patrol::tracks
