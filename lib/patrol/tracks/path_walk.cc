#include "lib/patrol/tracks/path_walk.h"

#include <algorithm>
#include <cmath>

namespace patrol::tracks {

using roadnet::ArcIndex;
using roadnet::RoadPosition;

double AlongArc(const roadnet::Network& network, ArcIndex arc, double offset_m) {
  return roadnet::IsBackward(arc) ? network.piece(roadnet::PieceOf(arc)).length_m - offset_m
                                  : offset_m;
}

ArcPart PartOf(const roadnet::Network& network, const RoadPosition& from, const RoadPosition& to,
               absl::Span<const ArcIndex> arcs, size_t index) {
  const ArcIndex arc = arcs[index];
  ArcPart part{arc, 0, network.piece(roadnet::PieceOf(arc)).length_m};
  if (index == 0) part.start_m = AlongArc(network, arc, from.offset_m);
  if (index + 1 == arcs.size()) part.end_m = AlongArc(network, arc, to.offset_m);
  return part;
}

double PathLength(const roadnet::Network& network, const RoadPosition& from, const RoadPosition& to,
                  absl::Span<const ArcIndex> arcs) {
  double length = 0;
  for (size_t i = 0; i < arcs.size(); ++i) {
    const ArcPart part = PartOf(network, from, to, arcs, i);
    length += std::max(0.0, part.end_m - part.start_m);
  }
  return length;
}

RoadPosition AlongPath(const roadnet::Network& network, const RoadPosition& from,
                       const RoadPosition& to, absl::Span<const ArcIndex> arcs, double share) {
  if (arcs.empty() || share <= 0) return from;
  if (share >= 1) return to;
  double left = share * PathLength(network, from, to, arcs);
  for (size_t i = 0; i < arcs.size(); ++i) {
    const ArcPart part = PartOf(network, from, to, arcs, i);
    const double length = std::max(0.0, part.end_m - part.start_m);
    if (left <= length) {
      const roadnet::PieceIndex piece = roadnet::PieceOf(part.arc);
      const double offset = AlongArc(network, part.arc, part.start_m + left);
      return {piece, std::clamp(offset, 0.0, network.piece(piece).length_m)};
    }
    left -= length;
  }
  return to;
}

namespace {

// Whether the first way driven from the break at point `index` is in doubt; then so is where it
// begins.
bool BeginsInDoubt(const MatchedTrack& track, size_t index) {
  for (size_t i = index + 1; i < track.points().size() && track.points()[i].connected; ++i) {
    const absl::Span<const Certainty> certainty = track.certainty_to(i);
    if (!certainty.empty()) return certainty.front() == Certainty::kDoubtful;
  }
  return false;
}

}  // namespace

void WalkTrack(const roadnet::Network& network, const MatchedTrack& track,
               const std::function<void(const TimedPart&)>& visit) {
  WalkPoints(network, track, 0, track.points().size(), visit);
}

void WalkPoints(const roadnet::Network& network, const MatchedTrack& track, size_t first,
                size_t end_point, const std::function<void(const TimedPart&)>& visit) {
  TrackWalk(network).Walk(track, first, end_point, visit);
}

void TrackWalk::Walk(const MatchedTrack& track, size_t first, size_t end_point,
                     const std::function<void(const TimedPart&)>& visit) {
  const std::vector<MatchedTrack::Point>& points = track.points();
  for (size_t i = first; i < end_point; ++i) {
    const MatchedTrack::Point& b = points[i];
    if (!b.connected) {
      arc_ = roadnet::ForwardArc(b.piece);
      doubtful_ = BeginsInDoubt(track, i);
      visit({arc_, true, doubtful_, b.offset_m, b.offset_m, b.time(), b.time()});
      continue;
    }
    const MatchedTrack::Point& a = points[i - 1];
    const absl::Span<const ArcIndex> arcs = track.arcs_to(i);
    const absl::Span<const Certainty> certainty = track.certainty_to(i);
    if (arcs.empty()) {
      visit({arc_, false, doubtful_, a.offset_m, a.offset_m, a.time(), b.time()});
      continue;
    }
    const double length = PathLength(network_, a.at(), b.at(), arcs);
    const auto duration_us = static_cast<double>(absl::ToInt64Microseconds(b.time() - a.time()));
    double driven = 0;
    absl::Time start = a.time();
    for (size_t k = 0; k < arcs.size(); ++k) {
      const ArcPart part = PartOf(network_, a.at(), b.at(), arcs, k);
      arc_ = part.arc;
      driven += std::max(0.0, part.end_m - part.start_m);
      absl::Time end = b.time();
      if (k + 1 < arcs.size()) {
        const double share = length > 0 ? driven / length : 0;
        end = a.time() + absl::Microseconds(std::llround(duration_us * share));
      }
      // AlongArc is its own inverse.
      doubtful_ = certainty[k] == Certainty::kDoubtful;
      visit({arc_, false, doubtful_, AlongArc(network_, arc_, part.start_m),
             AlongArc(network_, arc_, part.end_m), start, end});
      start = end;
    }
  }
}

}  // namespace patrol::tracks
