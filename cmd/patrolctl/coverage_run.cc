// patrolctl coverage run: fixes matched and covered over a window, offline, from files to files.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/coverage_doubts.h"
#include "cmd/patrolctl/coverage_what_if.h"
#include "cmd/patrolctl/cpu_time.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/fix_file.h"
#include "cmd/patrolctl/network_flags.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/geo/datum.h"
#include "lib/patrol/coverage/area_file.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/blind_spots.h"
#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/shifts.h"
#include "lib/patrol/coverage/speed_profile.h"
#include "lib/patrol/coverage/visit_files.h"
#include "lib/patrol/coverage/watch_window.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_files.h"
#include "lib/patrol/coverage/window_sampler.h"
#include "lib/patrol/coverage/window_visits.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/datum_check.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/fix_log.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/mode_matchers.h"
#include "lib/patrol/tracks/track.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::ctl {
namespace {

struct RunArguments {
  NetworkFlags network;
  std::string areas;
  FixFileFlags fixes;
  std::string units;
  std::string mode = "car";
  std::string from;
  std::string to;
  std::string step = "10s";
  std::string reach = "180s";
  std::string shifts;
  std::string rounds;
  WhatIfFlags what_if;
  std::string speeds;
  std::string cameras;
  double camera_range_m = 50;
  std::string gap_min = "10m";
  size_t gap_polygons = 0;
  std::string out;
  int threads = 0;
  bool backup = false;
  bool visits = false;
  bool timing = false;
};

// Tells on stderr what each part of the work took.
class PartTimer {
 public:
  explicit PartTimer(bool shown) : shown_(shown) {}
  void End(const char* part) {
    const double cpu_s = ProcessCpuSeconds();
    const absl::Time now = absl::Now();
    if (shown_) {
      std::fprintf(stderr, "%s: %.3f s of CPU, %.3f s\n", part, cpu_s - cpu_s_,
                   absl::ToDoubleSeconds(now - begin_));
    }
    cpu_s_ = cpu_s;
    begin_ = now;
  }

 private:
  const bool shown_;
  double cpu_s_ = ProcessCpuSeconds();
  absl::Time begin_ = absl::Now();
};

// Fixes of each unit, and how each moves; units in order of id, so that results are too.
struct UnitFixes {
  roadnet::Mode mode = roadnet::Mode::kCar;
  tracks::FixLog fixes;
};
using Units = std::map<std::string, UnitFixes>;

// A wrong duration is wrong usage; empty when it is right.
std::string CheckDuration(const std::string& text) {
  return std::string(ParseDuration(text).status().message());
}

// "60s,180s,300s": the first is the one whose files are in the folder itself.
absl::StatusOr<std::vector<absl::Duration>> ParseReaches(const std::string& text) {
  std::vector<absl::Duration> reaches;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    PATROL_ASSIGN_OR_RETURN(const absl::Duration reach, ParseDuration(std::string(part)));
    reaches.push_back(reach);
  }
  return reaches;
}

std::string CheckReaches(const std::string& text) {
  return std::string(ParseReaches(text).status().message());
}

absl::Status ReadUnits(const std::string& path, Units* units, coverage::WindowOptions* options) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  auto report = tracks::ReadUnitsCsv(in, [&](tracks::Unit&& unit) {
    (*units)[unit.id].mode = unit.mode;
    for (const auto& [from, to] : unit.on_duty) options->duty[unit.id].push_back({from, to});
    return absl::OkStatus();
  });
  if (!report.ok()) return Annotate(report.status(), path);
  return AllRowsGood(path, *report);
}

absl::Status ReadFixes(const RunArguments& arguments, roadnet::Mode mode, Units* units,
                       coverage::FixCounts* counts) {
  const auto sink = [&](tracks::FixRow&& row) {
    const auto [it, is_new] = units->try_emplace(row.fix.unit_id);
    if (is_new) it->second.mode = mode;
    it->second.fixes.Add(row.fix);
    return absl::OkStatus();
  };
  PATROL_ASSIGN_OR_RETURN(const tracks::RowReport report, ReadFixFile(arguments.fixes, sink));
  PrintRowFaults(arguments.fixes.path, report);
  counts->rows = report.rows;
  counts->faulty = report.faulty;
  if (counts->rows == counts->faulty) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", arguments.fixes.path, "\": no usable fixes"));
  }
  return absl::OkStatus();
}

