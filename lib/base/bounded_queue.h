#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace patrol {

// What a full queue does with a new item.
enum class Overflow {
  kRefuseNewest,  // Push returns false; the caller decides and counts.
  kDropOldest,    // the oldest item makes room and is counted in dropped().
};

// Hands items from any number of threads to any number of threads, never holding more than
// `capacity`: the only way work changes threads in patrolcircle.
//
// Threads: every member may be called from any thread.
template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(size_t capacity, Overflow overflow) : capacity_(capacity), overflow_(overflow) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // False when the item was not taken: the queue is closed, or full under kRefuseNewest (counted).
  [[nodiscard]] bool Push(T item) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return false;
      if (items_.size() >= capacity_) {
        ++dropped_;
        if (overflow_ == Overflow::kRefuseNewest) return false;
        items_.pop_front();
      }
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
    return true;
  }

  // Waits for an item; nullopt once the queue is closed and empty.
  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !items_.empty(); });
    return TakeFront();
  }

  // As Pop, but gives up after `timeout`: nullopt then, too.
  std::optional<T> PopFor(std::chrono::nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, timeout, [this] { return closed_ || !items_.empty(); });
    return TakeFront();
  }

  // The next item if there is one now.
  std::optional<T> TryPop() {
    std::lock_guard lock(mutex_);
    return TakeFront();
  }

  // Takes no more items; those inside can still be popped.
  void Close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

  // Items refused or dropped because the queue was full, since it was made.
  uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<T> TakeFront() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  const size_t capacity_;
  const Overflow overflow_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // guarded by mutex_
  std::deque<T> items_;
  bool closed_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace patrol
