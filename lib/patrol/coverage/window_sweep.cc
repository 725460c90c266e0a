#include "lib/patrol/coverage/window_sweep.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/time/civil_time.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/backup.h"
#include "lib/patrol/coverage/chain_areas.h"
#include "lib/patrol/coverage/companions.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach_kernel.h"
#include "lib/patrol/coverage/window_sampler.h"

namespace patrol::coverage {
namespace {

// Fewer steps than this are not worth a thread of their own.
constexpr int64_t kRangeStepsMin = 400;
// So many ranges for each thread, since days are busier than nights.
constexpr int64_t kRangesPerThread = 4;
constexpr int64_t kStepsPerProgress = 500;

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

// A run of fields, each of which holds until the next one is set.
class Fields {
 public:
  Fields(const std::shared_ptr<ReachKernel>& kernel, std::unique_ptr<WindowRange> range)
      : none_(kernel), fields_{none_, none_}, range_(std::move(range)) {}

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

}  // namespace

// What is searched with during some hours: all hours, unless speeds differ.
struct WindowSweep::Speeds {
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

WindowSweep::WindowSweep(const ModeGraphs& graphs, const AreaIndex& index,
                         absl::Span<const tracks::MatchedTrack> tracks, const WindowResult& result,
                         int threads)
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

WindowSweep::~WindowSweep() = default;

void WindowSweep::Sums::Append(Sums* later) {
  covered->Append(*later->covered);
  if (backup != nullptr) backup->Append(*later->backup);
  *later = {};
}

void WindowSweep::Work(const std::function<void(double)>& progress) {
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
    if (result_.options.stop.stop_requested()) return;
    std::lock_guard lock(mutex_);
    range->sums = std::move(done);
    // Ranges are joined as soon as all before them are, so that few are held.
    for (; joined_ < ranges_.size() && ranges_[joined_].sums.covered != nullptr; ++joined_) {
      if (joined_ == 0) continue;
      ranges_[0].sums.Append(&ranges_[joined_].sums);
    }
  }
}

std::unique_ptr<WindowRange> WindowSweep::NewRange(const Range& range) const {
  return std::make_unique<WindowRange>(range.speeds->kernel->chains(), range.speeds->areas, index_,
                                       result_.hours, network_.piece_count(), range.first);
}

WindowSweep::Sums WindowSweep::Sample(const Range& range, FieldSearch* search,
                                      BackupSearch* backup_search,
                                      const std::function<void(double)>& progress) {
  const int64_t first = range.first;
  Fields covered(range.speeds->kernel, NewRange(range));
  std::optional<Fields> backup;
  if (result_.options.backup) backup.emplace(range.speeds->kernel, NewRange(range));
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
      if (result_.options.stop.stop_requested()) break;
    }
  }
  if (held_to < range.end) {
    covered.SetNone(held_to);
    if (backup) backup->SetNone(held_to);
  }
  Report(range.end - reported, progress);
  return {covered.Finish(range.end), backup ? backup->Finish(range.end) : nullptr};
}

void WindowSweep::Report(int64_t steps, const std::function<void(double)>& progress) {
  steps_done_ += steps;
  if (progress) {
    progress(static_cast<double>(steps_done_) / static_cast<double>(result_.steps));
  }
}

}  // namespace patrol::coverage
