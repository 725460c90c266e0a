#include "lib/service/api/coverage_window.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/coverage/window.h"
#include "lib/service/api/proto_values.h"
#include "lib/service/api/validation.h"
#include "lib/service/api/what_if_values.h"
#include "patrol/v1/coverage_window.pb.h"

namespace patrol::api {
namespace {

// A duration with the default where it is unset; far ones stay far.
absl::Duration ReadDuration(bool has, const google::protobuf::Duration& message,
                            absl::Duration unset) {
  return has ? absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos()) : unset;
}

absl::StatusOr<absl::Time> ReadRequiredTime(std::string_view field, bool has,
                                            const google::protobuf::Timestamp& stamp) {
  if (!has) return absl::InvalidArgumentError(absl::StrCat(std::string(field), ": required"));
  return ReadTime(field, stamp);
}

template <typename Unit>
absl::StatusOr<geo::LonLat> ReadRequiredPlace(const std::string& field, const Unit& unit) {
  if (!unit.has_position()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".position: required"));
  }
  return ReadLonLat(absl::StrCat(field, ".position"), unit.position());
}

void FillSpan(const coverage::SpanSums& sums, const coverage::WindowOptions& options,
              v1::SpanCoverage* span) {
  span->set_covered_ratio(sums.covered_ratio());
  span->set_covered_or_unknown_ratio(sums.covered_ratio() + sums.unknown_ratio());
  span->set_covered_p5(sums.covered_p5);
  span->set_covered_p50(sums.covered_p50);
  span->set_covered_p95(sums.covered_p95);
  SetDuration(sums.longest_uncovered_steps * options.step, span->mutable_longest_uncovered());
  span->set_visits(sums.visits.visits);
  SetDuration(sums.visits.dwell, span->mutable_dwell());
  SetDuration(sums.visits.longest_gap, span->mutable_longest_revisit_gap());
  if (options.backup) span->set_backup_ratio(sums.backup_ratio());
}

absl::Status ReadRounds(const v1::CoverageWindow& window,
                        std::vector<report::OrderedRound>* rounds) {
  for (int i = 0; i < window.required_rounds_size(); ++i) {
    const v1::RequiredRound& message = window.required_rounds(i);
    const std::string field = absl::StrCat("coverage_window.required_rounds[", i, "]");
    report::OrderedRound& round = rounds->emplace_back();
    PATROL_ASSIGN_OR_RETURN(round.area_id, ReadName(field + ".area", "areas", message.area()));
    round.every = ReadDuration(true, message.every(), absl::ZeroDuration());
  }
  return absl::OkStatus();
}

v1::DueVisit::State StateOf(const coverage::RoundDue& due) {
  return due.met()    ? v1::DueVisit::STATE_MET
         : due.late() ? v1::DueVisit::STATE_LATE
                      : v1::DueVisit::STATE_MISSED;
}

void FillRounds(const report::WindowReport& report, v1::CoverageWindow* window) {
  for (const coverage::RoundResult& checked : report.result.rounds) {
    const coverage::RequiredRound& required = report.result.options.rounds[checked.round];
    v1::RoundOutcome* outcome = window->add_rounds();
    outcome->set_area(absl::StrCat("areas/", report.areas->areas()[required.area].id));
    SetDuration(required.every, outcome->mutable_every());
    for (const coverage::RoundDue& due : checked.due) {
      v1::DueVisit* visit = outcome->add_due_visits();
      SetTime(due.due, visit->mutable_due_time());
      visit->set_state(StateOf(due));
      if (due.visit) SetTime(*due.visit, visit->mutable_visit_time());
      outcome->set_met(outcome->met() + (due.met() ? 1 : 0));
      outcome->set_late(outcome->late() + (due.late() ? 1 : 0));
    }
    outcome->set_missed(outcome->due_visits_size() - outcome->met() - outcome->late());
  }
}

absl::Status ReadWhatIf(const v1::WhatIf& message, coverage::WhatIf* what_if) {
  const std::string field = "coverage_window.what_if";
  for (int i = 0; i < message.without_units_size(); ++i) {
    PATROL_ASSIGN_OR_RETURN(what_if->without.emplace_back(),
                            ReadName(absl::StrCat(field, ".without_units[", i, "]"), "units",
                                     message.without_units(i)));
  }
  for (int i = 0; i < message.moved_units_size(); ++i) {
    const v1::WhatIf::MovedUnit& unit = message.moved_units(i);
    const std::string at = absl::StrCat(field, ".moved_units[", i, "]");
    coverage::WhatIf::Moved& moved = what_if->moved.emplace_back();
    PATROL_ASSIGN_OR_RETURN(moved.unit_id, ReadName(at + ".unit", "units", unit.unit()));
    PATROL_ASSIGN_OR_RETURN(moved.place, ReadRequiredPlace(at, unit));
  }
  for (int i = 0; i < message.added_units_size(); ++i) {
    const v1::WhatIf::AddedUnit& unit = message.added_units(i);
    const std::string at = absl::StrCat(field, ".added_units[", i, "]");
    coverage::WhatIf::Added& added = what_if->added.emplace_back();
    PATROL_ASSIGN_OR_RETURN(added.place, ReadRequiredPlace(at, unit));
    PATROL_ASSIGN_OR_RETURN(added.mode, ReadMode(at + ".mode", unit.mode()));
  }
  return absl::OkStatus();
}

