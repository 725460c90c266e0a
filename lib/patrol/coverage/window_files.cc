#include "lib/patrol/coverage/window_files.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/coverage/shifts.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using nlohmann::ordered_json;
using roadnet::Network;
using roadnet::Piece;
using roadnet::PieceIndex;

// Three decimals are a millimetre; six of a ratio 1e-6 of the road.
double Rounded(double value, double decimals) { return std::round(value * decimals) / decimals; }
double Metres(__int128 um) { return Rounded(static_cast<double>(um) * 1e-6, 1e3); }
double Ratio(double ratio) { return Rounded(ratio, 1e6); }

ordered_json SpanJson(const SpanSums& sums, bool backup) {
  const auto steps = static_cast<__int128>(std::max<int64_t>(1, sums.steps));
  const __int128 covered_um = sums.covered_um_steps / steps;
  const __int128 unknown_um = sums.unknown_um_steps / steps;
  ordered_json json;
  json["patrollable_m"] = Metres(sums.patrollable_um);
  json["covered_m"] = Metres(covered_um);
  json["unknown_m"] = Metres(unknown_um);
  json["not_covered_m"] = Metres(sums.patrollable_um - covered_um - unknown_um);
  json["covered_ratio"] = Ratio(sums.covered_ratio());
  json["covered_or_unknown_ratio"] = Ratio(sums.covered_ratio() + sums.unknown_ratio());
  json["covered_p5"] = Ratio(sums.covered_p5);
  json["covered_p50"] = Ratio(sums.covered_p50);
  json["covered_p95"] = Ratio(sums.covered_p95);
  if (backup) {
    json["backup_m"] = Metres(sums.backup_um_steps / steps);
    json["backup_ratio"] = Ratio(sums.backup_ratio());
  }
  return json;
}

ordered_json SummaryJson(const Network& network, const WindowResult& result,
                         const FixCounts& fixes) {
  const WindowOptions& options = result.options;
  const double step_s = absl::ToDoubleSeconds(options.step);
  ordered_json json;
  json["from"] = FormatUtc(options.from);
  json["to"] = FormatUtc(options.to);
  json["step_s"] = step_s;
  json["steps"] = result.steps;
  json["reach_s"] = absl::ToDoubleSeconds(options.reach);
  json["stale_after_s"] = absl::ToDoubleSeconds(options.stale_after);
  json["lost_after_s"] = absl::ToDoubleSeconds(options.lost_after);
  // A window knows the later fixes; live coverage does not (ARCHITECTURE.md).
  json["knowledge"] = "window";
  json["network"] = {{"nodes", network.node_count()}, {"pieces", network.piece_count()}};
  json["fixes"] = {
      {"rows", fixes.rows},          {"faulty", fixes.faulty},           {"matched", fixes.matched},
      {"attached", fixes.attached},  {"off_network", fixes.off_network}, {"outlier", fixes.outlier},
      {"duplicate", fixes.duplicate}};
  json["units"] = {
      {"count", fixes.units},
      {"known_unit_s", static_cast<double>(result.known_unit_steps) * step_s},
      {"stale_unit_s", static_cast<double>(result.stale_unit_steps) * step_s},
      {"off_network_unit_s", static_cast<double>(result.off_network_unit_steps) * step_s}};
  json["town"] = SpanJson(result.town.window, options.backup);
  json["hours"] = ordered_json::array();
  for (size_t hour = 0; hour < result.hours.size(); ++hour) {
    ordered_json row;
    row["hour_start"] = FormatUtc(result.hours[hour].start);
    const SpanSums& sums = result.town.hours[hour];
    row["covered_ratio"] = Ratio(sums.covered_ratio());
    row["covered_or_unknown_ratio"] = Ratio(sums.covered_ratio() + sums.unknown_ratio());
    if (options.backup) row["backup_ratio"] = Ratio(sums.backup_ratio());
    json["hours"].push_back(std::move(row));
  }
  return json;
}

void AppendAreaRow(const geo::Area& area, const std::string& hour_start, const SpanSums& sums,
                   const WindowOptions& options, std::string* out) {
  absl::StrAppend(out, tracks::CsvField(area.id), ",", tracks::CsvField(area.kind), ",", hour_start,
                  ",");
  AppendFixed(static_cast<double>(sums.patrollable_um) * 1e-6, 3, out);
  for (const double ratio : {sums.covered_ratio(), sums.covered_p5, sums.covered_p50,
                             sums.covered_p95, sums.unknown_ratio()}) {
    out->push_back(',');
    AppendFixed(ratio, 6, out);
  }
  absl::StrAppend(out, ",", sums.visits.visits);
  for (const absl::Duration duration :
       {sums.visits.dwell, sums.longest_uncovered_steps * options.step, sums.visits.longest_gap}) {
    out->push_back(',');
    AppendSeconds(duration, out);
  }
  absl::StrAppend(out, ",", sums.presence.presences);
  for (const absl::Duration duration :
       {sums.presence.mean_stay, sums.presence.mean_gap, sums.presence.p95_gap}) {
    out->push_back(',');
    AppendSeconds(duration, out);
  }
  absl::StrAppend(out, ",", sums.presence.koper_stays);
  if (options.backup) {
    out->push_back(',');
    AppendFixed(sums.backup_ratio(), 6, out);
  }
  out->push_back('\n');
}

