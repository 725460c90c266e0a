#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace patrol::ingest {

// A folder of clips, <root>/<UTC date>/<id>.mp4, within a limit of bytes for all: the oldest go
// first. What is being written is called <id>.mp4.part and can be played as far as it goes; parts
// that an earlier run left are cut after their last whole box and kept as clips.
//
// Threads: every member may be called from any thread; Begin, Append and Finish of one clip one at
// a time. These and Open touch the disk, and hold up nobody who asks for a clip meanwhile.
class ClipFiles {
 public:
  // Reads what is there.
  // Errors: INVALID_ARGUMENT when the folder cannot be made or read, naming it.
  static absl::StatusOr<std::unique_ptr<ClipFiles>> Open(const std::string& root,
                                                         int64_t bytes_max);

  // Begins a clip, in place of one of the same id.
  // id: 1..96 of [A-Za-z0-9._-], not beginning with a dot. begin: decides its place and its age.
  // Errors: INVALID_ARGUMENT (id), UNAVAILABLE (the disk).
  absl::Status Begin(const std::string& id, absl::Time begin);
  // Errors: NOT_FOUND (not begun, or removed for room meanwhile), UNAVAILABLE (the disk).
  absl::Status Append(const std::string& id, std::string_view bytes);
  // Nothing more is appended. An empty clip is removed.
  absl::Status Finish(const std::string& id);

  // Removes the clip, if there is one; nothing more can be appended.
  void Remove(const std::string& id);
  // Removes the clips that `chosen` says yes to. Returns how many.
  int RemoveThose(const std::function<bool(const std::string& id)>& chosen);

  // Where the clip is, finished or not.
  // Errors: NOT_FOUND.
  absl::StatusOr<std::string> Find(const std::string& id) const;

  int64_t bytes() const;
  int64_t removed() const;  // for room, since it was opened

 private:
  struct Clip {
    std::filesystem::path path;
    absl::Time begin;
    int64_t bytes = 0;
    bool open = false;
  };
  ClipFiles(std::filesystem::path root, int64_t bytes_max)
      : root_(std::move(root)), bytes_max_(bytes_max) {}

  void Keep(const std::filesystem::path& path);
  // Takes the oldest out of clips_ until the others fit; their files are the caller's to remove,
  // without the lock.
  std::vector<std::filesystem::path> MakeRoom(const std::string& spare);
  std::filesystem::path TakeOut(std::map<std::string, Clip>::iterator clip);

  const std::filesystem::path root_;
  const int64_t bytes_max_;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<std::string, Clip> clips_;  // by id
  int64_t bytes_ = 0;
  int64_t removed_ = 0;
};

}  // namespace patrol::ingest