void FillArea(const coverage::WindowResult& result, const coverage::AreaWindow& area,
              v1::AreaWindow* message) {
  message->set_patrollable_m(static_cast<double>(area.window.patrollable_um) * 1e-6);
  FillSpan(area.window, result.options, message->mutable_window());
  for (size_t hour = 0; hour < area.hours.size(); ++hour) {
    v1::SpanCoverage* span = message->add_hours();
    FillSpan(area.hours[hour], result.options, span);
    SetTime(result.hours[hour].start, span->mutable_hour_start());
  }
}

void FillReport(const report::WindowReport& report, Detail detail, v1::CoverageWindow* window) {
  window->set_fixes(static_cast<int64_t>(report.fixes.rows));
  window->set_fixes_off_network(static_cast<int64_t>(report.fixes.off_network));
  window->set_fixes_outlier(static_cast<int64_t>(report.fixes.outlier));
  window->set_fixes_duplicate(static_cast<int64_t>(report.fixes.duplicate));
  window->set_units(static_cast<int32_t>(report.fixes.units));
  window->set_blind_spots(static_cast<int32_t>(report.blind_spots));
  window->set_blind_spots_m(report.blind_spots_m);
  if (detail == Detail::kSummary) return;
  FillRounds(report, window);
  FillArea(report.result, report.result.town, window->mutable_town());
  if (report.before) window->mutable_town()->set_covered_ratio_before(report.before->town);
  for (size_t i = 0; i < report.result.areas.size(); ++i) {
    const geo::Area& area = report.areas->areas()[i];
    v1::AreaWindow* message = window->add_areas();
    message->set_area(absl::StrCat("areas/", area.id));
    message->set_display_name(area.name);
    message->set_kind(area.kind);
    FillArea(report.result, report.result.areas[i], message);
    if (report.before) message->set_covered_ratio_before(report.before->areas[i]);
  }
}

v1::CoverageWindow::State StateOf(report::WindowDesk::State state) {
  switch (state) {
    case report::WindowDesk::State::kWaiting:
      return v1::CoverageWindow::STATE_WAITING;
    case report::WindowDesk::State::kRunning:
      return v1::CoverageWindow::STATE_RUNNING;
    case report::WindowDesk::State::kDone:
      return v1::CoverageWindow::STATE_SUCCEEDED;
    case report::WindowDesk::State::kFailed:
      return v1::CoverageWindow::STATE_FAILED;
  }
  return v1::CoverageWindow::STATE_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<report::WindowOrder> ReadOrder(const v1::CoverageWindow& window) {
  report::WindowOrder order;
  PATROL_ASSIGN_OR_RETURN(order.from, ReadRequiredTime("coverage_window.from_time",
                                                       window.has_from_time(), window.from_time()));
  PATROL_ASSIGN_OR_RETURN(order.to, ReadRequiredTime("coverage_window.to_time",
                                                     window.has_to_time(), window.to_time()));
  order.step = ReadDuration(window.has_step(), window.step(), order.step);
  order.reach = ReadDuration(window.has_reach(), window.reach(), order.reach);
  order.gap_min = ReadDuration(window.has_gap_min(), window.gap_min(), order.gap_min);
  PATROL_RETURN_IF_ERROR(ReadWhatIf(window.what_if(), &order.what_if));
  PATROL_RETURN_IF_ERROR(ReadRounds(window, &order.rounds));
  order.backup = window.backup();
  return order;
}

void Fill(const report::WindowDesk::Ticket& ticket, Detail detail, v1::CoverageWindow* window) {
  window->set_name(absl::StrCat(std::string(kWindowCollection), "/", ticket.id));
  SetTime(ticket.order.from, window->mutable_from_time());
  SetTime(ticket.order.to, window->mutable_to_time());
  SetDuration(ticket.order.step, window->mutable_step());
  SetDuration(ticket.order.reach, window->mutable_reach());
  SetDuration(ticket.order.gap_min, window->mutable_gap_min());
  for (const report::OrderedRound& round : ticket.order.rounds) {
    v1::RequiredRound* message = window->add_required_rounds();
    message->set_area(absl::StrCat("areas/", round.area_id));
    SetDuration(round.every, message->mutable_every());
  }
  window->set_backup(ticket.order.backup);
  if (ticket.order.what_if.any()) Fill(ticket.order.what_if, window->mutable_what_if());
  SetTime(ticket.created, window->mutable_create_time());
  window->set_state(StateOf(ticket.state));
  window->set_progress(ticket.progress);
  window->set_error(std::string(ticket.failure.message()));
  if (ticket.report != nullptr) FillReport(*ticket.report, detail, window);
}

}  // namespace patrol::api
