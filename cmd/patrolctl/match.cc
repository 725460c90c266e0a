// patrolctl match run: fixes of a file to paths, visits and verdicts, without a service.

#include <unistd.h>

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
#include "cmd/patrolctl/network_flags.h"
#include "lib/base/status.h"
#include "lib/base/thread_cpu.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/geo/datum.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/area_visits.h"
#include "lib/patrol/tracks/datum_check.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/mode_matchers.h"
#include "lib/patrol/tracks/path_walk.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::ctl {

namespace {

struct MatchFlags {
  NetworkFlags network;
  FixFileFlags fixes;
  std::string areas;
  std::string units;
  std::string mode = "car";
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

void PrintFaults(const std::string& path, const tracks::RowReport& report) {
  PrintRowFaults(path, report);
  if (report.faulty > 0) {
    std::fprintf(stderr, "%s: %llu of %llu rows are bad, %llu imported\n", path.c_str(),
                 static_cast<unsigned long long>(report.faulty),
                 static_cast<unsigned long long>(report.rows),
                 static_cast<unsigned long long>(report.imported));
  }
  if (report.without_position > 0) {
    std::fprintf(stderr, "%s: %llu times the receiver had no fix\n", path.c_str(),
                 static_cast<unsigned long long>(report.without_position));
  }
}

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

// Modes of the units of --units; empty without it.
absl::StatusOr<std::map<std::string, roadnet::Mode>> ReadModes(const std::string& path) {
  std::map<std::string, roadnet::Mode> modes;
  if (path.empty()) return modes;
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  const absl::StatusOr<tracks::RowReport> report =
      tracks::ReadUnitsCsv(in, [&](tracks::Unit&& unit) {
        modes[unit.id] = unit.mode;
        return absl::OkStatus();
      });
  if (!report.ok()) return Annotate(report.status(), path);
  PrintFaults(path, *report);
  return modes;
}

// Two paths of a unit that meet on a piece, less than noise apart, are one passage of it.
constexpr double kSamePassageM = 50;

// Writes the rows of path.csv for one unit: every node passed, in order, and both nodes of the
// pieces that a path begins and ends on. Of a piece that the path before ended on, and that this
// one goes on along, the first node stands there already: a piece passed once is listed once. What
// is in doubt is left out, as if the path broke there.
class PathWriter {
 public:
  PathWriter(const roadnet::Network& network, std::string_view unit_id, std::ostream& out)
      : network_(network), unit_(tracks::CsvField(unit_id)), out_(out) {}

  void Take(const tracks::TimedPart& part) {
    if (part.breaks || part.doubtful) EndPath();
    if (part.doubtful) return;
    const double length_m = std::abs(part.end_m - part.start_m);
    if (!open_) {
      if (length_m == 0) return;  // stands where the path begins
      if (seq_ > 0) Row("", part.start, "");
      if (!GoesOn(part)) NodeRow(part.arc, network_.tail(part.arc), part.start);
      open_ = true;
      listed_ = true;
      driven_m_ = 0;
    } else {
      const bool turned_midway = part.arc == roadnet::ReverseArc(arc_) && part.start_m != HeadM();
      const bool came_round = part.arc == arc_ && part.start_m != end_m_;
      if (came_round || (part.arc != arc_ && !turned_midway)) {
        NodeRow(arc_, network_.head(arc_), part.start);
        driven_m_ = 0;
      }
    }
    arc_ = part.arc;
    end_m_ = part.end_m;
    end_ = part.end;
    driven_m_ += length_m;
  }

  // A path that only touches its last piece at the node has been told that node already.
  void EndPath() {
    if (open_ && driven_m_ > 0) NodeRow(arc_, network_.head(arc_), end_);
    open_ = false;
  }

