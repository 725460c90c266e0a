#pragma once

#include <cstdint>
#include <vector>

namespace patrol::coverage {

// The longest run of steps without a mark, when marks come in order.
class GapClock {
 public:
  explicit GapClock(int64_t first_step = 0) : next_(first_step), longest_begin_(first_step) {}

  // Steps [first, end) are marked; first is not before the end of the last mark.
  void Mark(int64_t first, int64_t end) {
    Close(first);
    next_ = end;
  }
  // No mark comes before `step` any more: the run up to there counts, and may go on.
  void Close(int64_t step) {
    if (step - next_ > longest_) {
      longest_ = step - next_;
      longest_begin_ = next_;
    }
  }
  int64_t longest() const { return longest_; }              // steps
  int64_t longest_begin() const { return longest_begin_; }  // the first of the longest such run

 private:
  int64_t next_;  // end of the last mark
  int64_t longest_ = 0;
  int64_t longest_begin_;
};

// Values over time that stay the same for runs of steps, most of them 0, for percentiles.
class ValueRuns {
 public:
  void Add(uint32_t value, int64_t steps);
  void Append(const ValueRuns& other);
  void Clear() { runs_.clear(); }

  // Percentiles (0..100) over `steps` values, those not added being 0, with linear interpolation
  // between neighbours in order, as NumPy's default; 0 of no values. steps >= those added.
  std::vector<double> Percentiles(const std::vector<double>& percents, int64_t steps) const;

 private:
  struct Run {
    uint32_t value;
    uint32_t steps;
  };
  std::vector<Run> runs_;  // values above 0
};

}  // namespace patrol::coverage
