#pragma once

#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/datum.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/datum_check.h"
#include "lib/patrol/tracks/fix_reader.h"

namespace patrol::ctl {

// A file of positions and how to read it: the same options in every subcommand that takes one.
struct FixFileFlags {
  std::string path;
  std::string unit_id;          // GPX, NMEA: of all fixes; empty: each track's name, the file's
  std::string datum = "wgs84";  // of the positions
  std::string time_zone;        // of times without an offset; empty: such times are faults
};

// Adds the option for the file under `names` ("--fixes"), and --unit, --datum and --time-zone.
void AddFixFileOptions(CLI::App* command, const std::string& names, FixFileFlags* flags);

// "Asia/Shanghai", or an offset such as "+08:00"; nothing for "".
// Errors: INVALID_ARGUMENT naming --time-zone.
absl::StatusOr<std::optional<absl::TimeZone>> ParseTimeZone(const std::string& text);

// Hands the file's fixes to `sink`, CSV, GPX or NMEA by what the file begins with; of "-", standard
// input as CSV, each as soon as its line is there.
//
// csv_header: where given, a CSV's header as it stands in the file; untouched for the others.
// Errors: naming the option at fault, or the file. Bad rows are no error: see the report.
absl::StatusOr<tracks::RowReport> ReadFixFile(const FixFileFlags& flags,
                                              const tracks::FixSink& sink,
                                              std::string* csv_header = nullptr);

// Warns on stderr of positions that fit the roads far better in another datum than the one they
// were read in; tells which.
//
// check: has taken the file's fixes, read as `flags` say.
std::optional<geo::Datum> WarnOfDatum(const FixFileFlags& flags, const tracks::DatumCheck& check,
                                      roadnet::Mode mode);

}  // namespace patrol::ctl
