#include "lib/patrol/tracks/route_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace patrol::tracks {

using roadnet::ArcIndex;
using roadnet::kNoState;
using roadnet::ReverseArc;
using roadnet::SearchGraph;
using roadnet::StateIndex;

RouteSearch::RouteSearch(const roadnet::Network& network, const SearchGraph& graph,
                         const RouteTaste& taste)
    : network_(network), graph_(graph), costs_(network, graph, taste) {
  on_arc_.resize(network.arc_count());
  reached_.resize(graph.state_count());
}

void RouteSearch::SetTargets(absl::Span<const RouteTarget> targets, geo::LonLat around) {
  around_ = WayCosts::ToPoint(around);
  within_m_ = 0;
  least_handicap_m_ = kNoWay;
  ++target_round_;
  targets_.clear();
  for (const RouteTarget& goal : targets) {
    OnArc& on = on_arc_[goal.place.arc];
    targets_.push_back({goal, on.round == target_round_ ? on.first : kNone});
    on = {target_round_, static_cast<uint32_t>(targets_.size() - 1)};
    least_handicap_m_ = std::min(least_handicap_m_, goal.handicap_m);
    within_m_ = std::max(within_m_, goal.away_m + WayCosts::kPointSlackM);
  }
  nearer_m_ = -kNoWay;
  for (const RouteTarget& goal : targets) {
    nearer_m_ = std::max(
        nearer_m_, goal.away_m + WayCosts::kPointSlackM - (goal.handicap_m - least_handicap_m_));
  }
  found_.resize(targets_.size());
}

RouteSearch::Outlook RouteSearch::OutlookOf(const Way& way, uint32_t index,
                                            const Reached& reached) const {
  const float least = Least(reached.away_m);
  const Prospect own = ProspectOf(way, least);
  Outlook outlook{Onward::kAll, 0};
  for (uint32_t i = reached.first; i != kNone; i = ways_[i].beside) {
    if (i == index) continue;
    const Way& other = ways_[i];
    const float turn_m = other.arc == way.arc ? 0 : costs_.turn_m();
    if (!AsGood(other, turn_m, own, least)) continue;
    // Of equals the first.
    if (i > index && AsGood(way, turn_m, ProspectOf(other, least), least)) continue;
    if (other.arc == way.arc || AsGood(other, costs_.u_turn_m(), own, least)) {
      return {Onward::kNone, 0};
    }
    const ArcIndex back = ReverseArc(other.arc);
    if (outlook.onward == Onward::kOneArc && back == outlook.arc) continue;
    if (outlook.onward == Onward::kOneArc) return {Onward::kNone, 0};
    outlook = {Onward::kOneArc, back};
  }
  return outlook;
}

inline void RouteSearch::Reach(const Way& way) {
  if (way.state == kNoState) return;
  const float cost = way.disliked - sources_[way.source].handicap_m + way.length;
  if (cost > bounds_.cost_max_m) return;
  Reached& reached = reached_[way.state];
  if (reached.run != run_) {
    reached = {run_, kNone, costs_.AwayM(graph_.node(way.state), around_)};
  }
  const float to_go = reached.away_m - nearer_m_;
  const float bound = way.disliked + std::max(way.length + to_go - bounds_.straight_m, 0.0F);
  if (bound > bound_max_ || cost + Least(reached.away_m) > bounds_.cost_max_m) return;
  if (reached.first != kNone && OutlookOf(way, kNone, reached).onward == Onward::kNone) return;
  const auto index = static_cast<uint32_t>(ways_.size());
  ways_.push_back(way);
  ways_.back().beside = std::exchange(reached.first, index);
  Queue(index, way.disliked + way.length + to_go - bounds_.straight_m);
}

