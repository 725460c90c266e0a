#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "lib/video/media/access_unit.h"

namespace patrol::media {

// Between a source of access units and one who takes them at their own pace: bounded. Where it is
// full, what waits and what comes is dropped up to the next keyframe and counted, so that a slow
// taker sees fewer pictures, never broken ones, and then the present again.
//
// Threads: every member may be called from any thread.
class UnitQueue : public AccessUnitListener {
 public:
  // on_ready: called, on the caller's thread and without the lock, after something came while
  //   nothing was waiting; must not block.
  UnitQueue(size_t units_max, size_t bytes_max, std::function<void()> on_ready);

  // AccessUnitListener
  void OnAccessUnit(const AccessUnitPtr& unit) override;
  void OnBreak() override;
  void OnEnd() override;
  void OnWithdrawn() override;

  struct Item {
    AccessUnitPtr unit;
    bool after_gap = false;  // it does not continue the item before it
  };
  // The next; nullopt when nothing waits.
  std::optional<Item> Pop();

  // Nothing waits, and nothing comes any more.
  bool ended() const;
  // And what came must not be seen.
  bool withdrawn() const;
  uint64_t dropped() const;
  // The codec of what waits; nullopt when nothing does.
  std::optional<Codec> codec() const;

 private:
  const size_t units_max_;
  const size_t bytes_max_;
  const std::function<void()> on_ready_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::deque<Item> items_;
  size_t bytes_ = 0;
  bool to_keyframe_ = false;  // dropping
  bool gap_ = false;          // the next item does not continue the last
  bool ended_ = false;
  bool withdrawn_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace patrol::media