absl::Status WriteAreas(const AreaIndex& index, const WindowResult& result,
                        const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "areas.csv"));
  file.Write(
      "area_id,kind,hour_start,patrollable_m,covered_ratio,covered_p5,covered_p50,covered_p95,"
      "unknown_ratio,visits,dwell_s,longest_uncovered_s,longest_revisit_s,presences,mean_stay_s,"
      "mean_revisit_s,p95_revisit_s,koper_stays");
  file.Write(result.options.backup ? ",backup_ratio\n" : "\n");
  for (size_t i = 0; i < index.areas().size(); ++i) {
    std::string rows;
    for (size_t hour = 0; hour < result.hours.size(); ++hour) {
      AppendAreaRow(index.areas()[i], FormatUtc(result.hours[hour].start),
                    result.areas[i].hours[hour], result.options, &rows);
    }
    AppendAreaRow(index.areas()[i], "", result.areas[i].window, result.options, &rows);
    file.Write(rows);
  }
  return file.Close();
}

bool IsListed(const Network& network, const WindowResult& result, PieceIndex p) {
  if (network.piece(p).patrollable) return true;
  for (size_t mode = 0; mode < roadnet::kModeCount; ++mode) {
    if (result.modes & 1u << mode && network.usable(static_cast<roadnet::Mode>(mode), p)) {
      return true;
    }
  }
  return false;
}

absl::Status WriteEdges(const Network& network, const WindowResult& result,
                        const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "edges.csv"));
  file.Write(
      "way_id,seq,from_node,to_node,length_m,covered_seconds,unknown_seconds,visits,"
      "longest_uncovered_s,longest_revisit_s,patrollable,dwell_s,mean_revisit_s,p95_revisit_s");
  file.Write(result.options.backup ? ",backup_seconds\n" : "\n");
  const double step_s = absl::ToDoubleSeconds(result.options.step);
  std::string row;
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    if (!IsListed(network, result, p)) continue;
    const Piece& piece = network.piece(p);
    const PieceWindow& window = result.pieces[p];
    const auto length_um = static_cast<double>(ShareUm(piece.length_m, 1));
    row.clear();
    absl::StrAppend(&row, piece.way_id, ",", piece.seq, ",", network.node(piece.from).id, ",",
                    network.node(piece.to).id, ",");
    AppendFixed(piece.length_m, 6, &row);
    for (const int64_t um_steps : {window.covered_um_steps, window.unknown_um_steps}) {
      row.push_back(',');
      AppendFixed(step_s * static_cast<double>(um_steps) / length_um, 3, &row);
    }
    absl::StrAppend(&row, ",", window.visits.visits, ",");
    AppendSeconds(window.longest_uncovered_steps * result.options.step, &row);
    row.push_back(',');
    AppendSeconds(window.visits.longest_gap, &row);
    row.append(piece.patrollable ? ",1" : ",0");
    for (const absl::Duration duration :
         {window.visits.dwell, window.mean_revisit, window.p95_revisit}) {
      row.push_back(',');
      AppendSeconds(duration, &row);
    }
    if (result.options.backup) {
      row.push_back(',');
      AppendFixed(step_s * static_cast<double>(window.backup_um_steps) / length_um, 3, &row);
    }
    row.push_back('\n');
    file.Write(row);
  }
  return file.Close();
}

// Share of the window's time in hundredths, for lines of like colour.
int Hundredths(int64_t um_steps, double length_m, int64_t steps) {
  const double all = static_cast<double>(ShareUm(length_m, 1)) * static_cast<double>(steps);
  return static_cast<int>(std::lround(static_cast<double>(um_steps) / all * 100));
}

// Neighbouring pieces [begin, end) of one way that `alike` holds for with the first.
template <typename Alike>
PieceIndex RunEnd(const Network& network, PieceIndex begin, const Alike& alike) {
  PieceIndex end = begin + 1;
  for (; end < network.piece_count(); ++end) {
    const Piece& last = network.piece(end - 1);
    const Piece& piece = network.piece(end);
    if (piece.way_id != last.way_id || piece.seq != last.seq + 1 || !alike(end)) break;
  }
  return end;
}

void AddLine(const Network& network, PieceIndex begin, PieceIndex end, LineWriter* lines) {
  lines->Begin(network.node(network.piece(begin).from).place);
  for (PieceIndex p = begin; p < end; ++p) lines->Add(network.node(network.piece(p).to).place);
}

