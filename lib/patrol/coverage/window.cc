#include "lib/patrol/coverage/window.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/backup.h"
#include "lib/patrol/coverage/chain_areas.h"
#include "lib/patrol/coverage/companions.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach_kernel.h"
#include "lib/patrol/coverage/time_series.h"
#include "lib/patrol/coverage/window_range.h"
#include "lib/patrol/coverage/window_sampler.h"
#include "lib/patrol/coverage/window_visits.h"

namespace patrol::coverage {
namespace {

constexpr int64_t kStepsPerProgress = 500;

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

// Fewer steps than this are not worth a thread of their own.
constexpr int64_t kRangeStepsMin = 400;
// So many ranges for each thread, since days are busier than nights.
constexpr int64_t kRangesPerThread = 4;

// What is searched with during some hours: all hours, unless speeds differ.
struct Speeds {
  Speeds(const ModeGraphs& graphs, const AreaIndex& index, const WindowOptions& options,
         size_t kinds)
      : kernel(std::make_shared<ReachKernel>(
            std::shared_ptr<const ModeGraphs>(std::shared_ptr<void>(), &graphs),
            static_cast<ArrivalUs>(absl::ToInt64Microseconds(options.reach)),
            options.list_bytes_max / kinds)),
        areas(graphs.network(), kernel->chains(), index) {}

  std::shared_ptr<ReachKernel> kernel;
  ChainAreas areas;
};

// Steps [first, end) during which roads are equally fast.
struct Span {
  int64_t first;
  int64_t end;
  const ModeGraphs* graphs;
};

std::vector<Span> SpansOf(const ModeGraphs& graphs, const WindowResult& result) {
  if (result.options.graphs_by_hour.empty()) return {{0, result.steps, &graphs}};
  std::vector<Span> spans;
  for (const WindowHour& hour : result.hours) {
    if (hour.first_step == hour.end_step) continue;
    const auto of_day =
        static_cast<size_t>(absl::ToCivilHour(hour.start, result.options.zone).hour());
    const ModeGraphs* own = result.options.graphs_by_hour[of_day].get();
    if (own == nullptr) own = &graphs;
    if (!spans.empty() && spans.back().graphs == own) {
      spans.back().end = hour.end_step;
    } else {
      spans.push_back({hour.first_step, hour.end_step, own});
    }
  }
  return spans;
}

// Samples coverage over ranges of steps, on some threads at once, and joins them in order.
class Sampling {
 public:
  Sampling(const ModeGraphs& graphs, const AreaIndex& index,
           absl::Span<const tracks::MatchedTrack> tracks, const WindowResult& result, int threads)
      : network_(graphs.network()), index_(index), tracks_(tracks), result_(result) {
    const std::vector<Span> spans = SpansOf(graphs, result);
    std::vector<const ModeGraphs*> kinds;
    for (const Span& span : spans) kinds.push_back(span.graphs);
    std::sort(kinds.begin(), kinds.end());
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
    std::map<const ModeGraphs*, const Speeds*> speeds;
    for (const ModeGraphs* kind : kinds) {
      speeds_.push_back(std::make_unique<const Speeds>(*kind, index, result.options, kinds.size()));
      speeds[kind] = speeds_.back().get();
    }
    const int64_t wanted = std::clamp<int64_t>(threads == 1 ? 1 : threads * kRangesPerThread, 1,
                                               std::max<int64_t>(1, result.steps / kRangeStepsMin));
    for (const Span& span : spans) {
      const int64_t steps = span.end - span.first;
      const int64_t parts = std::max<int64_t>(1, wanted * steps / result.steps);
      for (int64_t i = 0; i < parts; ++i) {
        ranges_.push_back({span.first + steps * i / parts, span.first + steps * (i + 1) / parts,
                           speeds[span.graphs], nullptr, nullptr});
      }
    }
  }

  // Works on ranges until none is left; called by each thread. progress may be null.
  void Work(const std::function<void(double)>& progress) {
    const Speeds* speeds = nullptr;
    std::unique_ptr<FieldSearch> search;
    std::unique_ptr<BackupSearch> backup;
    for (;;) {
      Range* range;
      {
        std::lock_guard lock(mutex_);
        if (next_ == ranges_.size()) return;
        range = &ranges_[next_++];
      }
      if (range->speeds != speeds) {
        speeds = range->speeds;
        search = std::make_unique<FieldSearch>(speeds->kernel);
        backup = std::make_unique<BackupSearch>(speeds->kernel);
      }
      Sums done = Sample(*range, search.get(), backup.get(), progress);
      std::lock_guard lock(mutex_);
      range->sums = std::move(done);
      // Ranges are joined as soon as all before them are, so that few are held.
      for (; joined_ < ranges_.size() && ranges_[joined_].sums.covered != nullptr; ++joined_) {
        if (joined_ == 0) continue;
        ranges_[0].sums.Append(&ranges_[joined_].sums);
      }
    }
  }

  // All ranges joined, once every Work has returned. backup() is null unless asked for.
  const WindowRange& covered() const { return *ranges_[0].sums.covered; }
  const WindowRange* backup() const { return ranges_[0].sums.backup.get(); }

