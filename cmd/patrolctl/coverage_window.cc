// patrolctl coverage window: a window of the past, computed by a running service.

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/coverage_what_if.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/network_flags.h"
#include "cmd/patrolctl/printer.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/shifts.h"
#include "lib/patrol/tracks/csv_table.h"
#include "lib/service/api/proto_values.h"
#include "lib/service/api/what_if_values.h"
#include "patrol/v1/coverage_service.grpc.pb.h"

namespace patrol::ctl {
namespace {

using Stub = v1::CoverageService::Stub;

constexpr absl::Duration kLookInterval = absl::Milliseconds(200);
constexpr uint64_t kPercent = 100;

struct WindowFlags {
  std::string from;
  std::string to;
  std::string step = "10s";
  std::string reach = "180s";
  std::string gap_min = "10m";
  std::string blind_spots_file;
  bool hours = false;
  WhatIfFlags what_if;
  std::string mode = "car";  // of units added
  std::string rounds;
  std::string due_visits_file;
  bool backup = false;
};

// What is wrong with the row; nothing when it is a round.
std::string ReadRound(const tracks::CsvTable& table, v1::RequiredRound* round) {
  const std::string id(table.field(0));
  if (!geo::IsAreaId(id)) return absl::StrCat("area_id \"", id, "\" is no id of an area");
  round->set_area(absl::StrCat("areas/", id));
  absl::Duration every;
  std::string fault = coverage::ReadEvery(table.field(1), &every);
  if (fault.empty()) api::SetDuration(every, round->mutable_every());
  return fault;
}

absl::Status SetRounds(const WindowFlags& flags, v1::CoverageWindow* window) {
  if (flags.rounds.empty()) return absl::OkStatus();
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(flags.rounds));
  return Annotate(tracks::ReadStrictCsv(in, {"area_id", "every_s"}, {},
                                        [&](const tracks::CsvTable& table) {
                                          return ReadRound(table, window->add_required_rounds());
                                        }),
                  flags.rounds);
}

// The rounds to stderr, and each due visit to a file where one is asked for.
absl::Status TellRounds(const WindowFlags& flags, const v1::CoverageWindow& window) {
  std::string text = "area_id,every_s,due_time,visit_time,state\n";
  int met = 0, late = 0, missed = 0;
  for (const v1::RoundOutcome& round : window.rounds()) {
    met += round.met();
    late += round.late();
    missed += round.missed();
    for (const v1::DueVisit& due : round.due_visits()) {
      absl::StrAppend(&text, IdOf(round.area()), ",", SecondsText(true, round.every()), ",",
                      TimeText(true, due.due_time()), ",",
                      TimeText(due.has_visit_time(), due.visit_time()), ",",
                      due.state() == v1::DueVisit::STATE_MET    ? "met\n"
                      : due.state() == v1::DueVisit::STATE_LATE ? "late\n"
                                                                : "missed\n");
    }
  }
  std::fprintf(stderr, "required visits: %d met, %d late, %d missed\n", met, late, missed);
  return flags.due_visits_file.empty() ? absl::OkStatus()
                                       : WriteOutput(flags.due_visits_file, text);
}

absl::Status SetWhatIf(const WindowFlags& flags, v1::CoverageWindow* window) {
  PATROL_ASSIGN_OR_RETURN(const roadnet::Mode mode, ReadModeFlag(flags.mode));
  PATROL_ASSIGN_OR_RETURN(const coverage::WhatIf what_if, ReadWhatIf(flags.what_if, mode));
  for (const coverage::WhatIf::Added& added : what_if.added) {
    if (!added.hours) continue;
    return absl::InvalidArgumentError(
        "--add-at: hours of the day are for coverage run; here --from and --to say when");
  }
  if (what_if.any()) api::Fill(what_if, window->mutable_what_if());
  return absl::OkStatus();
}

absl::StatusOr<v1::CreateCoverageWindowRequest> OrderOf(const WindowFlags& flags) {
  v1::CreateCoverageWindowRequest request;
  v1::CoverageWindow* window = request.mutable_coverage_window();
  const auto from = ParseTime(flags.from);
  if (!from.ok()) return Annotate(from.status(), "--from");
  api::SetTime(*from, window->mutable_from_time());
  const auto to = ParseTime(flags.to);
  if (!to.ok()) return Annotate(to.status(), "--to");
  api::SetTime(*to, window->mutable_to_time());
  const auto set = [](const std::string& text, const char* flag,
                      google::protobuf::Duration* message) -> absl::Status {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(text);
    if (!duration.ok()) return Annotate(duration.status(), flag);
    if (*duration < absl::ZeroDuration()) {
      return absl::InvalidArgumentError(absl::StrCat(flag, ": ", text, " is below 0s"));
    }
    api::SetDuration(*duration, message);
    return absl::OkStatus();
  };
  PATROL_RETURN_IF_ERROR(set(flags.step, "--step", window->mutable_step()));
  PATROL_RETURN_IF_ERROR(set(flags.reach, "--reach", window->mutable_reach()));
  PATROL_RETURN_IF_ERROR(set(flags.gap_min, "--gap-min", window->mutable_gap_min()));
  PATROL_RETURN_IF_ERROR(SetWhatIf(flags, window));
  PATROL_RETURN_IF_ERROR(SetRounds(flags, window));
  window->set_backup(flags.backup);
  return request;
}

// Looks until it is computed.
absl::Status Await(const Context& context, Stub& stub, v1::CoverageWindow* window) {
  Progress progress("% of the window", kPercent);
  v1::GetCoverageWindowRequest request;
  request.set_name(window->name());
  while (window->state() == v1::CoverageWindow::STATE_WAITING ||
         window->state() == v1::CoverageWindow::STATE_RUNNING) {
    progress.Tell(static_cast<uint64_t>(window->progress() * static_cast<double>(kPercent)));
    absl::SleepFor(kLookInterval);
    PATROL_RETURN_IF_ERROR(Call(context, stub, &Stub::GetCoverageWindow, request, window));
  }
  if (window->state() == v1::CoverageWindow::STATE_SUCCEEDED) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(window->name(), ": ", window->error()));
}

