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
    length_m_.push_back(static_cast<float>(piece.length_m));
  }
  points_.reserve(network.node_count());
  for (const roadnet::Node& node : network.nodes()) points_.push_back(ToPoint(node.place));
  on_arc_.resize(network.arc_count());
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

float RouteSearch::AwayM(roadnet::NodeIndex node) const {
  const Point& point = points_[node];
  const float x = point.x - around_.x;
  const float y = point.y - around_.y;
  const float z = point.z - around_.z;
  return std::sqrt(x * x + y * y + z * z);
}

void RouteSearch::SetTargets(absl::Span<const RouteTarget> targets, geo::LonLat around) {
  // Floats of this size are good to half a metre.
  constexpr float kFloatSlackM = 2;
  around_ = ToPoint(around);
  within_m_ = 0;
  least_handicap_m_ = kNoWay;
  ++target_round_;
  targets_.clear();
  for (const RouteTarget& goal : targets) {
    OnArc& on = on_arc_[goal.place.arc];
    targets_.push_back({goal, on.round == target_round_ ? on.first : kNone});
    on = {target_round_, static_cast<uint32_t>(targets_.size() - 1)};
    least_handicap_m_ = std::min(least_handicap_m_, goal.handicap_m);
    within_m_ = std::max(within_m_, goal.away_m + kFloatSlackM);
  }
  nearer_m_ = -kNoWay;
  for (const RouteTarget& goal : targets) {
    nearer_m_ =
        std::max(nearer_m_, goal.away_m + kFloatSlackM - (goal.handicap_m - least_handicap_m_));
  }
  found_.resize(targets_.size());
}

RouteSearch::Outlook RouteSearch::OutlookOf(const Way& way, uint32_t index,
                                            const Reached& reached) const {
  const float least = Least(reached.away_m);
  Outlook outlook{Onward::kAll, 0};
  for (uint32_t i = reached.first; i != kNone; i = ways_[i].beside) {
    if (i == index) continue;
    const Way& other = ways_[i];
    const float turn_m = other.arc == way.arc ? 0 : turn_m_;
    if (!AsGood(other, turn_m, way, least)) continue;
    if (i > index && AsGood(way, turn_m, other, least)) continue;  // of equals the first
    if (other.arc == way.arc || AsGood(other, u_turn_m_, way, least)) {
      return {Onward::kNone, 0};
    }
    const ArcIndex back = ReverseArc(other.arc);
    if (outlook.onward == Onward::kOneArc && back == outlook.arc) continue;
    if (outlook.onward == Onward::kOneArc) return {Onward::kNone, 0};
    outlook = {Onward::kOneArc, back};
  }
  return outlook;
}

void RouteSearch::Reach(Way way) {
  if (way.state == kNoState) return;
  const float cost = way.disliked - sources_[way.source].handicap_m + way.length;
  if (cost > bounds_.cost_max_m) return;
  Reached& reached = reached_[way.state];
  if (reached.run != run_) {
    reached = {run_, kNone, AwayM(graph_.node(way.state))};
  }
  const float to_go = reached.away_m - nearer_m_;
  const float bound = way.disliked + std::max(way.length + to_go - bounds_.straight_m, 0.0F);
  if (bound > bound_max_ || cost + Least(reached.away_m) > bounds_.cost_max_m) return;
  if (OutlookOf(way, kNone, reached).onward == Onward::kNone) return;
  way.beside = reached.first;
  reached.first = static_cast<uint32_t>(ways_.size());
  ways_.push_back(way);
  heap_.push_back({way.disliked + way.length + to_go, reached.first});
  std::push_heap(heap_.begin(), heap_.end(),
                 [](const Entry& a, const Entry& b) { return a.bound > b.bound; });
}

void RouteSearch::Hit(uint32_t target, float disliked, float length, uint32_t source,
                      Found::How how, uint32_t way) {
  Found& found = found_[target];
  const float total = disliked + Off(length);
  if (total >= found.total) return;
  if (disliked - sources_[source].handicap_m + length > bounds_.cost_max_m) return;
  found = {total, length, source, how, way};
  bound_max_ = std::min(
      bound_max_, total + targets_[target].goal.handicap_m + bounds_.slack_m - least_handicap_m_);
}

