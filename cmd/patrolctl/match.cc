// patrolctl match run: fixes of a file to paths, visits and verdicts, without a service.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/fix_file.h"
#include "cmd/patrolctl/match_rows.h"
#include "cmd/patrolctl/network_flags.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/status.h"
#include "lib/base/thread_cpu.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/geo/datum.h"
#include "lib/patrol/coverage/area_file.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/area_visits.h"
#include "lib/patrol/tracks/datum_check.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/live_path.h"
#include "lib/patrol/tracks/mode_matchers.h"
#include "lib/patrol/tracks/path_walk.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::ctl {

namespace {

struct MatchFlags {
  NetworkFlags network;
  FixFileFlags fixes;
  std::string areas;
  UnitModeFlags modes;
  bool online = false;
  std::string delay = kDelayUsual;
  std::string out;
};

// The fixes of one unit and the rows of the file they came from.
struct UnitFixes {
  std::vector<tracks::Fix> fixes;
  std::vector<size_t> rows;  // into FixFile::rows
};

struct FixFile {
  std::string header;             // the CSV header as it stands in the file
  std::vector<std::string> rows;  // likewise
  std::map<std::string, UnitFixes> units;
};

// A fix read from GPX or NMEA as a row of CSV.
std::string RowOf(const tracks::Fix& fix) {
  const auto number = [](const std::optional<double>& value) {
    return value ? absl::StrFormat("%g", *value) : std::string();
  };
  return absl::StrCat(tracks::CsvField(fix.unit_id), ",", FormatUtc(fix.time), ",",
                      absl::StrFormat("%.7f,%.7f", fix.position.lon, fix.position.lat), ",",
                      number(fix.speed_mps), ",", number(fix.heading_deg), ",",
                      number(fix.accuracy_m));
}

absl::StatusOr<FixFile> ReadRows(const FixFileFlags& flags) {
  FixFile file;
  const tracks::FixSink sink = [&](tracks::FixRow&& row) {
    UnitFixes& unit = file.units[row.fix.unit_id];
    unit.rows.push_back(file.rows.size());
    file.rows.push_back(row.row_text.empty() ? RowOf(row.fix) : std::string(row.row_text));
    unit.fixes.push_back(std::move(row.fix));
    return absl::OkStatus();
  };
  file.header = "unit_id,time,lon,lat,speed_mps,heading_deg,accuracy_m";
  PATROL_ASSIGN_OR_RETURN(const tracks::RowReport report, ReadFixFile(flags, sink, &file.header));
  PrintFaults(flags.path, report);
  if (report.imported == 0) {
    return absl::InvalidArgumentError(absl::StrCat(flags.path, ": no fix could be read"));
  }
  return file;
}

// What `match run` counts for its summary.
struct Tally {
  size_t units = 0;
  size_t fixes = 0;
  std::map<std::string, size_t> verdicts;
  double path_km = 0;
  double doubtful_km = 0;  // of it
  size_t paths = 0;
  size_t visits = 0;
  std::optional<geo::Datum> suspected_datum;
  bool online = false;
  size_t forced = 0;  // online: settled for want of time
  double delay_sum_s = 0;
  double delay_max_s = 0;
  double match_s = 0;      // of the matching alone, by the clock
  double match_cpu_s = 0;  // likewise, by this thread's CPU time
};

// Results go here, unit by unit.
class MatchOutput {
 public:
  MatchOutput(const std::filesystem::path& folder, const roadnet::Network& network,
              const std::vector<geo::Area>& areas, const tracks::AreaCuts& cuts)
      : network_(network),
        areas_(areas),
        cuts_(cuts),
        path_((folder / "path.csv").string()),
        visits_((folder / "visits.csv").string()),
        fixes_((folder / "fixes.csv").string()) {
    path_.stream() << "unit_id,seq,node_id,time,way_id\n";
    visits_.stream() << "unit_id,area_id,enter_time,leave_time,dwell_s\n";
  }

