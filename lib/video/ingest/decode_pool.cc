#include "lib/video/ingest/decode_pool.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"

namespace patrol::ingest {

namespace {

constexpr absl::Duration kLeastStep = absl::Microseconds(1);

}  // namespace

struct DecodeLane {
  explicit DecodeLane(std::string id) : camera_id(std::move(id)) {}

  struct Item {
    media::AccessUnitPtr unit;
    bool full = false;     // decode with the lane's own decoder
    bool restart = false;  // does not continue the unit before it
  };

  const std::string camera_id;
  // Guarded by the pool's mutex.
  std::deque<Item> queue;
  size_t queue_bytes = 0;
  bool scheduled = false;  // runnable, or a thread works on it
  bool removed = false;
  bool full = false;
  bool to_keyframe = true;  // pass over what comes up to the next keyframe
  bool dropping = false;    // because something was lost, not because the stream just began
  DecodeStats stats;
  media::Picture last_picture;
  // Of the thread that works on the lane.
  std::unique_ptr<media::Decoder> decoder;
  media::Codec decoder_codec = media::Codec::kH264;
};

DecodePool::DecodePool(int threads, const Clock& clock, PictureSink& sink)
    : clock_(clock), sink_(sink) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), absl::StrCat("decode-", i).c_str());
  }
}

DecodePool::~DecodePool() { Shutdown(); }

DecodeLanePtr DecodePool::AddLane(std::string camera_id) {
  return std::make_shared<DecodeLane>(std::move(camera_id));
}

void DecodePool::RemoveLane(const DecodeLanePtr& lane) {
  std::lock_guard lock(mutex_);
  lane->removed = true;
  lane->queue.clear();
  lane->queue_bytes = 0;
  lane->last_picture = media::Picture();
}

void DecodePool::Push(const DecodeLanePtr& lane, media::AccessUnitPtr unit) {
  const size_t bytes = unit->data.size();
  {
    std::lock_guard lock(mutex_);
    if (closed_ || lane->removed) return;
    if (!lane->full) {
      if (!unit->keyframe) return;
      if (unit->damaged) {
        ++lane->stats.dropped;
        return;
      }
      // The newest keyframe is worth more than those that still wait. What waits from before a
      // change of mode goes with them: the GOP it belongs to has ended.
      lane->stats.dropped += static_cast<int64_t>(lane->queue.size());
      lane->queue.clear();
      lane->queue_bytes = 0;
      lane->queue.push_back({std::move(unit), false, true});
      lane->to_keyframe = true;
    } else {
      const bool begins = unit->keyframe && !unit->damaged;
      const bool full_queue = lane->queue.size() >= limits::kDecodeQueueUnitsMax ||
                              lane->queue_bytes + bytes > limits::kDecodeQueueBytesMax;
      const bool restart = lane->to_keyframe;
      if (full_queue || unit->damaged) lane->to_keyframe = lane->dropping = true;
      if (full_queue || (lane->to_keyframe && !begins)) {
        if (lane->dropping) ++lane->stats.dropped;
        return;
      }
      lane->to_keyframe = lane->dropping = false;
      lane->queue.push_back({std::move(unit), true, restart});
    }
    lane->queue_bytes += bytes;
    if (lane->scheduled) return;
    lane->scheduled = true;
    runnable_.push_back(lane);
  }
  ready_.notify_one();
}

void DecodePool::Break(const DecodeLanePtr& lane) {
  std::lock_guard lock(mutex_);
  lane->to_keyframe = true;
  lane->dropping = false;
}

void DecodePool::SetFull(const DecodeLanePtr& lane, bool full) {
  std::lock_guard lock(mutex_);
  if (lane->full == full) return;
  lane->full = full;
  lane->to_keyframe = true;
  lane->dropping = false;
  if (!full) lane->last_picture = media::Picture();
  // While a thread works on the lane the decoder is that thread's to drop.
  if (!full && !lane->scheduled) lane->decoder.reset();
}

DecodeStats DecodePool::Stats(const DecodeLanePtr& lane) const {
  std::lock_guard lock(mutex_);
  return lane->stats;
}

media::Picture DecodePool::LastPicture(const DecodeLanePtr& lane) const {
  std::lock_guard lock(mutex_);
  return lane->last_picture;
}

void DecodePool::Work() {
  SharedDecoders shared;
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return closed_ || !runnable_.empty(); });
    if (closed_) return;
    const DecodeLanePtr lane = std::move(runnable_.front());
    runnable_.pop_front();
    if (!lane->queue.empty()) {
      const DecodeLane::Item item = std::move(lane->queue.front());
      lane->queue.pop_front();
      lane->queue_bytes -= item.unit->data.size();
      lock.unlock();
      Decode(*lane, *item.unit, item.full, item.restart, &shared);
      lock.lock();
    }
    if (!lane->full && lane->queue.empty()) lane->decoder.reset();
    if (lane->queue.empty()) {
      lane->scheduled = false;
    } else {
      // To the end of the line: a camera that is behind does not hold up the others.
      runnable_.push_back(lane);
    }
  }
}

void DecodePool::Decode(DecodeLane& lane, const media::AccessUnit& unit, bool full, bool restart,
                        SharedDecoders* shared) {
  std::unique_ptr<media::Decoder>& decoder = full ? lane.decoder : (*shared)[unit.codec];
  if (full && decoder && lane.decoder_codec != unit.codec) decoder.reset();
  if (!decoder) {
    absl::StatusOr<std::unique_ptr<media::Decoder>> created = media::Decoder::Create(unit.codec);
    if (!created.ok()) {
      PATROL_LOG_ERROR("camera \"{}\": {}", lane.camera_id, created.status().ToString());
      std::lock_guard lock(mutex_);
      ++lane.stats.errors;
      return;
    }
    decoder = *std::move(created);
    if (full) lane.decoder_codec = unit.codec;
  }
  if (restart) decoder->Flush();
  const absl::StatusOr<std::optional<media::Picture>> decoded = decoder->Decode(unit);
  if (!decoded.ok()) {
    PATROL_LOG_DEBUG("camera \"{}\": {}", lane.camera_id, decoded.status().ToString());
    std::lock_guard lock(mutex_);
    ++lane.stats.errors;
    return;
  }
  if (!*decoded) return;
  media::Picture picture = **decoded;
  {
    std::lock_guard lock(mutex_);
    if (lane.removed) return;
    // A new session times its pictures anew; whoever takes them relies on time going forward.
    if (picture.time() <= lane.stats.picture_time) {
      picture = media::Picture(*picture.frame(), lane.stats.picture_time + kLeastStep,
                               picture.keyframe());
    }
    ++lane.stats.pictures;
    lane.stats.width = picture.width();
    lane.stats.height = picture.height();
    lane.stats.picture_time = picture.time();
    lane.stats.decoded_at = clock_.Monotonic();
    if (full) lane.last_picture = picture;
  }
  sink_.OnPicture(lane.camera_id, picture);
}

void DecodePool::Shutdown() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const DecodeLanePtr& lane : runnable_) lane->queue.clear();
    runnable_.clear();
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace patrol::ingest
