#include "lib/video/ingest/clip_files.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
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

void RemoveFile(const fs::path& path) {
  std::error_code fault;
  fs::remove(path, fault);
  if (fault) PATROL_LOG_WARNING("clip {}: {}", path.string(), fault.message());
}

void RemoveFiles(const std::vector<fs::path>& paths) {
  for (const fs::path& path : paths) RemoveFile(path);
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
  RemoveFiles(files->MakeRoom(""));
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
    // Where a crash left both names of one file, renaming does nothing.
    if (!fault && size > 0) fs::remove(path, fault);
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
  if (const auto other = clips_.find(kept.stem().string()); other != clips_.end()) TakeOut(other);
  clips_[kept.stem().string()] = {kept, absl::Now() - absl::FromChrono(age), size, false};
  bytes_ += size;
}

absl::Status ClipFiles::Begin(const std::string& id, absl::Time begin) {
  if (!GoodId(id)) return absl::InvalidArgumentError(absl::StrCat("clip id \"", id, "\""));
  fs::path old;
  {
    std::lock_guard lock(mutex_);
    if (const auto found = clips_.find(id); found != clips_.end()) old = TakeOut(found);
  }
  if (!old.empty()) RemoveFile(old);
  const fs::path folder = root_ / absl::FormatTime("%Y-%m-%d", begin, absl::UTCTimeZone());
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) return DiskFault(folder, fault.message());
  const fs::path path = folder / absl::StrCat(id, ".mp4.part");
  if (!std::ofstream(path, std::ios::binary | std::ios::trunc)) {
    return DiskFault(path, "cannot be written");
  }
  std::lock_guard lock(mutex_);
  clips_[id] = {path, begin, 0, true};
  return absl::OkStatus();
}

absl::Status ClipFiles::Append(const std::string& id, std::string_view bytes) {
  const auto not_open = [&] {
    return absl::NotFoundError(absl::StrCat("clip \"", id, "\" is not being written"));
  };
  fs::path path;
  {
    std::lock_guard lock(mutex_);
    const auto clip = clips_.find(id);
    if (clip == clips_.end() || !clip->second.open) return not_open();
    path = clip->second.path;
  }
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.flush();
  if (!file) return DiskFault(path, "cannot be written further");
  file.close();
  std::vector<fs::path> gone;
  bool removed = false;
  {
    std::lock_guard lock(mutex_);
    const auto clip = clips_.find(id);
    removed = clip == clips_.end();
    if (!removed) {
      clip->second.bytes += static_cast<int64_t>(bytes.size());
      bytes_ += static_cast<int64_t>(bytes.size());
      gone = MakeRoom(id);
    }
  }
  // Taken out while it was written to: opening it may have made it anew.
  if (removed) gone.push_back(path);
  RemoveFiles(gone);
  return removed ? not_open() : absl::OkStatus();
}

absl::Status ClipFiles::Finish(const std::string& id) {
  fs::path part;
  bool empty = false;
  {
    std::lock_guard lock(mutex_);
    const auto clip = clips_.find(id);
    if (clip == clips_.end() || !clip->second.open) return absl::OkStatus();
    part = clip->second.path;
    clip->second.open = false;
    empty = clip->second.bytes == 0;
    if (empty) TakeOut(clip);
  }
  if (empty) {
    RemoveFile(part);
    return absl::OkStatus();
  }
  fs::path path = part;
  path.replace_extension();
  // Both names lead to it until whoever asks is told the new one; a disk without links is renamed
  // on, and who asks in that instant is told that it was removed.
  std::error_code fault;
  fs::create_hard_link(part, path, fault);
  const bool linked = !fault;
  if (!linked) fs::rename(part, path, fault);
  bool removed = false;
  {
    std::lock_guard lock(mutex_);
    const auto clip = clips_.find(id);
    removed = clip == clips_.end();
    if (!removed && !fault) clip->second.path = path;
  }
  if (removed) RemoveFile(path);
  if (removed || linked) RemoveFile(part);
  return fault && !removed ? DiskFault(part, fault.message()) : absl::OkStatus();
}

void ClipFiles::Remove(const std::string& id) {
  RemoveThose([&id](const std::string& other) { return other == id; });
}

int ClipFiles::RemoveThose(const std::function<bool(const std::string& id)>& chosen) {
  std::vector<fs::path> gone;
  {
    std::lock_guard lock(mutex_);
    for (auto clip = clips_.begin(); clip != clips_.end();) {
      const auto next = std::next(clip);
      if (chosen(clip->first)) gone.push_back(TakeOut(clip));
      clip = next;
    }
  }
  RemoveFiles(gone);
  return static_cast<int>(gone.size());
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
std::vector<fs::path> ClipFiles::MakeRoom(const std::string& spare) {
  std::vector<fs::path> gone;
  while (bytes_ > bytes_max_) {
    auto oldest = clips_.end();
    for (auto clip = clips_.begin(); clip != clips_.end(); ++clip) {
      if (clip->first == spare || clip->second.bytes == 0) continue;
      if (oldest == clips_.end() || clip->second.begin < oldest->second.begin) oldest = clip;
    }
    if (oldest == clips_.end()) break;
    gone.push_back(TakeOut(oldest));
    ++removed_;
  }
  return gone;
}

fs::path ClipFiles::TakeOut(std::map<std::string, Clip>::iterator clip) {
  fs::path path = clip->second.path;
  bytes_ -= clip->second.bytes;
  clips_.erase(clip);
  return path;
}

}  // namespace patrol::ingest
