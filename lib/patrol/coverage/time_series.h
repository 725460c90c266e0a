#pragma once

#include <cstdint>
#include <vector>

namespace patrol::coverage {

// The longest run of steps without a mark, when marks come in order.
class GapClock {
 public:
  struct Run {
    int64_t steps = 0;
    int64_t begin = 0;  // the first of the longest such run
  };

  // Steps [first, end) are marked; first is not before the end of the last mark, or lies within it.
  void Mark(int64_t first, int64_t end) {
    if (first_ < 0) {
      first_ = static_cast<int32_t>(first);
    } else if (first - next_ > longest_) {
      longest_ = static_cast<int32_t>(first - next_);
      longest_begin_ = next_;
    }
    next_ = static_cast<int32_t>(end);
  }
  // As if the marks of `later`, none of which is before the last mark here, had come here.
  void Append(const GapClock& later);

  // The longest run within steps [begin, end), which hold all marks.
  Run Longest(int64_t begin, int64_t end) const;

 private:
  // A window has fewer than 2^31 steps (limits::kWindowStepsMax).
  int32_t first_ = -1;   // the first marked step; -1 when there is none
  int32_t next_ = 0;     // end of the last mark
  int32_t longest_ = 0;  // between two marks
  int32_t longest_begin_ = 0;
};

// Values over time that stay the same for runs of steps, most of them 0, for percentiles.
class ValueRuns {
 public:
  void Add(uint32_t value, int64_t steps);
  void Append(const ValueRuns& other);
  void Clear() { runs_.clear(); }

  // Percentiles (0..100) over `steps` values, those not added being 0, with linear interpolation
  // between neighbours in order, as NumPy's default; 0 of no values. steps >= those added.
  // Cost: O(runs).
  std::vector<double> Percentiles(const std::vector<double>& percents, int64_t steps) const;

 private:
  struct Run {
    uint32_t value;
    uint32_t steps;
  };
  // The value at a place in the order of the added ones.
  double At(int64_t place) const;

  std::vector<Run> runs_;  // values above 0
};

}  // namespace patrol::coverage
