#include "lib/patrol/coverage/visit_files.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/coverage/shifts.h"
#include "lib/patrol/coverage/window_visits.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {

absl::Status WriteVisits(const roadnet::Network& network, const AreaIndex& index,
                         absl::Span<const tracks::MatchedTrack> tracks,
                         const WindowOptions& options, const std::string& folder) {
  PATROL_RETURN_IF_ERROR(MakeFolder(folder));
  PATROL_ASSIGN_OR_RETURN(ResultFile areas, ResultFile::Create(folder, "area_visits.csv"));
  PATROL_ASSIGN_OR_RETURN(ResultFile pieces, ResultFile::Create(folder, "piece_visits.csv"));
  PATROL_ASSIGN_OR_RETURN(ResultFile town, ResultFile::Create(folder, "town_visits.csv"));
  areas.Write("unit_id,area_id,enter_time,leave_time\n");
  pieces.Write("unit_id,way_id,seq,enter_time,leave_time\n");
  town.Write("unit_id,enter_time,leave_time\n");
  TrackVisits visits;
  for (const tracks::MatchedTrack& track : tracks) {
    visits.Find(network, index, track, options);
    const std::string unit(tracks::CsvField(track.unit_id()));
    const auto times = [](const Visit& visit) {
      return absl::StrCat(FormatUtc(visit.enter), ",", FormatUtc(visit.leave), "\n");
    };
    for (const auto& [area, visit] : visits.areas) {
      const std::string id(tracks::CsvField(index.areas()[area].id));
      areas.Write(absl::StrCat(unit, ",", id, ",", times(visit)));
    }
    for (const auto& [piece, visit] : visits.pieces) {
      const roadnet::Piece& at = network.piece(piece);
      pieces.Write(absl::StrCat(unit, ",", at.way_id, ",", at.seq, ",", times(visit)));
    }
    for (const Visit& visit : visits.town) town.Write(absl::StrCat(unit, ",", times(visit)));
  }
  PATROL_RETURN_IF_ERROR(areas.Close());
  PATROL_RETURN_IF_ERROR(pieces.Close());
  return town.Close();
}

}  // namespace patrol::coverage
