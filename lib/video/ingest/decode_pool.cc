#include "lib/video/ingest/decode_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/thread_cpu.h"

namespace patrol::ingest {

namespace {

constexpr absl::Duration kLeastStep = absl::Microseconds(1);
// Full decodes take turns; a unit of theirs should not wait longer than this.
constexpr absl::Duration kFullDeadline = absl::Milliseconds(500);
// However much time a camera has left: a keyframe is of use while the next has not come.
constexpr absl::Duration kKeyframeDeadlineMax = absl::Seconds(2);
// Cameras' clocks jitter: a picture this much of the interval early is taken.
constexpr double kEarly = 0.9;
// Of a GOP so much is decoded without the filter against block edges where full decoding begins in
// it; what is left out adds up.
constexpr absl::Duration kUnfilteredMax = absl::Seconds(4);
// Decoders kept for the next full decode: one of 640x360 holds about 5 MB, and a few serve nearly
// all, since one begins for each that ends.
constexpr size_t kSparesMax = 4;
// Lanes that left full decoding with work waiting, and so hold a decoder still. Where threads fall
// behind, those that leave would pile up beside those that begin.
constexpr size_t kLeavingMax = 8;
// Whoever receives comes before whoever decodes, where there are fewer cores than threads.
constexpr int kNice = 5;

}  // namespace

struct DecodePool::Item {
  media::AccessUnitPtr unit;
  bool full = false;        // decode with the lane's own decoder
  bool restart = false;     // does not continue the unit before it
  bool again = false;       // from the ring: its picture may have been handed on already
  bool filtered = true;     // against block edges
  uint64_t generation = 0;  // of the lane when it was pushed
};

struct DecodeLane {
  explicit DecodeLane(std::string id) : camera_id(std::move(id)) {}

  const std::string camera_id;
  // Guarded by the pool's mutex.
  std::deque<DecodePool::Item> queue;
  size_t queue_bytes = 0;
  size_t from_ring = 0;    // units of the queue that the ring holds as well
  bool scheduled = false;  // runnable, or a thread works on it
  bool working = false;    // a thread works on it
  bool removed = false;
  uint64_t generation = 0;  // grows with each Forget
  uint64_t worked_on = 0;   // generation of what is worked on
  bool full = false;
  bool leaving = false;     // left full decoding, and what waits is decoded still
  bool to_keyframe = true;  // pass over what comes up to the next keyframe
  bool dropping = false;    // because something was lost, not because the stream just began
  // Units of the GOP that full decoding began in are not filtered up to then.
  absl::Time unfiltered_until = absl::InfinitePast();
  DecodeStats stats;
  media::Picture last_picture;
  // Of the thread that works on the lane.
  std::unique_ptr<media::Decoder> decoder;
  media::Codec decoder_codec = media::Codec::kH264;
  std::string_view decoded_by;                  // a literal
  absl::Time handed_on = absl::InfinitePast();  // time of the last picture the sink was given
};

DecodePool::DecodePool(const FleetOptions& options, const Clock& clock, PictureSink& sink)
    : blind_after_(options.blind_after),
      analysed_every_(absl::Seconds(1) / std::max(options.analysed_per_second, 1)),
      hardware_(media::OpenHardware(options.hardware)),
      clock_(clock),
      sink_(sink) {
  const bool missed =
      hardware_.hardware == nullptr && (options.hardware == media::HardwareChoice::kVaapi ||
                                        options.hardware == media::HardwareChoice::kCuda);
  if (missed) {
    PATROL_LOG_WARNING("ingest.hardware: {} is not to be had: {}",
                       std::string(media::HardwareChoiceName(options.hardware)), hardware_.why);
  } else if (options.hardware != media::HardwareChoice::kOff) {
    PATROL_LOG_INFO("ingest.hardware: {}", hardware_.why);
  }
  for (int i = 0; i < std::max(options.decode_threads, 1); ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), absl::StrCat("decode-", i).c_str());
  }
}

DecodePool::~DecodePool() { Shutdown(); }

