#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "lib/video/ingest/fleet.h"
#include "tests/conformance/scripted_camera.h"

namespace patrol::ingest {

// Remembers what the fleet tells, and lets a test wait for it.
class Witness : public PictureSink, public CameraStateSink {
 public:
  void OnPicture(const std::string& camera_id, const media::Picture& picture,
                 PictureOrigin) override {
    {
      std::lock_guard lock(mutex_);
      overlapped_ = overlapped_ || !inside_.insert(camera_id).second;
      Seen& seen = seen_[camera_id];
      ++seen.pictures;
      if (picture.keyframe()) ++seen.keyframes;
      stepped_back_ = stepped_back_ || picture.time() <= seen.last;
      seen.last = picture.time();
    }
    changed_.notify_all();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_; });
    inside_.erase(camera_id);
  }
  void OnCameraState(const std::string& camera_id, const CameraState& state) override {
    {
      std::lock_guard lock(mutex_);
      phases_[camera_id].push_back(state);
    }
    changed_.notify_all();
  }

  // False after 20 s.
  bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::unique_lock lock(mutex_);
    while (!Unlocked(lock, condition)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
    return true;
  }
  // Picture calls do not return until Release.
  void Hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void Release() {
    {
      std::lock_guard lock(mutex_);
      held_ = false;
    }
    changed_.notify_all();
  }

  int pictures(const std::string& id) const {
    std::lock_guard lock(mutex_);
    const auto found = seen_.find(id);
    return found == seen_.end() ? 0 : found->second.pictures;
  }
  int keyframes(const std::string& id) const {
    std::lock_guard lock(mutex_);
    const auto found = seen_.find(id);
    return found == seen_.end() ? 0 : found->second.keyframes;
  }
  std::vector<CameraState> phases(const std::string& id) const {
    std::lock_guard lock(mutex_);
    const auto found = phases_.find(id);
    return found == phases_.end() ? std::vector<CameraState>() : found->second;
  }
  bool overlapped() const {
    std::lock_guard lock(mutex_);
    return overlapped_;
  }
  bool stepped_back() const {
    std::lock_guard lock(mutex_);
    return stepped_back_;
  }

 private:
  static bool Unlocked(std::unique_lock<std::mutex>& lock, const std::function<bool()>& condition) {
    lock.unlock();
    const bool holds = condition();
    lock.lock();
    return holds;
  }
  struct Seen {
    int pictures = 0;
    int keyframes = 0;
    absl::Time last = absl::InfinitePast();
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::vector<CameraState>> phases_;
  std::set<std::string> inside_;
  bool overlapped_ = false;
  bool stepped_back_ = false;
  bool held_ = false;
};

// The clip once, and then nothing: the session stays.
inline test::ScriptedCamera OneClip() {
  test::ScriptedCamera camera;
  camera.on_play = [](test::RtspConnection& connection) {
    test::RtpWriter writer;
    test::SendClip(connection, writer, test::CodedClip());
  };
  return camera;
}

}  // namespace patrol::ingest
