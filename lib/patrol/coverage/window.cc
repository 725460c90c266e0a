#include "lib/patrol/coverage/window.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/time_series.h"
#include "lib/patrol/tracks/passages.h"

namespace patrol::coverage {
namespace {

// Covered ratios are kept for percentiles as whole parts of this: exact to 2.4e-10.
constexpr uint32_t kRatioOne = std::numeric_limits<uint32_t>::max();
constexpr size_t kStepsPerProgress = 500;

absl::Status CheckOptions(const WindowOptions& options) {
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
  if ((options.to - options.from) / options.step >= limits::kWindowStepsMax) {
    return invalid(absl::StrCat("window: more than ", limits::kWindowStepsMax, " steps of ",
                                absl::FormatDuration(options.step), " between ",
                                FormatUtc(options.from), " and ", FormatUtc(options.to)));
  }
  return absl::OkStatus();
}

// The first step at or after `time`.
int64_t StepAtOrAfter(const WindowOptions& options, absl::Time time) {
  if (time <= options.from) return 0;
  absl::Duration rest;
  const int64_t whole = absl::IDivDuration(time - options.from, options.step, &rest);
  return rest > absl::ZeroDuration() ? whole + 1 : whole;
}

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

// Adds fields up over steps. The town is the last of the "areas" here.
class Accumulator {
 public:
  Accumulator(const ModeGraphs& graphs, const AreaIndex& index, WindowResult* result)
      : index_(index),
        result_(*result),
        piece_gaps_(graphs.network().piece_count()),
        area_gaps_(index.areas().size() + 1),
        hour_gaps_(area_gaps_.size()),
        window_runs_(area_gaps_.size()),
        hour_runs_(area_gaps_.size()) {
    result_.pieces.resize(graphs.network().piece_count());
    result_.areas.resize(index.areas().size());
    for (size_t area = 0; area < area_gaps_.size(); ++area) {
      AreaWindow& out = Out(area);
      out.window.steps = result_.steps;
      out.window.patrollable_um = PatrollableUm(area);
      out.hours.resize(result_.hours.size());
      for (size_t hour = 0; hour < out.hours.size(); ++hour) {
        out.hours[hour].steps = result_.hours[hour].end_step - result_.hours[hour].first_step;
        out.hours[hour].patrollable_um = PatrollableUm(area);
      }
    }
    StartHour();
  }

  // The field holds for steps [first, end); calls come in the order of time, steps left out have
  // nothing covered and nothing unknown.
  void Add(const Field& field, int64_t first, int64_t end) {
    for (const Field::PieceCover& cover : field.pieces()) {
      PieceWindow& piece = result_.pieces[cover.piece];
      piece.covered_um_steps += cover.covered_um * (end - first);
      piece.unknown_um_steps += cover.unknown_um * (end - first);
      if (cover.covered_um > 0) piece_gaps_[cover.piece].Mark(first, end);
    }
    RoadLengths town;
    field.Sum(index_, &town, &areas_scratch_);
    areas_scratch_.push_back(town);
    while (first < end) {
      while (first >= result_.hours[hour_].end_step) FinishHour();
      const int64_t until = std::min(end, result_.hours[hour_].end_step);
      for (size_t area = 0; area < areas_scratch_.size(); ++area) {
        AddArea(area, areas_scratch_[area], first, until);
      }
      first = until;
    }
  }

  void Finish() {
    while (hour_ < result_.hours.size()) FinishHour();
    for (size_t area = 0; area < area_gaps_.size(); ++area) {
      area_gaps_[area].Close(result_.steps);
      Out(area).window.longest_uncovered_steps = area_gaps_[area].longest();
      SetPercentiles(window_runs_[area], &Out(area).window);
    }
    for (size_t piece = 0; piece < piece_gaps_.size(); ++piece) {
      piece_gaps_[piece].Close(result_.steps);
      result_.pieces[piece].longest_uncovered_steps = piece_gaps_[piece].longest();
      result_.pieces[piece].longest_uncovered_begin = piece_gaps_[piece].longest_begin();
    }
  }

 private:
  AreaWindow& Out(size_t area) {
    return area < result_.areas.size() ? result_.areas[area] : result_.town;
  }
  int64_t PatrollableUm(size_t area) const {
    return area < index_.areas().size() ? index_.patrollable_um(area)
                                        : index_.town_patrollable_um();
  }

  void AddArea(size_t area, const RoadLengths& lengths, int64_t first, int64_t end) {
    if (lengths.covered_um == 0 && lengths.unknown_um == 0) return;
    AreaWindow& out = Out(area);
    for (SpanSums* sums : {&out.window, &out.hours[hour_]}) {
      sums->covered_um_steps += static_cast<__int128>(lengths.covered_um) * (end - first);
      sums->unknown_um_steps += static_cast<__int128>(lengths.unknown_um) * (end - first);
    }
    if (lengths.covered_um == 0) return;
    area_gaps_[area].Mark(first, end);
    hour_gaps_[area].Mark(first, end);
    hour_runs_[area].Add(static_cast<uint32_t>(std::llround(lengths.covered_ratio() * kRatioOne)),
                         end - first);
  }