DecodeLanePtr DecodePool::AddLane(std::string camera_id) {
  auto lane = std::make_shared<DecodeLane>(std::move(camera_id));
  lane->stats.blind_from = clock_.Monotonic();
  return lane;
}

void DecodePool::RemoveLane(const DecodeLanePtr& lane) {
  std::lock_guard lock(mutex_);
  lane->removed = true;
  Empty(*lane);
  lane->last_picture = media::Picture();
}

void DecodePool::Enqueue(DecodeLane& lane, Item item) {
  lane.queue_bytes += item.unit->data.size();
  if (item.again) ++lane.from_ring;
  item.generation = lane.generation;
  lane.queue.push_back(std::move(item));
  totals_.waiting_max = std::max(totals_.waiting_max, ++totals_.waiting);
}

void DecodePool::Empty(DecodeLane& lane) {
  totals_.waiting -= lane.queue.size();
  lane.queue.clear();
  lane.queue_bytes = 0;
  lane.from_ring = 0;
}

void DecodePool::Drop(DecodeLane& lane, int64_t units) {
  lane.stats.dropped += units;
  totals_.dropped += units;
}

void DecodePool::DropWaiting(DecodeLane& lane) {
  Drop(lane, static_cast<int64_t>(lane.queue.size()));
  Empty(lane);
}

void DecodePool::Schedule(const DecodeLanePtr& lane) {
  const absl::Duration now = clock_.Monotonic();
  const absl::Duration deadline = lane->full ? now + kFullDeadline
                                             : std::clamp(lane->stats.decoded_at + blind_after_,
                                                          now, now + kKeyframeDeadlineMax);
  lane->scheduled = true;
  runnable_.emplace(deadline, lane);
}

void DecodePool::Push(const DecodeLanePtr& lane, media::AccessUnitPtr unit) {
  const size_t bytes = unit->data.size();
  {
    std::lock_guard lock(mutex_);
    if (closed_ || lane->removed) return;
    if (!lane->full) {
      if (!unit->keyframe) return;
      if (unit->damaged) {
        Drop(*lane, 1);
        return;
      }
      // The newest keyframe is worth more than those that still wait. What waits from before a
      // change of mode goes with them: the GOP it belongs to has ended.
      DropWaiting(*lane);
      lane->to_keyframe = true;
      Enqueue(*lane, {.unit = std::move(unit), .restart = true});
    } else {
      const bool begins = unit->is_entry() && !unit->damaged;
      // What the ring holds as well costs no memory, and a long GOP must be caught up with.
      const bool full_queue =
          lane->queue.size() >= limits::kDecodeQueueUnitsMax + lane->from_ring ||
          (lane->from_ring == 0 && lane->queue_bytes + bytes > limits::kDecodeQueueBytesMax);
      const bool restart = lane->to_keyframe;
      if (full_queue || unit->damaged) lane->to_keyframe = lane->dropping = true;
      if (full_queue || (lane->to_keyframe && !begins)) {
        if (lane->dropping) Drop(*lane, 1);
        return;
      }
      lane->to_keyframe = lane->dropping = false;
      if (begins) lane->unfiltered_until = absl::InfinitePast();
      const bool filtered = unit->time >= lane->unfiltered_until;
      Enqueue(*lane,
              {.unit = std::move(unit), .full = true, .restart = restart, .filtered = filtered});
    }
    if (lane->scheduled) return;
    Schedule(lane);
  }
  ready_.notify_one();
}

void DecodePool::Break(const DecodeLanePtr& lane) {
  std::lock_guard lock(mutex_);
  lane->to_keyframe = true;
  lane->dropping = false;
}

