#include "lib/service/report/stored_window.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/blind_spots.h"
#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/window_sampler.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/mode_matchers.h"

namespace patrol::report {
namespace {

// Reading and matching take about as long as covering.
constexpr double kMatchingShare = 0.5;
// Of what was, in the question what if; a station has about a hundred units.
constexpr size_t kChangesMax = 200;

// Visits that may be due in all rounds of a window: a message of a megabyte. The 38 grids of a
// town, each every half hour of a week, are 13,000.
constexpr int64_t kDueVisitsMax = 20'000;

// A unit's fixes from `from` to `to`, oldest first.
absl::StatusOr<std::vector<tracks::Fix>> FixesOf(store::Store& store, const std::string& unit_id,
                                                 absl::Time from, absl::Time to) {
  std::vector<tracks::Fix> fixes;
  store::PageRequest page{.size = limits::kPageSizeMax, .token = ""};
  do {
    PATROL_ASSIGN_OR_RETURN(store::Page<store::Fix> rows,
                            store.ListFixes({.unit_id = unit_id, .from = from, .to = to}, page));
    for (store::Fix& row : rows.rows) {
      fixes.push_back({.unit_id = std::move(row.unit_id),
                       .time = row.time,
                       .position = row.position,
                       .speed_mps = row.speed_mps,
                       .heading_deg = row.heading_deg,
                       .accuracy_m = row.accuracy_m});
    }
    page.token = std::move(rows.next_page_token);
  } while (!page.token.empty());
  return fixes;
}

// By unit id; a mode that is none is a car's, as it is live.
absl::StatusOr<std::map<std::string, roadnet::Mode>> ModesOf(store::Store& store) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<store::Unit> units, store.AllUnits());
  std::map<std::string, roadnet::Mode> modes;
  for (const store::Unit& unit : units) {
    roadnet::Mode mode = roadnet::Mode::kCar;
    (void)roadnet::ParseMode(unit.mode, &mode);
    modes[unit.id] = mode;
  }
  return modes;
}

absl::StatusOr<std::vector<coverage::CameraView>> ViewsOf(store::Store& store) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<store::Camera> cameras, store.AllCameras());
  std::vector<coverage::CameraView> views;
  for (const store::Camera& camera : cameras) {
    if (!camera.position.has_value()) continue;
    coverage::CameraView& view = views.emplace_back();
    view.id = camera.id;
    view.place = *camera.position;
    if (camera.field_of_view_deg <= 0) continue;  // then its heading says nothing
    view.heading_deg = camera.heading_deg;
    view.field_of_view_deg = camera.field_of_view_deg;
  }
  return views;
}

absl::Status FindBlindSpots(store::Store& store, const roadnet::Network& network,
                            const roadnet::SpatialIndex& index, const WindowOrder& order,
                            WindowReport* report) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<coverage::CameraView> views, ViewsOf(store));
  coverage::BlindSpotOptions options;
  options.at_least = order.gap_min;
  options.cameras = !views.empty();
  std::vector<std::vector<coverage::Interval>> watched;
  if (options.cameras) watched = coverage::WatchedStretches(network, index, views);
  const int64_t steps_min =
      coverage::StepAtOrAfter(report->result.options, order.from + order.gap_min);
  const std::vector<coverage::BlindSpot> spots =
      coverage::FindBlindSpots(network, report->result, steps_min, watched);
  report->blind_spots = spots.size();
  for (const coverage::BlindSpot& spot : spots) report->blind_spots_m += spot.length_m;
  PATROL_ASSIGN_OR_RETURN(report->blind_spots_geojson,
                          coverage::BlindSpotsGeoJson(network, report->result, spots, options));
  return absl::OkStatus();
}

// With the areas that the rounds name.
absl::StatusOr<std::vector<coverage::RequiredRound>> RoundsOf(const WindowOrder& order,
                                                              const coverage::AreaIndex& index) {
  std::vector<coverage::RequiredRound> rounds;
  for (size_t i = 0; i < order.rounds.size(); ++i) {
    const std::string& id = order.rounds[i].area_id;
    const auto area = std::find_if(index.areas().begin(), index.areas().end(),
                                   [&](const geo::Area& known) { return known.id == id; });
    if (area == index.areas().end()) {
      return absl::NotFoundError(
          absl::StrCat("required_rounds[", i, "].area: there is no area \"", id, "\""));
    }
    rounds.push_back(
        {static_cast<size_t>(area - index.areas().begin()), order.rounds[i].every, std::nullopt});
  }
  return rounds;
}

// Errors: INVALID_ARGUMENT naming the round that is out of range.
absl::Status CheckRounds(const WindowOrder& order) {
  int64_t due = 0;
  for (size_t i = 0; i < order.rounds.size(); ++i) {
    const absl::Duration every = order.rounds[i].every;
    if (every < absl::Seconds(1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "required_rounds[", i, "].every: ", absl::FormatDuration(every), " is below 1s"));
    }
    absl::Duration rest;
    due += absl::IDivDuration(order.to - order.from, every, &rest);
    if (due > kDueVisitsMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("required_rounds[", i, "]: with it ", due,
                       " visits or more would be due in the window, at most ", kDueVisitsMax));
    }
  }
  return absl::OkStatus();
}

