#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace patrol::coverage {

// One time that a unit was in an area or on a piece.
struct Visit {
  absl::Time enter;
  absl::Time leave;  // >= enter
};

// What visits of one place add up to over a span of time.
struct VisitSums {
  int64_t visits = 0;                           // that touch the span
  absl::Duration dwell = absl::ZeroDuration();  // within it, all units added up
  // Longest time within the span that no unit was there, cut at its ends.
  absl::Duration longest_gap = absl::ZeroDuration();
};

// When a place had anybody there, whoever it was: what the research on patrols measures.
//
// Source: frequency, duration and intermittency as in Crime Science 2024 (s40163-024-00221-x) after
//         Sherman et al. 2014; stays of 10 to 16 minutes: Koper 1995, who found the longest calm
//         after them.
struct PresenceSums {
  int64_t presences = 0;  // frequency: visits that overlap or touch are one presence
  absl::Duration mean_stay = absl::ZeroDuration();  // duration, of presences cut at the span's ends
  // Intermittency: from the end of one presence to the start of the next, both in the span; 0 with
  // fewer than two. The 95th percentile is the nearest-rank one.
  absl::Duration mean_gap = absl::ZeroDuration();
  absl::Duration p95_gap = absl::ZeroDuration();
  int64_t koper_stays = 0;  // visits of one unit of 10 to 16 minutes that begin in the span
};

// A place that is to be visited at least every so often: one visit that was due, and what came.
struct RoundDue {
  absl::Time due;
  std::optional<absl::Time> visit;  // none: nobody came until the next was due

  bool met() const { return visit && *visit <= due; }
  bool late() const { return visit && *visit > due; }
};

// Adds visits of any units up over a span; they are told one by one in order of enter time and not
// kept.
class VisitTally {
 public:
  // The span is [from, to). gaps_max: no more gaps than that will come. What is kept is a twentieth
  // of them: the longest, among which the 95th percentile is.
  VisitTally(absl::Time from, absl::Time to, size_t gaps_max);

  void Add(const Visit& visit);

  VisitSums visits() const;
  PresenceSums presence() const;

 private:
  void AddPresence(const Visit& within);
  void AddGap(absl::Duration gap);

  absl::Time from_;
  absl::Time to_;
  size_t gaps_max_;
  VisitSums visits_;
  absl::Time last_leave_;
  PresenceSums presence_;
  absl::Duration stay_;  // of presences that are over
  absl::Duration gap_;
  Visit open_;                        // the last presence, where there is one
  std::vector<absl::Duration> gaps_;  // a heap, the shortest first: the longest that came
};

// The tally of visits that are at hand, in order of enter time.
VisitTally TallyVisits(const Visit* begin, const Visit* end, absl::Time from, absl::Time to);

// A visit is due `every` after the span's beginning or the end of the last presence, and again
// after each further `every` that nobody came. A time that is not over at the span's end is not
// due.
std::vector<RoundDue> CheckRounds(const Visit* begin, const Visit* end, absl::Time from,
                                  absl::Time to, absl::Duration every);

}  // namespace patrol::coverage
