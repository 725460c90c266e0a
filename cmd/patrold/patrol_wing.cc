#include "cmd/patrold/patrol_wing.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/bounded_queue.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/arrival_finder.h"
#include "lib/patrol/coverage/geojson.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network_file.h"
#include "lib/patrol/tracks/fix_intake.h"
#include "lib/patrol/tracks/live_matcher.h"
#include "lib/service/api/proto_values.h"
#include "patrol/v1/coverage_service.pb.h"
#include "patrol/v1/unit_service.pb.h"

namespace patrol::patrold {

namespace {

// Coverage changes with time alone (units grow stale), so it is looked at this often.
constexpr absl::Duration kTickInterval = absl::Seconds(1);

tracks::Fix ToTracks(const store::Fix& fix) {
  return {.unit_id = fix.unit_id,
          .time = fix.time,
          .position = fix.position,
          .speed_mps = fix.speed_mps,
          .heading_deg = fix.heading_deg,
          .accuracy_m = fix.accuracy_m};
}

api::FixJudgement::Kind KindOf(tracks::IntakeVerdict verdict) {
  switch (verdict) {
    case tracks::IntakeVerdict::kAccepted:
      return api::FixJudgement::kAccepted;
    case tracks::IntakeVerdict::kDuplicate:
      return api::FixJudgement::kDuplicate;
    case tracks::IntakeVerdict::kLate:
      return api::FixJudgement::kLate;
    case tracks::IntakeVerdict::kInvalid:
      return api::FixJudgement::kInvalid;
    case tracks::IntakeVerdict::kFuture:
      return api::FixJudgement::kFuture;
    case tracks::IntakeVerdict::kUnknownUnit:
      return api::FixJudgement::kUnknownUnit;
    case tracks::IntakeVerdict::kSpeedJump:
      return api::FixJudgement::kSpeedJump;
  }
  return api::FixJudgement::kInvalid;
}

v1::UnitKnowledge KnowledgeOf(coverage::UnitState state) {
  switch (state) {
    case coverage::UnitState::kKnown:
      return v1::UNIT_KNOWLEDGE_KNOWN;
    case coverage::UnitState::kStale:
      return v1::UNIT_KNOWLEDGE_STALE;
    case coverage::UnitState::kLost:
      return v1::UNIT_KNOWLEDGE_LOST;
    case coverage::UnitState::kOffNetwork:
      return v1::UNIT_KNOWLEDGE_OFF_NETWORK;
    case coverage::UnitState::kOffDuty:
      return v1::UNIT_KNOWLEDGE_OFF_DUTY;
  }
  return v1::UNIT_KNOWLEDGE_UNSPECIFIED;
}

void SetPlace(geo::LonLat place, v1::LonLat* message) {
  message->set_lon(place.lon);
  message->set_lat(place.lat);
}

void SetLengths(const coverage::RoadLengths& lengths, v1::AreaCoverage* message) {
  message->set_patrollable_m(lengths.patrollable_m());
  message->set_covered_m(lengths.covered_m());
  message->set_unknown_m(lengths.unknown_m());
  message->set_not_covered_m(lengths.not_covered_m());
  message->set_covered_ratio(lengths.covered_ratio());
  message->set_covered_or_unknown_ratio(lengths.covered_or_unknown_ratio());
}

}  // namespace

store::Area AreaRow(const geo::Area& area) {
  return {.id = area.id,
          .display_name = area.name,
          .kind = area.kind,
          .parent_id = area.parent,
          .geometry_json = geo::GeometryToJson(area.shape)};
}

class PatrolWing::Impl {
 public:
  Impl(const config::Config& config, const Clock& clock, store::Store& store,
       std::shared_ptr<const roadnet::Network> network)
      : clock_(clock),
        store_(store),
        network_(std::move(network)),
        graphs_(std::make_shared<coverage::ModeGraphs>(network_, config.graphs)),
        index_(*network_),
        areas_(std::make_shared<coverage::AreaIndex>(*network_, std::vector<geo::Area>())),
        coverage_(graphs_, areas_, config.coverage),
        finder_(graphs_),
        intake_(clock),
        match_graphs_(*network_),
        matcher_(*network_, index_, match_graphs_, {.stale_after = config.coverage.stale_after}) {}

  ~Impl() { Stop(); }

