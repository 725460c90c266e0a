#include "lib/patrol/coverage/live.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/chain_areas.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/field_sums.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach_kernel.h"

namespace patrol::coverage {
namespace {

ArrivalUs ReachUs(const LiveOptions& options) {
  PATROL_CHECK(options.reach > absl::ZeroDuration() && options.reach <= limits::kReachMax);
  PATROL_CHECK(options.lost_after >= options.stale_after);
  return static_cast<ArrivalUs>(absl::ToInt64Microseconds(options.reach));
}

void Count(UnitState state, UnitCounts* counts) {
  switch (state) {
    case UnitState::kKnown:
      ++counts->known;
      break;
    case UnitState::kStale:
      ++counts->stale;
      break;
    case UnitState::kLost:
      ++counts->lost;
      break;
    case UnitState::kOffNetwork:
      ++counts->off_network;
      break;
    case UnitState::kOffDuty:
      ++counts->off_duty;
      break;
  }
}

// Whether two views of all units make the same coverage. Fix times alone make no difference.
bool SameUnits(const std::vector<UnitView>& a, const std::vector<UnitView>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const UnitView& x, const UnitView& y) {
        return x.id == y.id && x.mode == y.mode && x.state == y.state && x.position == y.position;
      });
}

// Lists made in one Tick: about 0.1 ms each, so that an answer comes soon and the next ones sooner.
constexpr size_t kListsPerTick = 16;

}  // namespace

LiveCoverage::LiveCoverage(std::shared_ptr<const ModeGraphs> graphs,
                           std::shared_ptr<const AreaIndex> areas, const LiveOptions& options)
    : graphs_(std::move(graphs)),
      options_(options),
      arrival_finder_(graphs_),
      kernel_(std::make_shared<ReachKernel>(graphs_, ReachUs(options), options.list_bytes_max)),
      areas_(std::move(areas)),
      search_(std::make_unique<FieldSearch>(kernel_)) {
  auto first = Compute({}, areas_, absl::InfinitePast());
  first->revision = 0;
  snapshot_ = std::move(first);
}

LiveCoverage::~LiveCoverage() = default;

void LiveCoverage::PutUnit(const UnitInfo& unit) {
  (void)kernel_->mode(unit.mode);  // made here (10 ms for 32,000 nodes), not in the next Tick
  std::lock_guard lock(units_mutex_);
  Unit& entry = units_[unit.id];
  if (entry.info.mode != unit.mode) entry = {};
  entry.info = unit;
}

void LiveCoverage::RemoveUnit(std::string_view id) {
  std::lock_guard lock(units_mutex_);
  if (const auto it = units_.find(id); it != units_.end()) units_.erase(it);
}

void LiveCoverage::SetAreas(std::shared_ptr<const AreaIndex> areas) {
  std::lock_guard lock(units_mutex_);
  areas_ = std::move(areas);
}

absl::Status LiveCoverage::Update(std::string_view id,
                                  const std::optional<tracks::UnitPosition>& position,
                                  absl::Time fix_time) {
  std::lock_guard lock(units_mutex_);
  const auto it = units_.find(id);
  if (it == units_.end()) {
    return absl::NotFoundError(absl::StrCat("unit \"", std::string(id), "\": no such unit"));
  }
  Unit& unit = it->second;
  if (position &&
      (position->at.piece >= graphs_->network().piece_count() ||
       (graphs_->graph(unit.info.mode).time_us(roadnet::ForwardArc(position->at.piece)) ==
            roadnet::kNotAllowed &&
        graphs_->graph(unit.info.mode).time_us(roadnet::BackwardArc(position->at.piece)) ==
            roadnet::kNotAllowed))) {
    return absl::InvalidArgumentError(absl::StrCat("unit \"", std::string(id), "\": piece ",
                                                   position->at.piece,
                                                   " is no road that its mode may use"));
  }
  if (unit.fix_time && fix_time <= *unit.fix_time) return absl::OkStatus();
  unit.fix_time = fix_time;
  unit.off_network = !position;
  if (position) unit.position = position;
  return absl::OkStatus();
}

UnitState LiveCoverage::StateAt(const Unit& unit, absl::Time now) const {
  if (unit.info.off_duty) return UnitState::kOffDuty;
  if (!unit.fix_time) return UnitState::kLost;
  const absl::Duration age = now - *unit.fix_time;
  if (age <= options_.stale_after) {
    return unit.off_network ? UnitState::kOffNetwork : UnitState::kKnown;
  }
  return age < options_.lost_after ? UnitState::kStale : UnitState::kLost;
}

std::shared_ptr<const CoverageSnapshot> LiveCoverage::Tick(absl::Time now) {
  std::lock_guard tick_lock(tick_mutex_);
  const std::shared_ptr<const CoverageSnapshot> last = snapshot();
  now = std::max(now, last->time);

  std::vector<UnitView> views;
  std::shared_ptr<const AreaIndex> areas;
  {
    std::lock_guard lock(units_mutex_);
    areas = areas_;
    views.reserve(units_.size());
    for (const auto& [id, unit] : units_) {
      views.push_back({id, unit.info.mode, StateAt(unit, now), unit.fix_time, unit.position});
    }
  }
  std::shared_ptr<CoverageSnapshot> next;
  if (areas == last->area_index && SameUnits(views, last->units)) {
    // The same coverage, seen later: only instants have changed.
    next = std::make_shared<CoverageSnapshot>(*last);
    next->time = now;
    next->units = std::move(views);
  } else {
    next = Compute(std::move(views), std::move(areas), now);
    next->revision = last->revision + 1;
  }
  std::lock_guard lock(snapshot_mutex_);
  snapshot_ = next;
  return next;
}

std::shared_ptr<CoverageSnapshot> LiveCoverage::Compute(std::vector<UnitView> views,
                                                        std::shared_ptr<const AreaIndex> areas,
                                                        absl::Time now) {
  auto next = std::make_shared<CoverageSnapshot>();
  next->time = now;
  next->reach = options_.reach;
  next->graphs = graphs_;
  std::vector<UnitSource> known;
  std::vector<UnitSource> stale;
  for (const UnitView& unit : views) {
    Count(unit.state, &next->unit_counts);
    if (!unit.position) continue;
    if (unit.state == UnitState::kKnown) known.push_back(ToSource(unit.mode, *unit.position));
    if (unit.state == UnitState::kStale) stale.push_back(ToSource(unit.mode, *unit.position));
  }
  auto field = std::make_shared<Field>(kernel_);
  search_->Compute(known, stale, kListsPerTick, field.get());
  if (areas != summed_areas_) {
    sums_.reset();
    chain_areas_ = std::make_unique<ChainAreas>(graphs_->network(), kernel_->chains(), *areas);
    sums_ = std::make_unique<FieldSums>(kernel_->chains(), *chain_areas_, *areas);
    summed_areas_ = areas;
  }
  sums_->Update(*field);
  next->town = sums_->town();
  next->areas = sums_->areas();
  next->field = std::move(field);
  next->units = std::move(views);
  next->area_index = std::move(areas);
  return next;
}

std::shared_ptr<const CoverageSnapshot> LiveCoverage::snapshot() const {
  std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

UnitArrival LiveCoverage::ArrivalAt(geo::LonLat place) const {
  return arrival_finder_.Find(*snapshot(), place);
}

}  // namespace patrol::coverage
