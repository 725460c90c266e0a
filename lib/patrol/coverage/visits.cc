#include "lib/patrol/coverage/visits.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace patrol::coverage {
namespace {

constexpr absl::Duration kKoperStayMin = absl::Minutes(10);
constexpr absl::Duration kKoperStayMax = absl::Minutes(16);

// A visit that ends where the span begins is over; one of no duration there is not.
bool IsOver(const Visit& visit, absl::Time from) {
  return visit.leave < from || (visit.leave == from && visit.enter < from);
}

// Visits within [from, to), those that overlap or touch made one.
std::vector<Visit> Presences(const Visit* begin, const Visit* end, absl::Time from, absl::Time to) {
  std::vector<Visit> presences;
  for (const Visit* visit = begin; visit != end && visit->enter < to; ++visit) {
    if (IsOver(*visit, from)) continue;
    const Visit within{std::max(visit->enter, from), std::min(visit->leave, to)};
    if (!presences.empty() && within.enter <= presences.back().leave) {
      presences.back().leave = std::max(presences.back().leave, within.leave);
    } else {
      presences.push_back(within);
    }
  }
  return presences;
}

}  // namespace

VisitSums SumVisits(const Visit* begin, const Visit* end, absl::Time from, absl::Time to) {
  VisitSums sums;
  absl::Time last_leave = from;
  for (const Visit* visit = begin; visit != end; ++visit) {
    if (visit->enter >= to) break;
    if (IsOver(*visit, from)) continue;
    const absl::Time enter = std::max(visit->enter, from);
    const absl::Time leave = std::min(visit->leave, to);
    ++sums.visits;
    sums.dwell += leave - enter;
    sums.longest_gap = std::max(sums.longest_gap, enter - last_leave);
    last_leave = std::max(last_leave, leave);
  }
  sums.longest_gap = std::max(sums.longest_gap, to - last_leave);
  return sums;
}

PresenceSums SumPresence(const Visit* begin, const Visit* end, absl::Time from, absl::Time to) {
  PresenceSums sums;
  for (const Visit* visit = begin; visit != end && visit->enter < to; ++visit) {
    const absl::Duration stay = visit->leave - visit->enter;
    if (visit->enter >= from && stay >= kKoperStayMin && stay <= kKoperStayMax) ++sums.koper_stays;
  }
  const std::vector<Visit> presences = Presences(begin, end, from, to);
  if (presences.empty()) return sums;
  sums.presences = static_cast<int64_t>(presences.size());
  std::vector<absl::Duration> gaps;
  absl::Duration stay;
  absl::Duration gap;
  for (size_t i = 0; i < presences.size(); ++i) {
    stay += presences[i].leave - presences[i].enter;
    if (i == 0) continue;
    gaps.push_back(presences[i].enter - presences[i - 1].leave);
    gap += gaps.back();
  }
  sums.mean_stay = stay / sums.presences;
  if (gaps.empty()) return sums;
  sums.mean_gap = gap / static_cast<int64_t>(gaps.size());
  const size_t rank = (gaps.size() * 95 + 99) / 100 - 1;
  std::nth_element(gaps.begin(), gaps.begin() + static_cast<ptrdiff_t>(rank), gaps.end());
  sums.p95_gap = gaps[rank];
  return sums;
}

std::vector<RoundDue> CheckRounds(const Visit* begin, const Visit* end, absl::Time from,
                                  absl::Time to, absl::Duration every) {
  std::vector<RoundDue> rounds;
  absl::Time due = from + every;
  for (const Visit& presence : Presences(begin, end, from, to)) {
    for (; due + every < presence.enter; due += every) rounds.push_back({due, std::nullopt});
    rounds.push_back({due, presence.enter});
    due = presence.leave + every;
  }
  for (; due <= to; due += every) rounds.push_back({due, std::nullopt});
  return rounds;
}

}  // namespace patrol::coverage
