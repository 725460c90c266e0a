#include "lib/patrol/coverage/window.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/chain_areas.h"
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

// Samples coverage over ranges of steps, on some threads at once, and joins them in order.
class Sampling {
 public:
  Sampling(const ModeGraphs& graphs, const AreaIndex& index,
           absl::Span<const tracks::MatchedTrack> tracks, const WindowResult& result,
           std::shared_ptr<ReachKernel> kernel, int threads)
      : graphs_(graphs),
        index_(index),
        tracks_(tracks),
        result_(result),
        kernel_(std::move(kernel)),
        areas_(graphs.network(), kernel_->chains(), index) {
    const int64_t ranges = std::clamp<int64_t>(threads == 1 ? 1 : threads * kRangesPerThread, 1,
                                               std::max<int64_t>(1, result.steps / kRangeStepsMin));
    for (int64_t i = 0; i <= ranges; ++i) borders_.push_back(result.steps * i / ranges);
    ranges_.resize(static_cast<size_t>(ranges));
  }

  // Works on ranges until none is left; called by each thread. progress may be null.
  void Work(const std::function<void(double)>& progress) {
    FieldSearch search(kernel_);
    for (;;) {
      size_t range;
      {
        std::lock_guard lock(mutex_);
        if (next_ == ranges_.size()) return;
        range = next_++;
      }
      auto done = Sample(borders_[range], borders_[range + 1], &search, progress);
      std::lock_guard lock(mutex_);
      ranges_[range] = std::move(done);
      // Ranges are joined as soon as all before them are, so that few are held.
      while (joined_ < ranges_.size() && ranges_[joined_] != nullptr) {
        if (joined_ > 0) {
          ranges_[0]->Append(*ranges_[joined_]);
          ranges_[joined_].reset();
        }
        ++joined_;
      }
    }
  }

  // All ranges joined, once every Work has returned.
  const WindowRange& joined() const { return *ranges_[0]; }

 private:
  std::unique_ptr<WindowRange> Sample(int64_t first, int64_t end, FieldSearch* search,
                                      const std::function<void(double)>& progress) {
    auto range = std::make_unique<WindowRange>(kernel_->chains(), areas_, index_, result_.hours,
                                               graphs_.network().piece_count(), first);
    WindowSampler sampler(graphs_.network(), tracks_, result_.options, first, end);
    const Field none(kernel_);
    Field fields[2] = {none, none};  // the one that holds, and the one that is being computed
    int now = 0;
    std::vector<UnitSource> known, stale, held_known, held_stale;
    int64_t held_to = first;  // a field holds for the steps before this one
    int64_t reported = first;
    for (int64_t step = first; step < end && sampler.Seek(&step); ++step) {
      sampler.Read(result_.StepTime(step), &known, &stale, &range->units);
      if (step != held_to) range->Set(none, held_to);
      if (step != held_to || step == first || known != held_known || stale != held_stale) {
        std::swap(known, held_known);
        std::swap(stale, held_stale);
        now = 1 - now;
        search->Compute(held_known, held_stale, FieldSearch::kAnyNumber, &fields[now]);
        range->Set(fields[now], step);
        ++range->searches;
      }
      held_to = step + 1;
      if (step - reported >= kStepsPerProgress) {
        Report(step - reported, progress);
        reported = step;
      }
    }
    if (held_to < end) range->Set(none, held_to);
    range->Finish(end);
    Report(end - reported, progress);
    return range;
  }

  void Report(int64_t steps, const std::function<void(double)>& progress) {
    steps_done_ += steps;
    if (progress) {
      progress(static_cast<double>(steps_done_) / static_cast<double>(result_.steps));
    }
  }

  const ModeGraphs& graphs_;
  const AreaIndex& index_;
  const absl::Span<const tracks::MatchedTrack> tracks_;
  const WindowResult& result_;  // its options, hours and steps
  const std::shared_ptr<ReachKernel> kernel_;
  const ChainAreas areas_;
  std::vector<int64_t> borders_;  // [ranges + 1] steps
  std::atomic<int64_t> steps_done_ = 0;

  std::mutex mutex_;
  // guarded by mutex_
  size_t next_ = 0;
  size_t joined_ = 0;
  std::vector<std::unique_ptr<WindowRange>> ranges_;
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
  for (const tracks::MatchedTrack& track : tracks) {
    result.modes |= static_cast<uint8_t>(1u << static_cast<unsigned>(track.mode()));
  }
  const int threads = options.threads > 0
                          ? options.threads
                          : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  Sampling sampling(
      graphs, index, tracks, result,
      std::make_shared<ReachKernel>(
          std::shared_ptr<const ModeGraphs>(std::shared_ptr<void>(), &graphs),
          static_cast<ArrivalUs>(absl::ToInt64Microseconds(options.reach)), options.list_bytes_max),
      threads);
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&sampling] { sampling.Work(nullptr); });
  }
  sampling.Work(progress);
  for (std::thread& other : others) other.join();
  SetResult(sampling.joined(), index, &result);
  CountVisits(graphs.network(), index, tracks, &result);
  return result;
}

}  // namespace patrol::coverage
