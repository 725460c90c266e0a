#include "cmd/patrolctl/fix_file.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cmd/patrolctl/files.h"
#include "lib/base/status.h"

namespace patrol::ctl {

void AddFixFileOptions(CLI::App* command, const std::string& names, FixFileFlags* flags) {
  command
      ->add_option(
          names, flags->path,
          "CSV (unit_id,time,lon,lat[,speed_mps,heading_deg,accuracy_m]), GPX or NMEA; -: CSV from "
          "standard input, line by line")
      ->required();
  command->add_option(
      "--unit", flags->unit_id,
      "GPX, NMEA: the unit of all fixes; else each track's name is its unit, and an "
      "NMEA file's own");
  command->add_option("--datum", flags->datum, "of the positions: wgs84, gcj02 or bd09")
      ->capture_default_str()
      ->check(CLI::IsMember({"wgs84", "gcj02", "bd09"}));
  command->add_option("--time-zone", flags->time_zone,
                      "of times without an offset, e.g. Asia/Shanghai or +08:00");
}

absl::StatusOr<std::optional<absl::TimeZone>> ParseTimeZone(const std::string& text) {
  if (text.empty()) return std::nullopt;
  absl::TimeZone zone;
  if (absl::LoadTimeZone(text, &zone)) return zone;
  int hours = 0, minutes = 0, used = 0;
  char sign = 0;
  if (std::sscanf(text.c_str(), "%c%2d:%2d%n", &sign, &hours, &minutes, &used) == 3 &&
      static_cast<size_t>(used) == text.size() && (sign == '+' || sign == '-') && hours >= 0 &&
      hours <= 14 && minutes >= 0 && minutes < 60) {
    const int seconds = hours * 3600 + minutes * 60;
    return absl::FixedTimeZone(sign == '-' ? -seconds : seconds);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--time-zone: \"", text, "\" is neither a zone (Asia/Shanghai) nor an offset (+08:00)"));
}

namespace {

// A receiver's log does not say whose it is; without --unit it is that of the unit it is named
// after.
absl::StatusOr<tracks::RowReport> ReadNmea(std::istream& in, const std::string& path,
                                           tracks::FixReaderOptions options,
                                           const tracks::FixSink& sink) {
  if (options.unit_id.empty()) options.unit_id = std::filesystem::path(path).stem().string();
  return tracks::ReadFixesNmea(in, options, sink);
}

}  // namespace

absl::StatusOr<tracks::RowReport> ReadFixFile(const FixFileFlags& flags,
                                              const tracks::FixSink& sink,
                                              std::string* csv_header) {
  tracks::FixReaderOptions options;
  options.unit_id = flags.unit_id;
  if (!geo::ParseDatum(flags.datum, &options.datum)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--datum: \"", flags.datum, "\" is not wgs84, gcj02 or bd09"));
  }
  PATROL_ASSIGN_OR_RETURN(options.naive_zone, ParseTimeZone(flags.time_zone));
  if (flags.path == "-") {
    absl::StatusOr<tracks::RowReport> report =
        tracks::ReadFixesCsv(std::cin, options, sink, csv_header);
    if (!report.ok()) return Annotate(report.status(), "standard input");
    return report;
  }
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(flags.path));
  char beginning[256] = {};
  in.read(beginning, sizeof(beginning));
  const std::string_view begins(beginning, static_cast<size_t>(in.gcount()));
  in.clear();
  in.seekg(0);
  absl::StatusOr<tracks::RowReport> report =
      tracks::LooksLikeGpx(begins)    ? tracks::ReadFixesGpx(in, options, sink)
      : tracks::LooksLikeNmea(begins) ? ReadNmea(in, flags.path, std::move(options), sink)
                                      : tracks::ReadFixesCsv(in, options, sink, csv_header);
  if (!report.ok()) return Annotate(report.status(), flags.path);
  return report;
}

std::optional<geo::Datum> WarnOfDatum(const FixFileFlags& flags, const tracks::DatumCheck& check,
                                      roadnet::Mode mode) {
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

}  // namespace patrol::ctl
