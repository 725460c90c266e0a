#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "lib/base/limits.h"
#include "lib/video/ingest/clip_files.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/media/fmp4.h"
#include "lib/video/media/unit_queue.h"

namespace patrol::ingest {

struct ClipOptions {
  // Of all clips together; 0: none are recorded.
  int64_t bytes_max = limits::kClipBytesTotalDefault;
  // How far before an event's begin its clip reaches, as far as the ring goes back (FleetOptions
  // pre_roll counts from when the event is told, which is a little later), and to the keyframe
  // before that.
  absl::Duration pre_roll = absl::Seconds(5);
  // How long it goes on after the event's last moving picture.
  absl::Duration post_roll = absl::Seconds(2);
  // An event that goes on longer has the beginning in its clip.
  absl::Duration length_max = absl::Minutes(2);
};

struct ClipCounts {
  int64_t recorded = 0;
  int64_t refused = 0;        // too many at once
  int64_t units_dropped = 0;  // the disk was too slow
};

// Writes a clip of every event from the ring and the pictures that follow: the camera's own coded
// pictures, nothing decoded, no second connection. One thread writes, twice a second; each clip
// has a bounded queue, at most limits::kClipsAtOnceMax are open.
//
// Threads: every member may be called from any thread.
class ClipRecorder {
 public:
  // Both outlive it.
  ClipRecorder(const ClipOptions& options, media::AccessUnitSource& source, ClipFiles& files);
  // Writes what waits and finishes the open clips.
  ~ClipRecorder();
  ClipRecorder(const ClipRecorder&) = delete;
  ClipRecorder& operator=(const ClipRecorder&) = delete;

  // An event began at `begin`: records from pre_roll before it. A second Begin of one event does
  // nothing.
  void Begin(const std::string& event_id, const std::string& camera_id, absl::Time begin);
  // Its last moving picture was at `last`.
  void End(const std::string& event_id, absl::Time last);

  ClipCounts counts() const;

 private:
  struct Clip;

  void Work();
  // True when it is complete.
  bool Write(const std::string& event_id, Clip& clip);

  const ClipOptions options_;
  media::AccessUnitSource& source_;
  ClipFiles& files_;

  mutable std::mutex mutex_;
  std::condition_variable closing_;
  // guarded by mutex_
  std::map<std::string, std::shared_ptr<Clip>> open_;  // by event
  bool closed_ = false;
  ClipCounts counts_;

  std::string bytes_;  // the writing thread's: what is to be appended; its memory is used again
  std::thread thread_;
};

}  // namespace patrol::ingest