void AddRow(const v1::AreaWindow& area, const v1::SpanCoverage& span, Printer* printer) {
  std::vector<std::string> row = {area.area().empty() ? "(town)" : IdOf(area.area()),
                                  area.display_name(),
                                  area.kind(),
                                  TimeText(span.has_hour_start(), span.hour_start()),
                                  absl::StrFormat("%.1f", area.patrollable_m()),
                                  RatioText(span.covered_ratio()),
                                  RatioText(span.covered_or_unknown_ratio()),
                                  RatioText(span.covered_p5()),
                                  RatioText(span.covered_p50()),
                                  RatioText(span.covered_p95()),
                                  SecondsText(true, span.longest_uncovered()),
                                  absl::StrCat(span.visits()),
                                  SecondsText(true, span.dwell()),
                                  SecondsText(true, span.longest_revisit_gap())};
  if (span.has_backup_ratio()) row.push_back(RatioText(span.backup_ratio()));
  if (area.has_covered_ratio_before()) {
    row.push_back(span.has_hour_start() ? "" : RatioText(area.covered_ratio_before()));
  }
  printer->Add(area, std::move(row));
}

void Print(const Context& context, const WindowFlags& flags, const v1::CoverageWindow& window) {
  if (context.format == Format::kJson) {
    std::fprintf(stdout, "%s\n", ToJson(window).c_str());
    return;
  }
  std::vector<Printer::Column> columns = {{"area_id"},
                                          {"name"},
                                          {"kind"},
                                          {"hour_start"},
                                          {"patrollable_m", 0, true},
                                          {"covered_ratio", 0, true},
                                          {"covered_or_unknown_ratio", 0, true},
                                          {"covered_p5", 0, true},
                                          {"covered_p50", 0, true},
                                          {"covered_p95", 0, true},
                                          {"longest_uncovered_s", 0, true},
                                          {"visits", 0, true},
                                          {"dwell_s", 0, true},
                                          {"longest_revisit_s", 0, true}};
  if (window.backup()) columns.push_back({"backup_ratio", 0, true});
  if (window.town().has_covered_ratio_before())
    columns.push_back({"covered_ratio_before", 0, true});
  Printer printer(context.format, Printer::Kind::kList, std::move(columns));
  std::vector<const v1::AreaWindow*> rows = {&window.town()};
  for (const v1::AreaWindow& area : window.areas()) rows.push_back(&area);
  for (const v1::AreaWindow* area : rows) {
    AddRow(*area, area->window(), &printer);
    if (!flags.hours) continue;
    for (const v1::SpanCoverage& hour : area->hours()) AddRow(*area, hour, &printer);
  }
  printer.Finish();
}

