#pragma once

#include <vector>

#include "lib/geo/polygon.h"

namespace patrol::coverage {

// A stretch of a piece: shares of its length from the first node in the way's order, begin <= end.
using Interval = geo::Interval;

// Makes of any intervals their union: in order, disjoint, without empty ones.
void Merge(std::vector<Interval>* intervals);

// Appends what of `from` is not in `taken` to `out`. Both merged; so is what is appended.
void AppendDifference(const Interval* from, const Interval* from_end, const Interval* taken,
                      const Interval* taken_end, std::vector<Interval>* out);

// Length of what of merged intervals lies within `window`.
double LengthWithin(const Interval* begin, const Interval* end, Interval window);

}  // namespace patrol::coverage