  static void SetPercentiles(const ValueRuns& runs, SpanSums* sums) {
    const std::vector<double> values = runs.Percentiles({5, 50, 95}, sums->steps);
    sums->covered_p5 = values[0] / kRatioOne;
    sums->covered_p50 = values[1] / kRatioOne;
    sums->covered_p95 = values[2] / kRatioOne;
  }

  void StartHour() {
    if (hour_ == result_.hours.size()) return;
    for (size_t area = 0; area < hour_gaps_.size(); ++area) {
      hour_gaps_[area] = GapClock(result_.hours[hour_].first_step);
      hour_runs_[area].Clear();
    }
  }

  void FinishHour() {
    for (size_t area = 0; area < hour_gaps_.size(); ++area) {
      SpanSums& sums = Out(area).hours[hour_];
      hour_gaps_[area].Close(result_.hours[hour_].end_step);
      sums.longest_uncovered_steps = hour_gaps_[area].longest();
      SetPercentiles(hour_runs_[area], &sums);
      window_runs_[area].Append(hour_runs_[area]);
    }
    ++hour_;
    StartHour();
  }

  const AreaIndex& index_;
  WindowResult& result_;
  size_t hour_ = 0;
  std::vector<GapClock> piece_gaps_;
  std::vector<GapClock> area_gaps_;
  std::vector<GapClock> hour_gaps_;
  std::vector<ValueRuns> window_runs_;
  std::vector<ValueRuns> hour_runs_;
  std::vector<RoadLengths> areas_scratch_;
};

// The units of each step, in the order of tracks, visiting only steps with any.
class Sampler {
 public:
  Sampler(const roadnet::Network& network, absl::Span<const tracks::MatchedTrack> tracks,
          const WindowOptions& options, int64_t steps)
      : options_(options) {
    for (const tracks::MatchedTrack& track : tracks) {
      if (track.fixes().empty()) continue;
      // Before its first fix nothing is known of a unit, and lost_after its last one it is lost.
      const int64_t first = StepAtOrAfter(options, track.fixes().front().time);
      const int64_t end =
          std::min(steps, StepAtOrAfter(options, track.fixes().back().time + options.lost_after));
      if (first >= end) continue;
      units_.push_back(
          {first, end, track.mode(), tracks::TrackCursor(network, track, options.stale_after)});
    }
    order_.resize(units_.size());
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      return std::tie(units_[a].first, a) < std::tie(units_[b].first, b);
    });
  }

  // Moves to the first step at or after `step` with a unit; false when there is none.
  bool Seek(int64_t* step) {
    std::erase_if(active_, [&](size_t unit) { return units_[unit].end <= *step; });
    if (active_.empty() && next_ < order_.size()) {
      *step = std::max(*step, units_[order_[next_]].first);
    }
    bool added = false;
    for (; next_ < order_.size() && units_[order_[next_]].first <= *step; ++next_) {
      if (units_[order_[next_]].end <= *step) continue;
      active_.push_back(order_[next_]);
      added = true;
    }
    if (added) std::sort(active_.begin(), active_.end());
    if (active_.empty() && next_ < order_.size()) return Seek(step);
    return !active_.empty();
  }

  // The units at the step that Seek found.
  void Read(absl::Time instant, std::vector<UnitSource>* known, std::vector<UnitSource>* stale,
            WindowResult* result) {
    known->clear();
    stale->clear();
    for (const size_t index : active_) {
      Unit& unit = units_[index];
      const tracks::UnitKnowledge now = unit.cursor.At(instant);
      switch (now.knowledge) {
        case tracks::Knowledge::kKnown:
          known->push_back(ToSource(unit.mode, *now.position));
          break;
        case tracks::Knowledge::kStale:
          if (instant - now.since >= options_.lost_after) break;
          ++result->stale_unit_steps;
          if (now.position) stale->push_back(ToSource(unit.mode, *now.position));
          break;
        case tracks::Knowledge::kOffNetwork:
          ++result->off_network_unit_steps;
          break;
        case tracks::Knowledge::kNothing:
          break;
      }
    }
    result->known_unit_steps += static_cast<int64_t>(known->size());
  }

 private:
  struct Unit {
    int64_t first;  // steps [first, end) in which something may be known of it
    int64_t end;
    roadnet::Mode mode;
    tracks::TrackCursor cursor;
  };

  const WindowOptions& options_;
  std::vector<Unit> units_;
  std::vector<size_t> order_;   // of units_, by first step
  size_t next_ = 0;             // into order_: not yet active
  std::vector<size_t> active_;  // in order
};

