#include "lib/patrol/coverage/reach.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "lib/base/check.h"

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::BackwardArc;
using roadnet::ForwardArc;
using roadnet::kNotAllowed;
using roadnet::NodeIndex;
using roadnet::PieceIndex;
using roadnet::PieceOf;
using roadnet::StateIndex;
using roadnet::TravelTimeUs;

constexpr uint32_t kNoSource = 0xffffffff;

constexpr uint64_t HeapKey(ArrivalUs us, StateIndex state) { return uint64_t{us} << 32 | state; }

}  // namespace

Reach::Reach(const roadnet::Network& network, const roadnet::SearchGraph& graph)
    : network_(network),
      graph_(graph),
      states_(graph.state_count()),
      entries_(network.arc_count()),
      node_us_(network.node_count(), kUnreached),
      first_source_(network.piece_count(), kNoSource),
      piece_seen_(network.piece_count(), 0) {}

double Reach::Share(const roadnet::RoadPosition& position) const {
  const double length = network_.piece(position.piece).length_m;
  return length > 0 ? std::clamp(position.offset_m / length, 0.0, 1.0) : 0.0;
}

void Reach::Run(absl::Span<const Source> sources, ArrivalUs limit_us) {
  Search(sources, limit_us, nullptr);
}

void Reach::RunTo(absl::Span<const Source> sources, ArrivalUs limit_us,
                  const roadnet::RoadPosition& target) {
  Search(sources, limit_us, &target);
  target_ = nullptr;
}

void Reach::Search(absl::Span<const Source> sources, ArrivalUs limit_us,
                   const roadnet::RoadPosition* target) {
  PATROL_CHECK(limit_us < kUnreached);
  Reset();
  sources_.assign(sources.begin(), sources.end());
  next_source_.assign(sources_.size(), kNoSource);
  limit_us_ = limit_us;
  target_ = target;
  if (target_ != nullptr) target_share_ = Share(*target_);
  for (uint32_t i = 0; i < sources_.size(); ++i) Start(i);
  if (target_ != nullptr) TightenLimit();

  while (!heap_.empty()) {
    const uint64_t top = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const auto us = static_cast<ArrivalUs>(top >> 32);
    const auto state = static_cast<StateIndex>(top & 0xffffffff);
    if (us > limit_us_) break;
    const Label label = states_[state];
    if (us != label.us) continue;  // a better label was found after this one was pushed
    const NodeIndex node = graph_.node(state);
    if (node_us_[node] == kUnreached) {
      node_us_[node] = us;
      nodes_.push_back(node);
    }
    const auto* const end = graph_.edges_end(state);
    for (const auto* edge = graph_.edges_begin(state); edge != end; ++edge) {
      if (us < entries_[edge->arc].us) EnterPiece(edge->arc, us, label.source);
      Relax(edge->state, uint64_t{us} + graph_.time_us(edge->arc), label.source);
    }
  }
  heap_.clear();
}

void Reach::Reset() {
  for (const StateIndex state : touched_states_) states_[state].us = kUnreached;
  touched_states_.clear();
  for (const NodeIndex node : nodes_) node_us_[node] = kUnreached;
  nodes_.clear();
  for (const PieceIndex piece : pieces_) {
    entries_[ForwardArc(piece)].us = kUnreached;
    entries_[BackwardArc(piece)].us = kUnreached;
    first_source_[piece] = kNoSource;
    piece_seen_[piece] = 0;
  }
  pieces_.clear();
}

void Reach::Start(uint32_t source) {
  const Source& from = sources_[source];
  if (from.delay_us > limit_us_) return;
  const PieceIndex piece = from.position.piece;
  const double share = Share(from.position);
  const ArcIndex forward = ForwardArc(piece);
  const ArcIndex backward = BackwardArc(piece);
  if (!piece_seen_[piece]) {
    piece_seen_[piece] = 1;
    pieces_.push_back(piece);
  }
  next_source_[source] = first_source_[piece];
  first_source_[piece] = source;
  if (const TravelTimeUs time = graph_.time_us(forward); time != kNotAllowed) {
    Relax(graph_.entry(forward), from.delay_us + PartOf(time, 1 - share), source);
  }
  if (const TravelTimeUs time = graph_.time_us(backward); time != kNotAllowed) {
    Relax(graph_.entry(backward), from.delay_us + PartOf(time, share), source);
  }
}