void DecodePool::BeginFull(const DecodeLanePtr& lane, std::vector<media::AccessUnitPtr> gop) {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || lane->removed || lane->full) return;
    lane->full = true;
    Left(*lane);
    // A keyframe that waits is in `gop` too, or is older.
    if (!gop.empty()) Empty(*lane);
    lane->to_keyframe = gop.empty();
    lane->dropping = false;
    const bool brief = !gop.empty() && gop.back()->time - gop.front()->time < kUnfilteredMax;
    lane->unfiltered_until = brief ? gop.front()->time + kUnfilteredMax : absl::InfinitePast();
    bool restart = true;
    for (media::AccessUnitPtr& unit : gop) {
      Enqueue(*lane, {.unit = std::move(unit),
                      .full = true,
                      .restart = restart,
                      .again = true,
                      .filtered = !brief});
      restart = false;
    }
    if (lane->queue.empty() || lane->scheduled) return;
    Schedule(lane);
  }
  ready_.notify_one();
}

void DecodePool::EndFull(const DecodeLanePtr& lane) {
  std::lock_guard lock(mutex_);
  if (!lane->full) return;
  lane->full = false;
  lane->to_keyframe = true;
  lane->dropping = false;
  lane->last_picture = media::Picture();
  // What waits is still decoded: a stream may have ended with it. Then a thread puts the decoder
  // back.
  if (lane->scheduled && leaving_ < kLeavingMax) {
    lane->leaving = true;
    ++leaving_;
    return;
  }
  DropWaiting(*lane);
  if (!lane->working) PutBack(*lane);
}

void DecodePool::Left(DecodeLane& lane) {
  if (std::exchange(lane.leaving, false)) --leaving_;
}

void DecodePool::PutBack(DecodeLane& lane) {
  std::unique_ptr<media::Decoder> decoder = std::move(lane.decoder);
  // Hardware is set up for one size of picture.
  if (decoder == nullptr || hardware_.hardware != nullptr || spare_.size() >= kSparesMax) return;
  decoder->Flush();
  spare_.emplace(lane.decoder_codec, std::move(decoder));
}

absl::StatusOr<std::unique_ptr<media::Decoder>> DecodePool::TakeDecoder(media::Codec codec) {
  {
    std::lock_guard lock(mutex_);
    if (auto spare = spare_.extract(codec)) return std::move(spare.mapped());
  }
  return media::Decoder::Create(codec, media::Reordering::kNone, hardware_.hardware);
}

void DecodePool::Forget(const DecodeLanePtr& lane) {
  std::lock_guard lock(mutex_);
  ++lane->generation;
  DropWaiting(*lane);
  lane->to_keyframe = true;
  lane->dropping = false;
  lane->last_picture = media::Picture();
}

void DecodePool::AwaitCall(const DecodeLanePtr& lane) {
  std::unique_lock lock(mutex_);
  const uint64_t generation = lane->generation;
  called_.wait(lock, [&] { return !lane->working || lane->worked_on >= generation; });
}

DecodePoolStats DecodePool::Totals() const {
  std::lock_guard lock(mutex_);
  return totals_;
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
  // Of this thread alone (Linux). Without it all works as well, later.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  SharedDecoders shared;
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return closed_ || !runnable_.empty(); });
    if (closed_) return;
    const DecodeLanePtr lane = std::move(runnable_.begin()->second);
    runnable_.erase(runnable_.begin());
    if (!lane->queue.empty()) {
      const Item item = std::move(lane->queue.front());
      lane->queue.pop_front();
      lane->queue_bytes -= item.unit->data.size();
      if (item.again) --lane->from_ring;
      --totals_.waiting;
      lane->working = true;
      lane->worked_on = item.generation;
      lock.unlock();
      const absl::Duration before = ThreadCpu();
      Decode(*lane, item, &shared);
      const absl::Duration cpu = ThreadCpu() - before;
      lock.lock();
      lane->working = false;
      called_.notify_all();
      ++lane->stats.units;
      lane->stats.cpu += cpu;
      totals_.cpu += cpu;
    }
    if (!lane->full && lane->queue.empty()) {
      Left(*lane);
      PutBack(*lane);
    }
    lane->scheduled = false;
    // Behind those whose time is nearer: a camera that is behind does not hold up the others.
    if (!lane->queue.empty()) Schedule(lane);
  }
}

