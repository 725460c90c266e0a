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

namespace {

// Up to 30 degrees are going straight on; up to 60, a road still goes on.
constexpr float kStraightCosine = 0.866F;
constexpr float kGoesOnCosine = 0.5F;
// Slower than a quarter of the fastest is as bad as a quarter; shorter pieces say nothing of speed.
constexpr double kSlownessMax = 3;
constexpr double kSpeedLengthMinM = 20;

// Nats a metre of each arc, by how much slower it is than the network's fastest.
std::vector<float> SlowNats(const roadnet::Network& network, const SearchGraph& graph,
                            double nats_per_km) {
  const auto seconds_per_m = [&](ArcIndex arc) {
    return 1e-6 * graph.time_us(arc) / network.piece(roadnet::PieceOf(arc)).length_m;
  };
  double fastest = std::numeric_limits<double>::infinity();
  for (ArcIndex arc = 0; arc < network.arc_count(); ++arc) {
    if (graph.time_us(arc) == roadnet::kNotAllowed) continue;
    if (network.piece(roadnet::PieceOf(arc)).length_m < kSpeedLengthMinM) continue;
    fastest = std::min(fastest, seconds_per_m(arc));
  }
  std::vector<float> nats(network.arc_count(), 0);
  for (ArcIndex arc = 0; arc < network.arc_count(); ++arc) {
    const double slowness = std::clamp(seconds_per_m(arc) / fastest - 1, 0.0, kSlownessMax);
    nats[arc] = static_cast<float>(nats_per_km / 1000 * slowness);
  }
  return nats;
}

}  // namespace

RouteSearch::RouteSearch(const roadnet::Network& network, const SearchGraph& graph,
                         const RouteTaste& taste)
    : network_(network),
      graph_(graph),
      taste_(taste),
      slow_nats_(SlowNats(network, graph, taste.slow_nats_per_km)) {
  SetScale(0);
  headings_.reserve(network.piece_count());
  for (const roadnet::Piece& piece : network.pieces()) {
    const geo::LonLat a = network.node(piece.from).place;
    const geo::LonLat b = network.node(piece.to).place;
    const double east =
        std::remainder(b.lon - a.lon, 360.0) * std::cos(a.lat * std::numbers::pi / 180);
    const double north = b.lat - a.lat;
    const double length = std::max(std::hypot(east, north), 1e-12);
    headings_.push_back({static_cast<float>(east / length), static_cast<float>(north / length)});
  }
  junction_.reserve(network.node_count());
  for (roadnet::NodeIndex node = 0; node < network.node_count(); ++node) {
    junction_.push_back(network.out_end(node) - network.out_begin(node) > 2);
  }
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

void RouteSearch::SetScale(double metres_per_nat) {
  scale_ = static_cast<float>(metres_per_nat);
  turn_m_ = static_cast<float>(taste_.turn_nats * metres_per_nat);
  u_turn_m_ = static_cast<float>(taste_.u_turn_m + taste_.u_turn_nats * metres_per_nat);
}

float RouteSearch::TurnCosine(ArcIndex from, ArcIndex to) const {
  const Heading& a = headings_[roadnet::PieceOf(from)];
  const Heading& b = headings_[roadnet::PieceOf(to)];
  const float cosine = a.east * b.east + a.north * b.north;
  return roadnet::IsBackward(from) == roadnet::IsBackward(to) ? cosine : -cosine;
}

float RouteSearch::TurnCost(roadnet::NodeIndex node, ArcIndex from, ArcIndex to) const {
  if (to == ReverseArc(from)) return u_turn_m_;
  if (!junction_[node]) return 0;
  const float off = (kStraightCosine - TurnCosine(from, to)) / kStraightCosine;
  return turn_m_ * std::clamp(off, 0.0F, 1.0F);
}

ArcIndex RouteSearch::StraightOn(ArcIndex arc) const {
  const roadnet::NodeIndex node = network_.head(arc);
  ArcIndex best = arc;
  float best_cosine = kGoesOnCosine;
  for (const ArcIndex* next = network_.out_begin(node); next != network_.out_end(node); ++next) {
    if (*next == ReverseArc(arc) || graph_.time_us(*next) == roadnet::kNotAllowed) continue;
    const float cosine = junction_[node] ? TurnCosine(arc, *next) : 1;
    if (cosine <= best_cosine) continue;
    best_cosine = cosine;
    best = *next;
  }
  return best;
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

void RouteSearch::Reach(StateIndex state, float cost, float length, StateIndex before,
                        ArcIndex arc) {
  if (state == kNoState || cost > limit_) return;
  Reached& reached = reached_[state];
  if (reached.run == run_ && reached.cost <= cost) return;
  if (cost + LeastTo(graph_.node(state)) > limit_) return;
  reached = {run_, cost, length, before, arc};
  heap_.push_back({cost, state});
  std::push_heap(heap_.begin(), heap_.end(),
                 [](const Entry& a, const Entry& b) { return a.cost > b.cost; });
}

void RouteSearch::Hit(size_t target, float cost, float length, Found::How how, StateIndex state) {
  Found& found = found_[target];
  if (cost > limit_ || cost >= found.cost) return;
  if (found.cost == kNoWay) ++found_count_;
  found = {cost, length, how, state};
}

void RouteSearch::HitAllOn(ArcIndex arc, float cost, float length, StateIndex state) {
  if (arc_round_[arc] != target_round_) return;
  for (uint32_t t = arc_first_[arc]; t != kNone; t = targets_[t].next) {
    const auto along = static_cast<float>(targets_[t].place.along_m);
    Hit(t, cost + along * PerMetre(arc), length + along, Found::How::kByState, state);
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
      if (ahead == 0) Hit(t, 0, 0, Found::How::kStanding, 0);
      if (ahead > 0) {
        Hit(t, static_cast<float>(ahead) * PerMetre(from.arc), static_cast<float>(ahead),
            Found::How::kAhead, 0);
      }
    }
  }
  if (can_turn && arc_round_[back] == target_round_) {
    for (uint32_t t = arc_first_[back]; t != kNone; t = targets_[t].next) {
      const double ahead = targets_[t].place.along_m - (length - from.along_m);
      if (ahead >= 0) {
        Hit(t, static_cast<float>(ahead) * PerMetre(back) + u_turn_m_, static_cast<float>(ahead),
            Found::How::kTurned, 0);
      }
    }
  }
  const auto rest = static_cast<float>(length - from.along_m);
  Reach(graph_.entry(from.arc), rest * PerMetre(from.arc), rest, kNoState, from.arc);
  if (can_turn) {
    const auto along = static_cast<float>(from.along_m);
    Reach(graph_.entry(back), along * PerMetre(back) + u_turn_m_, along, kNoState, back);
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
    const float length = reached.length;
    for (const SearchGraph::Edge* edge = graph_.edges_begin(entry.state);
         edge != graph_.edges_end(entry.state); ++edge) {
      const float cost = entry.cost + TurnCost(graph_.node(entry.state), came_by, edge->arc);
      HitAllOn(edge->arc, cost, length, entry.state);
      const auto arc_m = static_cast<float>(Length(edge->arc));
      Reach(edge->state, cost + arc_m * PerMetre(edge->arc), length + arc_m, entry.state,
            edge->arc);
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
