#include "cmd/patrolctl/coverage_what_if.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/post_events.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::ctl {
namespace {

using coverage::WindowOptions;

// As ARCHITECTURE.md attaches units to the network.
constexpr double kSnapLimitM = 50;
constexpr double kAttachLimitM = 200;

absl::StatusOr<tracks::UnitPosition> PlaceUnit(const roadnet::SpatialIndex& index,
                                               absl::string_view lon, absl::string_view lat,
                                               roadnet::Mode mode) {
  geo::LonLat place;
  if (!absl::SimpleAtod(lon, &place.lon) || !absl::SimpleAtod(lat, &place.lat) ||
      !(std::abs(place.lon) <= 180) || !(std::abs(place.lat) <= 90)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", lon, ",", lat, "\" is no LON,LAT"));
  }
  const std::vector<roadnet::Candidate> near =
      index.Nearest(place, {.mode = mode, .radius_m = kAttachLimitM, .count_max = 1});
  if (near.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(lon, ",", lat, ": no road for the mode within 200 m"));
  }
  const double distance_m = near.front().distance_m;
  return tracks::UnitPosition{near.front().position, distance_m > kSnapLimitM ? distance_m : 0};
}

// Those hours of each day that the window touches.
std::vector<coverage::DutyInterval> DutyOf(const coverage::DayHours& hours,
                                           const WindowOptions& options) {
  std::vector<coverage::DutyInterval> duty;
  const absl::CivilDay last = absl::ToCivilDay(options.to, options.zone);
  for (absl::CivilDay day = absl::ToCivilDay(options.from, options.zone) - 1; day <= last; ++day) {
    const auto at = [&](absl::Duration time) {
      return absl::FromCivil(absl::CivilSecond(day) + absl::ToInt64Seconds(time), options.zone);
    };
    const absl::Duration to = hours.to <= hours.from ? hours.to + absl::Hours(24) : hours.to;
    duty.push_back({at(hours.from), at(to)});
  }
  return duty;
}

absl::Status Remove(const std::string& id, std::vector<tracks::MatchedTrack>* tracks) {
  const size_t before = tracks->size();
  std::erase_if(*tracks, [&](const tracks::MatchedTrack& track) { return track.unit_id() == id; });
  if (tracks->size() < before) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("no unit \"", id, "\" has fixes"));
}

tracks::MatchedTrack Stationed(const std::string& id, roadnet::Mode mode,
                               const tracks::UnitPosition& position, const WindowOptions& options) {
  return coverage::StationedTrack(id, mode, position, options.from, options.to,
                                  options.stale_after);
}

absl::Status Move(const std::string& text, const roadnet::SpatialIndex& index,
                  const WindowOptions& options, std::vector<tracks::MatchedTrack>* tracks) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const std::vector<std::string> place = absl::StrSplit(parts.second, ',');
  const auto unit = std::find_if(tracks->begin(), tracks->end(),
                                 [&](const auto& track) { return track.unit_id() == parts.first; });
  if (unit == tracks->end()) {
    return absl::NotFoundError(absl::StrCat("no unit \"", parts.first, "\" has fixes"));
  }
  if (place.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no UNIT=LON,LAT"));
  }
  PATROL_ASSIGN_OR_RETURN(const tracks::UnitPosition position,
                          PlaceUnit(index, place[0], place[1], unit->mode()));
  *unit = Stationed(parts.first, unit->mode(), position, options);
  return absl::OkStatus();
}

absl::Status Add(const std::string& text, size_t number, roadnet::Mode mode,
                 const roadnet::SpatialIndex& index, WindowOptions* options,
                 std::vector<tracks::MatchedTrack>* tracks) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  if (parts.size() != 2 && parts.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no LON,LAT[,HH:MM-HH:MM]"));
  }
  const std::string id = absl::StrCat("added-", number);
  if (parts.size() == 3) {
    PATROL_ASSIGN_OR_RETURN(const coverage::DayHours hours, coverage::ParseDayHours(parts[2]));
    options->duty[id] = DutyOf(hours, *options);
  }
  PATROL_ASSIGN_OR_RETURN(const tracks::UnitPosition position,
                          PlaceUnit(index, parts[0], parts[1], mode));
  tracks->push_back(Stationed(id, mode, position, *options));
  return absl::OkStatus();
}

}  // namespace

void AddWhatIfOptions(CLI::App* command, WhatIfFlags* flags) {
  command->add_option("--without", flags->without, "what if this unit had not been there");
  command->add_option("--move", flags->move, "what if a unit had stood elsewhere: UNIT=LON,LAT");
  command->add_option("--add-at", flags->add_at,
                      "what if one more unit (of --mode) had stood at LON,LAT, all the time or "
                      "during some hours of each day: LON,LAT,22:00-06:00");
}

absl::StatusOr<std::vector<tracks::MatchedTrack>> ApplyWhatIf(
    const WhatIfFlags& flags, const roadnet::Network& network, roadnet::Mode mode,
    std::vector<tracks::MatchedTrack> tracks, coverage::WindowOptions* options) {
  const roadnet::SpatialIndex index(network);
  for (const std::string& id : flags.without) {
    const absl::Status removed = Remove(id, &tracks);
    if (!removed.ok()) return Annotate(removed, "--without");
  }
  for (const std::string& text : flags.move) {
    const absl::Status moved = Move(text, index, *options, &tracks);
    if (!moved.ok()) return Annotate(moved, "--move");
  }
  for (size_t i = 0; i < flags.add_at.size(); ++i) {
    const absl::Status added = Add(flags.add_at[i], i + 1, mode, index, options, &tracks);
    if (!added.ok()) return Annotate(added, "--add-at");
  }
  return tracks;
}

absl::Status WriteWhatIf(const coverage::AreaIndex& index, const coverage::WindowResult& before,
                         const coverage::WindowResult& after, const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(coverage::ResultFile file,
                          coverage::ResultFile::Create(folder, "what_if.csv"));
  file.Write("area_id,kind,covered_ratio_before,covered_ratio_after,difference\n");
  const auto row = [&](const std::string& id, const std::string& kind,
                       const coverage::AreaWindow& was, const coverage::AreaWindow& is) {
    std::string text = absl::StrCat(tracks::CsvField(id), ",", tracks::CsvField(kind));
    const double a = was.window.covered_ratio();
    const double b = is.window.covered_ratio();
    for (const double ratio : {a, b, b - a}) {
      text.push_back(',');
      coverage::AppendFixed(ratio, 6, &text);
    }
    file.Write(text + "\n");
  };
  for (size_t area = 0; area < index.areas().size(); ++area) {
    row(index.areas()[area].id, index.areas()[area].kind, before.areas[area], after.areas[area]);
  }
  row("", "town", before.town, after.town);
  return file.Close();
}

}  // namespace patrol::ctl