 private:
  // Whether a path that begins with `part` goes on where the one before has ended.
  bool GoesOn(const tracks::TimedPart& part) const {
    const double ahead_m =
        roadnet::IsBackward(arc_) ? end_m_ - part.start_m : part.start_m - end_m_;
    return listed_ && part.arc == arc_ && ahead_m > -kSamePassageM;
  }

  // Where the present arc ends, metres from its piece's first node.
  double HeadM() const {
    return roadnet::IsBackward(arc_) ? 0 : network_.piece(roadnet::PieceOf(arc_)).length_m;
  }

  void NodeRow(roadnet::ArcIndex arc, roadnet::NodeIndex node, absl::Time time) {
    Row(absl::StrCat(network_.node(node).id), time,
        absl::StrCat(network_.piece(roadnet::PieceOf(arc)).way_id));
  }

  void Row(const std::string& node, absl::Time time, const std::string& way) {
    out_ << unit_ << ',' << seq_++ << ',' << node << ',' << FormatUtc(time) << ',' << way << '\n';
  }

  const roadnet::Network& network_;
  const std::string unit_;
  std::ostream& out_;
  uint64_t seq_ = 0;
  bool listed_ = false;  // a path has been written; arc_ and end_m_ are of the last one
  bool open_ = false;    // the path goes on; the head of arc_ is not written yet
  roadnet::ArcIndex arc_ = 0;
  double end_m_ = 0;     // where on its piece the part before ended
  double driven_m_ = 0;  // on arc_ and, turned round, its reverse
  absl::Time end_;
};

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
  void Take(const tracks::MatchedTrack& track, const UnitFixes& unit, FixFile* file) {
    ++tally.units;
    tally.fixes += unit.fixes.size();
    for (size_t i = 0; i < track.stretch_count(); ++i) {
      tally.path_km += track.stretch(i).length_m / 1000;
      if (!track.stretch(i).continues) ++tally.paths;
    }
    PathWriter path(network_, track.unit_id(), path_.stream());
    tracks::WalkTrack(network_, track, [&](const tracks::TimedPart& part) {
      path.Take(part);
      if (part.doubtful) tally.doubtful_km += std::abs(part.end_m - part.start_m) / 1000;
    });
    path.EndPath();
    for (const tracks::AreaVisit& visit : tracks::AreaVisits(network_, track, cuts_)) {
      ++tally.visits;
      visits_.stream() << tracks::CsvField(track.unit_id()) << ','
                       << tracks::CsvField(areas_[visit.area].id) << ',' << FormatUtc(visit.enter)
                       << ',' << FormatUtc(visit.leave) << ','
                       << absl::StrFormat("%.6f", absl::ToDoubleSeconds(visit.dwell())) << '\n';
    }
    // The track has the fixes in the order of time.
    std::vector<size_t> order(unit.fixes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return unit.fixes[a].time < unit.fixes[b].time; });
    for (size_t i = 0; i < order.size(); ++i) {
      file->rows[unit.rows[order[i]]] += VerdictColumns(track.fixes()[i]);
    }
  }

  absl::Status Close(const FixFile& file) {
    fixes_.stream() << file.header << ",verdict,way_id,seq,offset_m,distance_m\n";
    for (const std::string& row : file.rows) fixes_.stream() << row << '\n';
    PATROL_RETURN_IF_ERROR(path_.Close());
    PATROL_RETURN_IF_ERROR(visits_.Close());
    return fixes_.Close();
  }

  Tally tally;

