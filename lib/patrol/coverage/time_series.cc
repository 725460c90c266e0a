#include "lib/patrol/coverage/time_series.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "lib/base/check.h"

namespace patrol::coverage {

void ValueRuns::Add(uint32_t value, int64_t steps) {
  if (value == 0 || steps <= 0) return;
  if (!runs_.empty() && runs_.back().value == value) {
    runs_.back().steps += static_cast<uint32_t>(steps);
  } else {
    runs_.push_back({value, static_cast<uint32_t>(steps)});
  }
}

void ValueRuns::Append(const ValueRuns& other) {
  for (const Run& run : other.runs_) Add(run.value, run.steps);
}

std::vector<double> ValueRuns::Percentiles(const std::vector<double>& percents,
                                           int64_t steps) const {
  std::vector<Run> sorted = runs_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Run& a, const Run& b) { return a.value < b.value; });
  int64_t added = 0;
  for (const Run& run : sorted) added += run.steps;
  PATROL_CHECK(steps >= added);
  // The value at a place in the order of all `steps` values, zeros first.
  const auto at = [&](int64_t place) -> double {
    int64_t end = steps - added;
    if (place < end) return 0;
    for (const Run& run : sorted) {
      end += run.steps;
      if (place < end) return run.value;
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
