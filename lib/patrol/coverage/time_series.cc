#include "lib/patrol/coverage/time_series.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "lib/base/check.h"

namespace patrol::coverage {

void GapClock::Append(const GapClock& later) {
  if (later.first_ < 0) return;
  Mark(later.first_, later.first_);
  if (later.longest_ > longest_) {
    longest_ = later.longest_;
    longest_begin_ = later.longest_begin_;
  }
  next_ = later.next_;
}

GapClock::Run GapClock::Longest(int64_t begin, int64_t end) const {
  if (first_ < 0) return {end - begin, begin};
  Run longest{first_ - begin, begin};
  if (longest_ > longest.steps) longest = {longest_, longest_begin_};
  if (end - next_ > longest.steps) longest = {end - next_, next_};
  return longest;
}

void ValueRuns::Add(uint32_t value, int64_t steps) {
  if (value == 0 || steps <= 0) return;
  if (!runs_.empty() && runs_.back().value == value) {
    runs_.back().steps += static_cast<uint32_t>(steps);
  } else {
    runs_.push_back({value, static_cast<uint32_t>(steps)});
  }
}

void ValueRuns::Append(const ValueRuns& other) {
  if (other.runs_.empty()) return;
  Add(other.runs_.front().value, other.runs_.front().steps);
  runs_.insert(runs_.end(), other.runs_.begin() + 1, other.runs_.end());
}

double ValueRuns::At(int64_t place) const {
  // Found by halves of 16 bits, the upper one first.
  std::vector<int64_t> steps(size_t{1} << 16, 0);
  for (const Run& run : runs_) steps[run.value >> 16] += run.steps;
  uint32_t upper = 0;
  while (place >= steps[upper]) place -= steps[upper++];
  std::vector<Run> same;
  for (const Run& run : runs_) {
    if (run.value >> 16 == upper) same.push_back(run);
  }
  std::sort(same.begin(), same.end(), [](const Run& a, const Run& b) { return a.value < b.value; });
  for (const Run& run : same) {
    if (place < run.steps) return run.value;
    place -= run.steps;
  }
  return 0;
}

std::vector<double> ValueRuns::Percentiles(const std::vector<double>& percents,
                                           int64_t steps) const {
  int64_t added = 0;
  for (const Run& run : runs_) added += run.steps;
  PATROL_CHECK(steps >= added);
  // The value at a place in the order of all `steps` values, zeros first. Few runs are put in order
  // once; many are not.
  constexpr size_t kSortedMax = 4096;
  std::vector<Run> sorted;
  if (runs_.size() <= kSortedMax) {
    sorted = runs_;
    std::sort(sorted.begin(), sorted.end(),
              [](const Run& a, const Run& b) { return a.value < b.value; });
  }
  const auto at = [&](int64_t place) -> double {
    place -= steps - added;
    if (place < 0) return 0;
    if (runs_.size() > kSortedMax) return At(place);
    for (const Run& run : sorted) {
      if (place < run.steps) return run.value;
      place -= run.steps;
    }
    return 0;
  };
  std::vector<double> result;
  for (const double percent : percents) {
    if (steps == 0) {
      result.push_back(0);
      continue;
    }
    const double place = static_cast<double>(steps - 1) * percent / 100;
    const auto below = static_cast<int64_t>(std::floor(place));
    const double low = at(below);
    const double high = at(std::min(below + 1, steps - 1));
    result.push_back(low + (high - low) * (place - static_cast<double>(below)));
  }
  return result;
}

}  // namespace patrol::coverage
