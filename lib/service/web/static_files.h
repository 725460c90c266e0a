#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "lib/service/web/transcode.h"

namespace patrol::web {

// The wall's built files, read from one folder when they are asked for.
//
// Threads: const; safe from any number of threads.
class StaticFiles {
 public:
  // folder: may be empty or absent; then "/" says how to build the wall.
  explicit StaticFiles(const std::string& folder);

  // The file for a path (without query, percent-encoded); "/" is index.html.
  // 404 for what is no regular file inside the folder, however it is spelt or linked.
  Answer Get(std::string_view path) const;

 private:
  std::filesystem::path root_;  // canonical; empty when there is none
};

// By extension; "application/octet-stream" for those that the wall has none of.
std::string_view MimeType(const std::filesystem::path& file);

}  // namespace patrol::web