 private:
  std::string VerdictColumns(const tracks::MatchedFix& fix) {
    std::string verdict(tracks::MatchVerdictName(fix.verdict));
    ++tally.verdicts[verdict];
    if (fix.reason != tracks::OutlierReason::kNone) {
      absl::StrAppend(&verdict, ":", std::string(tracks::OutlierReasonName(fix.reason)));
    }
    const bool placed = fix.verdict == tracks::MatchVerdict::kMatched ||
                        fix.verdict == tracks::MatchVerdict::kAttached;
    if (!placed) return absl::StrCat(",", verdict, ",,,,");
    const roadnet::Piece& piece = network_.piece(fix.at.piece);
    return absl::StrCat(",", verdict, ",", piece.way_id, ",", piece.seq, ",",
                        absl::StrFormat("%.3f,%.3f", fix.at.offset_m, fix.distance_m));
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
  const tracks::DatumFit fit = check.Fit(mode);
  if (fit.suspected) {
    std::fprintf(stderr,
                 "warning: %s: positions seem to be in %s. Nothing was converted; if it is so, run "
                 "again with --datum %s\n",
                 flags.path.c_str(), tracks::DatumFitText(fit).c_str(),
                 std::string(geo::DatumName(*fit.suspected)).c_str());
  }
  return fit.suspected;
}

absl::Status RunMatch(const MatchFlags& flags, Format format) {
  roadnet::Mode mode = roadnet::Mode::kCar;
  if (!roadnet::ParseMode(flags.mode, &mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--mode: \"", flags.mode, "\" is not car, motorcycle, e-bike, bicycle or foot"));
  }
  using ModeByUnit = std::map<std::string, roadnet::Mode>;
  PATROL_ASSIGN_OR_RETURN(const ModeByUnit modes, ReadModes(flags.units));
  std::vector<geo::Area> areas;
  if (!flags.areas.empty()) {
    PATROL_ASSIGN_OR_RETURN(areas, ReadAreas(flags.areas));
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
  tracks::MatchGraphs graphs(network);
  tracks::ModeMatchers matchers(network, index, graphs);
  MatchOutput output(flags.out, network, areas, cuts);
  output.tally.suspected_datum = WarnOfWrongDatum(flags.fixes, file, network, index, mode);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  size_t done = 0;
  for (auto& [unit_id, unit] : file.units) {
    roadnet::Mode unit_mode = mode;
    if (const auto found = modes.find(unit_id); found != modes.end()) {
      unit_mode = found->second;
    } else if (!flags.units.empty()) {
      std::fprintf(stderr, "%s: unit \"%s\" is not in %s; its %zu fixes are matched as %s\n",
                   flags.fixes.path.c_str(), unit_id.c_str(), flags.units.c_str(),
                   unit.fixes.size(), flags.mode.c_str());
    }
    const auto start = std::chrono::steady_clock::now();
    const absl::Duration cpu_start = ThreadCpu();
    const tracks::MatchedTrack track = matchers.Of(unit_mode).Match(unit_id, unit.fixes);
    output.tally.match_s +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    output.tally.match_cpu_s += absl::ToDoubleSeconds(ThreadCpu() - cpu_start);
    output.Take(track, unit, &file);
    ++done;
    if (terminal) std::fprintf(stderr, "\rmatched %zu of %zu units", done, file.units.size());
  }
  if (terminal) std::fputc('\n', stderr);
  PATROL_RETURN_IF_ERROR(output.Close(file));
  PrintTally(output.tally, format);
  return absl::OkStatus();
}

}  // namespace

void AddMatchCommands(Context& context) {
  CLI::App* match = Group(context.app, "match", "match positions to the road network (offline)");
  CLI::App* run = match->add_subcommand(
      "run", "paths, visits and a verdict for each fix of a CSV, GPX or NMEA file");
  const auto flags = std::make_shared<MatchFlags>();
  AddNetworkOptions(run, &flags->network)->required();
  AddFixFileOptions(run, "--fixes", &flags->fixes);
  run->add_option("--areas", flags->areas, "GeoJSON of the areas whose visits are wanted");
  run->add_option("--units", flags->units, "CSV of the units, for their modes");
  run->add_option("--mode", flags->mode, "how units move that --units does not name")
      ->capture_default_str();
  run->add_option("--out", flags->out, "folder for path.csv, visits.csv and fixes.csv")->required();
  OnRun(context, run, [&context, flags] { return RunMatch(*flags, context.format); });
}

}  // namespace patrol::ctl
