#pragma once

#include <cstddef>
#include <functional>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// Metres from the arc's tail, in its direction, of a position on its piece; and back.
double AlongArc(const roadnet::Network& network, roadnet::ArcIndex arc, double offset_m);

// One arc of a path and the part of it that the path uses, metres from the arc's tail; start <= end
// but for rounding.
struct ArcPart {
  roadnet::ArcIndex arc;
  double start_m;
  double end_m;
};

// The part that a path `from` -> `to` along `arcs` uses of arcs[index].
ArcPart PartOf(const roadnet::Network& network, const roadnet::RoadPosition& from,
               const roadnet::RoadPosition& to, absl::Span<const roadnet::ArcIndex> arcs,
               size_t index);

// Metres from `from` to `to` along `arcs` (first holds from, last holds to); 0 without arcs.
double PathLength(const roadnet::Network& network, const roadnet::RoadPosition& from,
                  const roadnet::RoadPosition& to, absl::Span<const roadnet::ArcIndex> arcs);

// The place at `share` (0..1) of that path's length.
roadnet::RoadPosition AlongPath(const roadnet::Network& network, const roadnet::RoadPosition& from,
                                const roadnet::RoadPosition& to,
                                absl::Span<const roadnet::ArcIndex> arcs, double share);

// A part of a track on one piece: from start_m to end_m (metres from the piece's first node; equal
// where the unit stands) at constant speed from `start` to `end`.
struct TimedPart {
  roadnet::ArcIndex arc = 0;
  bool breaks = false;    // the path does not lead here from the part before
  bool doubtful = false;  // Certainty::kDoubtful
  double start_m = 0;
  double end_m = 0;
  absl::Time start;
  absl::Time end;
};

// Calls `visit` for all parts of the track in order: each starts where and when the one before
// ends, but for breaks, which begin with a part of no length and no duration. Instants between
// fixes are rounded to whole microseconds.
void WalkTrack(const roadnet::Network& network, const MatchedTrack& track,
               const std::function<void(const TimedPart&)>& visit);

// The same of a path that comes in pieces (LivePath), or of a part of a track.
//
// Threads: one at a time; the network outlives it.
class TrackWalk {
 public:
  explicit TrackWalk(const roadnet::Network& network) : network_(network) {}

  // Of the track's points [first, end_point). Where `first` is not a break, it follows the one
  // before it in the track, and what was walked last led there. Whether a path begins in doubt is
  // told by the first way driven in these points.
  void Walk(const MatchedTrack& track, size_t first, size_t end_point,
            const std::function<void(const TimedPart&)>& visit);

 private:
  const roadnet::Network& network_;
  // Of the part walked last: a unit that stands is where it has come to.
  roadnet::ArcIndex arc_ = 0;
  bool doubtful_ = false;
};

// Of its points [first, end_point) alone, which begin with a break.
void WalkPoints(const roadnet::Network& network, const MatchedTrack& track, size_t first,
                size_t end_point, const std::function<void(const TimedPart&)>& visit);

}  // namespace patrol::tracks
