#include "lib/patrol/tracks/fix_reader.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/fix_intake.h"

namespace patrol::tracks {

namespace {

enum Column : size_t { kUnitId, kTime, kLon, kLat, kSpeed, kHeading, kAccuracy };
constexpr const char* kColumnNames[] = {"unit_id",   "time",        "lon",       "lat",
                                        "speed_mps", "heading_deg", "accuracy_m"};

std::string_view Trimmed(std::string_view text) {
  const absl::string_view stripped =
      absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  return {stripped.data(), stripped.size()};
}

bool ParseNumber(std::string_view text, double* value) {
  return absl::SimpleAtod(absl::string_view(text.data(), text.size()), value) &&
         std::isfinite(*value);
}

// Reads one row into *fix; the fault otherwise.
std::optional<RowFault> ParseRow(const CsvTable& table, const FixReaderOptions& options, Fix* fix) {
  const auto fault = [&](Column column, std::string message) {
    return RowFault{table.line(), kColumnNames[column], std::string(table.field(column)),
                    std::move(message)};
  };
  fix->unit_id = std::string(Trimmed(table.field(kUnitId)));
  if (fix->unit_id.empty()) return fault(kUnitId, "is empty");
  absl::StatusOr<absl::Time> time =
      ParseTime(Trimmed(table.field(kTime)), options.naive_zone ? &*options.naive_zone : nullptr);
  if (!time.ok()) return fault(kTime, std::string(time.status().message()));
  fix->time = absl::FromUnixMicros(absl::ToUnixMicros(*time));
  if (!ParseNumber(Trimmed(table.field(kLon)), &fix->position.lon)) {
    return fault(kLon, "not a number");
  }
  if (!ParseNumber(Trimmed(table.field(kLat)), &fix->position.lat)) {
    return fault(kLat, "not a number");
  }
  std::optional<double>* const values[] = {&fix->speed_mps, &fix->heading_deg, &fix->accuracy_m};
  for (size_t i = 0; i < 3; ++i) {
    const auto column = static_cast<Column>(kSpeed + i);
    const std::string_view text = Trimmed(table.field(column));
    values[i]->reset();
    if (text.empty()) continue;
    double value = 0;
    if (!ParseNumber(text, &value)) return fault(column, "not a number");
    *values[i] = value;
  }
  return std::nullopt;
}

// FixFault's text begins with the field: the column of the same name.
RowFault RangeFault(uint64_t line, const std::string& message) {
  const size_t colon = message.find(": ");
  std::string field = message.substr(0, colon);
  if (const size_t dot = field.find('.'); dot != std::string::npos) field = field.substr(dot + 1);
  return {line, field, "", message.substr(colon + 2)};
}

}  // namespace

absl::StatusOr<RowReport> ReadFixesCsv(std::istream& in, const FixReaderOptions& options,
                                       const FixSink& sink, std::string* header) {
  CsvTable table(in);
  PATROL_RETURN_IF_ERROR(table.ReadHeader(
      {kColumnNames[kUnitId], kColumnNames[kTime], kColumnNames[kLon], kColumnNames[kLat]},
      {kColumnNames[kSpeed], kColumnNames[kHeading], kColumnNames[kAccuracy]}));
  if (header != nullptr) *header = table.header_text();
  RowReport report;
  FixRow row;
  RowFault broken;
  for (;;) {
    const CsvTable::Next next = table.ReadRow(&broken);
    if (next == CsvTable::Next::kEnd) break;
    ++report.rows;
    if (next == CsvTable::Next::kFault) {
      report.Add(std::move(broken));
      continue;
    }
    if (std::optional<RowFault> fault = ParseRow(table, options, &row.fix)) {
      report.Add(*std::move(fault));
      continue;
    }
    if (const std::string range = FixFault(row.fix); !range.empty()) {
      report.Add(RangeFault(table.line(), range));
      continue;
    }
    row.fix.position = geo::ToWgs84(options.datum, row.fix.position);
    row.line = table.line();
    row.row_text = table.row_text();
    ++report.imported;
    PATROL_RETURN_IF_ERROR(sink(FixRow(row)));
  }
  return report;
}

bool LooksLikeGpx(std::string_view beginning) {
  if (beginning.substr(0, 3) == "\xEF\xBB\xBF") beginning.remove_prefix(3);
  const std::string_view text = Trimmed(beginning);
  return !text.empty() && text.front() == '<';
}

}  // namespace patrol::tracks
