#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/area.h"
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
  // Time of the day at which it begins, by the clock on the wall; none where shifts were not given.
  std::optional<absl::Duration> start;
};

// An area that is to be visited at least every so often during a shift.
struct RequiredRound {
  size_t area = 0;  // index into the areas
  absl::Duration every = absl::Hours(1);
  std::optional<absl::Duration> shift_start;  // of the shift, a time of the day; none: every shift
};

// What became of a required round in one shift.
struct RoundResult {
  size_t round = 0;           // index into the required rounds
  size_t shift = 0;           // index into the shifts
  std::vector<RoundDue> due;  // in order
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

// How often a place is to be visited, from the column every_s of a file of rounds.
// Returns: what is wrong with it; empty when `every` is it.
std::string ReadEvery(std::string_view text, absl::Duration* every);

// Rounds from CSV: area_id, every_s, and where only one shift is meant shift_start (HH:MM).
//
// Errors: INVALID_ARGUMENT naming the line: half of the rounds checked is not what was asked for.
absl::StatusOr<std::vector<RequiredRound>> ReadRounds(
    std::istream& in, const std::vector<geo::Area>& areas,
    const std::vector<absl::Duration>& shift_starts);

// "06:00,14:00" as times of the day.
// Errors: INVALID_ARGUMENT.
absl::StatusOr<std::vector<absl::Duration>> ParseShiftStarts(const std::string& text);

// Writes shifts.csv (a row per area and shift) where there are shifts; where rounds are required
// rounds.csv (a row per required round and shift) and due_visits.csv (one per visit that was due).
//
// Errors: the system's, naming the file.
absl::Status WriteShifts(const AreaIndex& index, const WindowResult& result,
                         const std::string& folder);

}  // namespace patrol::coverage
