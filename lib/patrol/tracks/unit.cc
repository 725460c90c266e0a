#include "lib/patrol/tracks/unit.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"

namespace patrol::tracks {

namespace {

enum Column : size_t { kId, kName, kMode, kForce, kOnDuty };

// patrol.v1.Unit: name and force.
constexpr size_t kTextBytesMax = 200;

std::string Field(const CsvTable& table, Column column) {
  const std::string_view text = table.field(column);
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

bool IsUnitId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

// Empty when it could be read.
std::string ReadDuty(const std::string& text, Unit* unit) {
  for (const absl::string_view part : absl::StrSplit(text, ';', absl::SkipWhitespace())) {
    const std::vector<std::string> ends = absl::StrSplit(absl::StripAsciiWhitespace(part), '/');
    if (ends.size() != 2) return "not \"begin/end\"";
    const auto from = ParseTime(ends[0], nullptr);
    const auto to = ParseTime(ends[1], nullptr);
    if (!from.ok()) return std::string(from.status().message());
    if (!to.ok()) return std::string(to.status().message());
    if (*to <= *from) return "its end is not after its begin";
    unit->on_duty.push_back({*from, *to});
  }
  std::sort(unit->on_duty.begin(), unit->on_duty.end());
  for (size_t i = 1; i < unit->on_duty.size(); ++i) {
    if (unit->on_duty[i].first < unit->on_duty[i - 1].second) return "its intervals overlap";
  }
  return "";
}

}  // namespace

absl::StatusOr<RowReport> ReadUnitsCsv(std::istream& in,
                                       const std::function<absl::Status(Unit&&)>& sink) {
  CsvTable table(in);
  PATROL_RETURN_IF_ERROR(table.ReadHeader({"unit_id"}, {"name", "mode", "force", "on_duty"}));
  RowReport report;
  RowFault broken;
  absl::flat_hash_set<std::string> seen;
  for (;;) {
    const CsvTable::Next next = table.ReadRow(&broken);
    if (next == CsvTable::Next::kEnd) break;
    ++report.rows;
    if (next == CsvTable::Next::kFault) {
      report.Add(std::move(broken));
      continue;
    }
    Unit unit{
        Field(table, kId), Field(table, kName), roadnet::Mode::kCar, Field(table, kForce), {}};
    if (!IsUnitId(unit.id)) {
      report.Add({table.line(), "unit_id", unit.id, "not 1..64 of [A-Za-z0-9._-]"});
      continue;
    }
    if (unit.name.size() > kTextBytesMax || unit.force.size() > kTextBytesMax) {
      const bool name = unit.name.size() > kTextBytesMax;
      report.Add({table.line(), name ? "name" : "force", name ? unit.name : unit.force,
                  absl::StrCat("longer than ", kTextBytesMax, " bytes")});
      continue;
    }
    const std::string mode = Field(table, kMode);
    if (!mode.empty() && !roadnet::ParseMode(mode, &unit.mode)) {
      report.Add({table.line(), "mode", mode, "not car, motorcycle, e-bike, bicycle or foot"});
      continue;
    }
    if (std::string fault = ReadDuty(Field(table, kOnDuty), &unit); !fault.empty()) {
      report.Add({table.line(), "on_duty", Field(table, kOnDuty), std::move(fault)});
      continue;
    }
    if (seen.size() >= limits::kUnitsMax && !seen.contains(unit.id)) {
      report.Add({table.line(), "", "", absl::StrCat("more than ", limits::kUnitsMax, " units")});
      continue;
    }
    if (!seen.insert(unit.id).second) {
      report.Add({table.line(), "unit_id", unit.id, "came before"});
      continue;
    }
    if (unit.name.empty()) unit.name = unit.id;
    ++report.imported;
    PATROL_RETURN_IF_ERROR(sink(std::move(unit)));
  }
  return report;
}

}  // namespace patrol::tracks