// Matches the fixes, taking them, on some threads; tracks come in order of unit all the same.
std::vector<tracks::MatchedTrack> Match(const roadnet::Network& network,
                                        const roadnet::SpatialIndex& index, Units units,
                                        int threads, coverage::FixCounts* counts) {
  std::vector<std::pair<const std::string*, UnitFixes*>> work;
  for (auto& [id, unit] : units) {
    if (!unit.fixes.empty()) work.push_back({&id, &unit});
  }
  tracks::MatchGraphs graphs(network);
  std::vector<tracks::MatchedTrack> matched(work.size());
  std::mutex counting;
  std::atomic<size_t> next = 0;
  Progress progress("units matched", work.size());
  const auto match = [&](bool shows) {
    tracks::ModeMatchers matchers(network, index, graphs);
    for (size_t i = next++; i < work.size(); i = next++) {
      if (shows) progress.Tell(i);
      auto& [id, unit] = work[i];
      const std::vector<tracks::Fix> fixes = unit->fixes.Read(*id);
      unit->fixes = {};
      matched[i] = matchers.Of(unit->mode).Match(*id, fixes);
      {
        std::lock_guard lock(counting);
        counts->Add(matched[i]);
      }
      matched[i].KeepPath();
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(match, false);
  match(true);
  for (std::thread& other : others) other.join();
  return matched;
}

// Warns of fixes read in the wrong datum.
void CheckDatum(const FixFileFlags& flags, const Units& units, const roadnet::Network& network,
                const roadnet::SpatialIndex& index, roadnet::Mode mode) {
  geo::Datum read_as = geo::Datum::kWgs84;
  if (!geo::ParseDatum(flags.datum, &read_as)) return;
  tracks::DatumCheck check(network, index, read_as);
  for (const auto& [id, unit] : units) {
    for (const tracks::Fix& fix : unit.fixes.Read(id)) check.Take(fix);
  }
  WarnOfDatum(flags, check, mode);
}

// Units of the fixes that --units does not name move as --mode says, on duty all the time.
void TellUnnamed(const std::string& path, const std::vector<std::string>& named,
                 const Units& units) {
  constexpr size_t kNamedMax = 5;
  std::vector<std::string> unnamed;
  for (const auto& [id, unit] : units) {
    if (!std::binary_search(named.begin(), named.end(), id)) unnamed.push_back(id);
  }
  if (unnamed.empty()) return;
  const size_t count = unnamed.size();
  unnamed.resize(std::min(count, kNamedMax));
  std::fprintf(
      stderr, "%s: does not name %zu of the units: %s%s; on duty all the time, as --mode\n",
      path.c_str(), count, absl::StrJoin(unnamed, ", ").c_str(), count > kNamedMax ? ", ..." : "");
}

absl::StatusOr<absl::Time> ReadTime(const char* option, const std::string& text,
                                    const absl::TimeZone* zone) {
  absl::StatusOr<absl::Time> time = ParseTime(text, zone);
  if (!time.ok()) return Annotate(time.status(), option);
  return time;
}

// The hour of the first fix to the end of the hour of the last, where not given otherwise.
absl::Status SetWindow(const RunArguments& arguments, const std::optional<absl::TimeZone>& zone,
                       absl::Time first, absl::Time last, coverage::WindowOptions* options) {
  const absl::TimeZone* naive_zone = zone ? &*zone : nullptr;
  if (zone) options->zone = *zone;
  const absl::CivilHour first_hour = absl::ToCivilHour(first, options->zone);
  const absl::CivilHour last_hour = absl::ToCivilHour(last, options->zone);
  options->from = absl::FromCivil(first_hour, options->zone);
  options->to = absl::FromCivil(last_hour, options->zone);
  if (options->to < last || options->to == options->from) {
    options->to = absl::FromCivil(last_hour + 1, options->zone);
  }
  if (!arguments.from.empty()) {
    PATROL_ASSIGN_OR_RETURN(options->from, ReadTime("--from", arguments.from, naive_zone));
  }
  if (!arguments.to.empty()) {
    PATROL_ASSIGN_OR_RETURN(options->to, ReadTime("--to", arguments.to, naive_zone));
  }
  PATROL_ASSIGN_OR_RETURN(options->step, ParseDuration(arguments.step));
  PATROL_ASSIGN_OR_RETURN(const std::vector<absl::Duration> reaches, ParseReaches(arguments.reach));
  options->reach = reaches.front();
  auto shifts = coverage::ParseShiftStarts(arguments.shifts);
  if (!shifts.ok()) return Annotate(shifts.status(), "--shifts");
  options->shift_starts = *std::move(shifts);
  for (const absl::Duration reach : reaches) {
    coverage::WindowOptions each = *options;
    each.reach = reach;
    if (const absl::Status status = coverage::CheckWindow(each); !status.ok()) {
      // It begins with what is wrong: "window", or "step" and "reach", which are options here.
      const bool window = absl::StartsWith(status.message(), "window");
      return absl::InvalidArgumentError(
          absl::StrCat(window ? "--from, --to: " : "--", status.message()));
    }
  }
  if (!arguments.shifts.empty() && !zone) {
    std::fprintf(stderr, "--shifts: of the day in UTC; --time-zone +08:00 for a town's own\n");
  }
  return absl::OkStatus();
}

absl::Status ReadRounds(const std::string& path, const std::vector<geo::Area>& areas,
                        coverage::WindowOptions* options) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  auto rounds = coverage::ReadRounds(in, areas, options->shift_starts);
  if (!rounds.ok()) return Annotate(rounds.status(), path);
  options->rounds = *std::move(rounds);
  return absl::OkStatus();
}

absl::Status ReadSpeeds(const std::string& path, const roadnet::Network& network,
                        const coverage::ModeGraphs::Options& rules,
                        coverage::WindowOptions* options) {
  if (path.empty()) return absl::OkStatus();
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  const auto profile = coverage::SpeedProfile::Read(in);
  if (!profile.ok()) return Annotate(profile.status(), path);
  options->graphs_by_hour = profile->GraphsByHour(network, rules);
  return absl::OkStatus();
}

// Blind spots, joined with what cameras see where there are any, and what of the whole they see.
absl::Status WriteGaps(const RunArguments& arguments, const coverage::ModeGraphs& graphs,
                       const coverage::AreaIndex& index,
                       const std::vector<tracks::MatchedTrack>& matched,
                       const coverage::WindowResult& result) {
  const roadnet::Network& network = graphs.network();
  coverage::BlindSpotOptions options;
  PATROL_ASSIGN_OR_RETURN(options.at_least, ParseDuration(arguments.gap_min));
  options.polygons_max = arguments.gap_polygons;
  std::vector<std::vector<coverage::Interval>> watched;
  if (!arguments.cameras.empty()) {
    PATROL_ASSIGN_OR_RETURN(const std::string text, ReadText(arguments.cameras));
    const auto cameras = coverage::ReadCameraViews(text, arguments.camera_range_m);
    if (!cameras.ok()) return Annotate(cameras.status(), arguments.cameras);
    for (const std::string& fault : cameras->faults) {
      std::fprintf(stderr, "%s: %s\n", arguments.cameras.c_str(), fault.c_str());
    }
    watched = coverage::WatchedStretches(network, roadnet::SpatialIndex(network), cameras->views);
    options.cameras = true;
    PATROL_ASSIGN_OR_RETURN(const std::vector<coverage::WatchMetres> seen,
                            coverage::ComputeWatched(graphs, index, matched, result, watched));
    PATROL_RETURN_IF_ERROR(coverage::WriteWatched(index.areas(), seen, arguments.out));
  }
  const int64_t steps_min =
      coverage::StepAtOrAfter(result.options, result.options.from + options.at_least);
  return coverage::WriteBlindSpots(network, index, result,
                                   coverage::FindBlindSpots(network, result, steps_min, watched),
                                   options, arguments.out);
}

absl::Status RunWindow(const RunArguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const std::optional<absl::TimeZone> zone,
                          ParseTimeZone(arguments.fixes.time_zone));
  PartTimer timer(arguments.timing);
  Units units;
  coverage::FixCounts counts;
  PATROL_ASSIGN_OR_RETURN(const roadnet::Mode mode, ReadModeFlag(arguments.mode));
  PATROL_ASSIGN_OR_RETURN(const coverage::WhatIf what_if, ReadWhatIf(arguments.what_if, mode));
  coverage::WindowOptions options;
  std::vector<std::string> named;
  if (!arguments.units.empty()) {
    PATROL_RETURN_IF_ERROR(ReadUnits(arguments.units, &units, &options));
    for (const auto& [id, unit] : units) named.push_back(id);
  }
  PATROL_RETURN_IF_ERROR(ReadFixes(arguments, mode, &units, &counts));
  if (!arguments.units.empty()) TellUnnamed(arguments.units, named, units);
  options.threads = arguments.threads;
  options.backup = arguments.backup;
  WindowInput input{arguments.fixes.path, arguments.areas, absl::InfiniteFuture(),
                    absl::InfinitePast()};
  for (const auto& [id, unit] : units) {
    input.first_fix = std::min(input.first_fix, unit.fixes.first());
    input.last_fix = std::max(input.last_fix, unit.fixes.last());
  }
  PATROL_RETURN_IF_ERROR(SetWindow(arguments, zone, input.first_fix, input.last_fix, &options));
  input.from = options.from;
  input.to = options.to;
  PATROL_ASSIGN_OR_RETURN(std::vector<geo::Area> areas, coverage::ReadAreasFile(arguments.areas));
  PATROL_ASSIGN_OR_RETURN(roadnet::Network read, ReadNetwork(arguments.network));
  const auto network = std::make_shared<const roadnet::Network>(std::move(read));

  if (!arguments.rounds.empty()) {
    PATROL_RETURN_IF_ERROR(ReadRounds(arguments.rounds, areas, &options));
  }
  timer.End("read");
  const int threads = arguments.threads > 0
                          ? arguments.threads
                          : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<tracks::MatchedTrack> matched;
  {
    const roadnet::SpatialIndex places(*network);
    CheckDatum(arguments.fixes, units, *network, places, mode);
    matched = Match(*network, places, std::move(units), threads, &counts);
  }
  timer.End("matched");
  WarnOfOtherNetwork(input, counts);
  const coverage::AreaIndex index(*network, std::move(areas));
  WarnOfEmptyWindow(input, index);
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(arguments.network));
  const coverage::ModeGraphs graphs(network, waivers.graphs);
  PATROL_RETURN_IF_ERROR(ReadSpeeds(arguments.speeds, *network, waivers.graphs, &options));
  options.count_visits = false;                  // below, so that it is timed
  std::optional<coverage::WindowResult> before;  // what is changed by --without and the like
  if (what_if.any()) {
    PATROL_ASSIGN_OR_RETURN(before,
                            coverage::ComputeWindow(graphs, index, matched, options, nullptr));
    PATROL_ASSIGN_OR_RETURN(matched, coverage::ApplyWhatIf(what_if, roadnet::SpatialIndex(*network),
                                                           std::move(matched), &options));
    counts.units = matched.size();
  }
  Progress progress("% of the window", 100);
  PATROL_ASSIGN_OR_RETURN(
      coverage::WindowResult result,
      coverage::ComputeWindow(graphs, index, matched, options, [&](double share) {
        progress.Tell(static_cast<uint64_t>(share * 100));
      }));
  progress.Clear();
  timer.End("covered");
  coverage::CountVisits(*network, index, matched, &result);
  timer.End("visits");
  PATROL_RETURN_IF_ERROR(coverage::WriteWindow(*network, index, result, counts, arguments.out));
  PATROL_RETURN_IF_ERROR(WriteGaps(arguments, graphs, index, matched, result));
  if (before) PATROL_RETURN_IF_ERROR(WriteWhatIf(index, *before, result, arguments.out));
  if (arguments.visits) {
    PATROL_RETURN_IF_ERROR(coverage::WriteVisits(*network, index, matched, options, arguments.out));
  }
  timer.End("written");
  const coverage::SpanSums& town = result.town.window;
  std::printf("%s .. %s: covered %.4f, covered or unknown %.4f of %.3f km; %zu units\n",
              FormatUtc(options.from).c_str(), FormatUtc(options.to).c_str(), town.covered_ratio(),
              town.covered_ratio() + town.unknown_ratio(),
              static_cast<double>(town.patrollable_um) * 1e-9, matched.size());
  if (before) {
    std::printf("without the change: covered %.4f\n", before->town.window.covered_ratio());
  }
  if (options.backup) std::printf("by two units or more: %.4f\n", town.backup_ratio());
  PATROL_ASSIGN_OR_RETURN(const std::vector<absl::Duration> reaches, ParseReaches(arguments.reach));
  for (size_t i = 1; i < reaches.size(); ++i) {
    options.reach = reaches[i];
    options.count_visits = true;
    PATROL_ASSIGN_OR_RETURN(const coverage::WindowResult other,
                            coverage::ComputeWindow(graphs, index, matched, options, nullptr));
    PATROL_RETURN_IF_ERROR(coverage::WriteWindow(
        *network, index, other, counts,
        absl::StrCat(arguments.out, "/reach_", absl::ToInt64Seconds(reaches[i]), "s")));
    std::printf("within %s: covered %.4f\n", absl::FormatDuration(reaches[i]).c_str(),
                other.town.window.covered_ratio());
  }
  return absl::OkStatus();
}

}  // namespace