absl::Status Window(const Context& context, const WindowFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const v1::CreateCoverageWindowRequest order, OrderOf(flags));
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  const std::unique_ptr<Stub> stub = v1::CoverageService::NewStub(channel);
  v1::CoverageWindow window;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::CreateCoverageWindow, order, &window));
  PATROL_RETURN_IF_ERROR(Await(context, *stub, &window));
  if (!flags.blind_spots_file.empty()) {
    v1::GetBlindSpotsRequest request;
    request.set_name(window.name());
    v1::GeoJson spots;
    PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::GetBlindSpots, request, &spots));
    PATROL_RETURN_IF_ERROR(WriteOutput(flags.blind_spots_file, spots.geojson()));
  }
  Print(context, flags, window);
  if (window.required_rounds_size() > 0) PATROL_RETURN_IF_ERROR(TellRounds(flags, window));
  std::fprintf(stderr, "%s: %d units, %lld fixes; %d blind spots, %.1f km\n", window.name().c_str(),
               window.units(), static_cast<long long>(window.fixes()), window.blind_spots(),
               window.blind_spots_m() / 1000);
  return absl::OkStatus();
}

}  // namespace

void AddCoverageWindow(Context& context) {
  CLI::App* group = Group(context.app, "coverage", "who can be where in three minutes");
  CLI::App* window = group->add_subcommand(
      "window", "coverage of a window of the service's stored fixes, computed there");
  auto flags = std::make_shared<WindowFlags>();
  window->add_option("--from", flags->from, "begin, RFC 3339")->required();
  window->add_option("--to", flags->to, "end, exclusive; at most 7 days later")->required();
  window->add_option("--step", flags->step, "between two instants, 1s..1h")->capture_default_str();
  window->add_option("--reach", flags->reach, "T, at most 1h")->capture_default_str();
  window->add_option("--gap-min", flags->gap_min, "blind spots: uncovered at least so long on end")
      ->capture_default_str();
  window->add_option("--blind-spots", flags->blind_spots_file,
                     "also write the hundred largest blind spots as GeoJSON");
  window->add_flag("--hours", flags->hours, "a row for each hour, too");
  AddWhatIfOptions(window, &flags->what_if);
  window->get_option("--add-at")
      ->description("what if one more unit (of --mode) had stood at LON,LAT");
  window->add_option("--rounds", flags->rounds,
                     "CSV area_id,every_s: required visits, checked over the window");
  window->add_option("--due-visits", flags->due_visits_file,
                     "also write what became of each required visit as CSV");
  window->add_flag("--backup", flags->backup,
                   "also where two units could be in time that do not move together");
  window->add_option("--mode", flags->mode, "how units of --add-at move")->capture_default_str();
  OnRun(context, window, [&context, flags] { return Window(context, *flags); });
}

}  // namespace patrol::ctl