  // Units, areas and the newest fixes of before the restart; then the thread starts.
  absl::Status Restore() {
    PATROL_ASSIGN_OR_RETURN(const std::vector<store::Unit> units, store_.AllUnits());
    for (const store::Unit& unit : units) Put(unit);
    PATROL_ASSIGN_OR_RETURN(const std::vector<store::Area> areas, store_.AllAreas());
    PATROL_RETURN_IF_ERROR(SetAreas(areas));
    PATROL_ASSIGN_OR_RETURN(const std::vector<store::Fix> fixes, store_.LatestFixes());
    for (const store::Fix& fix : fixes) {
      intake_.Restore(ToTracks(fix));
      Use(ToTracks(fix));
    }
    coverage_.Tick(clock_.Now());
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() {
    stored_.Close();
    if (thread_.joinable()) thread_.join();
  }

  const coverage::LiveCoverage& coverage() const { return coverage_; }

  report::Town town() const {
    std::lock_guard lock(areas_mutex_);
    return {graphs_, areas_, coverage_.options().stale_after, coverage_.options().lost_after};
  }

  coverage::ArrivalFinder& finder() { return finder_; }
  FixQueue fix_queue() const { return {stored_.size(), stored_.dropped()}; }
  const roadnet::Network& network() const { return *network_; }

  api::FixJudgement Judge(const store::Fix& fix, api::FixDatum datum) {
    std::lock_guard lock(intake_mutex_);
    tracks::FixIntake::Batch batch(intake_);
    const tracks::IntakeResult result = batch.Take(
        ToTracks(fix), datum == api::FixDatum::kGcj02 ? geo::Datum::kGcj02 : geo::Datum::kWgs84);
    batch.Commit();
    return {KindOf(result.verdict), result.message, result.fix.position};
  }

  void OnStored(const std::vector<store::Fix>& fixes) {
    for (const store::Fix& fix : fixes) {
      if (fix.verdict != store::FixVerdict::kAccepted) continue;
      // The oldest make room: coverage shows where units are, not where they were.
      if (!stored_.Push(ToTracks(fix))) return;
    }
  }

  void Put(const store::Unit& unit) {
    coverage::UnitInfo info{.id = unit.id, .off_duty = unit.off_duty};
    if (!roadnet::ParseMode(unit.mode, &info.mode)) {
      PATROL_LOG_ERROR("unit \"{}\": \"{}\" is no travel mode; taken for a car", unit.id,
                       unit.mode);
    }
    {
      std::lock_guard lock(intake_mutex_);
      intake_.AddUnit(unit.id);
    }
    {
      std::lock_guard lock(units_mutex_);
      units_[unit.id].mode = info.mode;
    }
    coverage_.PutUnit(info);
    Wake();
  }

  void Remove(const std::string& unit_id) {
    {
      std::lock_guard lock(intake_mutex_);
      intake_.RemoveUnit(unit_id);
    }
    {
      std::lock_guard lock(units_mutex_);
      units_.erase(unit_id);
    }
    coverage_.RemoveUnit(unit_id);
    Wake();
  }

  void Describe(const std::string& unit_id, v1::UnitState* state) const {
    const auto snapshot = coverage_.snapshot();
    const auto view = std::lower_bound(
        snapshot->units.begin(), snapshot->units.end(), unit_id,
        [](const coverage::UnitView& unit, const std::string& id) { return unit.id < id; });
    const bool listed = view != snapshot->units.end() && view->id == unit_id;
    state->set_knowledge(listed ? KnowledgeOf(view->state) : v1::UNIT_KNOWLEDGE_LOST);

    std::lock_guard lock(units_mutex_);
    const auto unit = units_.find(unit_id);
    if (unit == units_.end() || !unit->second.fix.has_value()) return;
    api::SetTime(unit->second.fix->time, state->mutable_fix_time());
    SetPlace(unit->second.fix->position, state->mutable_position());
    if (!unit->second.live.position.has_value()) return;
    SetPlace(network_->Place(unit->second.live.position->at), state->mutable_matched());
    state->set_distance_m(unit->second.live.distance_m);
  }

  absl::Status SetAreas(const std::vector<store::Area>& rows) {
    std::vector<geo::Area> areas;
    for (const store::Area& row : rows) {
      absl::StatusOr<geo::MultiPolygon> shape = geo::ReadGeometryJson(row.geometry_json);
      if (!shape.ok()) return Annotate(shape.status(), absl::StrCat("area \"", row.id, "\""));
      areas.push_back({.id = row.id,
                       .name = row.display_name,
                       .kind = row.kind,
                       .parent = row.parent_id,
                       .shape = *std::move(shape)});
    }
    std::sort(areas.begin(), areas.end(),
              [](const geo::Area& a, const geo::Area& b) { return a.id < b.id; });
    auto index = std::make_shared<const coverage::AreaIndex>(*network_, std::move(areas));
    {
      std::lock_guard lock(areas_mutex_);
      areas_ = index;
    }
    coverage_.SetAreas(std::move(index));
    Wake();
    return absl::OkStatus();
  }

  double PatrollableM(const std::string& area_id) const {
    std::shared_ptr<const coverage::AreaIndex> index;
    {
      std::lock_guard lock(areas_mutex_);
      index = areas_;
    }
    for (size_t i = 0; i < index->areas().size(); ++i) {
      if (index->areas()[i].id == area_id) {
        return static_cast<double>(index->patrollable_um(i)) * 1e-6;
      }
    }
    return 0;
  }

  const std::string& NetworkGeoJson() const {
    std::call_once(network_geojson_once_,
                   [this] { network_geojson_ = coverage::NetworkGeoJson(*network_); });
    return network_geojson_;
  }

 private:
  struct UnitRecord {
    roadnet::Mode mode = roadnet::Mode::kCar;
    std::optional<tracks::Fix> fix;  // the newest used
    tracks::LivePosition live;       // what it was matched to
  };

  // A fix without a unit: wakes the thread for what changed otherwise. A full queue wakes it
  // anyway.
  void Wake() { (void)stored_.Push({}); }

  void Run() {
    absl::Duration due = clock_.Monotonic() + kTickInterval;
    while (!stored_.closed()) {
      const absl::Duration wait = std::max(due - clock_.Monotonic(), absl::ZeroDuration());
      std::optional<tracks::Fix> fix = stored_.PopFor(absl::ToChronoNanoseconds(wait));
      for (; fix.has_value(); fix = stored_.TryPop()) {
        if (!fix->unit_id.empty()) Use(*fix);
      }
      coverage_.Tick(clock_.Now());
      due = clock_.Monotonic() + kTickInterval;
    }
  }

  // Matches a fix and moves its unit. On the thread, or before it starts.
  void Use(const tracks::Fix& fix) {
    roadnet::Mode mode;
    {
      std::lock_guard lock(units_mutex_);
      const auto unit = units_.find(fix.unit_id);
      if (unit == units_.end()) {  // deleted meanwhile
        matcher_.Remove(fix.unit_id);
        return;
      }
      mode = unit->second.mode;
    }
    const tracks::LivePosition live = matcher_.Feed(fix, mode);
    if (live.fix_time != fix.time) return;  // not newer than what is known
    {
      std::lock_guard lock(units_mutex_);
      const auto unit = units_.find(fix.unit_id);
      if (unit == units_.end()) return;
      unit->second.fix = fix;
      unit->second.live = live;
    }
    const absl::Status status = coverage_.Update(fix.unit_id, live.position, live.fix_time);
    if (!status.ok() && !absl::IsNotFound(status)) {
      PATROL_LOG_WARNING("unit \"{}\": {}", fix.unit_id, std::string(status.message()));
    }
  }

  const Clock& clock_;
  store::Store& store_;
  const std::shared_ptr<const roadnet::Network> network_;
  const std::shared_ptr<const coverage::ModeGraphs> graphs_;
  const roadnet::SpatialIndex index_;

  mutable std::mutex areas_mutex_;
  std::shared_ptr<const coverage::AreaIndex> areas_;  // guarded by areas_mutex_

  coverage::LiveCoverage coverage_;
  coverage::ArrivalFinder finder_;

  std::mutex intake_mutex_;
  tracks::FixIntake intake_;  // guarded by intake_mutex_

  mutable std::mutex units_mutex_;
  std::map<std::string, UnitRecord> units_;  // guarded by units_mutex_

  mutable std::once_flag network_geojson_once_;
  mutable std::string network_geojson_;

  BoundedQueue<tracks::Fix> stored_{limits::kFixesWaitingMax, Overflow::kDropOldest};
  tracks::MatchGraphs match_graphs_;
  tracks::LiveMatcher matcher_;  // the thread's own
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<PatrolWing>> PatrolWing::Open(const config::Config& config,
                                                             const Clock& clock,
                                                             store::Store& store) {
  absl::StatusOr<roadnet::Network> read =
      roadnet::ReadNetworkFile(config.network_file, {}, config.roads);
  if (!read.ok()) return Annotate(read.status(), "network");
  auto network = std::make_shared<const roadnet::Network>(*std::move(read));
  PATROL_LOG_INFO("network: {} nodes, {} pieces", network->node_count(), network->piece_count());
  auto impl = std::make_unique<Impl>(config, clock, store, std::move(network));
  PATROL_RETURN_IF_ERROR(impl->Restore());
  return std::unique_ptr<PatrolWing>(new PatrolWing(std::move(impl)));
}

PatrolWing::PatrolWing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PatrolWing::~PatrolWing() = default;

const coverage::LiveCoverage& PatrolWing::coverage() const { return impl_->coverage(); }

report::Town PatrolWing::town() const { return impl_->town(); }

PatrolWing::FixQueue PatrolWing::fix_queue() const { return impl_->fix_queue(); }

void PatrolWing::Stop() { impl_->Stop(); }

api::FixJudgement PatrolWing::Judge(const store::Fix& fix, api::FixDatum datum) {
  return impl_->Judge(fix, datum);
}

void PatrolWing::OnStored(const std::vector<store::Fix>& fixes) { impl_->OnStored(fixes); }

void PatrolWing::Put(const store::Unit& unit) { impl_->Put(unit); }

void PatrolWing::Remove(const std::string& unit_id) { impl_->Remove(unit_id); }

void PatrolWing::Describe(const std::string& unit_id, v1::UnitState* state) const {
  impl_->Describe(unit_id, state);
}

absl::Status PatrolWing::SetAreas(const std::vector<store::Area>& areas) {
  return impl_->SetAreas(areas);
}

double PatrolWing::PatrollableM(const std::string& area_id) const {
  return impl_->PatrollableM(area_id);
}

int64_t PatrolWing::revision() const { return impl_->coverage().snapshot()->revision; }

void PatrolWing::Describe(v1::Coverage* message) const {
  const auto snapshot = impl_->coverage().snapshot();
  message->set_revision(snapshot->revision);
  api::SetTime(snapshot->time, message->mutable_time());
  api::SetDuration(snapshot->reach, message->mutable_reach());
  SetLengths(snapshot->town, message->mutable_town());
  for (size_t i = 0; i < snapshot->areas.size(); ++i) {
    const geo::Area& area = snapshot->area_index->areas()[i];
    v1::AreaCoverage* row = message->add_areas();
    row->set_area(absl::StrCat("areas/", area.id));
    row->set_display_name(area.name);
    row->set_kind(area.kind);
    SetLengths(snapshot->areas[i], row);
  }
  v1::UnitCounts* counts = message->mutable_units();
  counts->set_known(snapshot->unit_counts.known);
  counts->set_stale(snapshot->unit_counts.stale);
  counts->set_lost(snapshot->unit_counts.lost);
  counts->set_off_network(snapshot->unit_counts.off_network);
  counts->set_off_duty(snapshot->unit_counts.off_duty);
}

absl::StatusOr<api::CoverageView::Roads> PatrolWing::CoveredRoads() const {
  const auto snapshot = impl_->coverage().snapshot();
  return Roads{coverage::CoveredRoadsGeoJson(*snapshot), snapshot->revision};
}

absl::StatusOr<std::string> PatrolWing::NetworkGeoJson() const { return impl_->NetworkGeoJson(); }

void PatrolWing::Explain(geo::LonLat place, v1::PlaceExplanation* message) const {
  const auto snapshot = impl_->coverage().snapshot();
  const coverage::PlaceExplanation found = impl_->finder().Explain(*snapshot, place);
  using State = coverage::PlaceExplanation::State;
  message->set_state(found.state == State::kCovered      ? v1::PlaceExplanation::STATE_COVERED
                     : found.state == State::kUnknown    ? v1::PlaceExplanation::STATE_UNKNOWN
                     : found.state == State::kNotCovered ? v1::PlaceExplanation::STATE_NOT_COVERED
                                                         : v1::PlaceExplanation::STATE_OFF_NETWORK);
  api::SetTime(snapshot->time, message->mutable_time());
  api::SetDuration(snapshot->reach, message->mutable_reach());
  message->set_road_distance_m(found.road_distance_m);
  message->set_reason(found.arrival.reason);
  if (!found.arrival.found()) return;
  message->set_unit(absl::StrCat("units/", found.arrival.unit_id));
  api::SetDuration(found.arrival.time, message->mutable_arrival());
  if (!found.route) return;
  message->set_route_length_m(found.route->length_m);
  std::string line = R"({"type":"LineString","coordinates":[)";
  for (size_t i = 0; i < found.route->line.size(); ++i) {
    absl::StrAppendFormat(&line, "%s[%.7f,%.7f]", i == 0 ? "" : ",", found.route->line[i].lon,
                          found.route->line[i].lat);
  }
  message->set_route_geojson(line + "]}");
}

absl::StatusOr<std::vector<store::Area>> PatrolWing::Read(const std::string& geojson) const {
  PATROL_ASSIGN_OR_RETURN(const std::vector<geo::Area> areas, geo::ReadAreasGeoJson(geojson));
  std::vector<store::Area> rows;
  for (const geo::Area& area : areas) rows.push_back(AreaRow(area));
  return rows;
}

}  // namespace patrol::patrold
