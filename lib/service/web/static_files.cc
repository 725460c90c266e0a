#include "lib/service/web/static_files.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"

namespace patrol::web {
namespace {

namespace fs = std::filesystem;

Answer NoSuchFile(std::string_view path) {
  return ErrorAnswer(
      absl::NotFoundError(absl::StrCat("path \"", std::string(path), "\": there is nothing here")));
}

}  // namespace

StaticFiles::StaticFiles(const std::string& folder) {
  std::error_code error;
  if (folder.empty()) return;
  const fs::path root = fs::canonical(folder, error);
  if (!error && fs::is_directory(root, error)) root_ = root;
}

Answer StaticFiles::Get(std::string_view path) const {
  if (root_.empty()) {
    if (path != "/") return NoSuchFile(path);
    return ErrorAnswer(absl::NotFoundError(
        "the wall is not built (npm ci && npm run build in cmd/wall); the API is under /v1"));
  }
  const auto decoded = PercentDecode(path, false);
  if (!decoded || decoded->empty() || decoded->front() != '/' ||
      decoded->find('\\') != std::string::npos) {
    return NoSuchFile(path);
  }
  std::error_code error;
  const std::string relative = *decoded == "/" ? "index.html" : decoded->substr(1);
  // Canonical on both sides: neither ".." nor a link leads out of the folder.
  const fs::path file = fs::canonical(root_ / fs::path(relative).relative_path(), error);
  if (error) return NoSuchFile(path);
  const auto [root_end, rest] = std::mismatch(root_.begin(), root_.end(), file.begin(), file.end());
  if (root_end != root_.end() || rest == file.end()) return NoSuchFile(path);
  if (!fs::is_regular_file(file, error) || error) return NoSuchFile(path);
  const auto bytes = fs::file_size(file, error);
  if (error || bytes > limits::kWallFileBytesMax) {
    return ErrorAnswer(
        absl::ResourceExhaustedError(absl::StrCat("path \"", *decoded, "\": file is larger than ",
                                                  limits::kWallFileBytesMax, " bytes")),
        500);
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || (bytes > 0 && !(text << in.rdbuf()))) return NoSuchFile(path);
  Answer answer;
  answer.content_type = std::string(MimeType(file));
  answer.body = std::move(text).str();
  // Built files carry a hash of their content in their name; the page that names them does not.
  answer.headers.emplace_back("Cache-Control", decoded->rfind("/assets/", 0) == 0
                                                   ? "public, max-age=31536000, immutable"
                                                   : "no-cache");
  return answer;
}

std::string_view MimeType(const fs::path& file) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".geojson", "application/geo+json"},
      {".map", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
  };
  const std::string extension = file.extension().string();
  for (const auto& [known, type] : kTypes) {
    if (extension == known) return type;
  }
  return "application/octet-stream";
}

}  // namespace patrol::web
