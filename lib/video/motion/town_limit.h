#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "lib/base/clock.h"
#include "lib/video/motion/motion_event.h"

namespace patrol::limits {

// Events an hour of all cameras together: one each third of a second is more than anybody can look
// at; 700 cameras tell some 8,400 on a lively day.
inline constexpr int kTownEventsPerHourMaxDefault = 12'000;

}  // namespace patrol::limits

namespace patrol::motion {

// Passes on the motion events of all cameras, up to so many an hour: a flood of them tells nobody
// anything. What is over the limit is not told, from its begin to its end, and counted by camera.
//
// A storm of some cameras does not silence the others. The last quarter of the limit is for those
// that told little in the hour: fewer events than an equal share of the whole limit, and the fewer
// the less of that quarter is left. A camera that told none is told while anything is left.
//
// Threads: every member may be called from any thread; the calls of one camera come in order.
class TownLimit : public MotionSink {
 public:
  // clock and to outlive it.
  TownLimit(int events_per_hour_max, const Clock& clock, MotionSink& to);

  void OnMotion(const MotionEvent& event) override;

  // Events not told since the camera was seen first.
  int64_t over_limit(const std::string& camera_id) const;
  // Of all cameras, those forgotten included.
  int64_t over_limit() const;
  // The camera is removed.
  void Forget(const std::string& camera_id);

 private:
  struct Camera {
    int64_t told = 0;  // within the last hour
    int64_t over = 0;
  };

  bool Admit(const MotionEvent& event);
  bool Fits(const Camera& camera) const;

  const size_t events_per_hour_max_;
  const Clock& clock_;
  MotionSink& to_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  // Events told within the last hour, by our own clock. No camera: it was forgotten.
  std::deque<std::pair<absl::Duration, Camera*>> begun_;
  std::set<std::pair<std::string, int64_t>> refused_;  // open ones: camera and sequence
  std::map<std::string, Camera> cameras_;
  int64_t over_all_ = 0;
};

}  // namespace patrol::motion
