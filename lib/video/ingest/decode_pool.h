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

#include "absl/status/statusor.h"
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
  int64_t units = 0;  // worked on: decoded, and the sink's call has returned
  int64_t pictures = 0;
  int64_t errors = 0;
  int64_t dropped = 0;  // access units never decoded although they should have been
  absl::Time picture_time = absl::InfinitePast();
  // When the last picture left the decoder, on the monotonic clock.
  absl::Duration decoded_at = -absl::InfiniteDuration();
  // From this instant on it is blind, unless a picture comes; monotonic.
  absl::Duration blind_from;
  // What it was blind for until its last picture.
  absl::Duration blind = absl::ZeroDuration();
  // CPU time of decoding and of the sink's calls.
  absl::Duration cpu = absl::ZeroDuration();
  // What decodes it in full: "software", "vaapi", "cuda"; "" until it was.
  std::string decoder;
};

// Of all lanes together, those removed included.
struct DecodePoolStats {
  absl::Duration cpu = absl::ZeroDuration();
  int64_t dropped = 0;
  size_t waiting = 0;      // access units in queues
  size_t waiting_max = 0;  // most there ever were
  // Decoders that were to use hardware and decode in software.
  int64_t hardware_fallbacks = 0;
};

// A few threads that decode for all cameras. Each camera has a lane: a bounded queue of access
// units that one thread at a time works on, so a camera's pictures never overlap nor overtake each
// other.
//
// A lane decodes either every unit, with a decoder of its own as long as it does, or single
// keyframes, with one of the pool's shared contexts. Both kinds are flushed between two cameras and
// used again (units carry their parameter sets): a decoder holds megabytes. A full
// queue drops to the end of the GOP, since a decoder hides a single missing picture without an
// error; after a damaged or missing unit likewise. Lanes are worked on by deadline: that of a
// keyframe is the instant at which its camera would be blind.
//
// Threads: every member may be called from any thread; Push of one lane from one at a time.
class DecodePool {
 public:
  // clock and sink outlive the pool.
  // options: decode_threads, blind_after, analysed_per_second.
  DecodePool(const FleetOptions& options, const Clock& clock, PictureSink& sink);
  ~DecodePool();
  DecodePool(const DecodePool&) = delete;
  DecodePool& operator=(const DecodePool&) = delete;

  DecodeLanePtr AddLane(std::string camera_id);
  // Drops what is queued; only a picture call that is being made now still happens.
  void RemoveLane(const DecodeLanePtr& lane);

  // Of a lane that is not in full decode only keyframes may be pushed, those whose turn it is.
  void Push(const DecodeLanePtr& lane, media::AccessUnitPtr unit);
  // What is pushed next does not continue what was pushed: wait for a keyframe.
  void Break(const DecodeLanePtr& lane);
  // Full decoding begins with `gop`, the stream since its last keyframe, which what is pushed next
  // continues; empty: with the next keyframe. Of its pictures those are handed on that are newer
  // than the last one that was. Edges are not filtered in this GOP, unless it is a long one: mostly
  // full decoding is a short look.
  void BeginFull(const DecodeLanePtr& lane, std::vector<media::AccessUnitPtr> gop);
  // What waits is decoded still, unless many lanes leave at once: then it is dropped.
  void EndFull(const DecodeLanePtr& lane);
  // What was pushed must not be seen: it is dropped, the last picture too, and no picture of it is
  // handed on any more but by a call that is under way. Goes on with the next keyframe.
  void Forget(const DecodeLanePtr& lane);
  // Until a picture call that is under way has returned. Not from within one.
  void AwaitCall(const DecodeLanePtr& lane);

  DecodeStats Stats(const DecodeLanePtr& lane) const;
  DecodePoolStats Totals() const;
  // What decodes, in words, and why: "software decodes: no device (...)".
  const std::string& hardware() const { return hardware_.why; }
  // Of a lane in full decode; empty otherwise: 700 pictures of 640x360 would hold 240 MB.
  media::Picture LastPicture(const DecodeLanePtr& lane) const;

  // Drops what is queued and ends the threads after the calls under way.
  void Shutdown();

 private:
  using SharedDecoders = std::map<media::Codec, std::unique_ptr<media::Decoder>>;

  struct Item;

  void Work();
  // Puts the lane in line, if it is not.
  void Schedule(const DecodeLanePtr& lane);
  void Enqueue(DecodeLane& lane, Item item);
  void Empty(DecodeLane& lane);
  void Drop(DecodeLane& lane, int64_t units);
  void DropWaiting(DecodeLane& lane);
  // What waited when it left full decoding no longer does.
  void Left(DecodeLane& lane);
  // Its decoder is free for another lane. With the lock, while no thread works on the lane.
  void PutBack(DecodeLane& lane);
  // One for full decoding, used before where there is one.
  absl::StatusOr<std::unique_ptr<media::Decoder>> TakeDecoder(media::Codec codec);
  // The decoding itself, without the lock.
  void Decode(DecodeLane& lane, const Item& item, SharedDecoders* shared);
  void HandOn(DecodeLane& lane, const Item& item, const media::Picture& decoded);
  // After the last picture that was handed on.
  bool TooSoon(const DecodeLane& lane, absl::Time time) const;

  friend struct DecodeLane;

  const absl::Duration blind_after_;
  const absl::Duration analysed_every_;
  // Of full decodes: single keyframes go through shared contexts of ever changing sizes, which
  // hardware would set up anew each time.
  const media::OpenedHardware hardware_;
  const Clock& clock_;
  PictureSink& sink_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable called_;  // a lane's unit was worked on
  // guarded by mutex_
  std::multimap<absl::Duration, DecodeLanePtr> runnable_;  // by deadline
  DecodePoolStats totals_;
  std::multimap<media::Codec, std::unique_ptr<media::Decoder>> spare_;  // flushed
  size_t leaving_ = 0;  // lanes that left full decoding with work waiting
  bool closed_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace patrol::ingest
