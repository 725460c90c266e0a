#include "lib/service/api/event_hub.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/log.h"
#include "lib/base/status.h"

namespace patrol::api {

namespace {

// A watcher's wake-up call. Its mutex is held during the call, so that ending waits for it.
struct Waker {
  std::mutex mutex;
  std::function<void()> wake;  // guarded by mutex; empty once ended
};

}  // namespace

class EventHub::Impl {
 public:
  Impl(int64_t start, size_t capacity) : capacity_(std::max<size_t>(capacity, 1)), latest_(start) {}

  int64_t Publish(EventPhase phase, store::MotionEvent event) {
    auto change = std::make_shared<EventChange>();
    change->phase = phase;
    change->event = std::move(event);
    std::vector<std::shared_ptr<Waker>> wakers;
    int64_t revision = 0;
    {
      std::lock_guard lock(mutex_);
      revision = ++latest_;
      change->revision = revision;
      ring_.push_back(std::move(change));
      if (ring_.size() > capacity_) ring_.pop_front();
      wakers = wakers_;
    }
    for (const std::shared_ptr<Waker>& waker : wakers) {
      std::lock_guard lock(waker->mutex);
      if (waker->wake) waker->wake();
    }
    return revision;
  }

  int64_t latest() const {
    std::lock_guard lock(mutex_);
    return latest_;
  }

  absl::StatusOr<EventChangePtr> After(int64_t revision) const {
    std::lock_guard lock(mutex_);
    const int64_t oldest = latest_ - static_cast<int64_t>(ring_.size());  // can be gone on from
    if (revision < oldest || revision > latest_) {
      return absl::OutOfRangeError(absl::StrCat(
          "after_revision: ", revision, " can't be gone on from, only ", oldest, "..", latest_,
          " can; list the events, then watch from now on (after_revision 0)"));
    }
    if (revision == latest_) return EventChangePtr();
    return ring_[static_cast<size_t>(revision - oldest)];
  }

  void Add(std::shared_ptr<Waker> waker) {
    std::lock_guard lock(mutex_);
    wakers_.push_back(std::move(waker));
  }

  void Remove(const std::shared_ptr<Waker>& waker) {
    std::lock_guard lock(mutex_);
    wakers_.erase(std::remove(wakers_.begin(), wakers_.end(), waker), wakers_.end());
  }

 private:
  const size_t capacity_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  int64_t latest_;
  std::deque<EventChangePtr> ring_;  // revisions latest_ - ring_.size() + 1 .. latest_
  std::vector<std::shared_ptr<Waker>> wakers_;
};

EventHub::EventHub(const Clock& clock, size_t capacity)
    : impl_(std::make_shared<Impl>(absl::ToUnixMicros(clock.Now()), capacity)) {}

EventHub::~EventHub() = default;

int64_t EventHub::Publish(EventPhase phase, store::MotionEvent event) {
  return impl_->Publish(phase, std::move(event));
}

int64_t EventHub::latest() const { return impl_->latest(); }

absl::StatusOr<EventChangePtr> EventHub::After(int64_t revision) const {
  return impl_->After(revision);
}

std::unique_ptr<EventHub::Subscription> EventHub::Subscribe(std::function<void()> wake) {
  auto waker = std::make_shared<Waker>();
  waker->wake = std::move(wake);
  impl_->Add(waker);
  // The hub may be gone before the subscription is.
  return std::make_unique<Subscription>([impl = impl_, waker] {
    impl->Remove(waker);
    std::lock_guard lock(waker->mutex);
    waker->wake = nullptr;
  });
}

EventHub::Subscription::Subscription(std::function<void()> end) : end_(std::move(end)) {}

EventHub::Subscription::~Subscription() { end_(); }

struct EventRecorder::State {
  State(store::Store& store, EventHub& hub) : store(store), hub(hub) {}

  store::Store& store;
  EventHub& hub;
  std::atomic<uint64_t> store_failures{0};

  // Tells the watchers of what was stored.
  void Tell(EventPhase phase, store::MotionEvent event) {
    std::lock_guard lock(telling);
    const auto known = open.find(event.id);
    if (known != open.end()) event.marked = known->second;
    if (phase == EventPhase::kEnd) {
      open.erase(event.id);
    } else {
      open.try_emplace(event.id);
    }
    hub.Publish(phase, std::move(event));
  }

  std::mutex telling;
  // guarded by telling: marks of the events that go on. Who records them does not know of marks.
  std::map<std::string, std::optional<absl::Time>> open;

  std::mutex mutex;
  std::condition_variable settled;
  size_t under_way = 0;  // guarded by mutex: writes whose outcome is not known yet
};

EventRecorder::EventRecorder(store::Store& store, EventHub& hub)
    : state_(std::make_shared<State>(store, hub)) {}

EventRecorder::~EventRecorder() {
  std::unique_lock lock(state_->mutex);
  state_->settled.wait(lock, [this] { return state_->under_way == 0; });
}

void EventRecorder::Record(EventPhase phase, store::MotionEvent event,
                           std::shared_ptr<const std::string> still) {
  {
    std::lock_guard lock(state_->mutex);
    ++state_->under_way;
  }
  event.has_still = event.has_still || still != nullptr;
  store::MotionEvent told = event;
  auto done = [state = state_, phase, told = std::move(told)](absl::Status status) mutable {
    if (!status.ok()) {
      // One line for each power of two: a full disk would otherwise fill the log as well.
      const uint64_t failures = ++state->store_failures;
      if ((failures & (failures - 1)) == 0) {
        PATROL_LOG_ERROR("motion event \"{}\": not stored ({} so far): {}", told.id, failures,
                         std::string(status.message()));
      }
    }
    state->Tell(phase, std::move(told));
    std::lock_guard lock(state->mutex);
    --state->under_way;
    state->settled.notify_all();
  };
  state_->store.PutMotionEvent(std::move(event), std::move(still), std::move(done));
}

absl::StatusOr<store::MotionEvent> EventRecorder::Mark(const std::string& event_id,
                                                       std::optional<absl::Time> marked) {
  PATROL_ASSIGN_OR_RETURN(store::MotionEvent event,
                          state_->store.MarkMotionEvent(event_id, marked));
  std::lock_guard lock(state_->telling);
  const auto known = state_->open.find(event_id);
  if (known != state_->open.end()) known->second = marked;
  state_->hub.Publish(event.ended ? EventPhase::kEnd : EventPhase::kUpdate, event);
  return event;
}

void EventRecorder::ForgetStills(const std::string& camera_id, absl::Time before) {
  {
    std::lock_guard lock(state_->mutex);
    ++state_->under_way;
  }
  state_->store.DeleteMotionStills(camera_id, before, [state = state_, camera_id](absl::Status s) {
    if (!s.ok()) {
      ++state->store_failures;
      PATROL_LOG_ERROR("camera \"{}\": stills from before its privacy mask may still be stored: {}",
                       camera_id, std::string(s.message()));
    }
    std::lock_guard lock(state->mutex);
    --state->under_way;
    state->settled.notify_all();
  });
}

uint64_t EventRecorder::store_failures() const { return state_->store_failures; }

}  // namespace patrol::api
