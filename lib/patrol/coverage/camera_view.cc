#include "lib/patrol/coverage/camera_view.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/point_file.h"

namespace patrol::coverage {
namespace {

using roadnet::Network;
using roadnet::PieceIndex;

// Further than any camera tells what moves.
constexpr double kRangeMaxM = 5000;

}  // namespace

absl::StatusOr<CameraViews> ReadCameraViews(std::string_view text, double range_m) {
  absl::StatusOr<PointFile> file = ReadPoints(text, false);
  if (!file.ok()) return file.status();
  CameraViews result;
  result.faults = std::move(file->faults);
  for (FilePoint& point : file->points) {
    CameraView view;
    view.id = point.camera_id.empty() ? std::move(point.id) : std::move(point.camera_id);
    view.place = point.place;
    view.range_m = point.range_m.value_or(range_m);
    if (point.heading_deg) {
      view.heading_deg = *point.heading_deg;
      view.field_of_view_deg = point.field_of_view_deg.value_or(90);
    }
    if (!(view.range_m > 0 && view.range_m <= kRangeMaxM)) {
      result.faults.push_back(absl::StrCat("camera \"", view.id, "\": range_m ", view.range_m,
                                           " is not 0..", kRangeMaxM));
      continue;
    }
    if (!(view.field_of_view_deg > 0 && view.field_of_view_deg <= 360)) {
      result.faults.push_back(absl::StrCat("camera \"", view.id, "\": field_of_view_deg ",
                                           view.field_of_view_deg, " is not 0..360"));
      continue;
    }
    result.views.push_back(std::move(view));
  }
  if (result.views.empty()) return absl::InvalidArgumentError("has no usable camera");
  return result;
}

geo::MultiPolygon ViewShape(const CameraView& view) {
  const geo::LocalPlane plane(view.place);
  const bool around = view.field_of_view_deg >= 360;
  const int chords = std::max(1, static_cast<int>(std::ceil(view.field_of_view_deg / 5)));
  const double step = view.field_of_view_deg / chords * geo::kRadiansPerDegree;
  // A chord's polygon has the arc's area when its corners lie this much further out.
  const double radius = view.range_m * std::sqrt(step / std::sin(step));
  const double begin =
      around ? 0 : (view.heading_deg - view.field_of_view_deg / 2) * geo::kRadiansPerDegree;
  geo::Ring ring;
  if (!around) ring.push_back(view.place);
  for (int i = 0; i <= chords - (around ? 1 : 0); ++i) {
    const double angle = begin + i * step;
    ring.push_back(plane.ToLonLat({radius * std::sin(angle), radius * std::cos(angle)}));
  }
  ring.push_back(ring.front());
  return {{std::move(ring), {}}};
}

std::vector<std::vector<Interval>> WatchedStretches(const Network& network,
                                                    const roadnet::SpatialIndex& index,
                                                    const std::vector<CameraView>& views) {
  std::vector<std::vector<Interval>> watched(network.piece_count());
  for (const CameraView& view : views) {
    const geo::MultiPolygon shape = ViewShape(view);
    const geo::BoundingBox bounds = geo::Bounds(shape);
    for (const PieceIndex p : index.PiecesIn(bounds)) {
      const roadnet::Piece& piece = network.piece(p);
      for (const Interval& part : geo::ClipSegment(shape, bounds, network.node(piece.from).place,
                                                   network.node(piece.to).place)) {
        watched[p].push_back(part);
      }
    }
  }
  for (std::vector<Interval>& parts : watched) Merge(&parts);
  return watched;
}

namespace {

// Calls `visit(part, covered, watched)` for every part of the piece between two changes.
template <typename Visit>
void ForEachPart(const std::vector<Interval>& covered, const std::vector<Interval>& watched,
                 const Visit& visit) {
  std::vector<double> cuts = {0, 1};
  for (const std::vector<Interval>* list : {&covered, &watched}) {
    for (const Interval& part : *list) {
      cuts.push_back(part.begin);
      cuts.push_back(part.end);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  const auto holds = [](const std::vector<Interval>& list, double at) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Interval& part) { return part.begin <= at && at < part.end; });
  };
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    if (!(cuts[i + 1] > cuts[i])) continue;
    visit(Interval{cuts[i], cuts[i + 1]}, holds(covered, cuts[i]), holds(watched, cuts[i]));
  }
}

void Count(bool covered, bool watched, int64_t um, WatchLengths* lengths) {
  (covered ? (watched ? lengths->covered_watched_um : lengths->covered_only_um)
           : (watched ? lengths->watched_only_um : lengths->neither_um)) += um;
}

}  // namespace

std::vector<WatchLengths> SumWatched(const Network& network, const tracks::AreaCuts& cuts,
                                     const std::vector<std::vector<Interval>>& covered,
                                     const std::vector<std::vector<Interval>>& watched) {
  std::vector<WatchLengths> sums(cuts.area_count() + 1);
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    if (!network.piece(p).patrollable) continue;
    const double length_m = network.piece(p).length_m;
    ForEachPart(covered[p], watched[p], [&](Interval part, bool is_covered, bool is_watched) {
      const auto count = [&](double from, double to, size_t area) {
        from = std::max(from, part.begin);
        to = std::min(to, part.end);
        if (!(to > from)) return;
        // Differences of rounded ends, so that parts add up to the whole.
        Count(is_covered, is_watched, ShareUm(length_m, to) - ShareUm(length_m, from), &sums[area]);
      };
      count(0, 1, cuts.area_count());
      for (const tracks::AreaCuts::Part& inside : cuts.parts(p)) {
        count(inside.begin_m / length_m, inside.end_m >= length_m ? 1 : inside.end_m / length_m,
              inside.area);
      }
    });
  }
  return sums;
}

std::string_view WatchName(bool covered, bool watched) {
  if (covered) return watched ? "covered and watched" : "covered only";
  return watched ? "watched only" : "neither";
}

std::vector<WatchStretch> CutByWatch(const Network& network,
                                     const std::vector<std::vector<Interval>>& covered,
                                     const std::vector<std::vector<Interval>>& watched) {
  std::vector<WatchStretch> stretches;
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    if (!network.piece(p).patrollable) continue;
    ForEachPart(covered[p], watched[p], [&](Interval part, bool is_covered, bool is_watched) {
      stretches.push_back({p, part, is_covered, is_watched});
    });
  }
  return stretches;
}

}  // namespace patrol::coverage