coverage::WindowOptions OptionsOf(const WindowOrder& order) {
  coverage::WindowOptions options;
  options.from = order.from;
  options.to = order.to;
  options.step = order.step;
  options.reach = order.reach;
  return options;
}

CoveredBefore RatiosOf(const coverage::WindowResult& result) {
  CoveredBefore ratios{.town = result.town.window.covered_ratio()};
  for (const coverage::AreaWindow& area : result.areas) {
    ratios.areas.push_back(area.window.covered_ratio());
  }
  return ratios;
}

}  // namespace

absl::Status CheckOrder(const WindowOrder& order) {
  const auto fault = [](std::string_view field, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(std::string(field), ": ", what));
  };
  if (order.to <= order.from) {
    return fault("to_time", absl::StrCat(FormatUtc(order.to), " is not after from_time ",
                                         FormatUtc(order.from)));
  }
  if (order.to - order.from > limits::kOrderedWindowMax) {
    return fault("to_time",
                 absl::StrCat("more than ", absl::FormatDuration(limits::kOrderedWindowMax),
                              " after from_time; patrolctl coverage run computes longer "
                              "windows from files"));
  }
  if (order.gap_min < absl::ZeroDuration()) {
    return fault("gap_min", absl::StrCat(absl::FormatDuration(order.gap_min), " is below 0s"));
  }
  if (order.what_if.changes() > kChangesMax) {
    return fault("what_if",
                 absl::StrCat(order.what_if.changes(), " changes, at most ", kChangesMax));
  }
  PATROL_RETURN_IF_ERROR(CheckRounds(order));
  return coverage::CheckWindow(OptionsOf(order));
}

absl::StatusOr<WindowReport> ComputeStoredWindow(store::Store& store, const Town& town,
                                                 const WindowOrder& order,
                                                 const std::stop_token& stop,
                                                 const std::function<void(double)>& progress) {
  PATROL_RETURN_IF_ERROR(CheckOrder(order));
  const roadnet::Network& network = town.graphs->network();
  PATROL_ASSIGN_OR_RETURN(std::vector<coverage::RequiredRound> rounds,
                          RoundsOf(order, *town.areas));
  PATROL_ASSIGN_OR_RETURN(const auto modes, ModesOf(store));
  PATROL_ASSIGN_OR_RETURN(const std::vector<std::string> ids, store.UnitsWithFixes());
  WindowReport report;
  report.areas = town.areas;
  const roadnet::SpatialIndex index(network);
  tracks::MatchGraphs graphs(network);
  tracks::ModeMatchers matchers(network, index, graphs, {.stale_after = town.stale_after});
  std::vector<tracks::MatchedTrack> tracks;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (stop.stop_requested()) return absl::CancelledError("window: stopped");
    progress(kMatchingShare * static_cast<double>(i) / static_cast<double>(ids.size()));
    PATROL_ASSIGN_OR_RETURN(
        const std::vector<tracks::Fix> fixes,
        FixesOf(store, ids[i], order.from - town.lost_after, order.to + town.lost_after));
    if (fixes.empty()) continue;
    const auto mode = modes.find(ids[i]);
    const roadnet::Mode moves = mode == modes.end() ? roadnet::Mode::kCar : mode->second;
    tracks.push_back(matchers.Of(moves).Match(ids[i], fixes));
    report.fixes.rows += fixes.size();
    report.fixes.Add(tracks.back());
    tracks.back().KeepPath();
  }
  coverage::WindowOptions options = OptionsOf(order);
  options.stale_after = town.stale_after;
  options.lost_after = town.lost_after;
  options.rounds = std::move(rounds);
  options.threads = 1;
  options.stop = stop;
  // Between two shares of the whole.
  const auto compute = [&](double from, double to) {
    return coverage::ComputeWindow(
        *town.graphs, *town.areas, tracks, options,
        [&, from, to](double share) { progress(from + (to - from) * share); });
  };
  double done = kMatchingShare;
  if (order.what_if.any()) {
    const double half = kMatchingShare + (1 - kMatchingShare) / 2;
    options.count_visits = false;
    PATROL_ASSIGN_OR_RETURN(const coverage::WindowResult before, compute(done, half));
    options.count_visits = true;
    report.before = RatiosOf(before);
    PATROL_ASSIGN_OR_RETURN(
        tracks, coverage::ApplyWhatIf(order.what_if, index, std::move(tracks), &options));
    report.fixes.units = tracks.size();
    done = half;
  }
  options.backup = order.backup;
  PATROL_ASSIGN_OR_RETURN(report.result, compute(done, 1));
  PATROL_RETURN_IF_ERROR(FindBlindSpots(store, network, index, order, &report));
  report.result.pieces = {};
  report.result.options.stop = {};
  return report;
}

}  // namespace patrol::report
