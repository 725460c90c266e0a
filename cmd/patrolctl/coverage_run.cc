// patrolctl coverage run: fixes matched and covered over a window, offline, from files to files.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/cpu_time.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/fix_file.h"
#include "cmd/patrolctl/network_flags.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_files.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/csv_table.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/matcher.h"
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
  std::vector<std::string> without;
  std::vector<std::string> add_at;
  std::string out;
  int threads = 0;
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
  std::vector<tracks::Fix> fixes;
};
using Units = std::map<std::string, UnitFixes>;

// One line on a terminal, rewritten; nothing elsewhere.
class Progress {
 public:
  void Show(const char* what, double share) {
    if (!shown_) return;
    std::fprintf(stderr, "\r%s %3.0f %%  ", what, share * 100);
    std::fflush(stderr);
  }
  void End() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }

 private:
  const bool shown_ = isatty(STDERR_FILENO) == 1;
};

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
  PrintRowFaults(path, *report);
  return absl::OkStatus();
}

absl::Status ReadFixes(const RunArguments& arguments, Units* units, coverage::FixCounts* counts) {
  roadnet::Mode mode = roadnet::Mode::kCar;
  if (!roadnet::ParseMode(arguments.mode, &mode)) {
    return absl::InvalidArgumentError(absl::StrCat("--mode: no mode \"", arguments.mode, "\""));
  }
  const auto sink = [&](tracks::FixRow&& row) {
    const auto [it, is_new] = units->try_emplace(row.fix.unit_id);
    if (is_new) it->second.mode = mode;
    it->second.fixes.push_back(std::move(row.fix));
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

void Count(const tracks::MatchedTrack& track, coverage::FixCounts* counts) {
  for (const tracks::MatchedFix& fix : track.fixes()) {
    switch (fix.verdict) {
      case tracks::MatchVerdict::kMatched:
        ++counts->matched;
        break;
      case tracks::MatchVerdict::kAttached:
        ++counts->attached;
        break;
      case tracks::MatchVerdict::kOffNetwork:
        ++counts->off_network;
        break;
      case tracks::MatchVerdict::kOutlier:
        ++counts->outlier;
        break;
      case tracks::MatchVerdict::kDuplicate:
      case tracks::MatchVerdict::kLate:
        ++counts->duplicate;
        break;
    }
  }
}

// Matches the fixes, taking them.
std::vector<tracks::MatchedTrack> Match(const roadnet::Network& network, Units units,
                                        Progress& progress, coverage::FixCounts* counts) {
  struct ModeMatcher {
    std::unique_ptr<const roadnet::SearchGraph> graph;
    std::unique_ptr<tracks::Matcher> matcher;
  };
  const roadnet::SpatialIndex index(network);
  std::array<ModeMatcher, roadnet::kModeCount> matchers;
  std::vector<tracks::MatchedTrack> matched;
  size_t done = 0;
  for (auto& [id, unit] : units) {
    if (++done % 16 == 0) {
      progress.Show("matching", static_cast<double>(done) / static_cast<double>(units.size()));
    }
    if (unit.fixes.empty()) continue;
    ModeMatcher& own = matchers[static_cast<size_t>(unit.mode)];
    if (own.matcher == nullptr) {
      own.graph = std::make_unique<const roadnet::SearchGraph>(
          tracks::Matcher::MakeGraph(network, unit.mode));
      own.matcher = std::make_unique<tracks::Matcher>(network, index, *own.graph);
    }
    matched.push_back(own.matcher->Match(id, unit.fixes));
    Count(matched.back(), counts);
    unit.fixes = {};
  }
  counts->units = matched.size();
  return matched;
}

// The hour of the first fix to the end of the hour of the last, where not given otherwise.
absl::Status SetWindow(const RunArguments& arguments, const std::optional<absl::TimeZone>& zone,
                       const Units& units, coverage::WindowOptions* options) {
  absl::Time first = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
  for (const auto& [id, unit] : units) {
    for (const tracks::Fix& fix : unit.fixes) {
      first = std::min(first, fix.time);
      last = std::max(last, fix.time);
    }
  }
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
    PATROL_ASSIGN_OR_RETURN(options->from, ParseTime(arguments.from, naive_zone));
  }
  if (!arguments.to.empty()) {
    PATROL_ASSIGN_OR_RETURN(options->to, ParseTime(arguments.to, naive_zone));
  }
  PATROL_ASSIGN_OR_RETURN(options->step, ParseDuration(arguments.step));
  PATROL_ASSIGN_OR_RETURN(const std::vector<absl::Duration> reaches, ParseReaches(arguments.reach));
  options->reach = reaches.front();
  for (const absl::string_view text : absl::StrSplit(arguments.shifts, ',', absl::SkipEmpty())) {
    absl::CivilMinute at;
    if (!absl::ParseCivilTime(absl::StrCat("2000-01-01T", text), &at)) {
      return absl::InvalidArgumentError(absl::StrCat("--shifts: \"", text, "\" is no HH:MM"));
    }
    options->shift_starts.push_back(absl::Minutes(at - absl::CivilMinute(2000, 1, 1)));
  }
  return absl::OkStatus();
}

// What if these units had not been there.
absl::Status LeaveOut(const std::vector<std::string>& ids, Units* units) {
  for (const std::string& id : ids) {
    if (units->erase(id) == 0) {
      return absl::NotFoundError(absl::StrCat("--without: no unit \"", id, "\""));
    }
  }
  return absl::OkStatus();
}

// What if further units had stood at these places ("LON,LAT") all the time.
absl::Status AddStationed(const roadnet::Network& network, const RunArguments& arguments,
                          const coverage::WindowOptions& options,
                          std::vector<tracks::MatchedTrack>* matched) {
  roadnet::Mode mode = roadnet::Mode::kCar;
  (void)roadnet::ParseMode(arguments.mode, &mode);
  const roadnet::SpatialIndex index(network);
  for (size_t i = 0; i < arguments.add_at.size(); ++i) {
    const std::string& text = arguments.add_at[i];
    const std::vector<std::string> parts = absl::StrSplit(text, ',');
    geo::LonLat place;
    if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &place.lon) ||
        !absl::SimpleAtod(parts[1], &place.lat) || std::abs(place.lon) > 180 ||
        std::abs(place.lat) > 90) {
      return absl::InvalidArgumentError(absl::StrCat("--add-at: \"", text, "\" is no LON,LAT"));
    }
    constexpr double kSnapLimitM = 50;
    constexpr double kAttachLimitM = 200;
    const std::vector<roadnet::Candidate> near =
        index.Nearest(place, {.mode = mode, .radius_m = kAttachLimitM, .count_max = 1});
    if (near.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--add-at: ", text, ": no road for the mode within 200 m"));
    }
    const double distance_m = near.front().distance_m;
    matched->push_back(
        coverage::StationedTrack(absl::StrCat("added-", i + 1), mode,
                                 {near.front().position, distance_m > kSnapLimitM ? distance_m : 0},
                                 options.from, options.to, options.stale_after));
  }
  return absl::OkStatus();
}

