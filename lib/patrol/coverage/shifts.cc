#include "lib/patrol/coverage/shifts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
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
  std::vector<std::pair<absl::Time, absl::Duration>> changes;
  const absl::CivilDay last = absl::ToCivilDay(to, zone) + 1;
  for (absl::CivilDay day = absl::ToCivilDay(from, zone) - 1; day <= last; ++day) {
    for (const absl::Duration start : starts) {
      // By the clock on the wall, also on days that do not have 24 hours.
      const absl::CivilSecond civil = absl::CivilSecond(day) + absl::ToInt64Seconds(start);
      changes.push_back({absl::FromCivil(civil, zone), start});
    }
  }
  for (size_t i = 0; i + 1 < changes.size(); ++i) {
    const Shift shift{std::max(changes[i].first, from), std::min(changes[i + 1].first, to),
                      changes[i].second};
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

absl::StatusOr<std::vector<absl::Duration>> ParseShiftStarts(const std::string& text) {
  std::vector<absl::Duration> starts;
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    absl::CivilMinute at;
    if (!absl::ParseCivilTime(absl::StrCat("2000-01-01T", part), &at)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", part, "\" is no HH:MM"));
    }
    starts.push_back(absl::Minutes(at - absl::CivilMinute(2000, 1, 1)));
  }
  return starts;
}

std::string ReadEvery(std::string_view text, absl::Duration* every) {
  const absl::string_view given(text.data(), text.size());
  double every_s = 0;
  if (!absl::SimpleAtod(given, &every_s) || !(every_s >= 1 && every_s <= 1e7)) {
    return absl::StrCat("every_s \"", given, "\" is not 1..1e7 seconds");
  }
  *every = absl::Seconds(every_s);
  return "";
}

namespace {

// What is wrong with the row; nothing when `round` is it.
std::string ReadRound(const tracks::CsvTable& table, const std::vector<geo::Area>& areas,
                      const std::vector<absl::Duration>& shift_starts, RequiredRound* round) {
  const std::string id(table.field(0));
  const auto area = std::find_if(areas.begin(), areas.end(),
                                 [&](const geo::Area& known) { return known.id == id; });
  if (area == areas.end()) return absl::StrCat("no area \"", id, "\"");
  round->area = static_cast<size_t>(area - areas.begin());
  std::string fault = ReadEvery(table.field(1), &round->every);
  if (!fault.empty()) return fault;
  const std::string shift(table.field(2));
  if (shift.empty()) return "";
  const auto start = ParseShiftStarts(shift);
  if (!start.ok() || start->size() != 1 ||
      std::find(shift_starts.begin(), shift_starts.end(), start->front()) == shift_starts.end()) {
    return absl::StrCat("no shift begins at \"", shift, "\"");
  }
  round->shift_start = start->front();
  return "";
}

}  // namespace

absl::StatusOr<std::vector<RequiredRound>> ReadRounds(
    std::istream& in, const std::vector<geo::Area>& areas,
    const std::vector<absl::Duration>& shift_starts) {
  std::vector<RequiredRound> rounds;
  PATROL_RETURN_IF_ERROR(tracks::ReadStrictCsv(
      in, {"area_id", "every_s"}, {"shift_start"}, [&](const tracks::CsvTable& table) {
        return ReadRound(table, areas, shift_starts, &rounds.emplace_back());
      }));
  return rounds;
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
  PATROL_ASSIGN_OR_RETURN(ResultFile visits, ResultFile::Create(folder, "due_visits.csv"));
  rounds.Write("area_id,shift_begin,shift_end,every_s,met,late,missed,longest_revisit_s\n");
  visits.Write("area_id,shift_begin,every_s,due_time,visit_time,state,late_s\n");
  for (const RoundResult& checked : result.rounds) {
    const RequiredRound& required = result.options.rounds[checked.round];
    const Shift& shift = result.shifts[checked.shift];
    const std::string id(tracks::CsvField(index.areas()[required.area].id));
    int64_t met = 0;
    int64_t late = 0;
    for (const RoundDue& due : checked.due) {
      met += due.met() ? 1 : 0;
      late += due.late() ? 1 : 0;
      visits.Write(absl::StrCat(id, ",", FormatUtc(shift.begin), ",", Seconds(required.every), ",",
                                FormatUtc(due.due), ",", due.visit ? FormatUtc(*due.visit) : "",
                                due.met()    ? ",met,"
                                : due.late() ? ",late,"
                                             : ",missed,",
                                due.late() ? Seconds(*due.visit - due.due) : "", "\n"));
    }
    rounds.Write(absl::StrCat(
        id, ",", FormatUtc(shift.begin), ",", FormatUtc(shift.end), ",", Seconds(required.every),
        ",", met, ",", late, ",", static_cast<int64_t>(checked.due.size()) - met - late, ",",
        Seconds(result.areas[required.area].shifts[checked.shift].visits.longest_gap), "\n"));
  }
  PATROL_RETURN_IF_ERROR(rounds.Close());
  return visits.Close();
}

}  // namespace patrol::coverage
