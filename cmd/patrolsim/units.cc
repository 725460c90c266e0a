// patrolsim units: tells the fixes of a file to a running service as if they happened now.

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cmd/patrolsim/commands.h"
#include "cmd/patrolsim/units_replay.h"
#include "cmd/patrolsim/units_sender.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::sim {
namespace {

constexpr absl::Duration kReportInterval = absl::Seconds(10);
// Fixes are gathered for so long before they are sent together.
constexpr absl::Duration kTick = absl::Milliseconds(200);
constexpr size_t kFaultsPrinted = 5;

struct UnitsOptions {
  std::string fixes;
  std::string units;
  std::string server = "127.0.0.1:7700";
  std::string from;
  std::string time_zone;
  std::string datum = "wgs84";
  std::string warm = "60s";
  double speed = 1;
  bool now = false;
  bool loop = false;
};

void PrintFaults(const std::string& path, const tracks::RowReport& report) {
  for (size_t i = 0; i < report.faults.size() && i < kFaultsPrinted; ++i) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), tracks::ToString(report.faults[i]).c_str());
  }
  if (report.faulty > 0) {
    std::fprintf(stderr, "%s: %llu of %llu rows could not be read\n", path.c_str(),
                 static_cast<unsigned long long>(report.faulty),
                 static_cast<unsigned long long>(report.rows));
  }
}

absl::StatusOr<std::ifstream> OpenFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("\"", path, "\": cannot be opened"));
  return file;
}

absl::StatusOr<std::vector<tracks::Fix>> ReadFixes(const UnitsOptions& options) {
  tracks::FixReaderOptions reader;
  if (options.datum == "gcj02") reader.datum = geo::Datum::kGcj02;
  if (options.datum == "bd09") reader.datum = geo::Datum::kBd09;
  if (!options.time_zone.empty()) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(options.time_zone, &zone)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--time-zone \"", options.time_zone, "\": no such zone"));
    }
    reader.naive_zone = zone;
  }
  PATROL_ASSIGN_OR_RETURN(std::ifstream file, OpenFile(options.fixes));
  std::vector<tracks::Fix> fixes;
  const auto take = [&fixes](tracks::FixRow&& row) {
    fixes.push_back(std::move(row.fix));
    return absl::OkStatus();
  };
  const auto report = tracks::ReadFixesCsv(file, reader, take);
  if (!report.ok()) return Annotate(report.status(), options.fixes);
  PrintFaults(options.fixes, *report);
  return fixes;
}

absl::Status PutUnits(const std::string& path, UnitSender& sender) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream file, OpenFile(path));
  const auto put = [&sender](tracks::Unit&& unit) { return sender.PutUnit(unit); };
  const auto report = tracks::ReadUnitsCsv(file, put);
  if (!report.ok()) return Annotate(report.status(), path);
  PrintFaults(path, *report);
  std::fprintf(stderr, "units %llu\n", static_cast<unsigned long long>(report->imported));
  return absl::OkStatus();
}

void PrintCounts(const SenderCounts& counts, const Replay& replay) {
  std::vector<std::string> verdicts;
  for (const auto& [verdict, count] : counts.verdicts) {
    verdicts.push_back(absl::StrCat(", ", verdict, " ", count));
  }
  const absl::Duration behind =
      replay.finished() ? absl::ZeroDuration()
                        : std::max(absl::Now() - replay.next_due(), absl::ZeroDuration());
  std::fprintf(stderr,
               "sent %llu, acknowledged %llu, stored %llu%s, reconnects %llu, behind %.1f s\n",
               static_cast<unsigned long long>(counts.sent),
               static_cast<unsigned long long>(counts.acknowledged),
               static_cast<unsigned long long>(counts.stored), absl::StrJoin(verdicts, "").c_str(),
               static_cast<unsigned long long>(counts.reconnects), absl::ToDoubleSeconds(behind));
}

