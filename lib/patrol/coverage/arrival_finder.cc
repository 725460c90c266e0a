#include "lib/patrol/coverage/arrival_finder.h"

#include <cmath>
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

namespace patrol::coverage {
namespace {

using roadnet::kModeCount;
using roadnet::Mode;

// As for units (ARCHITECTURE.md): up to here a place is on the network ...
constexpr double kSnapLimitM = 50;
// ... and up to here it is attached by the straight way.
constexpr double kAttachLimitM = 200;

}  // namespace

struct ArrivalFinder::Impl {
  explicit Impl(const roadnet::Network& network) : index(network) {}

  roadnet::SpatialIndex index;
  std::array<std::unique_ptr<Reach>, kModeCount> reach;
  std::vector<Source> sources;
  std::vector<const UnitView*> units;  // of `sources`
};

ArrivalFinder::ArrivalFinder(std::shared_ptr<const ModeGraphs> graphs)
    : graphs_(std::move(graphs)), impl_(std::make_unique<Impl>(graphs_->network())) {}

ArrivalFinder::~ArrivalFinder() = default;

UnitArrival ArrivalFinder::Find(const CoverageSnapshot& snapshot, geo::LonLat place) {
  const auto limit_us = static_cast<ArrivalUs>(absl::ToInt64Microseconds(limits::kReachMax));
  std::lock_guard lock(mutex_);
  UnitArrival best;
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
    const std::vector<roadnet::Candidate> near = impl_->index.Nearest(
        place, {.mode = mode, .radius_m = kAttachLimitM, .count_max = 1, .ignore_walked = false});
    if (near.empty()) continue;
    any_road = true;
    const double walk_m = near.front().distance_m > kSnapLimitM ? near.front().distance_m : 0.0;
    const auto walk_us =
        static_cast<uint64_t>(std::nearbyint(walk_m / tracks::kAttachSpeedMps * 1e6));
    if (walk_us >= best_us) continue;
    std::unique_ptr<Reach>& reach = impl_->reach[m];
    if (reach == nullptr) reach = std::make_unique<Reach>(graphs_->network(), graphs_->graph(mode));
    // Only what beats the other modes' best is of interest.
    reach->RunTo(impl_->sources, static_cast<ArrivalUs>(best_us - 1 - walk_us),
                 near.front().position);
    const Arrival arrival = reach->ArrivalAt(near.front().position);
    if (!arrival.reached()) continue;
    best_us = arrival.time_us + walk_us;
    best.unit_id = impl_->units[arrival.source]->id;
    best.time = absl::Microseconds(static_cast<int64_t>(best_us));
  }
  if (!best.found()) {
    if (!any_unit) {
      best.reason = "no unit's position is known";
    } else if (!any_road) {
      best.reason = absl::StrFormat(
          "off the network: no road of any known unit's mode within %.0f m", kAttachLimitM);
    } else {
      best.reason = "no known unit can get there within an hour";
    }
  }
  return best;
}

}  // namespace patrol::coverage
