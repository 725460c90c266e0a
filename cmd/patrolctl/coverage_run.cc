// patrolctl coverage run: fixes matched and covered over a window, offline, from files to files.

#include <unistd.h>

#include <algorithm>
#include <array>
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
#include "absl/strings/str_cat.h"
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
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_files.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
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

absl::Status ReadUnits(const std::string& path, Units* units) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  auto report = tracks::ReadUnitsCsv(in, [&](tracks::Unit&& unit) {
    (*units)[unit.id].mode = unit.mode;
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
  PATROL_ASSIGN_OR_RETURN(options->reach, ParseDuration(arguments.reach));
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
  if (!arguments.units.empty()) PATROL_RETURN_IF_ERROR(ReadUnits(arguments.units, &units));
  PATROL_RETURN_IF_ERROR(ReadFixes(arguments, &units, &counts));
  coverage::WindowOptions options;
  options.threads = arguments.threads;
  PATROL_RETURN_IF_ERROR(SetWindow(arguments, zone, units, &options));
  PATROL_ASSIGN_OR_RETURN(std::vector<geo::Area> areas, ReadAreas(arguments.areas));
  PATROL_ASSIGN_OR_RETURN(roadnet::Network read, ReadNetwork(arguments.network));
  const auto network = std::make_shared<const roadnet::Network>(std::move(read));

  timer.End("read");
  Progress progress;
  const std::vector<tracks::MatchedTrack> matched =
      Match(*network, std::move(units), progress, &counts);
  timer.End("matched");
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
  run->add_option("--units", arguments->units, "CSV of the units, for their modes: unit_id,mode");
  run->add_option("--mode", arguments->mode, "how units move that --units does not name")
      ->capture_default_str()
      ->check(CLI::IsMember({"car", "motorcycle", "e-bike", "bicycle", "foot"}));
  run->add_option("--from", arguments->from, "begin, RFC 3339 (default: hour of the first fix)");
  run->add_option("--to", arguments->to, "end, exclusive (default: after the last fix's hour)");
  run->add_option("--step", arguments->step, "between two instants, 1s..1h")
      ->capture_default_str()
      ->check(CheckDuration);
  run->add_option("--reach", arguments->reach, "T, at most 1h")
      ->capture_default_str()
      ->check(CheckDuration);
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