absl::StatusOr<ReplayOptions> ReplayOptionsOf(const UnitsOptions& options) {
  ReplayOptions replay;
  replay.speed = options.speed;
  replay.loop = options.loop;
  replay.time_of_day = options.now;
  replay.zone = absl::LocalTimeZone();
  if (!options.time_zone.empty()) absl::LoadTimeZone(options.time_zone, &replay.zone);
  PATROL_ASSIGN_OR_RETURN(replay.warm, ParseDuration(options.warm));
  if (replay.warm < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat("--warm ", options.warm, ": below zero"));
  }
  if (!options.from.empty()) {
    PATROL_ASSIGN_OR_RETURN(replay.from, ParseTime(options.from, &replay.zone));
  }
  return replay;
}

absl::Status RunUnits(const UnitsOptions& options) {
  PATROL_ASSIGN_OR_RETURN(const ReplayOptions replay_options, ReplayOptionsOf(options));
  PATROL_ASSIGN_OR_RETURN(std::vector<tracks::Fix> fixes, ReadFixes(options));
  UnitSender sender(options.server);
  if (!options.units.empty()) {
    const absl::Status put = PutUnits(options.units, sender);
    if (sender.stopping()) return absl::OkStatus();
    PATROL_RETURN_IF_ERROR(put);
  }
  PATROL_ASSIGN_OR_RETURN(Replay replay,
                          Replay::Make(std::move(fixes), replay_options, absl::Now()));
  absl::Time next_report = absl::Now() + kReportInterval;
  absl::Status status;
  while (!replay.finished() && !sender.stopping() && status.ok()) {
    const std::vector<tracks::Fix> due = replay.Due(absl::Now(), limits::kFixesPerRequestMax);
    if (!due.empty()) {
      status = sender.Send(due);
      if (status.ok()) replay.Advance(due.size());
    }
    const absl::Time now = absl::Now();
    if (now >= next_report) {
      PrintCounts(sender.counts(), replay);
      next_report = now + kReportInterval;
    }
    // Not past the next report, however long the file is quiet.
    if (due.size() < limits::kFixesPerRequestMax) {
      sender.WaitUntil(
          std::clamp(replay.next_due(), now + kTick, std::max(next_report, now + kTick)));
    }
  }
  PrintCounts(sender.counts(), replay);
  return sender.stopping() ? absl::OkStatus() : status;
}

}  // namespace

void AddUnitsCommand(Context& context) {
  auto options = std::make_shared<UnitsOptions>();
  CLI::App* command = context.app.add_subcommand(
      "units",
      "tell the fixes of a file to a running patrold as if they happened now, each acknowledged; "
      "goes on when the service restarts. Fixes are always stamped with the wall clock: at --speed "
      "X units really seem to drive X times as fast (reported speeds are multiplied too), and the "
      "service may refuse them as speed jumps");
  command->add_option("--fixes", options->fixes, "CSV: unit_id,time,lon,lat[,speed_mps,...]")
      ->required();
  command->add_option("--units", options->units,
                      "CSV: unit_id[,name,mode,force]; created or changed first");
  command->add_option("--server", options->server, "HOST:PORT of patrold")->capture_default_str();
  command->add_option("--speed", options->speed, "file seconds a second")
      ->check(CLI::Range(0.01, 1000.0))
      ->capture_default_str();
  CLI::Option* from = command->add_option(
      "--from", options->from,
      "instant of the file that is now (RFC 3339); without it the first fix is --warm ago");
  command->add_flag("--now", options->now, "what the file tells of this time of day is now")
      ->excludes(from);
  command->add_flag("--loop", options->loop,
                    "begin again at the file's end; with --now the day begins again at midnight. "
                    "Units then jump to where they began");
  command
      ->add_option("--warm", options->warm,
                   "fixes of so long before are sent at once, so that all units are known")
      ->capture_default_str();
  command->add_option("--time-zone", options->time_zone,
                      "of times without offset, and of --now (default there: this machine's)");
  command->add_option("--datum", options->datum, "of the file's positions")
      ->check(CLI::IsMember({"wgs84", "gcj02", "bd09"}))
      ->capture_default_str();
  OnRun(context, command, [options] { return RunUnits(*options); });
}

}  // namespace patrol::sim
