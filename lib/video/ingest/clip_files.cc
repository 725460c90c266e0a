#include "lib/video/ingest/clip_files.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"

namespace patrol::ingest {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kClipEnding = ".mp4";
constexpr std::string_view kPartEnding = ".part";

bool GoodId(std::string_view id) {
  return !id.empty() && id.size() <= limits::kEventIdBytesMax && id.front() != '.' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// The length of the file's whole boxes; a fragment counts with its media data (ISO/IEC 14496-12,
// 4.2: size and type, 32 bits each; ours are never longer).
int64_t WholeBoxes(const fs::path& path, int64_t size) {
  std::ifstream file(path, std::ios::binary);
  int64_t at = 0;
  int64_t whole = 0;
  while (at + 8 <= size && file.seekg(at)) {
    std::array<unsigned char, 8> header{};
    if (!file.read(reinterpret_cast<char*>(header.data()), header.size())) break;
    const int64_t length = int64_t{header[0]} << 24 | header[1] << 16 | header[2] << 8 | header[3];
    if (length < 8 || at + length > size) break;
    at += length;
    const std::string_view type(reinterpret_cast<const char*>(header.data()) + 4, 4);
    if (type != "moof" && type != "ftyp") whole = at;
  }
  return whole;
}

absl::Status DiskFault(const fs::path& path, std::string_view what) {
  return absl::UnavailableError(absl::StrCat("clip ", path.string(), ": ", std::string(what)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClipFiles>> ClipFiles::Open(const std::string& root,
                                                           int64_t bytes_max) {
  std::error_code fault;
  fs::create_directories(root, fault);
  std::unique_ptr<ClipFiles> files(new ClipFiles(root, bytes_max));
  std::vector<fs::path> found;
  fs::recursive_directory_iterator entry(root, fault);
  for (; !fault && entry != fs::recursive_directory_iterator(); entry.increment(fault)) {
    if (entry->is_regular_file(fault)) found.push_back(entry->path());
  }
  if (fault) {
    return absl::InvalidArgumentError(absl::StrCat("clips \"", root, "\": ", fault.message()));
  }
  std::lock_guard lock(files->mutex_);
  for (const fs::path& path : found) files->Keep(path);
  files->MakeRoom("");
  return files;
}

// A file of an earlier run.
void ClipFiles::Keep(const fs::path& path) {
  std::error_code fault;
  fs::path kept = path;
  auto size = static_cast<int64_t>(fs::file_size(path, fault));
  if (kept.extension() == kPartEnding) {
    kept.replace_extension();  // ".part"; ".mp4" stays
    size = WholeBoxes(path, size);
    fs::resize_file(path, size, fault);
    if (!fault && size > 0) fs::rename(path, kept, fault);
  }
  if (kept.extension() != kClipEnding || !GoodId(kept.stem().string())) return;
  if (size == 0) fs::remove(path, fault);
  if (fault || size == 0) {
    if (fault) PATROL_LOG_WARNING("clip {}: {}", path.string(), fault.message());
    return;
  }
  // Its age is when it was last written: good enough to know the oldest.
  const auto written = fs::last_write_time(kept, fault);
  const auto age = fs::file_time_type::clock::now() - written;
  clips_[kept.stem().string()] = {kept, absl::Now() - absl::FromChrono(age), size, false};
  bytes_ += size;
}

absl::Status ClipFiles::Begin(const std::string& id, absl::Time begin) {
  if (!GoodId(id)) return absl::InvalidArgumentError(absl::StrCat("clip id \"", id, "\""));
  std::lock_guard lock(mutex_);
  if (const auto old = clips_.find(id); old != clips_.end()) Remove(old);
  const fs::path folder = root_ / absl::FormatTime("%Y-%m-%d", begin, absl::UTCTimeZone());
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) return DiskFault(folder, fault.message());
  const fs::path path = folder / absl::StrCat(id, ".mp4.part");
  if (!std::ofstream(path, std::ios::binary | std::ios::trunc)) {
    return DiskFault(path, "cannot be written");
  }
  clips_[id] = {path, begin, 0, true};
  return absl::OkStatus();
}

absl::Status ClipFiles::Append(const std::string& id, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  const auto clip = clips_.find(id);
  if (clip == clips_.end() || !clip->second.open) {
    return absl::NotFoundError(absl::StrCat("clip \"", id, "\" is not being written"));
  }
  std::ofstream file(clip->second.path, std::ios::binary | std::ios::app);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.flush();
  if (!file) return DiskFault(clip->second.path, "cannot be written further");
  clip->second.bytes += static_cast<int64_t>(bytes.size());
  bytes_ += static_cast<int64_t>(bytes.size());
  MakeRoom(id);
  return absl::OkStatus();
}

absl::Status ClipFiles::Finish(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto clip = clips_.find(id);
  if (clip == clips_.end()) return absl::OkStatus();
  if (clip->second.bytes == 0) {
    Remove(clip);
    return absl::OkStatus();
  }
  clip->second.open = false;
  fs::path kept = clip->second.path;
  kept.replace_extension();
  std::error_code fault;
  fs::rename(clip->second.path, kept, fault);
  if (fault) return DiskFault(clip->second.path, fault.message());
  clip->second.path = kept;
  return absl::OkStatus();
}

absl::StatusOr<std::string> ClipFiles::Find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto clip = clips_.find(id);
  if (clip == clips_.end() || clip->second.bytes == 0) {
    return absl::NotFoundError(absl::StrCat("motion event \"", id, "\" has no clip"));
  }
  return clip->second.path.string();
}

int64_t ClipFiles::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

int64_t ClipFiles::removed() const {
  std::lock_guard lock(mutex_);
  return removed_;
}

// The oldest go, but for the one that is being added to.
void ClipFiles::MakeRoom(const std::string& spare) {
  while (bytes_ > bytes_max_) {
    auto oldest = clips_.end();
    for (auto clip = clips_.begin(); clip != clips_.end(); ++clip) {
      if (clip->first == spare || clip->second.bytes == 0) continue;
      if (oldest == clips_.end() || clip->second.begin < oldest->second.begin) oldest = clip;
    }
    if (oldest == clips_.end()) return;
    Remove(oldest);
    ++removed_;
  }
}

void ClipFiles::Remove(std::map<std::string, Clip>::iterator clip) {
  std::error_code fault;
  fs::remove(clip->second.path, fault);
  if (fault) PATROL_LOG_WARNING("clip {}: {}", clip->second.path.string(), fault.message());
  bytes_ -= clip->second.bytes;
  clips_.erase(clip);
}

}  // namespace patrol::ingest