  // Writes path and visits; appends verdicts to the rows they belong to.
  // settlements: of the track's fixes; none: it was matched as a whole.
  void Take(const tracks::MatchedTrack& track, const std::vector<tracks::Settlement>& settlements,
            const UnitFixes& unit, FixFile* file) {
    ++tally.units;
    tally.fixes += unit.fixes.size();
    for (size_t i = 0; i < track.stretch_count(); ++i) {
      tally.path_km += track.stretch(i).length_m / 1000;
      if (!track.stretch(i).continues) ++tally.paths;
    }
    const std::string unit_id = tracks::CsvField(track.unit_id());
    PathRows path(network_, [&](const PathRow& row) {
      path_.stream() << unit_id << ',' << row.seq << ',';
      if (row.node) path_.stream() << *row.node;
      path_.stream() << ',' << FormatUtc(row.time) << ',';
      if (row.node) path_.stream() << row.way;
      path_.stream() << '\n';
    });
    tracks::WalkTrack(network_, track, [&](const tracks::TimedPart& part) {
      path.Take(part);
      if (part.doubtful) tally.doubtful_km += std::abs(part.end_m - part.start_m) / 1000;
    });
    path.EndPath();
    for (const tracks::AreaVisit& visit : tracks::AreaVisits(network_, track, cuts_)) {
      ++tally.visits;
      visits_.stream() << unit_id << ',' << tracks::CsvField(areas_[visit.area].id) << ','
                       << FormatUtc(visit.enter) << ',' << FormatUtc(visit.leave) << ','
                       << absl::StrFormat("%.6f", absl::ToDoubleSeconds(visit.dwell())) << '\n';
    }
    // The track has the fixes in the order of time.
    std::vector<size_t> order(unit.fixes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return unit.fixes[a].time < unit.fixes[b].time; });
    for (size_t i = 0; i < order.size(); ++i) {
      const tracks::MatchedFix& fix = track.fixes()[i];
      ++tally.verdicts[std::string(tracks::MatchVerdictName(fix.verdict))];
      std::string& row = file->rows[unit.rows[order[i]]];
      row += FixColumns(network_, fix);
      if (tally.online) row += SettlementColumns(settlements[i]);
    }
  }

  absl::Status Close(const FixFile& file) {
    fixes_.stream() << file.header << kFixColumns << (tally.online ? kSettlementColumns : "")
                    << '\n';
    for (const std::string& row : file.rows) fixes_.stream() << row << '\n';
    PATROL_RETURN_IF_ERROR(path_.Close());
    PATROL_RETURN_IF_ERROR(visits_.Close());
    return fixes_.Close();
  }

  Tally tally;

 private:
  std::string SettlementColumns(const tracks::Settlement& settlement) {
    const double delay_s = absl::ToDoubleSeconds(settlement.delay);
    tally.delay_sum_s += delay_s;
    tally.delay_max_s = std::max(tally.delay_max_s, delay_s);
    if (settlement.forced) ++tally.forced;
    return SettlementText(settlement);
  }

  const roadnet::Network& network_;
  const std::vector<geo::Area>& areas_;
  const tracks::AreaCuts& cuts_;
  OutFile path_;
  OutFile visits_;
  OutFile fixes_;
};

void PrintTally(const Tally& tally, Format format) {
  std::vector<std::pair<std::string, std::string>> rows = {{"units", absl::StrCat(tally.units)},
                                                           {"fixes", absl::StrCat(tally.fixes)}};
  for (const char* verdict :
       {"matched", "attached", "off_network", "outlier", "duplicate", "late"}) {
    const auto found = tally.verdicts.find(verdict);
    rows.emplace_back(verdict, absl::StrCat(found == tally.verdicts.end() ? 0 : found->second));
  }
  rows.emplace_back("paths", absl::StrCat(tally.paths));
  rows.emplace_back("path_km", absl::StrFormat("%.3f", tally.path_km));
  rows.emplace_back("doubtful_km", absl::StrFormat("%.3f", tally.doubtful_km));
  rows.emplace_back("visits", absl::StrCat(tally.visits));
  if (tally.online) {
    rows.emplace_back("forced", absl::StrCat(tally.forced));
    rows.emplace_back(
        "delay_mean_s",
        absl::StrFormat("%.3f",
                        tally.delay_sum_s / static_cast<double>(std::max<size_t>(tally.fixes, 1))));
    rows.emplace_back("delay_max_s", absl::StrFormat("%.3f", tally.delay_max_s));
  }
  const std::string suspected(tally.suspected_datum ? geo::DatumName(*tally.suspected_datum) : "");
  rows.emplace_back("suspected_datum",
                    format == Format::kJson ? absl::StrCat("\"", suspected, "\"") : suspected);
  rows.emplace_back("match_s", absl::StrFormat("%.3f", tally.match_s));
  rows.emplace_back("match_cpu_s", absl::StrFormat("%.3f", tally.match_cpu_s));
  rows.emplace_back("fixes_per_s", absl::StrFormat("%.0f", static_cast<double>(tally.fixes) /
                                                               std::max(tally.match_s, 1e-6)));
  std::string text;
  if (format == Format::kJson) {
    for (const auto& [key, value] : rows) {
      absl::StrAppend(&text, text.empty() ? "{" : ", ", "\"", key, "\": ", value);
    }
    text += "}\n";
  } else {
    for (const auto& [key, value] : rows) {
      if (format == Format::kCsv) {
        absl::StrAppend(&text, key, ",", value, "\n");
      } else {
        absl::StrAppendFormat(&text, "%-12s %s\n", key, value);
      }
    }
  }
  std::fputs(text.c_str(), stdout);
}

