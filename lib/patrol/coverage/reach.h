#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// Microseconds from a search's start; kUnreached where nothing gets to in time.
using ArrivalUs = uint32_t;
inline constexpr ArrivalUs kUnreached = 0xffffffff;

// The part of a travel time that falls on a share of its piece: half to even, as everywhere where
// one is rounded.
inline uint64_t PartOf(roadnet::TravelTimeUs time, double share) {
  return static_cast<uint64_t>(std::nearbyint(static_cast<double>(time) * share));
}

// Where a search starts: a unit standing on the network.
struct Source {
  roadnet::RoadPosition position;  // on a piece that is usable in the search's mode
  ArrivalUs delay_us = 0;          // before it moves off: the straight way of an attached unit

  friend bool operator==(const Source&, const Source&) = default;
};

// When the first source gets to a point, and which one that is.
struct Arrival {
  ArrivalUs time_us = kUnreached;
  uint32_t source = 0;  // index into the search's sources; meaningless where unreached

  bool reached() const { return time_us != kUnreached; }
};

// Shortest travel times from many sources at once, cut at T: Dijkstra's algorithm in whole
// microseconds over one mode's SearchGraph, from which pieces are covered how far.
//
// A source at share q = offset / length of its piece sets off forward, reaching the end after
// round(t * (1 - q)), and, on a two-way piece, backward, reaching the start after round(t * q).
// With turn restrictions a piece is entered with the time of the very state that may enter it,
// which can be later than the arrival at its end node.
//
// Accuracy: arrivals are equal to any exact Dijkstra's on the same arcs to the microsecond; shares
//           of pieces are computed, not sampled.
// Source:   Dijkstra 1959; many sources as in Mehlhorn & Sanders, Algorithms and Data
// Structures, 10. Threads:  one thread at a time; one Reach a thread, any number over the same
// network and graph. Cost:     O(reached edges * log); no allocation once its memory has grown. 8
// bytes a state,
//           16 a piece, 4 a node.
class Reach {
 public:
  // Both must outlive this; `graph` must have been built from `network`.
  Reach(const roadnet::Network& network, const roadnet::SearchGraph& graph);

  // Forgets the last search and runs one. Everything that can be got to within `limit_us`, which
  // must be below kUnreached, is found. `sources` is copied.
  void Run(absl::Span<const Source> sources, ArrivalUs limit_us);

  // The same, ended as soon as the first arrival at `target` is certain: afterwards only
  // ArrivalAt(target) means anything.
  void RunTo(absl::Span<const Source> sources, ArrivalUs limit_us,
             const roadnet::RoadPosition& target);

  // The earliest arrival at a node, or kUnreached.
  ArrivalUs NodeArrival(roadnet::NodeIndex node) const { return node_us_[node]; }
  // Nodes reached, in order of arrival.
  const std::vector<roadnet::NodeIndex>& nodes() const { return nodes_; }
  // Pieces of which at least a point is reached, each once, in no particular order.
  const std::vector<roadnet::PieceIndex>& pieces() const { return pieces_; }

  // Appends the covered stretches of a piece, as shares of its length from the first node in the
  // way's order; they may overlap and are in no order (Merge in interval.h).
  void AppendCovered(roadnet::PieceIndex piece, std::vector<Interval>* out) const;

  // The earliest arrival at a point.
  Arrival ArrivalAt(const roadnet::RoadPosition& position) const {
    return ArrivalAtShare(position.piece, Share(position));
  }
  // The same for a point at a share 0..1 of a piece.
  Arrival ArrivalAtShare(roadnet::PieceIndex piece, double share) const;

  const std::vector<Source>& sources() const { return sources_; }
  const roadnet::SearchGraph& graph() const { return graph_; }

  // Where on its piece a position lies, 0..1.
  double Share(const roadnet::RoadPosition& position) const;

 private:
  struct Label {
    ArrivalUs us = kUnreached;
    uint32_t source = 0;
  };

  void Search(absl::Span<const Source> sources, ArrivalUs limit_us,
              const roadnet::RoadPosition* target);
  void Reset();
  void Start(uint32_t source);
  void Relax(roadnet::StateIndex state, uint64_t us, uint32_t source);
  void EnterPiece(roadnet::ArcIndex arc, ArrivalUs us, uint32_t source);
  void TightenLimit();

  const roadnet::Network& network_;
  const roadnet::SearchGraph& graph_;

  // of the last search
  std::vector<Source> sources_;
  ArrivalUs limit_us_ = 0;
  const roadnet::RoadPosition* target_ = nullptr;
  double target_share_ = 0;

  std::vector<Label> states_;                // [state_count]
  std::vector<Label> entries_;               // [arc_count]: when the arc is entered at its tail
  std::vector<ArrivalUs> node_us_;           // [node_count]
  std::vector<uint32_t> first_source_;       // [piece_count]: head of the sources standing on it
  std::vector<uint32_t> next_source_;        // [sources]: the next on the same piece
  std::vector<uint8_t> piece_seen_;          // [piece_count]
  std::vector<roadnet::NodeIndex> nodes_;    // reached
  std::vector<roadnet::PieceIndex> pieces_;  // touched
  std::vector<roadnet::StateIndex> touched_states_;
  std::vector<uint64_t> heap_;  // arrival in the upper half, state in the lower
};

}  // namespace patrol::coverage