void DecodePool::Decode(DecodeLane& lane, const Item& item, SharedDecoders* shared) {
  const media::AccessUnit& unit = *item.unit;
  // Nothing refers to a picture of MJPEG: one that would not be handed on need not be decoded.
  if (item.full && unit.codec == media::Codec::kMjpeg && unit.time > lane.handed_on &&
      TooSoon(lane, unit.time)) {
    return;
  }
  std::unique_ptr<media::Decoder>& decoder = item.full ? lane.decoder : (*shared)[unit.codec];
  if (item.full && decoder && lane.decoder_codec != unit.codec) decoder.reset();
  if (!decoder) {
    absl::StatusOr<std::unique_ptr<media::Decoder>> created =
        item.full ? TakeDecoder(unit.codec)
                  : media::Decoder::Create(unit.codec, media::Reordering::kNone);
    if (!created.ok()) {
      PATROL_LOG_ERROR("camera \"{}\": {}", lane.camera_id, created.status().ToString());
      std::lock_guard lock(mutex_);
      ++lane.stats.errors;
      return;
    }
    decoder = *std::move(created);
    if (item.full) lane.decoder_codec = unit.codec;
  }
  if (item.full && item.restart) decoder->Flush();
  const bool fell_back = !decoder->fallback().empty();
  if (item.full) decoder->FilterEdges(item.filtered);
  const auto decoded = item.full ? decoder->Decode(unit) : decoder->DecodeAlone(unit);
  if (item.full) {
    if (!fell_back && !decoder->fallback().empty()) {
      PATROL_LOG_WARNING("camera \"{}\": software decodes: {}", lane.camera_id,
                         decoder->fallback());
      std::lock_guard lock(mutex_);
      ++totals_.hardware_fallbacks;
    }
    if (lane.decoded_by != decoder->decoded_by()) {
      std::lock_guard lock(mutex_);
      lane.decoded_by = decoder->decoded_by();
      lane.stats.decoder = std::string(lane.decoded_by);
    }
  }
  if (!decoded.ok()) {
    PATROL_LOG_DEBUG("camera \"{}\": {}", lane.camera_id, decoded.status().ToString());
    std::lock_guard lock(mutex_);
    ++lane.stats.errors;
    return;
  }
  if (*decoded) HandOn(lane, item, **decoded);
}

bool DecodePool::TooSoon(const DecodeLane& lane, absl::Time time) const {
  return time < lane.handed_on + analysed_every_ * kEarly;
}

void DecodePool::HandOn(DecodeLane& lane, const Item& item, const media::Picture& decoded) {
  media::Picture picture = decoded;
  bool retimed = false;
  {
    std::lock_guard lock(mutex_);
    if (lane.removed || item.generation != lane.generation) return;
    ++lane.stats.pictures;
    if (item.again && picture.time() <= lane.stats.picture_time) return;
    // A new session times its pictures anew; whoever takes them relies on time going forward.
    retimed = picture.time() <= lane.stats.picture_time;
    if (retimed) {
      picture = picture.At(lane.stats.picture_time + kLeastStep);
    }
    lane.stats.width = picture.width();
    lane.stats.height = picture.height();
    lane.stats.picture_time = picture.time();
    const absl::Duration now = clock_.Monotonic();
    lane.stats.blind += std::max(now - lane.stats.blind_from, absl::ZeroDuration());
    lane.stats.blind_from = now + blind_after_;
    lane.stats.decoded_at = now;
    if (item.full) lane.last_picture = picture;
  }
  // More pictures a second tell the analysis nothing new.
  if (item.full && !retimed && TooSoon(lane, picture.time())) return;
  lane.handed_on = picture.time();
  sink_.OnPicture(lane.camera_id, picture,
                  item.again ? PictureOrigin::kRing : PictureOrigin::kStream);
}

void DecodePool::Shutdown() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [deadline, lane] : runnable_) Empty(*lane);
    runnable_.clear();
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace patrol::ingest