// Warns of positions that fit the roads far better in another datum than the one they were read in.
std::optional<geo::Datum> WarnOfWrongDatum(const FixFileFlags& flags, const FixFile& file,
                                           const roadnet::Network& network,
                                           const roadnet::SpatialIndex& index, roadnet::Mode mode) {
  geo::Datum read_as = geo::Datum::kWgs84;
  if (!geo::ParseDatum(flags.datum, &read_as)) return std::nullopt;
  tracks::DatumCheck check(network, index, read_as);
  for (const auto& [unit_id, unit] : file.units) {
    for (const tracks::Fix& fix : unit.fixes) check.Take(fix);
  }
  return WarnOfDatum(flags, check, mode);
}

// Makes the track of a unit: as a whole, or, with a delay, as a live path tells it.
class TrackMaker {
 public:
  TrackMaker(const roadnet::Network& network, const roadnet::SpatialIndex& index,
             std::optional<absl::Duration> delay)
      : graphs_(network),
        matchers_(network, index, graphs_),
        models_(network, index, graphs_),
        delay_(delay) {}

  tracks::PathPiece Make(const std::string& unit_id, roadnet::Mode mode, const UnitFixes& unit) {
    if (!delay_) return {matchers_.Of(mode).Match(unit_id, unit.fixes)};
    std::vector<const tracks::Fix*> ordered;
    for (const tracks::Fix& fix : unit.fixes) ordered.push_back(&fix);
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto* a, const auto* b) { return a->time < b->time; });
    tracks::LivePath path(unit_id, mode, models_.network(), &models_.Of(mode),
                          {.delay_max = *delay_});
    for (const tracks::Fix* fix : ordered) path.Feed(*fix);
    path.Finish();
    return path.Take();
  }

 private:
  tracks::MatchGraphs graphs_;
  tracks::ModeMatchers matchers_;
  tracks::ModeModels models_;
  const std::optional<absl::Duration> delay_;
};

absl::Status RunMatch(const MatchFlags& flags, Format format) {
  PATROL_ASSIGN_OR_RETURN(const UnitModes modes, UnitModes::Read(flags.modes));
  PATROL_ASSIGN_OR_RETURN(const absl::Duration delay, ParseDelay(flags.delay));
  std::vector<geo::Area> areas;
  if (!flags.areas.empty()) {
    PATROL_ASSIGN_OR_RETURN(areas, coverage::ReadAreasFile(flags.areas));
  }
  PATROL_ASSIGN_OR_RETURN(FixFile file, ReadRows(flags.fixes));
  PATROL_ASSIGN_OR_RETURN(const roadnet::Network network, ReadNetwork(flags.network));
  std::error_code made;
  std::filesystem::create_directories(flags.out, made);
  if (made) {
    return absl::UnavailableError(absl::StrCat("--out: ", flags.out, ": ", made.message()));
  }

  const roadnet::SpatialIndex index(network);
  const tracks::AreaCuts cuts(network, index, areas);
  TrackMaker tracks(network, index, flags.online ? std::optional(delay) : std::nullopt);
  MatchOutput output(flags.out, network, areas, cuts);
  output.tally.online = flags.online;
  output.tally.suspected_datum =
      WarnOfWrongDatum(flags.fixes, file, network, index, modes.otherwise());
  Progress progress("units matched", file.units.size());
  for (auto& [unit_id, unit] : file.units) {
    const roadnet::Mode mode = modes.Of(unit_id);
    const auto start = std::chrono::steady_clock::now();
    const absl::Duration cpu_start = ThreadCpu();
    const tracks::PathPiece made = tracks.Make(unit_id, mode, unit);
    output.tally.match_s +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    output.tally.match_cpu_s += absl::ToDoubleSeconds(ThreadCpu() - cpu_start);
    output.Take(made.track, made.settlements, unit, &file);
    progress.Tell(output.tally.units);
  }
  progress.Clear();
  PATROL_RETURN_IF_ERROR(output.Close(file));
  PrintTally(output.tally, format);
  return absl::OkStatus();
}

}  // namespace

void AddMatchCommands(Context& context) {
  CLI::App* match =
      Group(context.app, "match", "match positions to the road network, without a service");
  CLI::App* run = match->add_subcommand(
      "run", "paths, visits and a verdict for each fix of a CSV, GPX or NMEA file");
  const auto flags = std::make_shared<MatchFlags>();
  AddNetworkOptions(run, &flags->network)->required();
  AddFixFileOptions(run, "--fixes", &flags->fixes);
  run->add_option("--areas", flags->areas,
                  "GeoJSON, GeoPackage ... of the areas whose visits are wanted");
  AddUnitModeOptions(run, &flags->modes);
  CLI::Option* online = run->add_flag(
      "--online", flags->online,
      "as a live path is told while fixes come: with a bounded delay, and how long each fix had");
  AddDelayOption(run, &flags->delay)->needs(online);
  run->add_option("--out", flags->out, "folder for path.csv, visits.csv and fixes.csv")->required();
  OnRun(context, run, [&context, flags] { return RunMatch(*flags, context.format); });
}

}  // namespace patrol::ctl
