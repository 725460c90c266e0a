#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/service/store/store.h"
#include "lib/video/motion/analyser.h"

namespace patrol::patrold {

// Keeps over a restart how much each zone usually moves at each hour. What is lost by a kill is at
// most what was seen since the last save.
//
// Threads: every member may be called from any thread.
class ZoneNorms {
 public:
  static constexpr absl::Duration kSaveEvery = absl::Minutes(10);

  // Reads what the last run kept; what cannot be read is said, and not known. store: outlives it.
  explicit ZoneNorms(store::Store& store);

  // What was kept of a camera, given once.
  std::vector<motion::ZoneNorm> Take(const std::string& camera_id);

  // One save: each camera's norms, then all at once to the store.
  void Note(const std::string& camera_id, const std::vector<motion::ZoneNorm>& norms);
  void Save(absl::Time now);
  // Whether kSaveEvery has passed since the last save; at first, since this was asked first.
  bool Due(absl::Time now);

 private:
  store::Store& store_;
  std::mutex mutex_;
  // guarded by mutex_
  std::map<std::string, std::vector<motion::ZoneNorm>> kept_;
  std::vector<store::ZoneHours> noted_;
  std::optional<absl::Time> saved_;
};

}  // namespace patrol::patrold
