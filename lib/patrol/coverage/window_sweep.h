#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_range.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

class BackupSearch;
class FieldSearch;

// Goes through all steps of a window: cuts them into ranges, computes the fields of each, on some
// threads at once, and joins what they add up to in order.
//
// Threads: Work is called by any number of them at once, once each; the rest before and after that.
class WindowSweep {
 public:
  // All outlive this. result: its options, hours and steps are read. threads: that will work.
  WindowSweep(const ModeGraphs& graphs, const AreaIndex& index,
              absl::Span<const tracks::MatchedTrack> tracks, const WindowResult& result,
              int threads);
  ~WindowSweep();

  // Works on ranges until none is left, or the window's options say stop: then nothing is joined.
  // progress: of all threads' work, 0..1; may be null.
  void Work(const std::function<void(double)>& progress);

  // All ranges joined, once every Work has returned. backup() is null unless asked for.
  const WindowRange& covered() const { return *ranges_[0].sums.covered; }
  const WindowRange* backup() const { return ranges_[0].sums.backup.get(); }

 private:
  struct Speeds;
  struct Sums {
    void Append(Sums* later);

    std::unique_ptr<WindowRange> covered;
    std::unique_ptr<WindowRange> backup;
  };
  // Steps [first, end) during which roads are equally fast.
  struct Range {
    int64_t first;
    int64_t end;
    const Speeds* speeds;
    Sums sums;
  };

  std::unique_ptr<WindowRange> NewRange(const Range& range) const;
  Sums Sample(const Range& range, FieldSearch* search, BackupSearch* backup_search,
              const std::function<void(double)>& progress);
  void Report(int64_t steps, const std::function<void(double)>& progress);

  const roadnet::Network& network_;
  const AreaIndex& index_;
  const absl::Span<const tracks::MatchedTrack> tracks_;
  const WindowResult& result_;
  std::vector<std::unique_ptr<const Speeds>> speeds_;
  std::atomic<int64_t> steps_done_ = 0;

  std::mutex mutex_;
  // guarded by mutex_, but for the borders of ranges
  std::vector<Range> ranges_;
  size_t next_ = 0;
  size_t joined_ = 0;
};

}  // namespace patrol::coverage