 private:
  struct Sums {
    void Append(Sums* later) {
      covered->Append(*later->covered);
      if (backup != nullptr) backup->Append(*later->backup);
      *later = {};
    }

    std::unique_ptr<WindowRange> covered;
    std::unique_ptr<WindowRange> backup;
  };
  struct Range {
    int64_t first;
    int64_t end;
    const Speeds* speeds;
    Sums sums;
  };

  // A run of fields, each of which holds until the next one is set.
  class Fields {
   public:
    Fields(const Speeds& speeds, std::unique_ptr<WindowRange> range)
        : none_(speeds.kernel), fields_{none_, none_}, range_(std::move(range)) {}

    // The field to fill; Set takes it.
    Field* next() { return &fields_[1 - now_]; }
    void Set(int64_t step) {
      now_ = 1 - now_;
      range_->Set(fields_[now_], step);
    }
    void SetNone(int64_t step) { range_->Set(none_, step); }

    std::unique_ptr<WindowRange> Finish(int64_t end) {
      range_->Finish(end);
      return std::move(range_);
    }
    WindowRange& range() { return *range_; }

   private:
    const Field none_;
    Field fields_[2];  // the one that holds, and the one that is being computed
    int now_ = 0;
    std::unique_ptr<WindowRange> range_;
  };

  std::unique_ptr<WindowRange> NewRange(const Range& range) const {
    return std::make_unique<WindowRange>(range.speeds->kernel->chains(), range.speeds->areas,
                                         index_, result_.hours, network_.piece_count(),
                                         range.first);
  }

  Sums Sample(const Range& range, FieldSearch* search, BackupSearch* backup_search,
              const std::function<void(double)>& progress) {
    const int64_t first = range.first;
    Fields covered(*range.speeds, NewRange(range));
    std::optional<Fields> backup;
    if (result_.options.backup) backup.emplace(*range.speeds, NewRange(range));
    WindowSampler sampler(network_, tracks_, result_.options, first, range.end);
    std::vector<UnitSource> known, stale, held_known, held_stale;
    std::vector<UnitPlaces> places;
    std::vector<uint32_t> groups, held_groups;
    int64_t held_to = first;  // fields hold for the steps before this one
    int64_t reported = first;
    for (int64_t step = first; step < range.end && sampler.Seek(&step); ++step) {
      sampler.Read(result_.StepTime(step), &known, &stale, backup ? &places : nullptr,
                   &covered.range().units);
      if (step != held_to) {
        covered.SetNone(held_to);
        if (backup) backup->SetNone(held_to);
      }
      const bool begins = step != held_to || step == first;
      const bool moved = begins || known != held_known;
      if (moved || stale != held_stale) {
        search->Compute(known, stale, FieldSearch::kAnyNumber, covered.next());
        covered.Set(step);
        ++covered.range().searches;
      }
      if (backup) {
        GroupCompanions(places, &groups);
        if (moved || groups != held_groups) {
          backup_search->Compute(known, groups, backup->next());
          backup->Set(step);
          std::swap(groups, held_groups);
        }
      }
      std::swap(known, held_known);
      std::swap(stale, held_stale);
      held_to = step + 1;
      if (step - reported >= kStepsPerProgress) {
        Report(step - reported, progress);
        reported = step;
      }
    }
    if (held_to < range.end) {
      covered.SetNone(held_to);
      if (backup) backup->SetNone(held_to);
    }
    Report(range.end - reported, progress);
    return {covered.Finish(range.end), backup ? backup->Finish(range.end) : nullptr};
  }

  void Report(int64_t steps, const std::function<void(double)>& progress) {
    steps_done_ += steps;
    if (progress) {
      progress(static_cast<double>(steps_done_) / static_cast<double>(result_.steps));
    }
  }

  const roadnet::Network& network_;
  const AreaIndex& index_;
  const absl::Span<const tracks::MatchedTrack> tracks_;
  const WindowResult& result_;  // its options, hours and steps
  std::vector<std::unique_ptr<const Speeds>> speeds_;
  std::atomic<int64_t> steps_done_ = 0;

  std::mutex mutex_;
  // guarded by mutex_, but for the borders of ranges
  std::vector<Range> ranges_;
  size_t next_ = 0;
  size_t joined_ = 0;
};

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

absl::StatusOr<WindowResult> ComputeWindow(const ModeGraphs& graphs, const AreaIndex& index,
                                           absl::Span<const tracks::MatchedTrack> tracks,
                                           const WindowOptions& options,
                                           const std::function<void(double)>& progress) {
  PATROL_RETURN_IF_ERROR(CheckOptions(options));
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
  Sampling sampling(graphs, index, tracks, result, threads);
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&sampling] { sampling.Work(nullptr); });
  }
  sampling.Work(progress);
  for (std::thread& other : others) other.join();
  SetResult(sampling.covered(), index, &result);
  if (sampling.backup() != nullptr) SetBackup(*sampling.backup(), &result);
  if (options.count_visits) CountVisits(graphs.network(), index, tracks, &result);
  return result;
}

}  // namespace patrol::coverage
