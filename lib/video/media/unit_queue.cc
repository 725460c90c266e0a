#include "lib/video/media/unit_queue.h"

#include <utility>

namespace patrol::media {

UnitQueue::UnitQueue(size_t units_max, size_t bytes_max, std::function<void()> on_ready)
    : units_max_(units_max), bytes_max_(bytes_max), on_ready_(std::move(on_ready)) {}

void UnitQueue::OnAccessUnit(const AccessUnitPtr& unit) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    const auto fits = [&] {
      return items_.size() < units_max_ && bytes_ + unit->data.size() <= bytes_max_;
    };
    const bool begins = unit->is_entry();
    if (begins && !fits()) {
      // What waits is older than this, and this can be shown without it.
      dropped_ += items_.size();
      items_.clear();
      bytes_ = 0;
      gap_ = true;
    }
    if ((to_keyframe_ && !begins) || !fits()) {
      to_keyframe_ = true;
      gap_ = true;
      ++dropped_;
      return;
    }
    to_keyframe_ = false;
    was_empty = items_.empty();
    items_.push_back({unit, std::exchange(gap_, false)});
    bytes_ += unit->data.size();
  }
  if (was_empty && on_ready_) on_ready_();
}

void UnitQueue::OnBreak() {
  std::lock_guard lock(mutex_);
  gap_ = true;
}

void UnitQueue::OnEnd() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  if (on_ready_) on_ready_();
}

void UnitQueue::OnWithdrawn() {
  {
    std::lock_guard lock(mutex_);
    ended_ = withdrawn_ = true;
    items_.clear();
    bytes_ = 0;
  }
  if (on_ready_) on_ready_();
}

bool UnitQueue::withdrawn() const {
  std::lock_guard lock(mutex_);
  return withdrawn_;
}

std::optional<UnitQueue::Item> UnitQueue::Pop() {
  std::lock_guard lock(mutex_);
  if (items_.empty()) return std::nullopt;
  Item item = std::move(items_.front());
  items_.pop_front();
  bytes_ -= item.unit->data.size();
  return item;
}

bool UnitQueue::ended() const {
  std::lock_guard lock(mutex_);
  return ended_ && items_.empty();
}

uint64_t UnitQueue::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

std::optional<Codec> UnitQueue::codec() const {
  std::lock_guard lock(mutex_);
  if (items_.empty()) return std::nullopt;
  return items_.front().unit->codec;
}

}  // namespace patrol::media
