#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::ctl {

// Errors: NOT_FOUND when the file can't be read.
absl::StatusOr<std::ifstream> OpenInput(const std::string& path);

// Writes the whole file.
// Errors: UNAVAILABLE when it can't be written.
absl::Status WriteOutput(const std::string& path, const std::string& bytes);

// Names the file's bad rows on stderr, one a line, and how many there were in all.
void PrintRowFaults(const std::string& path, const tracks::RowReport& report);

// "imported 698 of 700 rows" on stderr.
// Errors: INVALID_ARGUMENT when there were rows and none was imported: then nothing was done.
absl::Status FinishImport(const std::string& path, const tracks::RowReport& report);

}  // namespace patrol::ctl
