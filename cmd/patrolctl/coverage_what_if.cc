#include "cmd/patrolctl/coverage_what_if.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::ctl {
namespace {

absl::StatusOr<geo::LonLat> ReadPlace(absl::string_view lon, absl::string_view lat) {
  geo::LonLat place;
  if (!absl::SimpleAtod(lon, &place.lon) || !absl::SimpleAtod(lat, &place.lat) ||
      !(std::abs(place.lon) <= 180) || !(std::abs(place.lat) <= 90)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", lon, ",", lat, "\" is no LON,LAT"));
  }
  return place;
}

absl::StatusOr<coverage::WhatIf::Moved> ReadMoved(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const std::vector<std::string> place = absl::StrSplit(parts.second, ',');
  if (parts.first.empty() || place.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no UNIT=LON,LAT"));
  }
  coverage::WhatIf::Moved moved{parts.first, {}};
  PATROL_ASSIGN_OR_RETURN(moved.place, ReadPlace(place[0], place[1]));
  return moved;
}

absl::StatusOr<coverage::WhatIf::Added> ReadAdded(const std::string& text, roadnet::Mode mode) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  if (parts.size() != 2 && parts.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no LON,LAT[,HH:MM-HH:MM]"));
  }
  coverage::WhatIf::Added added;
  added.mode = mode;
  PATROL_ASSIGN_OR_RETURN(added.place, ReadPlace(parts[0], parts[1]));
  if (parts.size() == 3) {
    PATROL_ASSIGN_OR_RETURN(added.hours, coverage::ParseDayHours(parts[2]));
  }
  return added;
}

}  // namespace

void AddWhatIfOptions(CLI::App* command, WhatIfFlags* flags) {
  command->add_option("--without", flags->without, "what if this unit had not been there");
  command->add_option("--move", flags->move, "what if a unit had stood elsewhere: UNIT=LON,LAT");
  command->add_option("--add-at", flags->add_at,
                      "what if one more unit (of --mode) had stood at LON,LAT, all the time or "
                      "during some hours of each day: LON,LAT,22:00-06:00");
}

absl::StatusOr<coverage::WhatIf> ReadWhatIf(const WhatIfFlags& flags, roadnet::Mode mode) {
  coverage::WhatIf what_if{.without = flags.without};
  for (const std::string& text : flags.move) {
    absl::StatusOr<coverage::WhatIf::Moved> moved = ReadMoved(text);
    if (!moved.ok()) return Annotate(moved.status(), "--move");
    what_if.moved.push_back(*std::move(moved));
  }
  for (const std::string& text : flags.add_at) {
    absl::StatusOr<coverage::WhatIf::Added> added = ReadAdded(text, mode);
    if (!added.ok()) return Annotate(added.status(), "--add-at");
    what_if.added.push_back(*std::move(added));
  }
  return what_if;
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