void SampleCoverage(const ModeGraphs& graphs, const AreaIndex& index,
                    absl::Span<const tracks::MatchedTrack> tracks,
                    const std::function<void(double)>& progress, WindowResult* result) {
  const WindowOptions& options = result->options;
  Field field(graphs, static_cast<ArrivalUs>(absl::ToInt64Microseconds(options.reach)));
  Accumulator accumulator(graphs, index, result);
  Sampler sampler(graphs.network(), tracks, options, result->steps);
  std::vector<UnitSource> known, stale, held_known, held_stale;
  int64_t held_from = 0;  // the field holds for steps [held_from, held_to)
  int64_t held_to = 0;
  int64_t reported = 0;
  for (int64_t step = 0; step < result->steps && sampler.Seek(&step); ++step) {
    sampler.Read(result->StepTime(step), &known, &stale, result);
    if (step != held_to || known != held_known || stale != held_stale) {
      accumulator.Add(field, held_from, held_to);
      held_from = step;
      std::swap(known, held_known);
      std::swap(stale, held_stale);
      field.Compute(held_known, held_stale);
      ++result->searches;
      if (progress && result->searches - reported >= static_cast<int64_t>(kStepsPerProgress)) {
        reported = result->searches;
        progress(static_cast<double>(step) / static_cast<double>(result->steps));
      }
    }
    held_to = step + 1;
  }
  accumulator.Add(field, held_from, held_to);
  accumulator.Finish();
}

bool ByEnter(const Visit& a, const Visit& b) {
  return std::tie(a.enter, a.leave) < std::tie(b.enter, b.leave);
}

void SumOver(std::vector<Visit>* visits, const WindowResult& result, AreaWindow* out) {
  std::sort(visits->begin(), visits->end(), ByEnter);
  const Visit* const begin = visits->data();
  const Visit* const end = begin + visits->size();
  const WindowOptions& options = result.options;
  out->window.visits = SumVisits(begin, end, options.from, options.to);
  // Visits that ended before an hour stay ended: each hour starts where the first one still lasts.
  const Visit* first = begin;
  for (size_t hour = 0; hour < result.hours.size(); ++hour) {
    const absl::Time from = std::max(options.from, result.hours[hour].start);
    const absl::Time to =
        hour + 1 < result.hours.size() ? result.hours[hour + 1].start : options.to;
    while (first != end && first->leave < from) ++first;
    out->hours[hour].visits = SumVisits(first, end, from, to);
  }
}

void CountVisits(const roadnet::Network& network, const AreaIndex& index,
                 absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result) {
  std::vector<std::vector<Visit>> areas(index.areas().size());
  std::vector<Visit> town;
  std::vector<std::pair<roadnet::PieceIndex, Visit>> pieces;
  for (const tracks::MatchedTrack& track : tracks) {
    for (const tracks::AreaVisit& visit : AreaVisits(network, track, index.cuts())) {
      areas[visit.area].push_back({visit.enter, visit.leave});
    }
    for (const tracks::PiecePassage& passage : PiecePassages(network, track)) {
      pieces.push_back({passage.piece, {passage.enter, passage.leave}});
    }
    // The town is the network: a visit to it lasts as long as the path does not break.
    for (size_t i = 0; i < track.points().size(); ++i) {
      const auto& point = track.points()[i];
      if (point.connected) {
        town.back().leave = point.time;
      } else {
        town.push_back({point.time, point.time});
      }
    }
  }
  for (size_t area = 0; area < areas.size(); ++area) {
    SumOver(&areas[area], *result, &result->areas[area]);
  }
  SumOver(&town, *result, &result->town);

  std::sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : ByEnter(a.second, b.second);
  });
  const WindowOptions& options = result->options;
  std::vector<Visit> own;
  size_t next = 0;
  for (size_t piece = 0; piece < result->pieces.size(); ++piece) {
    own.clear();
    for (; next < pieces.size() && pieces[next].first == piece; ++next) {
      own.push_back(pieces[next].second);
    }
    result->pieces[piece].visits =
        SumVisits(own.data(), own.data() + own.size(), options.from, options.to);
  }
}

}  // namespace

double SpanSums::Ratio(__int128 um_steps) const {
  if (patrollable_um == 0 || steps == 0) return 0;
  return static_cast<double>(um_steps) / static_cast<double>(patrollable_um) /
         static_cast<double>(steps);
}

absl::StatusOr<WindowResult> ComputeWindow(const ModeGraphs& graphs, const AreaIndex& index,
                                           absl::Span<const tracks::MatchedTrack> tracks,
                                           const WindowOptions& options,
                                           const std::function<void(double)>& progress) {
  PATROL_RETURN_IF_ERROR(CheckOptions(options));
  WindowResult result;
  result.options = options;
  result.steps = StepAtOrAfter(options, options.to);
  result.hours = HoursOf(options, result.steps);
  for (const tracks::MatchedTrack& track : tracks) {
    result.modes |= static_cast<uint8_t>(1u << static_cast<unsigned>(track.mode()));
  }
  SampleCoverage(graphs, index, tracks, progress, &result);
  CountVisits(graphs.network(), index, tracks, &result);
  return result;
}

}  // namespace patrol::coverage