// Rows area_id,every_s: areas that are to be visited so often during each shift.
absl::Status ReadRounds(const std::string& path, const std::vector<geo::Area>& areas,
                        std::vector<coverage::RequiredRound>* rounds) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  tracks::CsvTable table(in);
  const absl::Status header = table.ReadHeader({"area_id", "every_s"}, {});
  if (!header.ok()) return Annotate(header, path);
  tracks::RowFault fault;
  for (auto next = table.ReadRow(&fault); next != tracks::CsvTable::Next::kEnd;
       next = table.ReadRow(&fault)) {
    double every_s = 0;
    const auto area = std::find_if(areas.begin(), areas.end(), [&](const geo::Area& candidate) {
      return candidate.id == table.field(0);
    });
    if (next == tracks::CsvTable::Next::kFault || area == areas.end() ||
        !absl::SimpleAtod({table.field(1).data(), table.field(1).size()}, &every_s) ||
        !(every_s >= 1 && every_s <= 1e7)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", path, "\": line ", table.line(), ": not an area of --areas and 1..1e7 seconds"));
    }
    rounds->push_back({static_cast<size_t>(area - areas.begin()), absl::Seconds(every_s)});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<geo::Area>> ReadAreas(const std::string& path) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  std::ostringstream text;
  text << in.rdbuf();
  auto areas = geo::ReadAreasGeoJson(text.str());
  if (!areas.ok()) return Annotate(areas.status(), path);
  return areas;
}

