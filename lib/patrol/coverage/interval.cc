#include "lib/patrol/coverage/interval.h"

#include <algorithm>
#include <cstddef>

namespace patrol::coverage {

void Merge(std::vector<Interval>* intervals) {
  std::vector<Interval>& all = *intervals;
  if (all.size() > 1) {
    std::sort(all.begin(), all.end(),
              [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  }
  size_t kept = 0;
  for (const Interval& next : all) {
    if (!(next.end > next.begin)) continue;
    if (kept > 0 && next.begin <= all[kept - 1].end) {
      all[kept - 1].end = std::max(all[kept - 1].end, next.end);
    } else {
      all[kept++] = next;
    }
  }
  all.resize(kept);
}

void AppendDifference(const Interval* from, const Interval* from_end, const Interval* taken,
                      const Interval* taken_end, std::vector<Interval>* out) {
  for (; from != from_end; ++from) {
    double begin = from->begin;
    for (const Interval* t = taken; t != taken_end && t->begin < from->end; ++t) {
      if (t->end <= begin) continue;
      if (t->begin > begin) out->push_back({begin, t->begin});
      begin = t->end;
      if (begin >= from->end) break;
    }
    if (begin < from->end) out->push_back({begin, from->end});
  }
}

double LengthWithin(const Interval* begin, const Interval* end, Interval window) {
  double length = 0;
  for (; begin != end; ++begin) {
    const double from = std::max(begin->begin, window.begin);
    const double to = std::min(begin->end, window.end);
    if (to > from) length += to - from;
  }
  return length;
}

}  // namespace patrol::coverage
