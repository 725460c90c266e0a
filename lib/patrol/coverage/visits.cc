#include "lib/patrol/coverage/visits.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::Network;
using roadnet::PieceOf;
using roadnet::RoadPosition;

// The instant at a share of a stretch's time, whole microseconds.
absl::Time InstantAt(const tracks::Stretch& stretch, double share) {
  const auto span_us = static_cast<double>(absl::ToInt64Microseconds(stretch.end - stretch.start));
  return stretch.start + absl::Microseconds(std::llround(span_us * std::clamp(share, 0.0, 1.0)));
}

// Metres from the arc's tail of a position on its piece.
double AlongArc(const Network& network, ArcIndex arc, const RoadPosition& position) {
  return roadnet::IsBackward(arc) ? network.piece(PieceOf(arc)).length_m - position.offset_m
                                  : position.offset_m;
}

// Gathers the times a unit was inside areas; what touches becomes one visit.
class Collector {
 public:
  Collector(const Network& network, const AreaIndex& index, std::vector<AreaVisit>* out)
      : network_(network), index_(index), out_(out) {}

  void AddPoint(const RoadPosition& at, absl::Time enter, absl::Time leave) {
    const double length = network_.piece(at.piece).length_m;
    const double share = length > 0 ? at.offset_m / length : 0.0;
    for (const AreaShare& part : index_.shares(at.piece)) {
      if (share >= part.share.begin && share <= part.share.end) Add(part.area, enter, leave);
    }
  }

  void AddStretch(const tracks::Stretch& stretch) {
    if (stretch.arcs.empty() || !(stretch.length_m > 0)) {
      AddPoint(stretch.from, stretch.start, stretch.end);
      return;
    }
    double passed_m = 0;
    for (size_t i = 0; i < stretch.arcs.size(); ++i) {
      const ArcIndex arc = stretch.arcs[i];
      const double length = network_.piece(PieceOf(arc)).length_m;
      const double start = i == 0 ? AlongArc(network_, arc, stretch.from) : 0.0;
      const bool last = i + 1 == stretch.arcs.size();
      const double end = last ? AlongArc(network_, arc, stretch.to) : length;
      for (const AreaShare& part : index_.shares(PieceOf(arc))) {
        double inside = part.share.begin * length;
        double outside = part.share.end * length;
        if (roadnet::IsBackward(arc)) {
          const double swapped = length - outside;
          outside = length - inside;
          inside = swapped;
        }
        inside = std::max(inside, start);
        outside = std::min(outside, end);
        if (inside > outside) continue;
        Add(part.area, InstantAt(stretch, (passed_m + inside - start) / stretch.length_m),
            InstantAt(stretch, (passed_m + outside - start) / stretch.length_m));
      }
      passed_m += std::max(0.0, end - start);
    }
  }

 private:
  void Add(uint32_t area, absl::Time enter, absl::Time leave) {
    out_->push_back({area, {enter, leave}});
  }

  const Network& network_;
  const AreaIndex& index_;
  std::vector<AreaVisit>* out_;
};

// Joins the parts of one track's visits. Parts that only touch a border (no duration) are dropped
// where they neither join others nor stand for a point.
void Join(std::vector<AreaVisit>* parts) {
  std::sort(parts->begin(), parts->end(), [](const AreaVisit& a, const AreaVisit& b) {
    if (a.area != b.area) return a.area < b.area;
    if (a.visit.enter != b.visit.enter) return a.visit.enter < b.visit.enter;
    return a.visit.leave < b.visit.leave;
  });
  size_t kept = 0;
  for (const AreaVisit& part : *parts) {
    if (kept > 0 && (*parts)[kept - 1].area == part.area &&
        part.visit.enter <= (*parts)[kept - 1].visit.leave) {
      absl::Time& leave = (*parts)[kept - 1].visit.leave;
      leave = std::max(leave, part.visit.leave);
    } else {
      (*parts)[kept++] = part;
    }
  }
  parts->resize(kept);
}

}  // namespace

std::vector<AreaVisit> AreaVisits(const Network& network, const AreaIndex& index,
                                  const tracks::MatchedTrack& track) {
  std::vector<AreaVisit> visits;
  Collector collector(network, index, &visits);
  for (size_t i = 0; i < track.stretch_count(); ++i) collector.AddStretch(track.stretch(i));
  // Points with a break on both sides are in no stretch.
  const auto& points = track.points();
  for (size_t i = 0; i < points.size(); ++i) {
    const bool alone = !points[i].connected && (i + 1 == points.size() || !points[i + 1].connected);
    if (alone) collector.AddPoint(points[i].at, points[i].time, points[i].time);
  }
  Join(&visits);
  return visits;
}

VisitSums SumVisits(const Visit* begin, const Visit* end, absl::Time from, absl::Time to) {
  VisitSums sums;
  absl::Time last_leave = from;
  for (const Visit* visit = begin; visit != end; ++visit) {
    if (visit->enter >= to) break;
    // A visit that ends where the span begins is over; one of no duration there is not.
    if (visit->leave < from || (visit->leave == from && visit->enter < from)) continue;
    const absl::Time enter = std::max(visit->enter, from);
    const absl::Time leave = std::min(visit->leave, to);
    ++sums.visits;
    sums.dwell += leave - enter;
    sums.longest_gap = std::max(sums.longest_gap, enter - last_leave);
    last_leave = std::max(last_leave, leave);
  }
  sums.longest_gap = std::max(sums.longest_gap, to - last_leave);
  return sums;
}

}  // namespace patrol::coverage
