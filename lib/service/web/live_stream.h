#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/asio.h"
#include "lib/video/media/fmp4.h"
#include "lib/video/media/unit_queue.h"

namespace patrol::web {

// Where live pictures come from; patrold joins it to the fleet.
//
// Threads: every member is called from any thread and must not block.
class LiveCameras {
 public:
  virtual ~LiveCameras() = default;
  // As media::AccessUnitSource::Subscribe, from the last keyframe on.
  // Errors: NOT_FOUND (no such camera), PERMISSION_DENIED (it has a privacy mask).
  virtual absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Watch(
      const std::string& camera_id, std::shared_ptr<media::AccessUnitListener> listener) = 0;
  // Someone is looking at it, and will be for about `how_long`.
  virtual void Focus(const std::string& camera_id, absl::Duration how_long) = 0;
  // Where the clip of a motion event is.
  // Errors: NOT_FOUND, PERMISSION_DENIED (its camera has a privacy mask).
  virtual absl::StatusOr<std::string> ClipPath(const std::string& event_id) = 0;
};

class LiveStream;

// All live views that are open, at most limits::kLiveViewersMax.
//
// Threads: every member may be called from any thread.
class LiveViewers {
 public:
  // cameras: may be null: then there is no live view. Outlives this.
  explicit LiveViewers(LiveCameras* cameras) : cameras_(cameras) {}

  // executor: the viewer's strand.
  // Errors: NOT_FOUND (camera), PERMISSION_DENIED (it has a privacy mask), RESOURCE_EXHAUSTED
  // (limits::kLiveViewersMax), UNIMPLEMENTED (the
  //   camera gives MJPEG, or there is no live view here).
  absl::StatusOr<std::shared_ptr<LiveStream>> Open(const std::string& camera_id,
                                                   asio::any_io_executor executor);
  // As LiveCameras; UNIMPLEMENTED where there are none.
  absl::StatusOr<std::string> ClipPath(const std::string& event_id);
  // Cuts all off from their cameras, for good; no camera calls into an executor afterwards.
  void Stop();

  int64_t open() const { return open_; }
  uint64_t units_dropped() const { return units_dropped_; }

 private:
  friend class LiveStream;
  void Forget(LiveStream* stream);

  LiveCameras* const cameras_;
  std::atomic<int64_t> open_ = 0;
  std::atomic<uint64_t> units_dropped_ = 0;
  std::mutex mutex_;
  // guarded by mutex_
  std::vector<LiveStream*> streams_;
  bool stopped_ = false;
};

// One viewer's pictures on their way from the camera: a bounded queue, and the writer that makes
// MP4 of them. Dropping it ends the subscription.
//
// Threads: the viewer's strand, but for Cut.
class LiveStream {
 public:
  // Made by LiveViewers::Open.
  LiveStream(LiveViewers* viewers, std::string camera_id, asio::any_io_executor executor);
  ~LiveStream();
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;

  struct Frame {
    bool text = false;  // JSON that says what the init segment after it is
    std::string bytes;
  };
  // What came since the last call, at least one frame: text and init segment where a stream begins,
  // fragments. Waits for it.
  // Errors: NOT_FOUND (the camera was removed), UNAVAILABLE (nothing for limits::kLiveSilenceMax),
  //   PERMISSION_DENIED (it has, or was given, a privacy mask), UNIMPLEMENTED (MJPEG),
  //   RESOURCE_EXHAUSTED (the viewer is too slow: over
  //   limits::kLiveUnitsDroppedMax pictures were dropped), CANCELLED (Stop was called).
  asio::awaitable<absl::StatusOr<std::vector<Frame>>> Next();

  // Next ends with CANCELLED and this reason.
  void Stop(std::string reason);

  // Any thread: nothing more comes from the camera.
  void Cut();

 private:
  friend class LiveViewers;
  struct Waker;

  absl::StatusOr<std::vector<Frame>> Take();

  LiveViewers* const viewers_;
  const std::string camera_id_;
  const std::shared_ptr<Waker> waker_;
  const std::shared_ptr<media::UnitQueue> queue_;
  media::Fmp4Writer writer_;
  std::string stopped_;  // why; empty while it is not
  absl::Time last_unit_;

  std::mutex mutex_;
  // guarded by mutex_
  std::unique_ptr<media::AccessUnitSubscription> subscription_;
  bool cut_ = false;
};

}  // namespace patrol::web
