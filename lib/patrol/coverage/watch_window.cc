#include "lib/patrol/coverage/watch_window.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/tracks/area_visits.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using tracks::AreaCuts;

// The watched part of each area as an area of its own, and of the whole network as the last.
AreaIndex WatchedIndex(const roadnet::Network& network, const AreaIndex& index,
                       const std::vector<std::vector<Interval>>& watched) {
  const size_t count = index.areas().size();
  std::vector<AreaCuts::Cut> cuts;
  for (roadnet::PieceIndex p = 0; p < network.piece_count(); ++p) {
    const double length_m = network.piece(p).length_m;
    for (const Interval& seen : watched[p]) {
      const double begin_m = seen.begin * length_m;
      const double end_m = seen.end >= 1 ? length_m : seen.end * length_m;
      if (!(end_m > begin_m)) continue;
      cuts.push_back({p, {static_cast<uint32_t>(count), begin_m, end_m}});
      for (const AreaCuts::Part& part : index.cuts().parts(p)) {
        const double from_m = std::max(begin_m, part.begin_m);
        const double to_m = std::min(end_m, part.end_m);
        if (to_m > from_m) cuts.push_back({p, {part.area, from_m, to_m}});
      }
    }
  }
  return AreaIndex(network, std::vector<geo::Area>(count + 1),
                   AreaCuts(network.piece_count(), count + 1, std::move(cuts)));
}

// Metres of what micrometres come to over the steps.
double Average(__int128 um_steps, int64_t steps) {
  return steps == 0 ? 0 : static_cast<double>(um_steps) * 1e-6 / static_cast<double>(steps);
}

WatchMetres Parts(const SpanSums& all, const SpanSums& seen) {
  WatchMetres parts;
  const double covered = Average(all.covered_um_steps, all.steps);
  parts.covered_watched = Average(seen.covered_um_steps, seen.steps);
  parts.covered_only = covered - parts.covered_watched;
  parts.watched_only = static_cast<double>(seen.patrollable_um) * 1e-6 - parts.covered_watched;
  parts.neither = static_cast<double>(all.patrollable_um) * 1e-6 - covered - parts.watched_only;
  return parts;
}

}  // namespace

WatchMetres ToMetres(const WatchLengths& lengths) {
  return {static_cast<double>(lengths.covered_watched_um) * 1e-6,
          static_cast<double>(lengths.covered_only_um) * 1e-6,
          static_cast<double>(lengths.watched_only_um) * 1e-6,
          static_cast<double>(lengths.neither_um) * 1e-6};
}

absl::StatusOr<std::vector<WatchMetres>> ComputeWatched(
    const ModeGraphs& graphs, const AreaIndex& index, absl::Span<const tracks::MatchedTrack> tracks,
    const WindowResult& window, const std::vector<std::vector<Interval>>& watched) {
  WindowOptions options = window.options;
  options.count_visits = false;
  options.backup = false;
  options.shift_starts.clear();
  options.rounds.clear();
  const AreaIndex seen_index = WatchedIndex(graphs.network(), index, watched);
  PATROL_ASSIGN_OR_RETURN(const WindowResult seen,
                          ComputeWindow(graphs, seen_index, tracks, options, nullptr));
  std::vector<WatchMetres> rows;
  for (size_t area = 0; area < window.areas.size(); ++area) {
    rows.push_back(Parts(window.areas[area].window, seen.areas[area].window));
  }
  rows.push_back(Parts(window.town.window, seen.areas.back().window));
  return rows;
}

absl::Status WriteWatched(const std::vector<geo::Area>& areas, const std::vector<WatchMetres>& rows,
                          const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "watched.csv"));
  file.Write(
      "area_id,kind,patrollable_m,covered_watched_m,covered_only_m,watched_only_m,neither_m\n");
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool whole = i == areas.size();
    file.Write(absl::StrFormat(
        "%s,%s,%.3f,%.3f,%.3f,%.3f,%.3f\n", whole ? "" : tracks::CsvField(areas[i].id),
        whole ? "network" : tracks::CsvField(areas[i].kind), rows[i].total(),
        rows[i].covered_watched, rows[i].covered_only, rows[i].watched_only, rows[i].neither));
  }
  return file.Close();
}

}  // namespace patrol::coverage
