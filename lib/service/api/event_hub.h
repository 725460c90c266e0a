#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/service/store/rows.h"
#include "lib/service/store/store.h"

namespace patrol::api {

// What a message about a motion event tells.
enum class EventPhase { kBegin, kUpdate, kEnd };

struct EventChange {
  int64_t revision = 0;
  EventPhase phase = EventPhase::kBegin;
  store::MotionEvent event;
};
using EventChangePtr = std::shared_ptr<const EventChange>;

// Tells every watcher every change of every motion event, numbered by revision, and keeps the last
// `capacity` of them so that a watcher that lost its connection can go on where it was.
//
// Revisions start at the service's start time in microseconds, so that one from before a restart is
// told apart from a present one.
//
// Threads: every member may be called from any thread.
class EventHub {
 public:
  EventHub(const Clock& clock, size_t capacity);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Returns: the revision it got.
  int64_t Publish(EventPhase phase, store::MotionEvent event);

  // Of the last change; that of the start when there was none.
  int64_t latest() const;

  // The change that follows `revision`; null when there is none yet.
  // Errors: OUT_OF_RANGE when it is no longer kept, or `revision` was never given.
  absl::StatusOr<EventChangePtr> After(int64_t revision) const;

  // Calls `wake` after every change, on the publisher's thread, until the subscription is
  // destroyed; the destructor waits for a call under way. `wake` must not block, and may not
  // publish.
  class Subscription;
  std::unique_ptr<Subscription> Subscribe(std::function<void()> wake);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

class EventHub::Subscription {
 public:
  explicit Subscription(std::function<void()> end);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  std::function<void()> end_;
};

// Stores a change of a motion event and then tells the watchers: what is told can be asked for,
// also after a crash. When the store fails, the watchers are told all the same and the failure is
// logged and counted: a full disk must not blind the operators.
//
// Threads: every member may be called from any thread; changes of one event come in order.
class EventRecorder {
 public:
  // Both outlive the recorder and the writes given to the store.
  EventRecorder(store::Store& store, EventHub& hub);
  ~EventRecorder();

  // still: JPEG of the most moving picture so far; null when there is no newer one.
  void Record(EventPhase phase, store::MotionEvent event, std::shared_ptr<const std::string> still);

  // Marks an event as none, or takes the mark back, and tells the watchers. Blocks until it is
  // stored. What is recorded of the event later leaves the mark as it is.
  // Errors: NOT_FOUND; the store's.
  absl::StatusOr<store::MotionEvent> Mark(const std::string& event_id,
                                          std::optional<absl::Time> marked);

  // No still of the camera's events that began before `before` is kept. What Record was given
  // earlier is stored first.
  void ForgetStills(const std::string& camera_id, absl::Time before);

  uint64_t store_failures() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patrol::api
