#include "lib/patrol/coverage/result_file.h"

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

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
  constexpr size_t kWaitingMax = size_t{1} << 18;
  waiting_.append(text);
  if (waiting_.size() < kWaitingMax) return;
  out_.write(waiting_.data(), static_cast<std::streamsize>(waiting_.size()));
  waiting_.clear();
}

absl::Status ResultFile::Close() {
  out_.write(waiting_.data(), static_cast<std::streamsize>(waiting_.size()));
  out_.close();
  if (!out_) {
    return absl::ErrnoToStatus(errno, absl::StrCat("\"", path_, "\": writing failed"));
  }
  return absl::OkStatus();
}

void AppendFixed(double value, int decimals, std::string* out) {
  static constexpr int64_t kPowers[] = {1,       10,        100,        1'000,       10'000,
                                        100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
  const int64_t power = kPowers[decimals];
  int64_t scaled = std::llround(value * static_cast<double>(power));
  if (scaled < 0) {
    out->push_back('-');
    scaled = -scaled;
  }
  absl::StrAppend(out, scaled / power);
  if (decimals == 0) return;
  char digits[10];
  digits[0] = '.';
  int64_t rest = scaled % power;
  for (int i = decimals; i > 0; --i) {
    digits[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  out->append(digits, static_cast<size_t>(decimals) + 1);
}

void AppendSeconds(absl::Duration duration, std::string* out) {
  const int64_t us = absl::ToInt64Microseconds(duration);
  absl::StrAppend(out, us / 1000000);
  int64_t rest = us % 1000000;
  if (rest == 0) return;
  char digits[7] = {'.'};
  for (int i = 6; i > 0; --i) {
    digits[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  size_t count = 7;
  while (digits[count - 1] == '0') --count;
  out->append(digits, count);
}

std::string Seconds(absl::Duration duration) {
  std::string text;
  AppendSeconds(duration, &text);
  return text;
}

}  // namespace patrol::coverage
