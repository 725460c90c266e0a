#include "lib/patrol/tracks/area_visits.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "lib/geo/polygon.h"
#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

namespace {

std::vector<AreaCuts::Cut> CutAtAreas(const roadnet::Network& network,
                                      const roadnet::SpatialIndex& index,
                                      const std::vector<geo::Area>& areas) {
  std::vector<AreaCuts::Cut> cuts;
  for (uint32_t area = 0; area < areas.size(); ++area) {
    const geo::BoundingBox bounds = geo::Bounds(areas[area].shape);
    for (const roadnet::PieceIndex piece : index.PiecesIn(bounds)) {
      const roadnet::Piece& road = network.piece(piece);
      for (const geo::Interval& inside :
           geo::ClipSegment(areas[area].shape, bounds, network.node(road.from).place,
                            network.node(road.to).place)) {
        // Exact at the ends, so that a path through a node stays inside.
        const double end = inside.end >= 1 ? road.length_m : inside.end * road.length_m;
        cuts.push_back({piece, {area, inside.begin * road.length_m, end}});
      }
    }
  }
  return cuts;
}

}  // namespace

AreaCuts::AreaCuts(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                   const std::vector<geo::Area>& areas)
    : AreaCuts(network.piece_count(), areas.size(), CutAtAreas(network, index, areas)) {}

AreaCuts::AreaCuts(size_t piece_count, size_t area_count, std::vector<Cut> cuts)
    : area_count_(area_count) {
  std::stable_sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) {
    return std::tie(a.piece, a.part.area, a.part.begin_m) <
           std::tie(b.piece, b.part.area, b.part.begin_m);
  });
  offsets_.assign(piece_count + 1, 0);
  for (const Cut& cut : cuts) ++offsets_[cut.piece + 1];
  for (size_t i = 1; i < offsets_.size(); ++i) offsets_[i] += offsets_[i - 1];
  parts_.reserve(cuts.size());
  for (const Cut& cut : cuts) parts_.push_back(cut.part);
}

namespace {

// When the unit, on its way along `part`, is `at_m` metres from the piece's first node.
absl::Time TimeAt(const TimedPart& part, double at_m) {
  if (at_m == part.start_m) return part.start;
  if (at_m == part.end_m) return part.end;
  const double share = (at_m - part.start_m) / (part.end_m - part.start_m);
  const auto duration_us = static_cast<double>(absl::ToInt64Microseconds(part.end - part.start));
  return part.start + absl::Microseconds(std::llround(duration_us * share));
}

}  // namespace

std::vector<AreaVisit> AreaVisits(const roadnet::Network& network, const MatchedTrack& track,
                                  const AreaCuts& cuts) {
  std::vector<AreaVisit> visits;
  std::vector<std::optional<AreaVisit>> open(cuts.area_count());
  const auto close = [&](std::optional<AreaVisit>& visit) {
    if (visit) visits.push_back(*visit);
    visit.reset();
  };
  WalkTrack(network, track, [&](const TimedPart& part) {
    if (part.breaks) {
      for (std::optional<AreaVisit>& visit : open) close(visit);
    }
    const double low = std::min(part.start_m, part.end_m);
    const double high = std::max(part.start_m, part.end_m);
    const bool forward = part.start_m <= part.end_m;
    const absl::Span<const AreaCuts::Part> parts = cuts.parts(roadnet::PieceOf(part.arc));
    for (size_t i = 0; i < parts.size(); ++i) {
      // In the order of driving.
      const AreaCuts::Part& cut = parts[forward ? i : parts.size() - 1 - i];
      const double begin = std::max(low, cut.begin_m);
      const double end = std::min(high, cut.end_m);
      // Driving past an area's corner is no visit; standing on its border is.
      if (begin > end || (begin == end && low < high)) continue;
      const absl::Time enter = low == high ? part.start : TimeAt(part, forward ? begin : end);
      const absl::Time leave = low == high ? part.end : TimeAt(part, forward ? end : begin);
      std::optional<AreaVisit>& visit = open[cut.area];
      if (visit && visit->leave == enter) {
        visit->leave = leave;
      } else if (!part.doubtful || (low == high && enter < leave)) {
        close(visit);
        visit = AreaVisit{cut.area, enter, leave};
      }
    }
  });
  for (std::optional<AreaVisit>& visit : open) close(visit);
  std::sort(visits.begin(), visits.end(), [](const AreaVisit& a, const AreaVisit& b) {
    return std::tie(a.enter, a.area, a.leave) < std::tie(b.enter, b.area, b.leave);
  });
  return visits;
}

}  // namespace patrol::tracks
