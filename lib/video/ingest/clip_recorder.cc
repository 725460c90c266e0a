#include "lib/video/ingest/clip_recorder.h"

#include <pthread.h>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/log.h"

namespace patrol::ingest {
namespace {

// What came is written this often: a look at 350 open clips for each of their 5,000 pictures a
// second took a tenth of the service's CPU. The units that wait are the ring's as well.
constexpr std::chrono::milliseconds kLook(500);
// An ended event whose camera gives no more pictures is finished after this.
constexpr absl::Duration kEndWaitMax = absl::Seconds(10);

}  // namespace

struct ClipRecorder::Clip {
  absl::Time begin;
  std::shared_ptr<media::UnitQueue> queue;
  std::unique_ptr<media::AccessUnitSubscription> subscription;
  // the writing thread's
  media::Fmp4Writer writer;
  std::vector<media::UnitQueue::Item> before;  // the newest GOP that begins before the pre-roll
  bool begun = false;                          // has a movie box
  bool in_file = false;
  size_t bytes = 0;
  // guarded by the recorder's mutex_
  std::optional<absl::Time> last;
  absl::Time told_end;
};

ClipRecorder::ClipRecorder(const ClipOptions& options, media::AccessUnitSource& source,
                           ClipFiles& files)
    : options_(options), source_(source), files_(files), thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "clips");
}

ClipRecorder::~ClipRecorder() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  closing_.notify_all();
  thread_.join();
}

void ClipRecorder::Begin(const std::string& event_id, const std::string& camera_id,
                         absl::Time begin) {
  if (options_.bytes_max == 0) return;
  auto clip = std::make_shared<Clip>();
  clip->begin = begin;
  clip->queue = std::make_shared<media::UnitQueue>(limits::kClipQueueUnitsMax,
                                                   limits::kClipQueueBytesMax, [] {});
  {
    std::lock_guard lock(mutex_);
    if (closed_ || open_.contains(event_id)) return;
    if (open_.size() >= limits::kClipsAtOnceMax) {
      ++counts_.refused;
      return;
    }
    open_[event_id] = clip;
  }
  auto subscription = source_.Subscribe(camera_id, clip->queue, media::HandOver::kAllKept);
  std::lock_guard lock(mutex_);
  if (subscription.ok()) {
    clip->subscription = *std::move(subscription);
  } else {
    open_.erase(event_id);
  }
}

void ClipRecorder::End(const std::string& event_id, absl::Time last) {
  std::lock_guard lock(mutex_);
  const auto found = open_.find(event_id);
  if (found == open_.end()) return;
  found->second->last = last;
  found->second->told_end = absl::Now();
}

ClipCounts ClipRecorder::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void ClipRecorder::Work() {
  bool closing = false;
  while (!closing) {
    std::map<std::string, std::shared_ptr<Clip>> open;
    {
      std::unique_lock lock(mutex_);
      closing = closing_.wait_for(lock, kLook, [this] { return closed_; });
      open = open_;
    }
    for (const auto& [id, clip] : open) {
      if (!Write(id, *clip) && !closing) continue;
      if (clip->queue->withdrawn()) {
        // Nothing of it may be seen any more, nor what is in the file.
        files_.Remove(id);
        clip->in_file = false;
      } else if (const absl::Status finished = files_.Finish(id); !finished.ok()) {
        PATROL_LOG_WARNING("{}", std::string(finished.message()));
      }
      std::unique_ptr<media::AccessUnitSubscription> gone;
      std::lock_guard lock(mutex_);
      counts_.recorded += clip->in_file ? 1 : 0;
      counts_.units_dropped += static_cast<int64_t>(clip->queue->dropped());
      gone.swap(clip->subscription);
      open_.erase(id);
    }
  }
}

bool ClipRecorder::Write(const std::string& event_id, Clip& clip) {
  const absl::Time from = clip.begin - options_.pre_roll;
  // Asked for each unit: the end may be told while what came before it is being written.
  const auto until = [&] {
    std::lock_guard lock(mutex_);
    const absl::Time most = clip.begin + options_.length_max;
    return clip.last ? std::min(most, *clip.last + options_.post_roll) : most;
  };
  bool complete = false;
  bytes_.clear();
  const auto add = [&](const media::UnitQueue::Item& item) {
    if (item.after_gap) clip.writer.Break();
    absl::StatusOr<media::Fmp4Piece> piece = clip.writer.Write(*item.unit);
    if (!piece.ok()) {
      complete = complete || absl::IsUnimplemented(piece.status());
      return;
    }
    // One file has one set of parameter sets: where they change, the clip ends.
    if (piece->init && clip.begun) complete = true;
    if (complete) return;
    if (piece->init) bytes_.append(piece->init->bytes.begin(), piece->init->bytes.end());
    clip.begun = clip.begun || piece->init != nullptr;
    bytes_.append(piece->fragment.begin(), piece->fragment.end());
  };
  while (!complete) {
    const std::optional<media::UnitQueue::Item> item = clip.queue->Pop();
    if (!item) break;
    if (!clip.begun && item->unit->time <= from) {
      // Only the last keyframe at or before the pre-roll is needed, and what follows it.
      if (item->unit->keyframe) clip.before.clear();
      clip.before.push_back(*item);
      continue;
    }
    for (const media::UnitQueue::Item& earlier : std::exchange(clip.before, {})) add(earlier);
    if (item->unit->time > until() || clip.bytes + bytes_.size() > limits::kClipBytesMax) {
      complete = true;
    } else {
      add(*item);
    }
  }
  if (!bytes_.empty()) {
    absl::Status written = absl::OkStatus();
    if (!std::exchange(clip.in_file, true)) written = files_.Begin(event_id, clip.begin);
    if (written.ok()) written = files_.Append(event_id, bytes_);
    if (!written.ok()) {
      PATROL_LOG_WARNING("{}", std::string(written.message()));
      return true;
    }
    clip.bytes += bytes_.size();
  }
  if (complete || clip.queue->ended()) return true;
  std::lock_guard lock(mutex_);
  return clip.last && absl::Now() - clip.told_end > kEndWaitMax + options_.post_roll;
}

}  // namespace patrol::ingest
