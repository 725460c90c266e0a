#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/way_costs.h"

namespace patrol::tracks {

// A place where the unit may come from, and what is held against it, metres: what makes it less
// likely than another, by the scale in which ways are dear.
struct RouteSource {
  DirectedPlace place;
  float handicap_m = 0;
};

// A place where it may have gone, likewise, and how far that is from where all of them lie around.
struct RouteTarget {
  DirectedPlace place;
  float handicap_m = 0;
  float away_m = 0;
};

// Against what ways are measured (OffStraight), and up to where they are looked for.
struct RouteBounds {
  float straight_m = 0;
  float short_share = 0;
  // Ways that cost more than this are none: the unit had not the time.
  float cost_max_m = 0;
  // A target this much worse than the best is not looked for. The target's own handicap counts.
  float slack_m = std::numeric_limits<float>::infinity();
};

// The likeliest ways from several directed places to many, up to a limit: the inner loop of
// matching.
//
// The cost of a way is its length in metres, plus what the taste finds in it. Turning round is
// possible at once, where the unit stands, on a two-way piece, or at a node, where the graph has
// such an edge. One-way roads and turn restrictions are those of the graph.
//
// One search serves all sources: a state keeps those ways to it that no other is as good as however
// one goes on. As one metre too short counts less than one too long, of two ways the dearer may be
// the likelier in the end; and what a turn costs hangs on the arc one comes by. Such ways stay
// beside each other.
//
// Threads: one thread each; network and graph may be shared.
// Cost:    A* on the states within the limit; nothing allocated once it has grown. Memory is 12
//          bytes a state, 16 an arc, 16 a piece, 13 a node and 32 a way kept.
class RouteSearch {
 public:
  static constexpr float kNoWay = std::numeric_limits<float>::infinity();

  // Both outlive the search.
  RouteSearch(const roadnet::Network& network, const roadnet::SearchGraph& graph,
              const RouteTaste& taste);

  // What a nat weighs, in metres of way, until the next call. 0 at first: length alone counts.
  void SetScale(double metres_per_nat) { costs_.SetScale(metres_per_nat); }

  // Where ways shall be found to, until the next call. What leads away from `around` further than
  // the limit allows is not searched.
  void SetTargets(absl::Span<const RouteTarget> targets, geo::LonLat around);

  // Finds the best source and way for every target.
  void Run(absl::Span<const RouteSource> sources, const RouteBounds& bounds);

  // Of the last Run: the source's handicap, what the way's taste costs, and what its length is off:
  // metres, or kNoWay. Less is likelier. The target's own handicap is not in it.
  float total(size_t target) const { return found_[target].total; }
  // Where the way comes from; its length, metres.
  size_t source(size_t target) const { return found_[target].source; }
  float length(size_t target) const { return found_[target].length; }
  // Appends the arcs of that way: the first holds the source or is the reverse of its arc, the last
  // is the target's. Nothing where the target is the source itself.
  void AppendArcs(size_t target, std::vector<roadnet::ArcIndex>* arcs) const;

  WayCosts& costs() { return costs_; }

 private:
  static constexpr uint32_t kNone = 0xffffffff;

  struct Target {
    RouteTarget goal;
    uint32_t next;  // on the same arc
  };
  // How a target was reached.
  struct Found {
    float total = kNoWay;
    float length = 0;
    uint32_t source = 0;
    enum class How : uint8_t { kStanding, kOnOneArc, kByNodes } how = How::kStanding;
    uint32_t way = 0;  // kByNodes: the last of ways_
  };
  // A way to a state.
  struct Way {
    float disliked;  // the source's handicap and what the taste costs so far, metres
    float length;
    roadnet::StateIndex state;
    roadnet::ArcIndex arc;  // passed to come here
    uint32_t source;
    uint32_t before;  // of ways_; kNone: a beginning
    uint32_t beside;  // another to the same state
    uint32_t queued;  // the next in its bucket
  };
  struct Reached {
    uint32_t run = 0;    // valid for this run only
    uint32_t first = 0;  // of ways_
    float away_m = 0;    // of the state's node from around_
  };
  // Ways wait in buckets of so many metres of what they will come to at least: nearly in order, at
  // a fifth of what a heap costs. What is looked at too soon is only looked at again.
  static constexpr float kBucketM = 4;

  // The least length of a way to a target from so far away.
  float Least(float away_m) const { return std::max(0.0F, away_m - within_m_); }
  // What a way of this length is off.
  float Off(float length) const {
    return OffStraight(length, bounds_.straight_m, bounds_.short_share);
  }
  // What a way comes to where it goes on for `least` metres at least.
  struct Prospect {
    float in_the_long_run;
    float at_once;
    float length;
  };
  Prospect ProspectOf(const Way& way, float least) const {
    return {way.disliked + way.length, way.disliked + Off(way.length + least), way.length};
  }
  // Whether `a`, at the cost of turning `turn_m`, stays as good as `b` where they go on alike for
  // `least` metres at least.
  bool AsGood(const Way& a, float turn_m, const Prospect& b, float least) const {
    const float disliked = a.disliked + turn_m;
    if (disliked + a.length > b.in_the_long_run) return false;
    if (a.length >= b.length) return true;
    // Where both end too short, the shorter one is worse off: most so at once.
    return disliked + Off(a.length + least) <= b.at_once;
  }
  // Which arcs it is worth going on to from `way`, other ways to its state being as good: all,
  // none, or the one that the only way as good would have to turn round for.
  enum class Onward : uint8_t { kNone, kOneArc, kAll };
  struct Outlook {
    Onward onward;
    roadnet::ArcIndex arc;  // kOneArc
  };
  // index: of `way` in ways_; kNone: to be added.
  Outlook OutlookOf(const Way& way, uint32_t index, const Reached& reached) const;
  void Reach(const Way& way);
  void Hit(uint32_t target, float disliked, float length, uint32_t source, Found::How how,
           uint32_t way);
  void HitOnOneArc(const RouteSource& from, uint32_t source);
  void Begin(const RouteSource& from, uint32_t source);
  void Queue(uint32_t way, float bound);
  void Expand();
  void GoOn(uint32_t index);

  const roadnet::Network& network_;
  const roadnet::SearchGraph& graph_;
  WayCosts costs_;

  std::vector<Target> targets_;
  WayCosts::Point around_{};
  float within_m_ = 0;          // no target is further from around_
  float least_handicap_m_ = 0;  // of a target
  // A target so much nearer than around_ has at least so much more of a handicap than the least.
  float nearer_m_ = 0;
  std::vector<Found> found_;
  uint32_t target_round_ = 0;
  // By arc: the first target on it, valid where the round is the present one.
  struct OnArc {
    uint32_t round = 0;
    uint32_t first = 0;
  };
  std::vector<OnArc> on_arc_;

  absl::Span<const RouteSource> sources_;
  RouteBounds bounds_;
  float bound_max_ = 0;  // a way that will come to more is not followed
  uint32_t run_ = 0;
  std::vector<Reached> reached_;  // by state
  std::vector<Way> ways_;
  std::vector<uint32_t> buckets_;  // the first way of each; kNone
  size_t bucket_ = 0;              // the ones before are empty,
  size_t buckets_end_ = 0;         // and these and those after
  float bucket_base_ = 0;          // where the first one begins, less straight_m
};

}  // namespace patrol::tracks