absl::Status RunWindow(const RunArguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const std::optional<absl::TimeZone> zone,
                          ParseTimeZone(arguments.fixes.time_zone));
  PartTimer timer(arguments.timing);
  Units units;
  coverage::FixCounts counts;
  coverage::WindowOptions options;
  if (!arguments.units.empty()) {
    PATROL_RETURN_IF_ERROR(ReadUnits(arguments.units, &units, &options));
  }
  PATROL_RETURN_IF_ERROR(ReadFixes(arguments, &units, &counts));
  options.threads = arguments.threads;
  PATROL_RETURN_IF_ERROR(SetWindow(arguments, zone, units, &options));
  PATROL_RETURN_IF_ERROR(LeaveOut(arguments.without, &units));
  PATROL_ASSIGN_OR_RETURN(std::vector<geo::Area> areas, ReadAreas(arguments.areas));
  PATROL_ASSIGN_OR_RETURN(roadnet::Network read, ReadNetwork(arguments.network));
  const auto network = std::make_shared<const roadnet::Network>(std::move(read));

  timer.End("read");
  Progress progress;
  std::vector<tracks::MatchedTrack> matched = Match(*network, std::move(units), progress, &counts);
  PATROL_RETURN_IF_ERROR(AddStationed(*network, arguments, options, &matched));
  timer.End("matched");
  if (!arguments.rounds.empty()) {
    PATROL_RETURN_IF_ERROR(ReadRounds(arguments.rounds, areas, &options.rounds));
  }
  const coverage::AreaIndex index(*network, std::move(areas));
  const coverage::ModeGraphs graphs(network);
  PATROL_ASSIGN_OR_RETURN(
      const coverage::WindowResult result,
      coverage::ComputeWindow(graphs, index, matched, options,
                              [&](double share) { progress.Show("covering", share); }));
  progress.End();
  timer.End("covered");
  PATROL_RETURN_IF_ERROR(coverage::WriteWindow(*network, index, result, counts, arguments.out));
  timer.End("written");
  const coverage::SpanSums& town = result.town.window;
  std::printf("%s .. %s: covered %.4f, covered or unknown %.4f of %.3f km; %zu units\n",
              FormatUtc(options.from).c_str(), FormatUtc(options.to).c_str(), town.covered_ratio(),
              town.covered_ratio() + town.unknown_ratio(),
              static_cast<double>(town.patrollable_um) * 1e-9, matched.size());
  PATROL_ASSIGN_OR_RETURN(const std::vector<absl::Duration> reaches, ParseReaches(arguments.reach));
  for (size_t i = 1; i < reaches.size(); ++i) {
    options.reach = reaches[i];
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
  run->add_option("--areas", arguments->areas, "GeoJSON with id, name, kind, parent")->required();
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
                  "CSV area_id,every_s: required visits in each shift, writes rounds.csv");
  run->add_option("--without", arguments->without, "what if this unit had not been there");
  run->add_option("--add-at", arguments->add_at,
                  "what if a unit had stood at LON,LAT all the time (of --mode)");
  run->add_option("--out", arguments->out,
                  "folder for summary.json, areas.csv, edges.csv, coverage.geojson, gaps.geojson")
      ->required();
  run->add_option("--threads", arguments->threads,
                  "to cover with; 0: one a core. The files do not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  run->add_flag("--timing", arguments->timing, "tells what each part took, to stderr");
  OnRun(context, run, [arguments] { return RunWindow(*arguments); });
}

}  // namespace patrol::ctl