void AddCoverageRun(Context& context) {
  CLI::App* coverage = Group(context.app, "coverage", "who could be where in three minutes");
  CLI::App* run = coverage->add_subcommand("run", "coverage of a window of stored fixes, offline");
  auto arguments = std::make_shared<RunArguments>();
  AddNetworkOptions(run, &arguments->network)->required();
  run->add_option("--areas", arguments->areas,
                  "GeoJSON, GeoPackage, Shapefile ... with id, name, kind, parent")
      ->required();
  AddFixFileOptions(run, "--fixes", &arguments->fixes);
  run->add_option("--units", arguments->units,
                  "CSV of the units: unit_id,mode,on_duty (begin/end;...)");
  run->add_option("--mode", arguments->mode, "how units move that --units does not name")
      ->capture_default_str()
      ->check(CLI::IsMember({"car", "motorcycle", "e-bike", "bicycle", "foot"}));
  run->add_option("--from", arguments->from, "begin, RFC 3339 (default: hour of the first fix)");
  run->add_option("--to", arguments->to, "end, exclusive (default: after the last fix's hour)");
  run->add_option("--step", arguments->step, "between two instants, 1s..1h")
      ->capture_default_str()
      ->check(CheckDuration);
  run->add_option("--reach", arguments->reach,
                  "T, at most 1h; several as 180s,60s,300s: the others go to OUT/reach_60s ...")
      ->capture_default_str()
      ->check(CheckReaches);
  run->add_option("--shifts", arguments->shifts,
                  "when shifts begin, e.g. 06:00,14:00,22:00: writes shifts.csv");
  run->add_option("--rounds", arguments->rounds,
                  "CSV area_id,every_s[,shift_start]: required visits in each shift (without "
                  "--shifts: over the window), writes rounds.csv and due_visits.csv");
  run->add_flag("--backup", arguments->backup,
                "also where two units could be in time that do not move together; takes longer");
  run->add_flag("--visits", arguments->visits,
                "also writes every visit: area_visits.csv, piece_visits.csv, town_visits.csv");
  AddWhatIfOptions(run, &arguments->what_if);
  run->add_option(
      "--speeds", arguments->speeds,
      "CSV hour_begin,hour_end,factor[,class,mode]: how much faster or slower roads are "
      "at some hours of --time-zone's day");
  run->add_option(
      "--cameras", arguments->cameras,
      "CSV or GeoJSON (id, lon, lat, heading_deg, field_of_view_deg, range_m): how much "
      "of a blind spot they see; covers once more for watched.csv: road covered and watched, one "
      "of them or neither");
  run->add_option("--camera-range", arguments->camera_range_m, "of cameras that name none, metres")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 5000.0));
  run->add_option("--gap-min", arguments->gap_min, "blind spots: uncovered at least so long on end")
      ->capture_default_str()
      ->check(CheckDuration);
  run->add_option(
         "--gap-polygons", arguments->gap_polygons,
         "so many of the largest blind spots are drawn as polygons, not as roads; one takes up to "
         "seconds")
      ->capture_default_str()
      ->check(CLI::Range(0, 10000));
  run->add_option("--out", arguments->out,
                  "folder for summary.json, areas.csv, edges.csv, coverage.geojson, gaps.geojson, "
                  "blind_spots.csv, blind_spots.geojson")
      ->required();
  run->add_option("--threads", arguments->threads,
                  "to cover with; 0: one a core. The files do not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  run->add_flag("--timing", arguments->timing, "tells what each part took, to stderr");
  OnRun(context, run, [arguments] { return RunWindow(*arguments); });
}

}  // namespace patrol::ctl