// Targets that are reached without passing a node.
void RouteSearch::HitOnOneArc(const RouteSource& from, uint32_t source) {
  const ArcIndex arc = from.place.arc;
  const ArcIndex back = ReverseArc(arc);
  const OnArc& ahead_on = on_arc_[arc];
  if (ahead_on.round == target_round_) {
    for (uint32_t t = ahead_on.first; t != kNone; t = targets_[t].next) {
      const double ahead = targets_[t].goal.place.along_m - from.place.along_m;
      if (ahead < 0) continue;
      const auto metres = static_cast<float>(ahead);
      Hit(t, from.handicap_m + metres * SlowPerMetre(arc), metres, source,
          ahead > 0 ? Found::How::kOnOneArc : Found::How::kStanding, kNone);
    }
  }
  const OnArc& back_on = on_arc_[back];
  if (back_on.round != target_round_ || graph_.time_us(back) == roadnet::kNotAllowed) return;
  for (uint32_t t = back_on.first; t != kNone; t = targets_[t].next) {
    const double ahead = targets_[t].goal.place.along_m - (Length(arc) - from.place.along_m);
    if (ahead < 0) continue;
    const auto metres = static_cast<float>(ahead);
    Hit(t, from.handicap_m + u_turn_m_ + metres * SlowPerMetre(back), metres, source,
        Found::How::kOnOneArc, kNone);
  }
}

void RouteSearch::Begin(const RouteSource& from, uint32_t source) {
  const ArcIndex arc = from.place.arc;
  const ArcIndex back = ReverseArc(arc);
  const auto along = static_cast<float>(from.place.along_m);
  const float rest = std::max(Length(arc) - along, 0.0F);
  Reach({from.handicap_m + rest * SlowPerMetre(arc), rest, graph_.entry(arc), arc, source, kNone,
         kNone});
  if (graph_.time_us(back) == roadnet::kNotAllowed) return;
  Reach({from.handicap_m + along * SlowPerMetre(back) + u_turn_m_, along, graph_.entry(back), back,
         source, kNone, kNone});
}

void RouteSearch::Run(absl::Span<const RouteSource> sources, const RouteBounds& bounds) {
  ++run_;
  sources_ = sources;
  bounds_ = bounds;
  bound_max_ = kNoWay;
  std::fill(found_.begin(), found_.end(), Found());
  ways_.clear();
  heap_.clear();
  // What is found at once bounds how far is looked.
  for (uint32_t i = 0; i < sources.size(); ++i) HitOnOneArc(sources[i], i);
  for (uint32_t i = 0; i < sources.size(); ++i) Begin(sources[i], i);
  Expand();
}

void RouteSearch::Expand() {
  const auto later = [](const Entry& a, const Entry& b) { return a.bound > b.bound; };
  while (!heap_.empty()) {
    const Entry entry = heap_.front();
    if (entry.bound - bounds_.straight_m > bound_max_) break;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
    const Way way = ways_[entry.way];
    const Reached& reached = reached_[way.state];
    const Outlook outlook = OutlookOf(way, entry.way, reached);
    if (outlook.onward == Onward::kNone) continue;
    const roadnet::NodeIndex node = graph_.node(way.state);
    for (const SearchGraph::Edge* edge = graph_.edges_begin(way.state);
         edge != graph_.edges_end(way.state); ++edge) {
      if (outlook.onward == Onward::kOneArc && edge->arc != outlook.arc) continue;
      const float disliked = way.disliked + TurnCost(node, way.arc, edge->arc);
      const float slow = SlowPerMetre(edge->arc);
      if (const OnArc& on = on_arc_[edge->arc]; on.round == target_round_) {
        for (uint32_t t = on.first; t != kNone; t = targets_[t].next) {
          const auto along = static_cast<float>(targets_[t].goal.place.along_m);
          Hit(t, disliked + along * slow, way.length + along, way.source, Found::How::kByNodes,
              entry.way);
        }
      }
      const float metres = Length(edge->arc);
      Reach({disliked + metres * slow, way.length + metres, edge->state, edge->arc, way.source,
             entry.way, kNone});
    }
  }
}

void RouteSearch::AppendArcs(size_t target, std::vector<ArcIndex>* arcs) const {
  const Found& found = found_[target];
  if (found.how == Found::How::kStanding) return;
  if (found.how == Found::How::kByNodes) {
    const size_t begin = arcs->size();
    for (uint32_t way = found.way; way != kNone; way = ways_[way].before) {
      arcs->push_back(ways_[way].arc);
    }
    std::reverse(arcs->begin() + static_cast<std::ptrdiff_t>(begin), arcs->end());
  }
  arcs->push_back(targets_[target].goal.place.arc);
}

}  // namespace patrol::tracks