absl::Status WriteCoverageMap(const Network& network, const WindowResult& result,
                              const std::string& folder) {
  const auto ratios = [&](PieceIndex p) {
    const PieceWindow& window = result.pieces[p];
    const double length_m = network.piece(p).length_m;
    return std::pair(Hundredths(window.covered_um_steps, length_m, result.steps),
                     Hundredths(window.unknown_um_steps, length_m, result.steps));
  };
  LineWriter lines;
  std::string properties;
  for (PieceIndex p = 0; p < network.piece_count();) {
    if (!IsListed(network, result, p)) {
      ++p;
      continue;
    }
    const auto first = ratios(p);
    const PieceIndex end = RunEnd(network, p, [&](PieceIndex next) {
      return IsListed(network, result, next) &&
             network.piece(next).patrollable == network.piece(p).patrollable &&
             ratios(next) == first;
    });
    AddLine(network, p, end, &lines);
    properties.clear();
    absl::StrAppend(&properties, R"("way_id":)", network.piece(p).way_id, R"(,"covered_ratio":)");
    AppendFixed(first.first / 100.0, 2, &properties);
    properties.append(R"(,"unknown_ratio":)");
    AppendFixed(first.second / 100.0, 2, &properties);
    properties.append(R"(,"patrollable":)");
    properties.append(network.piece(p).patrollable ? "true" : "false");
    lines.End(properties);
    p = end;
  }
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "coverage.geojson"));
  file.Write(std::move(lines).Finish());
  return file.Close();
}

absl::Status WriteGapMap(const Network& network, const WindowResult& result,
                         const std::string& folder) {
  struct Gap {
    PieceIndex begin;
    PieceIndex end;
    double length_m;
    int64_t steps;
  };
  std::vector<Gap> gaps;
  for (PieceIndex p = 0; p < network.piece_count();) {
    const PieceWindow& first = result.pieces[p];
    if (!network.piece(p).patrollable || first.longest_uncovered_steps == 0) {
      ++p;
      continue;
    }
    const PieceIndex end = RunEnd(network, p, [&](PieceIndex next) {
      const PieceWindow& window = result.pieces[next];
      return network.piece(next).patrollable &&
             window.longest_uncovered_steps == first.longest_uncovered_steps &&
             window.longest_uncovered_begin == first.longest_uncovered_begin;
    });
    Gap gap{p, end, 0, first.longest_uncovered_steps};
    for (; p < end; ++p) gap.length_m += network.piece(p).length_m;
    gaps.push_back(gap);
  }
  std::stable_sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) {
    return a.length_m * static_cast<double>(a.steps) > b.length_m * static_cast<double>(b.steps);
  });
  // Most gaps begin or end at one of few steps.
  absl::flat_hash_map<int64_t, std::string> texts;
  const auto text_of = [&](int64_t step) -> const std::string& {
    std::string& text = texts[step];
    if (text.empty()) text = FormatUtc(result.StepTime(step));
    return text;
  };
  LineWriter lines;
  std::string properties;
  for (const Gap& gap : gaps) {
    const PieceWindow& window = result.pieces[gap.begin];
    const int64_t begin = window.longest_uncovered_begin;
    AddLine(network, gap.begin, gap.end, &lines);
    properties.clear();
    absl::StrAppend(&properties, R"("way_id":)", network.piece(gap.begin).way_id,
                    R"(,"length_m":)");
    AppendFixed(gap.length_m, 1, &properties);
    properties.append(R"(,"longest_uncovered_s":)");
    AppendSeconds(gap.steps * result.options.step, &properties);
    absl::StrAppend(&properties, R"(,"begin":")", text_of(begin), R"(","end":")");
    absl::StrAppend(&properties, text_of(begin + gap.steps), "\"");
    lines.End(properties);
  }
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "gaps.geojson"));
  file.Write(std::move(lines).Finish());
  return file.Close();
}

}  // namespace

void FixCounts::Add(const tracks::MatchedTrack& track) {
  ++units;
  for (const tracks::MatchedFix& fix : track.fixes()) {
    switch (fix.verdict) {
      case tracks::MatchVerdict::kMatched:
        ++matched;
        break;
      case tracks::MatchVerdict::kAttached:
        ++attached;
        break;
      case tracks::MatchVerdict::kOffNetwork:
        ++off_network;
        break;
      case tracks::MatchVerdict::kOutlier:
        ++outlier;
        break;
      case tracks::MatchVerdict::kDuplicate:
      case tracks::MatchVerdict::kLate:
        ++duplicate;
        break;
    }
  }
}

absl::Status WriteWindow(const Network& network, const AreaIndex& index, const WindowResult& result,
                         const FixCounts& fixes, const std::string& folder) {
  PATROL_RETURN_IF_ERROR(MakeFolder(folder));
  PATROL_ASSIGN_OR_RETURN(ResultFile summary, ResultFile::Create(folder, "summary.json"));
  summary.Write(SummaryJson(network, result, fixes).dump(2));
  summary.Write("\n");
  PATROL_RETURN_IF_ERROR(summary.Close());
  PATROL_RETURN_IF_ERROR(WriteAreas(index, result, folder));
  PATROL_RETURN_IF_ERROR(WriteShifts(index, result, folder));
  PATROL_RETURN_IF_ERROR(WriteEdges(network, result, folder));
  PATROL_RETURN_IF_ERROR(WriteCoverageMap(network, result, folder));
  return WriteGapMap(network, result, folder);
}

}  // namespace patrol::coverage