inline void RouteSearch::Queue(uint32_t way, float bound) {
  const float after = std::max(0.0F, bound - bucket_base_);
  const size_t bucket = std::max(bucket_, static_cast<size_t>(after / kBucketM));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1, kNone);
  buckets_end_ = std::max(buckets_end_, bucket + 1);
  ways_[way].queued = buckets_[bucket];
  buckets_[bucket] = way;
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
      Hit(t, from.handicap_m + metres * costs_.SlowPerMetre(arc), metres, source,
          ahead > 0 ? Found::How::kOnOneArc : Found::How::kStanding, kNone);
    }
  }
  const OnArc& back_on = on_arc_[back];
  if (back_on.round != target_round_ || graph_.time_us(back) == roadnet::kNotAllowed) return;
  for (uint32_t t = back_on.first; t != kNone; t = targets_[t].next) {
    const double ahead = targets_[t].goal.place.along_m - (costs_.Length(arc) - from.place.along_m);
    if (ahead < 0) continue;
    const auto metres = static_cast<float>(ahead);
    Hit(t, from.handicap_m + costs_.u_turn_m() + metres * costs_.SlowPerMetre(back), metres, source,
        Found::How::kOnOneArc, kNone);
  }
}

void RouteSearch::Begin(const RouteSource& from, uint32_t source) {
  const ArcIndex arc = from.place.arc;
  const ArcIndex back = ReverseArc(arc);
  const auto along = static_cast<float>(from.place.along_m);
  const float rest = std::max(costs_.Length(arc) - along, 0.0F);
  Reach({from.handicap_m + rest * costs_.SlowPerMetre(arc), rest, graph_.entry(arc), arc, source,
         kNone, kNone, kNone});
  if (graph_.time_us(back) == roadnet::kNotAllowed) return;
  Reach({from.handicap_m + along * costs_.SlowPerMetre(back) + costs_.u_turn_m(), along,
         graph_.entry(back), back, source, kNone, kNone, kNone});
}

void RouteSearch::Run(absl::Span<const RouteSource> sources, const RouteBounds& bounds) {
  ++run_;
  sources_ = sources;
  bounds_ = bounds;
  bound_max_ = kNoWay;
  std::fill(found_.begin(), found_.end(), Found());
  ways_.clear();
  for (; bucket_ < buckets_end_; ++bucket_) buckets_[bucket_] = kNone;
  bucket_ = buckets_end_ = 0;
  bucket_base_ = kNoWay;
  for (const RouteSource& from : sources) {
    bucket_base_ = std::min(bucket_base_, from.handicap_m);
  }
  // What is found at once bounds how far is looked.
  for (uint32_t i = 0; i < sources.size(); ++i) HitOnOneArc(sources[i], i);
  for (uint32_t i = 0; i < sources.size(); ++i) Begin(sources[i], i);
  Expand();
}

void RouteSearch::Expand() {
  for (; bucket_ < buckets_end_; ++bucket_) {
    constexpr float kRoundingM = 0.1F;
    if (bucket_base_ + static_cast<float>(bucket_) * kBucketM > bound_max_ + kRoundingM) break;
    while (buckets_[bucket_] != kNone) {
      const uint32_t way = buckets_[bucket_];
      buckets_[bucket_] = ways_[way].queued;
      GoOn(way);
    }
  }
}

void RouteSearch::GoOn(uint32_t index) {
  const Way way = ways_[index];
  const Reached& reached = reached_[way.state];
  Outlook outlook{Onward::kAll, 0};
  const bool alone = reached.first == index && way.beside == kNone;
  if (!alone) outlook = OutlookOf(way, index, reached);
  if (outlook.onward == Onward::kNone) return;
  const roadnet::NodeIndex node = graph_.node(way.state);
  for (const SearchGraph::Edge* edge = graph_.edges_begin(way.state);
       edge != graph_.edges_end(way.state); ++edge) {
    if (outlook.onward == Onward::kOneArc && edge->arc != outlook.arc) continue;
    const float disliked = way.disliked + costs_.TurnCost(node, way.arc, edge->arc);
    const float slow = costs_.SlowPerMetre(edge->arc);
    if (const OnArc& on = on_arc_[edge->arc]; on.round == target_round_) {
      for (uint32_t t = on.first; t != kNone; t = targets_[t].next) {
        const auto along = static_cast<float>(targets_[t].goal.place.along_m);
        Hit(t, disliked + along * slow, way.length + along, way.source, Found::How::kByNodes,
            index);
      }
    }
    const float metres = costs_.Length(edge->arc);
    Reach({disliked + metres * slow, way.length + metres, edge->state, edge->arc, way.source, index,
           kNone, kNone});
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
