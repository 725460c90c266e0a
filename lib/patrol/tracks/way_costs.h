#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

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

// What makes a way unlikely: what its taste costs, and what its length is off the straight line
// between the two fixes: a metre too long counts one, a metre too short `short_share`.
inline float OffStraight(float length_m, float straight_m, float short_share) {
  return length_m > straight_m ? length_m - straight_m : short_share * (straight_m - length_m);
}

// What ways over the network cost, piece by piece and turn by turn.
//
// Threads: one thread each, because of the scale; network and graph may be shared.
// Cost:    memory of 12 bytes an arc, 12 a piece, 13 a node.
class WayCosts {
 public:
  // A point on the sphere, metres from the earth's centre. Straight lines between such points are
  // never longer than ways: a safe bound wherever the network lies.
  struct Point {
    float x, y, z;
  };
  // What distances between them may be off: floats of the earth's size are good to half a metre.
  static constexpr float kPointSlackM = 2;

  // Both outlive the costs.
  WayCosts(const roadnet::Network& network, const roadnet::SearchGraph& graph,
           const RouteTaste& taste);

  // What a nat weighs, in metres of way, until the next call. 0 at first: length alone counts.
  void SetScale(double metres_per_nat);

  float Length(roadnet::ArcIndex arc) const { return length_m_[roadnet::PieceOf(arc)]; }
  // What passing a metre of the arc costs beyond its length.
  float SlowPerMetre(roadnet::ArcIndex arc) const { return scale_ * slow_nats_[arc]; }
  // What it costs to pass `to` after `from`, which ends at `node`, before a metre of it is driven.
  float TurnCost(roadnet::NodeIndex node, roadnet::ArcIndex from, roadnet::ArcIndex to) const {
    constexpr float kStraightCosine = 0.866F;  // up to 30 degrees are going straight on
    if (to == roadnet::ReverseArc(from)) return u_turn_m_;
    if (!junction_[node]) return 0;
    const float off = (kStraightCosine - TurnCosine(from, to)) / kStraightCosine;
    return turn_m_ * std::clamp(off, 0.0F, 1.0F);
  }
  float turn_m() const { return turn_m_; }      // a right-angled turn at that scale
  float u_turn_m() const { return u_turn_m_; }  // turning round

  // Cosine of the angle by which `to` turns off from `from`.
  float TurnCosine(roadnet::ArcIndex from, roadnet::ArcIndex to) const {
    const Heading& a = headings_[roadnet::PieceOf(from)];
    const Heading& b = headings_[roadnet::PieceOf(to)];
    const float cosine = a.east * b.east + a.north * b.north;
    return roadnet::IsBackward(from) == roadnet::IsBackward(to) ? cosine : -cosine;
  }
  // The arc that goes straightest on from the head of `arc`, turning by 60 degrees at most; `arc`
  // itself where there is none. Remembered once asked for.
  roadnet::ArcIndex StraightOn(roadnet::ArcIndex arc) {
    roadnet::ArcIndex& next = straight_on_[arc];
    if (next == kNotAsked) next = FindStraightOn(arc);
    return next;
  }

  static Point ToPoint(geo::LonLat place);
  // As the crow flies from the node, metres.
  float AwayM(roadnet::NodeIndex node, const Point& around) const {
    const Point& point = points_[node];
    const float x = point.x - around.x;
    const float y = point.y - around.y;
    const float z = point.z - around.z;
    return std::sqrt(x * x + y * y + z * z);
  }

 private:
  // A direction of unit length.
  struct Heading {
    float east, north;
  };
  static constexpr roadnet::ArcIndex kNotAsked = 0xffffffff;

  roadnet::ArcIndex FindStraightOn(roadnet::ArcIndex arc) const;

  const roadnet::Network& network_;
  const roadnet::SearchGraph& graph_;
  const RouteTaste taste_;
  float scale_ = 0;  // metres per nat
  float turn_m_ = 0;
  float u_turn_m_ = 0;
  std::vector<float> slow_nats_;                // by arc, per metre
  std::vector<Heading> headings_;               // by piece, forward
  std::vector<bool> junction_;                  // by node: more than two pieces meet
  std::vector<float> length_m_;                 // by piece
  std::vector<Point> points_;                   // by node
  std::vector<roadnet::ArcIndex> straight_on_;  // by arc
};

}  // namespace patrol::tracks
