#include "lib/patrol/coverage/window.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/time_series.h"
#include "lib/patrol/coverage/window_range.h"
#include "lib/patrol/coverage/window_sampler.h"
#include "lib/patrol/coverage/window_sweep.h"
#include "lib/patrol/coverage/window_visits.h"

namespace patrol::coverage {
namespace {

std::vector<WindowHour> HoursOf(const WindowOptions& options, int64_t steps) {
  std::vector<WindowHour> hours;
  absl::CivilHour civil = absl::ToCivilHour(options.from, options.zone);
  for (absl::Time start = absl::FromCivil(civil, options.zone); start < options.to;) {
    const absl::Time next = absl::FromCivil(++civil, options.zone);
    hours.push_back(
        {start, StepAtOrAfter(options, start), std::min(steps, StepAtOrAfter(options, next))});
    start = next;
  }
  return hours;
}

void SetPercentiles(const ValueRuns& ratios, SpanSums* sums) {
  const std::vector<double> values = ratios.Percentiles({5, 50, 95}, sums->steps);
  sums->covered_p5 = values[0] / WindowRange::kRatioOne;
  sums->covered_p50 = values[1] / WindowRange::kRatioOne;
  sums->covered_p95 = values[2] / WindowRange::kRatioOne;
}

void SetArea(const WindowRange& range, size_t area, int64_t patrollable_um, WindowResult* result,
             AreaWindow* out) {
  GapClock gaps;
  ValueRuns ratios;
  out->window.steps = result->steps;
  out->window.patrollable_um = patrollable_um;
  out->hours.resize(result->hours.size());
  for (size_t hour = 0; hour < out->hours.size(); ++hour) {
    const int64_t first_step = result->hours[hour].first_step;
    const int64_t end_step = result->hours[hour].end_step;
    SpanSums& sums = out->hours[hour];
    sums.steps = end_step - first_step;
    sums.patrollable_um = patrollable_um;
    sums.longest_uncovered_steps = sums.steps;
    if (hour < range.first_hour() || hour - range.first_hour() >= range.hours().size()) continue;
    const WindowRange::AreaTally& tally = range.hours()[hour - range.first_hour()][area];
    sums.covered_um_steps = tally.covered_um_steps;
    sums.unknown_um_steps = tally.unknown_um_steps;
    sums.longest_uncovered_steps = tally.gaps.Longest(first_step, end_step).steps;
    SetPercentiles(tally.ratios, &sums);
    out->window.covered_um_steps += tally.covered_um_steps;
    out->window.unknown_um_steps += tally.unknown_um_steps;
    gaps.Append(tally.gaps);
    ratios.Append(tally.ratios);
  }
  out->window.longest_uncovered_steps = gaps.Longest(0, result->steps).steps;
  SetPercentiles(ratios, &out->window);
}

void SetResult(const WindowRange& range, const AreaIndex& index, WindowResult* result) {
  result->areas.resize(index.areas().size());
  for (size_t area = 0; area < result->areas.size(); ++area) {
    SetArea(range, area, index.patrollable_um(area), result, &result->areas[area]);
  }
  SetArea(range, result->areas.size(), index.town_patrollable_um(), result, &result->town);
  result->pieces.resize(range.pieces().size());
  for (size_t piece = 0; piece < result->pieces.size(); ++piece) {
    const WindowRange::PieceTally& tally = range.pieces()[piece];
    const GapClock::Run longest = tally.gaps.Longest(0, result->steps);
    result->pieces[piece] = {.covered_um_steps = tally.covered_um_steps,
                             .unknown_um_steps = tally.unknown_um_steps,
                             .longest_uncovered_steps = longest.steps,
                             .longest_uncovered_begin = longest.begin};
  }
  result->known_unit_steps = range.units.known;
  result->stale_unit_steps = range.units.stale;
  result->off_network_unit_steps = range.units.off_network;
  result->searches = range.searches;
}

void SetBackup(const WindowRange& range, WindowResult* result) {
  for (size_t i = 0; i < range.hours().size(); ++i) {
    const std::vector<WindowRange::AreaTally>& tallies = range.hours()[i];
    for (size_t area = 0; area < tallies.size(); ++area) {
      AreaWindow& out = area < result->areas.size() ? result->areas[area] : result->town;
      out.hours[range.first_hour() + i].backup_um_steps = tallies[area].covered_um_steps;
      out.window.backup_um_steps += tallies[area].covered_um_steps;
    }
  }
  for (size_t piece = 0; piece < result->pieces.size(); ++piece) {
    result->pieces[piece].backup_um_steps = range.pieces()[piece].covered_um_steps;
  }
}

}  // namespace

double SpanSums::Ratio(__int128 um_steps) const {
  if (patrollable_um == 0 || steps == 0) return 0;
  return static_cast<double>(um_steps) / static_cast<double>(patrollable_um) /
         static_cast<double>(steps);
}

absl::Status CheckWindow(const WindowOptions& options) {
  const auto invalid = [](absl::string_view what) { return absl::InvalidArgumentError(what); };
  if (options.from == absl::InfinitePast() || options.to == absl::InfiniteFuture() ||
      options.to <= options.from) {
    return invalid(absl::StrCat("window: its end ", FormatUtc(options.to),
                                " is not after its beginning ", FormatUtc(options.from)));
  }
  if (options.step < absl::Seconds(1) || options.step > absl::Hours(1) ||
      options.step % absl::Microseconds(1) != absl::ZeroDuration()) {
    return invalid(absl::StrCat("step: ", absl::FormatDuration(options.step),
                                " is outside 1s..1h in whole microseconds"));
  }
  if (options.reach <= absl::ZeroDuration() || options.reach > limits::kReachMax) {
    return invalid(absl::StrCat("reach: ", absl::FormatDuration(options.reach), " is outside 0s..",
                                absl::FormatDuration(limits::kReachMax)));
  }
  for (const absl::Duration start : options.shift_starts) {
    if (start < absl::ZeroDuration() || start >= absl::Hours(24)) {
      return invalid(absl::StrCat("shift: begins at ", absl::FormatDuration(start),
                                  ", outside 0h..24h of a day"));
    }
  }
  if (!std::is_sorted(options.shift_starts.begin(), options.shift_starts.end())) {
    return invalid("shifts: their beginnings are not in order of the day");
  }
  for (const RequiredRound& round : options.rounds) {
    if (round.every < absl::Seconds(1)) {
      return invalid(absl::StrCat("round: every ", absl::FormatDuration(round.every),
                                  " is less than a second"));
    }
  }
  if (!options.graphs_by_hour.empty() && options.graphs_by_hour.size() != 24) {
    return invalid(absl::StrCat("speeds: for ", options.graphs_by_hour.size(), " hours, not 24"));
  }
  if ((options.to - options.from) / options.step >= limits::kWindowStepsMax) {
    return invalid(absl::StrCat("window: more than ", limits::kWindowStepsMax, " steps of ",
                                absl::FormatDuration(options.step), " between ",
                                FormatUtc(options.from), " and ", FormatUtc(options.to)));
  }
  return absl::OkStatus();
}

absl::StatusOr<WindowResult> ComputeWindow(const ModeGraphs& graphs, const AreaIndex& index,
                                           absl::Span<const tracks::MatchedTrack> tracks,
                                           const WindowOptions& options,
                                           const std::function<void(double)>& progress) {
  PATROL_RETURN_IF_ERROR(CheckWindow(options));
  WindowResult result;
  result.options = options;
  result.steps = StepAtOrAfter(options, options.to);
  result.hours = HoursOf(options, result.steps);
  result.shifts = ShiftsOf(options.shift_starts, options.zone, options.from, options.to);
  if (result.shifts.empty() && !options.rounds.empty()) {
    result.shifts.push_back({options.from, options.to, std::nullopt});
  }
  for (const tracks::MatchedTrack& track : tracks) {
    result.modes |= static_cast<uint8_t>(1u << static_cast<unsigned>(track.mode()));
  }
  const int threads = options.threads > 0
                          ? options.threads
                          : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  WindowSweep sweep(graphs, index, tracks, result, threads);
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&sweep] { sweep.Work(nullptr); });
  }
  sweep.Work(progress);
  for (std::thread& other : others) other.join();
  if (options.stop.stop_requested()) return absl::CancelledError("window: stopped");
  SetResult(sweep.covered(), index, &result);
  if (sweep.backup() != nullptr) SetBackup(*sweep.backup(), &result);
  if (options.count_visits) CountVisits(graphs.network(), index, tracks, &result);
  return result;
}

}  // namespace patrol::coverage
