#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/geo/area.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::ctl {

// Errors: NOT_FOUND when the file can't be read.
absl::StatusOr<std::ifstream> OpenInput(const std::string& path);
// The whole of it. Errors: as OpenInput.
absl::StatusOr<std::string> ReadText(const std::string& path);

// A file being written; faults (a full disk, say) are told once, on Close.
class OutFile {
 public:
  explicit OutFile(const std::string& path)
      : path_(path), out_(path_, std::ios::binary | std::ios::trunc) {}

  std::ostream& stream() { return out_; }

  // Errors: UNAVAILABLE when any of it could not be written.
  absl::Status Close();

 private:
  std::string path_;
  std::ofstream out_;
};

// Writes the whole file.
// Errors: UNAVAILABLE when it can't be written.
absl::Status WriteOutput(const std::string& path, const std::string& bytes);

// Names the file's bad rows on stderr, one a line, and how many there were in all.
void PrintRowFaults(const std::string& path, const tracks::RowReport& report);

// For a file where a row left out would quietly change the answer: names bad rows as above.
// Errors: INVALID_ARGUMENT when there are any, telling how many.
absl::Status AllRowsGood(const std::string& path, const tracks::RowReport& report);

// "imported 698 of 700 rows" on stderr.
// Errors: INVALID_ARGUMENT when there were rows and none was imported: then nothing was done.
absl::Status FinishImport(const std::string& path, const tracks::RowReport& report);

}  // namespace patrol::ctl
