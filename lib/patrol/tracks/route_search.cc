#include "lib/patrol/tracks/route_search.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace patrol::tracks {

using roadnet::ArcIndex;
using roadnet::kNoState;
using roadnet::ReverseArc;
using roadnet::SearchGraph;
using roadnet::StateIndex;

RouteSearch::RouteSearch(const roadnet::Network& network, const SearchGraph& graph, double u_turn_m)
    : graph_(graph), u_turn_m_(static_cast<float>(u_turn_m)) {
  length_m_.reserve(network.piece_count());
  for (const roadnet::Piece& piece : network.pieces()) {
    length_m_.push_back(piece.length_m);
  }
  points_.reserve(network.node_count());
  for (const roadnet::Node& node : network.nodes()) points_.push_back(ToPoint(node.place));
  arc_round_.assign(network.arc_count(), 0);
  arc_first_.assign(network.arc_count(), kNone);
  reached_.resize(graph.state_count());
}

RouteSearch::Point RouteSearch::ToPoint(geo::LonLat place) {
  const double lon = place.lon * std::numbers::pi / 180;
  const double lat = place.lat * std::numbers::pi / 180;
  return {static_cast<float>(geo::kEarthRadiusM * std::cos(lat) * std::cos(lon)),
          static_cast<float>(geo::kEarthRadiusM * std::cos(lat) * std::sin(lon)),
          static_cast<float>(geo::kEarthRadiusM * std::sin(lat))};
}

float RouteSearch::LeastTo(roadnet::NodeIndex node) const {
  const Point& point = points_[node];
  const float x = point.x - around_.x;
  const float y = point.y - around_.y;
  const float z = point.z - around_.z;
  return std::max(0.0F, std::sqrt(x * x + y * y + z * z) - within_m_);
}

void RouteSearch::SetTargets(absl::Span<const DirectedPlace> targets, geo::LonLat around,
                             double within_m) {
  // Floats of this size are good to half a metre.
  constexpr double kFloatSlackM = 2;
  around_ = ToPoint(around);
  within_m_ = static_cast<float>(within_m + kFloatSlackM);
  ++target_round_;
  targets_.clear();
  for (const DirectedPlace& place : targets) {
    const bool first = arc_round_[place.arc] != target_round_;
    const auto index = static_cast<uint32_t>(targets_.size());
    targets_.push_back({place, first ? kNone : arc_first_[place.arc]});
    arc_round_[place.arc] = target_round_;
    arc_first_[place.arc] = index;
  }
  found_.resize(targets_.size());
}

void RouteSearch::Reach(StateIndex state, float cost, StateIndex before, ArcIndex arc) {
  if (state == kNoState || cost > limit_) return;
  Reached& reached = reached_[state];
  if (reached.run == run_ && reached.cost <= cost) return;
  if (cost + LeastTo(graph_.node(state)) > limit_) return;
  reached = {run_, cost, before, arc};
  heap_.push_back({cost, state});
  std::push_heap(heap_.begin(), heap_.end(),
                 [](const Entry& a, const Entry& b) { return a.cost > b.cost; });
}

void RouteSearch::Hit(size_t target, float cost, Found::How how, StateIndex state) {
  Found& found = found_[target];
  if (cost > limit_ || cost >= found.cost) return;
  if (found.cost == kNoWay) ++found_count_;
  found = {cost, how, state};
}

void RouteSearch::HitAllOn(ArcIndex arc, float cost, StateIndex state) {
  if (arc_round_[arc] != target_round_) return;
  for (uint32_t t = arc_first_[arc]; t != kNone; t = targets_[t].next) {
    Hit(t, cost + static_cast<float>(targets_[t].place.along_m), Found::How::kByState, state);
  }
}

void RouteSearch::Run(const DirectedPlace& from, double limit) {
  ++run_;
  from_ = from;
  limit_ = static_cast<float>(limit);
  found_count_ = 0;
  std::fill(found_.begin(), found_.end(), Found());
  heap_.clear();

  const ArcIndex back = ReverseArc(from.arc);
  const bool can_turn = graph_.time_us(back) != roadnet::kNotAllowed;
  const double length = Length(from.arc);
  if (arc_round_[from.arc] == target_round_) {
    for (uint32_t t = arc_first_[from.arc]; t != kNone; t = targets_[t].next) {
      const double ahead = targets_[t].place.along_m - from.along_m;
      if (ahead == 0) Hit(t, 0, Found::How::kStanding, 0);
      if (ahead > 0) Hit(t, static_cast<float>(ahead), Found::How::kAhead, 0);
    }
  }
  if (can_turn && arc_round_[back] == target_round_) {
    for (uint32_t t = arc_first_[back]; t != kNone; t = targets_[t].next) {
      const double ahead = targets_[t].place.along_m - (length - from.along_m);
      if (ahead >= 0) Hit(t, static_cast<float>(ahead) + u_turn_m_, Found::How::kTurned, 0);
    }
  }
  Reach(graph_.entry(from.arc), static_cast<float>(length - from.along_m), kNoState, from.arc);
  if (can_turn) {
    Reach(graph_.entry(back), static_cast<float>(from.along_m) + u_turn_m_, kNoState, back);
  }
  Expand();
}

void RouteSearch::Expand() {
  const auto later = [](const Entry& a, const Entry& b) { return a.cost > b.cost; };
  bool all_found = false;
  while (!heap_.empty()) {
    const Entry entry = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
    if (entry.cost > limit_) break;
    const Reached& reached = reached_[entry.state];
    if (entry.cost > reached.cost) continue;
    const ArcIndex came_by = reached.arc;
    for (const SearchGraph::Edge* edge = graph_.edges_begin(entry.state);
         edge != graph_.edges_end(entry.state); ++edge) {
      const bool turns = edge->arc == ReverseArc(came_by);
      const float cost = entry.cost + (turns ? u_turn_m_ : 0.0F);
      HitAllOn(edge->arc, cost, entry.state);
      Reach(edge->state, cost + static_cast<float>(Length(edge->arc)), entry.state, edge->arc);
    }
    if (!all_found && found_count_ == targets_.size()) {
      // Nothing beyond the dearest target found can be better than what was found.
      all_found = true;
      float dearest = 0;
      for (const Found& found : found_) dearest = std::max(dearest, found.cost);
      limit_ = std::min(limit_, dearest);
    }
  }
}

void RouteSearch::AppendArcs(size_t target, std::vector<ArcIndex>* arcs) const {
  const Found& found = found_[target];
  const ArcIndex last = targets_[target].place.arc;
  if (found.how == Found::How::kStanding) return;
  if (found.how == Found::How::kByState) {
    const size_t begin = arcs->size();
    for (StateIndex state = found.state; state != kNoState; state = reached_[state].before) {
      arcs->push_back(reached_[state].arc);
    }
    std::reverse(arcs->begin() + static_cast<std::ptrdiff_t>(begin), arcs->end());
  }
  arcs->push_back(last);
}

}  // namespace patrol::tracks
