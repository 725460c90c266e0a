#pragma once

#include <fstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace patrol::coverage {

// Makes the folder that results go to, with its parents.
//
// Errors: the system's, naming the folder.
absl::Status MakeFolder(const std::string& folder);

// A file of results being written, row by row. Faults (a full disk) come out at Close.
class ResultFile {
 public:
  // Replaces `folder`/`name`.
  //
  // Errors: the system's, naming the file.
  static absl::StatusOr<ResultFile> Create(const std::string& folder, std::string_view name);

  void Write(std::string_view text);
  absl::Status Close();

 private:
  ResultFile(std::string path, std::ofstream out);

  std::string path_;
  std::ofstream out_;
  std::string waiting_;  // not yet written
};

// Appends a finite number with so many decimals (0..9), rounded half away from zero; ten times as
// fast as printf, and files have hundreds of thousands of them. |value| < 9e18 / 10^decimals.
void AppendFixed(double value, int decimals, std::string* out);

// Seconds with as many decimals as there are, at most six: "10", "0.25".
std::string Seconds(absl::Duration duration);
void AppendSeconds(absl::Duration duration, std::string* out);

}  // namespace patrol::coverage
