#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/patrol/coverage/chain_areas.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/field_sums.h"
#include "lib/patrol/coverage/time_series.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_sampler.h"

namespace patrol::coverage {

// What the fields of a run of steps add up to; runs that follow each other can be joined, with the
// same result as one run of all their steps.
//
// Threads: one at a time. Cost: 40 bytes a piece, 8 a chain; of each area 100 an hour and 8 a step.
class WindowRange {
 public:
  struct PieceTally {
    int64_t covered_um_steps = 0;
    int64_t unknown_um_steps = 0;
    GapClock gaps;  // marked where any of it is covered
  };
  // An area, or the town, within an hour.
  struct AreaTally {
    __int128 covered_um_steps = 0;
    __int128 unknown_um_steps = 0;
    GapClock gaps;
    ValueRuns ratios;  // covered ratio of steps, as shares of kRatioOne
  };
  // Covered ratios are kept for percentiles as whole parts of this: exact to 2.4e-10.
  static constexpr uint32_t kRatioOne = 0xffffffff;

  // Steps [first, end) of a window with these hours. All outlive this.
  WindowRange(const Chains& chains, const ChainAreas& areas, const AreaIndex& index,
              const std::vector<WindowHour>& hours, size_t piece_count, int64_t first);

  // From `step` on `field` holds, which outlives the next call and does not change before it: the
  // one before held up to there. Steps come in order.
  void Set(const Field& field, int64_t step);
  // The last field holds up to `end`; afterwards nothing more is added.
  void Finish(int64_t end);

  // Adds the steps of a finished range that follows this finished one.
  void Append(const WindowRange& later);

  const std::vector<PieceTally>& pieces() const { return pieces_; }
  size_t first_hour() const { return first_hour_; }
  // [hour - first_hour()][area], the town last.
  const std::vector<std::vector<AreaTally>>& hours() const { return tallies_; }

  UnitSteps units;
  int64_t searches = 0;

 private:
  void Hold(int64_t until);
  void HoldParts(int64_t first, int64_t until);
  void AddArea(size_t area, const RoadLengths& lengths, int64_t first, int64_t end);
  void AddWhole(ChainIndex chain, int64_t first, int64_t end, bool covered);

  const ChainAreas& areas_;
  const std::vector<WindowHour>& all_hours_;
  size_t area_count_;  // with the town
  FieldSums sums_;
  std::vector<int32_t> covered_since_;  // [chain] step; of wholly covered ones
  std::vector<int32_t> unknown_since_;
  std::vector<PieceTally> pieces_;
  std::vector<std::vector<AreaTally>> tallies_;
  size_t first_hour_ = 0;
  size_t hour_ = 0;  // in which held_from_ lies
  const Field* field_ = nullptr;
  int64_t held_from_ = 0;
};

}  // namespace patrol::coverage
