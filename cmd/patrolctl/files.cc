#include "cmd/patrolctl/files.h"

#include <cstdio>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace patrol::ctl {

absl::StatusOr<std::ifstream> OpenInput(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  // A folder opens, but can't be read.
  if (!in || in.peek() == std::ifstream::traits_type::eof()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read, or is empty"));
  }
  return in;
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(path));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

absl::Status OutFile::Close() {
  out_.close();
  if (out_.fail()) return absl::UnavailableError(absl::StrCat(path_, ": cannot be written"));
  return absl::OkStatus();
}

absl::Status WriteOutput(const std::string& path, const std::string& bytes) {
  OutFile out(path);
  out.stream() << bytes;
  return out.Close();
}

void PrintRowFaults(const std::string& path, const tracks::RowReport& report) {
  for (const tracks::RowFault& fault : report.faults) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), tracks::ToString(fault).c_str());
  }
  if (report.faulty > report.faults.size()) {
    std::fprintf(stderr, "%s: %llu more bad rows\n", path.c_str(),
                 static_cast<unsigned long long>(report.faulty - report.faults.size()));
  }
}

absl::Status AllRowsGood(const std::string& path, const tracks::RowReport& report) {
  if (report.faulty == 0) return absl::OkStatus();
  PrintRowFaults(path, report);
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", report.faulty, " of ", report.rows,
                                                 " rows ", report.faulty == 1 ? "is" : "are",
                                                 " bad"));
}

absl::Status FinishImport(const std::string& path, const tracks::RowReport& report) {
  PrintRowFaults(path, report);
  std::fprintf(stderr, "%s: imported %llu of %llu rows\n", path.c_str(),
               static_cast<unsigned long long>(report.imported),
               static_cast<unsigned long long>(report.rows));
  if (report.imported == 0 && report.rows > 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no row could be imported"));
  }
  return absl::OkStatus();
}

}  // namespace patrol::ctl
