#include "lib/patrol/coverage/shifts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {

std::vector<Shift> ShiftsOf(const std::vector<absl::Duration>& starts, absl::TimeZone zone,
                            absl::Time from, absl::Time to) {
  std::vector<Shift> shifts;
  if (starts.empty()) return shifts;
  // All changes from the day before the window to the day after it.
  std::vector<absl::Time> changes;
  const absl::CivilDay last = absl::ToCivilDay(to, zone) + 1;
  for (absl::CivilDay day = absl::ToCivilDay(from, zone) - 1; day <= last; ++day) {
    for (const absl::Duration start : starts) {
      // By the clock on the wall, also on days that do not have 24 hours.
      const absl::CivilSecond civil = absl::CivilSecond(day) + absl::ToInt64Seconds(start);
      changes.push_back(absl::FromCivil(civil, zone));
    }
  }
  for (size_t i = 0; i + 1 < changes.size(); ++i) {
    const Shift shift{std::max(changes[i], from), std::min(changes[i + 1], to)};
    if (shift.begin < shift.end) shifts.push_back(shift);
  }
  return shifts;
}

void AppendOnDuty(const Visit& visit, const std::vector<DutyInterval>* duty,
                  std::vector<Visit>* out) {
  if (duty == nullptr) {
    out->push_back(visit);
    return;
  }
  for (const DutyInterval& on : *duty) {
    const Visit part{std::max(visit.enter, on.from), std::min(visit.leave, on.to)};
    // A visit of no duration counts where it lies within duty.
    if (part.enter < part.leave || (part.enter == part.leave && visit.enter == visit.leave &&
                                    part.enter >= on.from && part.enter < on.to)) {
      out->push_back(part);
    }
  }
}

bool IsOnDuty(absl::Time instant, const std::vector<DutyInterval>* duty) {
  return duty == nullptr || std::any_of(duty->begin(), duty->end(), [&](const DutyInterval& on) {
           return instant >= on.from && instant < on.to;
         });
}

absl::Status WriteShifts(const AreaIndex& index, const WindowResult& result,
                         const std::string& folder) {
  if (result.shifts.empty()) return absl::OkStatus();
  PATROL_ASSIGN_OR_RETURN(ResultFile shifts, ResultFile::Create(folder, "shifts.csv"));
  shifts.Write(
      "area_id,kind,shift_begin,shift_end,visits,dwell_s,longest_revisit_s,presences,mean_stay_s,"
      "mean_revisit_s,p95_revisit_s,koper_stays\n");
  std::string row;
  for (size_t area = 0; area < result.areas.size(); ++area) {
    for (size_t i = 0; i < result.shifts.size(); ++i) {
      const ShiftSums& sums = result.areas[area].shifts[i];
      row.clear();
      absl::StrAppend(&row, tracks::CsvField(index.areas()[area].id), ",",
                      tracks::CsvField(index.areas()[area].kind), ",",
                      FormatUtc(result.shifts[i].begin), ",", FormatUtc(result.shifts[i].end), ",",
                      sums.visits.visits, ",", Seconds(sums.visits.dwell), ",");
      absl::StrAppend(&row, Seconds(sums.visits.longest_gap), ",", sums.presence.presences, ",",
                      Seconds(sums.presence.mean_stay), ",", Seconds(sums.presence.mean_gap), ",",
                      Seconds(sums.presence.p95_gap), ",", sums.presence.koper_stays, "\n");
      shifts.Write(row);
    }
  }
  PATROL_RETURN_IF_ERROR(shifts.Close());
  if (result.options.rounds.empty()) return absl::OkStatus();
  PATROL_ASSIGN_OR_RETURN(ResultFile rounds, ResultFile::Create(folder, "rounds.csv"));
  rounds.Write("area_id,shift_begin,shift_end,every_s,met,late,missed,longest_revisit_s\n");
  for (size_t r = 0; r < result.options.rounds.size(); ++r) {
    const RequiredRound& required = result.options.rounds[r];
    for (size_t i = 0; i < result.shifts.size(); ++i) {
      const RoundSums& sums = result.rounds[r][i];
      rounds.Write(absl::StrCat(
          tracks::CsvField(index.areas()[required.area].id), ",", FormatUtc(result.shifts[i].begin),
          ",", FormatUtc(result.shifts[i].end), ",", Seconds(required.every), ",", sums.met, ",",
          sums.late, ",", sums.missed, ",",
          Seconds(result.areas[required.area].shifts[i].visits.longest_gap), "\n"));
    }
  }
  return rounds.Close();
}

}  // namespace patrol::coverage
