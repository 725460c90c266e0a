#include "lib/patrol/coverage/result_file.h"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace patrol::coverage {

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("\"", folder, "\": cannot make the folder: ", error.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<ResultFile> ResultFile::Create(const std::string& folder, std::string_view name) {
  std::string path = (std::filesystem::path(folder) / name).string();
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out) {
    return absl::ErrnoToStatus(errno, absl::StrCat("\"", path, "\": cannot write"));
  }
  return ResultFile(std::move(path), std::move(out));
}

ResultFile::ResultFile(std::string path, std::ofstream out)
    : path_(std::move(path)), out_(std::move(out)) {}

void ResultFile::Write(std::string_view text) {
  out_.write(text.data(), static_cast<std::streamsize>(text.size()));
}

absl::Status ResultFile::Close() {
  out_.close();
  if (!out_) {
    return absl::ErrnoToStatus(errno, absl::StrCat("\"", path_, "\": writing failed"));
  }
  return absl::OkStatus();
}

std::string Seconds(absl::Duration duration) {
  const int64_t us = absl::ToInt64Microseconds(duration);
  std::string text = absl::StrFormat("%d.%06d", us / 1000000, us % 1000000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace patrol::coverage
