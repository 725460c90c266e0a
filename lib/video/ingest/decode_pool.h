#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "lib/base/clock.h"
#include "lib/video/ingest/fleet.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/media/decoder.h"
#include "lib/video/media/picture.h"

namespace patrol::ingest {

// One camera's way through the decoders. Made and used through DecodePool only.
struct DecodeLane;
using DecodeLanePtr = std::shared_ptr<DecodeLane>;

struct DecodeStats {
  int width = 0;  // of the last picture
  int height = 0;
  int64_t pictures = 0;
  int64_t errors = 0;
  int64_t dropped = 0;  // access units never decoded although they should have been
  absl::Time picture_time = absl::InfinitePast();
  // When the last picture left the decoder, on the monotonic clock.
  absl::Duration decoded_at = -absl::InfiniteDuration();
};

// A few threads that decode for all cameras. Each camera has a lane: a bounded queue of access
// units that one thread at a time works on, so a camera's pictures never overlap nor overtake each
// other.
//
// A lane decodes either every unit, with a decoder of its own, or keyframes only, with one of the
// pool's shared contexts (flushed between two cameras; units carry their parameter sets). A full
// queue drops to the end of the GOP, since a decoder hides a single missing picture without an
// error; after a damaged or missing unit likewise.
//
// Threads: every member may be called from any thread; Push of one lane from one at a time.
class DecodePool {
 public:
  // clock and sink outlive the pool.
  DecodePool(int threads, const Clock& clock, PictureSink& sink);
  ~DecodePool();
  DecodePool(const DecodePool&) = delete;
  DecodePool& operator=(const DecodePool&) = delete;

  DecodeLanePtr AddLane(std::string camera_id);
  // Drops what is queued; only a picture call that is being made now still happens.
  void RemoveLane(const DecodeLanePtr& lane);

  void Push(const DecodeLanePtr& lane, media::AccessUnitPtr unit);
  // What is pushed next does not continue what was pushed: wait for a keyframe.
  void Break(const DecodeLanePtr& lane);
  void SetFull(const DecodeLanePtr& lane, bool full);

  DecodeStats Stats(const DecodeLanePtr& lane) const;
  // Of a lane in full decode; empty otherwise: 700 pictures of 640x360 would hold 240 MB.
  media::Picture LastPicture(const DecodeLanePtr& lane) const;

  // Drops what is queued and ends the threads after the calls under way.
  void Shutdown();

 private:
  using SharedDecoders = std::map<media::Codec, std::unique_ptr<media::Decoder>>;

  void Work();
  // The decoding itself, without the lock.
  void Decode(DecodeLane& lane, const media::AccessUnit& unit, bool full, bool restart,
              SharedDecoders* shared);

  const Clock& clock_;
  PictureSink& sink_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // guarded by mutex_
  std::deque<DecodeLanePtr> runnable_;
  bool closed_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace patrol::ingest
