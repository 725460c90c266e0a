#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "lib/video/motion/analyser.h"

namespace patrol::patrold {

// Motion on its way from the decoding threads to the recorder. Begins and ends are never dropped;
// of updates only the newest of each event waits.
class MotionQueue {
 public:
  void Push(const motion::MotionEvent& event) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      if (event.phase != motion::Phase::kBegin) {
        const auto waiting =
            std::find_if(events_.begin(), events_.end(), [&](const motion::MotionEvent& other) {
              return other.camera_id == event.camera_id && other.begin == event.begin &&
                     other.phase == motion::Phase::kUpdate;
            });
        if (waiting != events_.end()) events_.erase(waiting);
      }
      events_.push_back(event);
    }
    ready_.notify_one();
  }

  std::optional<motion::MotionEvent> Pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !events_.empty(); });
    if (events_.empty()) return std::nullopt;
    motion::MotionEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  // Of what waits; the events stay.
  void DropStills(const std::string& camera_id) {
    std::lock_guard lock(mutex_);
    for (motion::MotionEvent& event : events_) {
      if (event.camera_id == camera_id) event.still_jpeg.reset();
    }
  }

  void Close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return events_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // guarded by mutex_; at most three messages a camera, so bounded by limits::kCamerasMax
  std::deque<motion::MotionEvent> events_;
  bool closed_ = false;
};

}  // namespace patrol::patrold