void Reach::Relax(StateIndex state, uint64_t us, uint32_t source) {
  if (us > limit_us_) return;
  Label& label = states_[state];
  if (us >= label.us) return;
  if (label.us == kUnreached) touched_states_.push_back(state);
  label = {static_cast<ArrivalUs>(us), source};
  heap_.push_back(HeapKey(label.us, state));
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void Reach::EnterPiece(ArcIndex arc, ArrivalUs us, uint32_t source) {
  entries_[arc] = {us, source};
  const PieceIndex piece = PieceOf(arc);
  if (!piece_seen_[piece]) {
    piece_seen_[piece] = 1;
    pieces_.push_back(piece);
  }
  if (target_ != nullptr && target_->piece == piece) TightenLimit();
}

void Reach::TightenLimit() {
  const Arrival best = ArrivalAtShare(target_->piece, target_share_);
  if (best.reached()) limit_us_ = std::min(limit_us_, best.time_us);
}

void Reach::AppendCovered(PieceIndex piece, std::vector<Interval>* out) const {
  const ArcIndex forward = ForwardArc(piece);
  const ArcIndex backward = BackwardArc(piece);
  const double forward_us = graph_.time_us(forward);
  const double backward_us = graph_.time_us(backward);
  if (const ArrivalUs us = entries_[forward].us; us <= limit_us_) {
    out->push_back({0.0, std::min(1.0, (limit_us_ - us) / forward_us)});
  }
  if (const ArrivalUs us = entries_[backward].us; us <= limit_us_) {
    out->push_back({std::max(0.0, 1 - (limit_us_ - us) / backward_us), 1.0});
  }
  for (uint32_t i = first_source_[piece]; i != kNoSource; i = next_source_[i]) {
    const double share = Share(sources_[i].position);
    const double left_us = limit_us_ - sources_[i].delay_us;
    if (forward_us > 0) out->push_back({share, std::min(1.0, share + left_us / forward_us)});
    if (backward_us > 0) out->push_back({std::max(0.0, share - left_us / backward_us), share});
  }
}

Arrival Reach::ArrivalAtShare(PieceIndex piece, double share) const {
  Arrival best;
  const auto consider = [&](uint64_t us, uint32_t source) {
    if (us <= limit_us_ && us < best.time_us) best = {static_cast<ArrivalUs>(us), source};
  };
  const ArcIndex forward = ForwardArc(piece);
  const ArcIndex backward = BackwardArc(piece);
  const TravelTimeUs forward_us = graph_.time_us(forward);
  const TravelTimeUs backward_us = graph_.time_us(backward);
  if (const Label& entry = entries_[forward]; entry.us != kUnreached) {
    consider(entry.us + PartOf(forward_us, share), entry.source);
  }
  if (const Label& entry = entries_[backward]; entry.us != kUnreached) {
    consider(entry.us + PartOf(backward_us, 1 - share), entry.source);
  }
  for (uint32_t i = first_source_[piece]; i != kNoSource; i = next_source_[i]) {
    const double from = Share(sources_[i].position);
    const uint64_t delay_us = sources_[i].delay_us;
    if (share == from) consider(delay_us, i);
    if (share > from && forward_us != kNotAllowed) {
      consider(delay_us + PartOf(forward_us, share - from), i);
    }
    if (share < from && backward_us != kNotAllowed) {
      consider(delay_us + PartOf(backward_us, from - share), i);
    }
  }
  return best;
}

}  // namespace patrol::coverage
