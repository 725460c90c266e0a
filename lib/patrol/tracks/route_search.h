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

// Shortest ways from one directed place to many, up to a limit: the inner loop of matching.
//
// The cost of a way is its length in metres, plus `u_turn_m` for turning round: at once, where the
// unit stands, on a two-way piece, or at a node, where the graph has such an edge. One-way roads
// and turn restrictions are those of the graph.
//
// Threads: one thread each; network and graph may be shared.
// Cost:    Dijkstra on the states within the limit; nothing allocated once it has grown. Memory is
// 20
//          bytes a state, 8 an arc, 8 a piece and 12 a node.
class RouteSearch {
 public:
  static constexpr float kNoWay = std::numeric_limits<float>::infinity();

  // Both outlive the search.
  RouteSearch(const roadnet::Network& network, const roadnet::SearchGraph& graph, double u_turn_m);

  // Where ways shall be found to, until the next call. All of them lie within `within_m` of
  // `around`: what leads away from there further than the limit allows is not searched.
  void SetTargets(absl::Span<const DirectedPlace> targets, geo::LonLat around, double within_m);

  // Finds the cheapest way from `from` to every target that costs at most `limit`.
  void Run(const DirectedPlace& from, double limit);

  // Of the last Run: cost of the way to a target, metres, or kNoWay.
  float cost(size_t target) const { return found_[target].cost; }
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
    enum class How : uint8_t { kStanding, kAhead, kTurned, kByState } how = How::kStanding;
    roadnet::StateIndex state = 0;  // kByState: the last one
  };
  struct Reached {
    uint32_t run = 0;  // valid for this run only
    float cost = 0;
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

  // The least that it takes to a target from the node, metres.
  float LeastTo(roadnet::NodeIndex node) const;
  double Length(roadnet::ArcIndex arc) const { return length_m_[roadnet::PieceOf(arc)]; }
  void Reach(roadnet::StateIndex state, float cost, roadnet::StateIndex before,
             roadnet::ArcIndex arc);
  void Hit(size_t target, float cost, Found::How how, roadnet::StateIndex state);
  void HitAllOn(roadnet::ArcIndex arc, float cost, roadnet::StateIndex state);
  void Expand();

  const roadnet::SearchGraph& graph_;
  const float u_turn_m_;
  std::vector<double> length_m_;  // by piece
  std::vector<Point> points_;     // by node

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
