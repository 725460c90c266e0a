#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::tracks {

// A place on a piece and the direction in which the unit passes it.
struct DirectedPlace {
  roadnet::ArcIndex arc = 0;
  double along_m = 0;  // from the arc's tail: 0..length
};

// What drivers avoid. Nats are natural logarithms of likelihood: what they weigh against a metre of
// way depends on how much is known (SetScale).
struct RouteTaste {
  double u_turn_m = 0;     // turning round, as metres of way
  double u_turn_nats = 0;  // and on top
  double turn_nats = 0;    // a right-angled turn at a junction
  // A kilometre of a road at half the speed of the network's fastest; twice that at a third.
  double slow_nats_per_km = 0;
};

// Shortest ways from one directed place to many, up to a limit: the inner loop of matching.
//
// The cost of a way is its length in metres, plus what the taste finds in it. Turning round is
// possible at once, where the unit stands, on a two-way piece, or at a node, where the graph has
// such an edge. One-way roads and turn restrictions are those of the graph. What a turn costs hangs
// on the arc by which a state is reached cheapest: a way that is dearer up to there and turns less
// beyond is not found where the graph has no state for it.
//
// Threads: one thread each; network and graph may be shared.
// Cost:    Dijkstra on the states within the limit; nothing allocated once it has grown. Memory is
// 24
//          bytes a state, 12 an arc, 16 a piece and 12 a node.
class RouteSearch {
 public:
  static constexpr float kNoWay = std::numeric_limits<float>::infinity();

  // Both outlive the search.
  RouteSearch(const roadnet::Network& network, const roadnet::SearchGraph& graph,
              const RouteTaste& taste);

  // What a nat weighs, in metres of way, until the next call. 0 at first: length alone counts.
  void SetScale(double metres_per_nat);

  // Where ways shall be found to, until the next call. All of them lie within `within_m` of
  // `around`: what leads away from there further than the limit allows is not searched.
  void SetTargets(absl::Span<const DirectedPlace> targets, geo::LonLat around, double within_m);

  // Finds the cheapest way from `from` to every target that costs at most `limit`.
  void Run(const DirectedPlace& from, double limit);

  // Of the last Run: cost of the way to a target, metres, or kNoWay.
  float cost(size_t target) const { return found_[target].cost; }
  // Its length, metres.
  float length(size_t target) const { return found_[target].length; }
  // The arc that goes straightest on from the head of `arc`, turning by 60 degrees at most; `arc`
  // itself where there is none.
  roadnet::ArcIndex StraightOn(roadnet::ArcIndex arc) const;
  // Cosine of the angle by which `to` turns off from `from`.
  float TurnCosine(roadnet::ArcIndex from, roadnet::ArcIndex to) const;
  // Appends the arcs of that way: the first holds `from` or is the reverse of its arc, the last is
  // the target's. Nothing where the target is `from` itself.
  void AppendArcs(size_t target, std::vector<roadnet::ArcIndex>* arcs) const;

 private:
  static constexpr uint32_t kNone = 0xffffffff;

  struct Target {
    DirectedPlace place;
    uint32_t next;  // on the same arc
  };
  // How a target was reached.
  struct Found {
    float cost = kNoWay;
    float length = 0;
    enum class How : uint8_t { kStanding, kAhead, kTurned, kByState } how = How::kStanding;
    roadnet::StateIndex state = 0;  // kByState: the last one
  };
  struct Reached {
    uint32_t run = 0;  // valid for this run only
    float cost = 0;
    float length = 0;
    roadnet::StateIndex before = 0;  // kNoState: a beginning
    roadnet::ArcIndex arc = 0;       // passed to come here
  };
  struct Entry {
    float cost;
    roadnet::StateIndex state;
  };

  // A point on the sphere, metres from the earth's centre. Straight lines between such points are
  // never longer than ways: a safe bound wherever the network lies.
  struct Point {
    float x, y, z;
  };
  static Point ToPoint(geo::LonLat place);
  // A direction of unit length.
  struct Heading {
    float east, north;
  };

  // The least that it takes to a target from the node, metres.
  float LeastTo(roadnet::NodeIndex node) const;
  double Length(roadnet::ArcIndex arc) const { return length_m_[roadnet::PieceOf(arc)]; }
  void Reach(roadnet::StateIndex state, float cost, float length, roadnet::StateIndex before,
             roadnet::ArcIndex arc);
  void Hit(size_t target, float cost, float length, Found::How how, roadnet::StateIndex state);
  void HitAllOn(roadnet::ArcIndex arc, float cost, float length, roadnet::StateIndex state);
  // What passing a metre of the arc costs.
  float PerMetre(roadnet::ArcIndex arc) const { return 1 + scale_ * slow_nats_[arc]; }
  // What it costs to pass `to` after `from`, which ends at `node`, before a metre of it is driven.
  float TurnCost(roadnet::NodeIndex node, roadnet::ArcIndex from, roadnet::ArcIndex to) const;
  void Expand();

  const roadnet::Network& network_;
  const roadnet::SearchGraph& graph_;
  const RouteTaste taste_;
  float scale_ = 0;                // metres per nat
  float turn_m_ = 0;               // a right-angled turn at that scale
  float u_turn_m_ = 0;             // turning round
  std::vector<float> slow_nats_;   // by arc, per metre
  std::vector<Heading> headings_;  // by piece, forward
  std::vector<bool> junction_;     // by node: more than two pieces meet
  std::vector<double> length_m_;   // by piece
  std::vector<Point> points_;      // by node

  std::vector<Target> targets_;
  Point around_{};
  float within_m_ = 0;
  std::vector<Found> found_;
  size_t found_count_ = 0;
  uint32_t target_round_ = 0;
  // By arc: the first target on it, valid where the round is the present one.
  std::vector<uint32_t> arc_round_;
  std::vector<uint32_t> arc_first_;

  DirectedPlace from_;
  float limit_ = 0;
  uint32_t run_ = 0;
  std::vector<Reached> reached_;  // by state
  std::vector<Entry> heap_;
};

}  // namespace patrol::tracks
