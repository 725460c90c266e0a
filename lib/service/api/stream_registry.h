#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "absl/status/status.h"

namespace patrol::api {

// A call that goes on until somebody ends it.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  // Ends the call with `status`, soon. May be called from any thread, more than once.
  virtual void End(absl::Status status) = 0;
};

// The open streams: how many there may be, and an end for all of them when the server stops.
//
// Threads: every member may be called from any thread.
class StreamRegistry {
 public:
  explicit StreamRegistry(size_t streams_max) : streams_max_(streams_max) {}
  StreamRegistry(const StreamRegistry&) = delete;
  StreamRegistry& operator=(const StreamRegistry&) = delete;

  // Errors: RESOURCE_EXHAUSTED when there are as many as there may be, UNAVAILABLE after EndAll;
  // then
  //         it was not added.
  absl::Status Add(const std::shared_ptr<OpenStream>& stream);
  // Nothing happens when it was not added.
  void Remove(const OpenStream* stream);
  // Ends all, and refuses more.
  void EndAll(const absl::Status& status);
  size_t size() const;

 private:
  const size_t streams_max_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::unordered_map<const OpenStream*, std::weak_ptr<OpenStream>> streams_;
  bool closed_ = false;
};

}  // namespace patrol::api
