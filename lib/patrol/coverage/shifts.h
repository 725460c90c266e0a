#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/patrol/coverage/visits.h"

namespace patrol::coverage {

struct WindowResult;
class AreaIndex;

// A time that a unit is on duty: [from, to).
struct DutyInterval {
  absl::Time from;
  absl::Time to;
};

// A span of the window between two changes of shift, cut at the window's ends.
struct Shift {
  absl::Time begin;
  absl::Time end;
};

// An area that is to be visited at least every so often during every shift.
struct RequiredRound {
  size_t area = 0;  // index into the areas
  absl::Duration every = absl::Hours(1);
};

// What visits of one area add up to during one shift.
struct ShiftSums {
  VisitSums visits;
  PresenceSums presence;
};

// The shifts of [from, to) that begin at these times of the day (0..24 h, ascending; local time of
// `zone`). Without any there are none.
std::vector<Shift> ShiftsOf(const std::vector<absl::Duration>& starts, absl::TimeZone zone,
                            absl::Time from, absl::Time to);

// The part of visits that lies within duty; `duty` in order of time, null: all of it.
void AppendOnDuty(const Visit& visit, const std::vector<DutyInterval>* duty,
                  std::vector<Visit>* out);
bool IsOnDuty(absl::Time instant, const std::vector<DutyInterval>* duty);

// Writes shifts.csv (a row per area and shift) where there are shifts, and rounds.csv (a row per
// required round and shift) where there are both.
//
// Errors: the system's, naming the file.
absl::Status WriteShifts(const AreaIndex& index, const WindowResult& result,
                         const std::string& folder);

}  // namespace patrol::coverage
