#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/datum.h"
#include "lib/patrol/tracks/csv_table.h"
#include "lib/patrol/tracks/fix.h"

// Fixes from files: CSV, GPX and NMEA. All readers stream: memory does not grow with the file, and
// rows that cannot be read are reported while the rest is imported.
namespace patrol::tracks {

struct FixReaderOptions {
  geo::Datum datum = geo::Datum::kWgs84;  // of the file's coordinates; fixes leave as WGS-84
  // Times without a UTC offset are read in this zone, or are faults where there is none.
  std::optional<absl::TimeZone> naive_zone;
  // The unit of all fixes: of NMEA, which names none; of GPX where not empty, else each track's
  // name.
  std::string unit_id;
};

// A fix and where it came from.
struct FixRow {
  Fix fix;
  uint64_t line = 0;          // in the file, from 1
  std::string_view row_text;  // the CSV row as it stands in the file; empty for GPX and NMEA
};
// An error it returns ends the reading and is returned by the reader.
using FixSink = std::function<absl::Status(FixRow&&)>;

// CSV with the columns unit_id, time, lon, lat and, where there are any, speed_mps, heading_deg and
// accuracy_m (empty fields: unknown), found by name in any order; further columns are passed over.
//
// header: where given, the header's text as it stands in the file.
// Errors: INVALID_ARGUMENT when there is no usable header. Rows are never an error: see the report.
absl::StatusOr<RowReport> ReadFixesCsv(std::istream& in, const FixReaderOptions& options,
                                       const FixSink& sink, std::string* header = nullptr);

// GPX 1.0 and 1.1: all track points with a time, with <speed> and <course> where they are given,
// also inside <extensions>. Waypoints and routes are not fixes and are passed over.
//
// Errors: INVALID_ARGUMENT when it is not well-formed XML or has no <gpx>, with the line; what was
//         read before has reached the sink.
absl::StatusOr<RowReport> ReadFixesGpx(std::istream& in, const FixReaderOptions& options,
                                       const FixSink& sink);

// NMEA 0183 as receivers log it: RMC, GGA and ZDA sentences of any talker; others are passed over.
// Sentences of one time of day are one fix: place, from RMC speed and course too. The date is RMC's
// or ZDA's; a GGA after midnight is of the next day. A row of the report is a fix, an instant at
// which the receiver had none, or a sentence that cannot be read, above all for its checksum.
//
// Errors: INVALID_ARGUMENT when options.unit_id is empty.
absl::StatusOr<RowReport> ReadFixesNmea(std::istream& in, const FixReaderOptions& options,
                                        const FixSink& sink);

// Whether a line at the file's beginning is an NMEA sentence's.
bool LooksLikeNmea(std::string_view beginning);

// Whether the file's beginning is XML rather than CSV.
bool LooksLikeGpx(std::string_view beginning);

}  // namespace patrol::tracks
