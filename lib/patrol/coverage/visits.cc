#include "lib/patrol/coverage/visits.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "lib/base/check.h"

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

// The 95th percentile of so many gaps is the one at this place from the longest, counted from 1: it
// never falls when more come.
size_t PlaceOf95th(size_t gaps) { return gaps - ((gaps * 95 + 99) / 100 - 1); }

}  // namespace

VisitTally::VisitTally(absl::Time from, absl::Time to, size_t gaps_max)
    : from_(from), to_(to), gaps_max_(gaps_max), last_leave_(from) {}

void VisitTally::Add(const Visit& visit) {
  if (visit.enter >= to_) return;
  const absl::Duration stay = visit.leave - visit.enter;
  if (visit.enter >= from_ && stay >= kKoperStayMin && stay <= kKoperStayMax) {
    ++presence_.koper_stays;
  }
  if (IsOver(visit, from_)) return;
  const Visit within{std::max(visit.enter, from_), std::min(visit.leave, to_)};
  ++visits_.visits;
  visits_.dwell += within.leave - within.enter;
  visits_.longest_gap = std::max(visits_.longest_gap, within.enter - last_leave_);
  last_leave_ = std::max(last_leave_, within.leave);
  AddPresence(within);
}

void VisitTally::AddPresence(const Visit& within) {
  if (presence_.presences > 0 && within.enter <= open_.leave) {
    open_.leave = std::max(open_.leave, within.leave);
    return;
  }
  if (presence_.presences > 0) {
    stay_ += open_.leave - open_.enter;
    AddGap(within.enter - open_.leave);
  }
  ++presence_.presences;
  open_ = within;
}

void VisitTally::AddGap(absl::Duration gap) {
  gap_ += gap;
  PATROL_CHECK(static_cast<size_t>(presence_.presences) <= gaps_max_);
  if (gaps_.size() == PlaceOf95th(gaps_max_)) {
    if (gap <= gaps_.front()) return;
    std::pop_heap(gaps_.begin(), gaps_.end(), std::greater<>());
    gaps_.pop_back();
  }
  gaps_.push_back(gap);
  std::push_heap(gaps_.begin(), gaps_.end(), std::greater<>());
}

VisitSums VisitTally::visits() const {
  VisitSums sums = visits_;
  sums.longest_gap = std::max(sums.longest_gap, to_ - last_leave_);
  return sums;
}

PresenceSums VisitTally::presence() const {
  PresenceSums sums = presence_;
  if (sums.presences == 0) return sums;
  sums.mean_stay = (stay_ + (open_.leave - open_.enter)) / sums.presences;
  const auto count = static_cast<size_t>(sums.presences - 1);
  if (count == 0) return sums;
  sums.mean_gap = gap_ / static_cast<int64_t>(count);
  std::vector<absl::Duration> longest = gaps_;
  const auto at = longest.begin() + static_cast<ptrdiff_t>(PlaceOf95th(count) - 1);
  std::nth_element(longest.begin(), at, longest.end(), std::greater<>());
  sums.p95_gap = *at;
  return sums;
}

VisitTally TallyVisits(const Visit* begin, const Visit* end, absl::Time from, absl::Time to) {
  VisitTally tally(from, to, static_cast<size_t>(end - begin));
  for (const Visit* visit = begin; visit != end && visit->enter < to; ++visit) tally.Add(*visit);
  return tally;
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
