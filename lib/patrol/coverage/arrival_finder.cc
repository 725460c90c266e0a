#include "lib/patrol/coverage/arrival_finder.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "lib/base/limits.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::coverage {
namespace {

using roadnet::kModeCount;
using roadnet::Mode;

}  // namespace

struct ArrivalFinder::Impl {
  explicit Impl(const roadnet::Network& network) : index(network) {}

  roadnet::SpatialIndex index;
  std::array<std::unique_ptr<Reach>, kModeCount> reach;
  std::vector<Source> sources;
  std::vector<const UnitView*> units;  // of `sources`
};

// The first unit, where it is and which place on its network it comes to.
struct ArrivalFinder::Best {
  UnitArrival arrival;
  Mode mode = Mode::kCar;
  Source source;
  std::optional<tracks::Attachment> road;  // of the unit's mode; without a unit of any unit's
};

ArrivalFinder::ArrivalFinder(std::shared_ptr<const ModeGraphs> graphs)
    : graphs_(std::move(graphs)), impl_(std::make_unique<Impl>(graphs_->network())) {}

ArrivalFinder::~ArrivalFinder() = default;

UnitArrival ArrivalFinder::Find(const CoverageSnapshot& snapshot, geo::LonLat place) {
  std::lock_guard lock(mutex_);
  return FindBest(snapshot, place).arrival;
}

PlaceExplanation ArrivalFinder::Explain(const CoverageSnapshot& snapshot, geo::LonLat place) {
  std::lock_guard lock(mutex_);
  Best best = FindBest(snapshot, place);
  PlaceExplanation explanation;
  explanation.arrival = std::move(best.arrival);
  if (!best.road) {  // no unit's: any road at all
    for (size_t m = 0; m < kModeCount && !best.road; ++m) {
      best.road = tracks::AttachPlace(impl_->index, place, static_cast<Mode>(m),
                                      tracks::AttachTo::kDrivenOrWalked);
    }
    if (!best.road) return explanation;
  }
  const roadnet::RoadPosition& at = best.road->at;
  explanation.road_distance_m = best.road->distance_m;
  Field::PieceCover cover;
  snapshot.field->GetPiece(at.piece, &cover);
  const double share = at.offset_m / graphs_->network().piece(at.piece).length_m;
  const auto within = [&](const std::vector<Interval>& stretches) {
    return std::any_of(stretches.begin(), stretches.end(), [&](const Interval& stretch) {
      return share >= stretch.begin && share <= stretch.end;
    });
  };
  explanation.state = within(cover.covered)   ? PlaceExplanation::State::kCovered
                      : within(cover.unknown) ? PlaceExplanation::State::kUnknown
                                              : PlaceExplanation::State::kNotCovered;
  if (explanation.arrival.found()) {
    explanation.route =
        FindRoute(graphs_->network(), graphs_->graph(best.mode), {best.source}, at,
                  static_cast<ArrivalUs>(absl::ToInt64Microseconds(limits::kReachMax)));
  }
  return explanation;
}

ArrivalFinder::Best ArrivalFinder::FindBest(const CoverageSnapshot& snapshot, geo::LonLat place) {
  const auto limit_us = static_cast<ArrivalUs>(absl::ToInt64Microseconds(limits::kReachMax));
  Best best;
  uint64_t best_us = uint64_t{limit_us} + 1;
  bool any_unit = false;
  bool any_road = false;
  for (size_t m = 0; m < kModeCount; ++m) {
    const auto mode = static_cast<Mode>(m);
    impl_->sources.clear();
    impl_->units.clear();
    for (const UnitView& unit : snapshot.units) {
      if (unit.state != UnitState::kKnown || unit.mode != mode || !unit.position) continue;
      impl_->sources.push_back(ToSource(mode, *unit.position).source);
      impl_->units.push_back(&unit);
    }
    if (impl_->sources.empty()) continue;
    any_unit = true;
    const auto road =
        tracks::AttachPlace(impl_->index, place, mode, tracks::AttachTo::kDrivenOrWalked);
    if (!road) continue;
    any_road = true;
    if (!best.road) best.road = road;
    const uint64_t walk_us = road->walk_us();
    if (walk_us >= best_us) continue;
    std::unique_ptr<Reach>& reach = impl_->reach[m];
    if (reach == nullptr) reach = std::make_unique<Reach>(graphs_->network(), graphs_->graph(mode));
    // Only what beats the other modes' best is of interest.
    reach->RunTo(impl_->sources, static_cast<ArrivalUs>(best_us - 1 - walk_us), road->at);
    const Arrival arrival = reach->ArrivalAt(road->at);
    if (!arrival.reached()) continue;
    best_us = arrival.time_us + walk_us;
    best.arrival.unit_id = impl_->units[arrival.source]->id;
    best.arrival.time = absl::Microseconds(static_cast<int64_t>(best_us));
    best.mode = mode;
    best.source = impl_->sources[arrival.source];
    best.road = road;
  }
  if (!best.arrival.found()) {
    if (!any_unit) {
      best.arrival.reason = "no unit's position is known";
    } else if (!any_road) {
      best.arrival.reason =
          absl::StrFormat("off the network: no road of any known unit's mode within %.0f m",
                          tracks::AttachLimitM());
    } else {
      best.arrival.reason = "no known unit can get there within an hour";
    }
  }
  return best;
}

}  // namespace patrol::coverage
