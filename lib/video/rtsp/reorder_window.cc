#include "lib/video/rtsp/reorder_window.h"

#include "lib/base/limits.h"
#include "lib/video/rtsp/rtp.h"

namespace patrol::rtsp {

ReorderWindow::Held& ReorderWindow::SlotOf(uint16_t sequence) {
  return slots_[sequence % limits::kReorderPacketsMax];
}

void ReorderWindow::OnPacket(uint16_t sequence, uint32_t ssrc, std::span<const uint8_t> bytes,
                             const Received& received, Release release) {
  const uint16_t ahead = static_cast<uint16_t>(sequence - next_);
  const uint16_t behind = static_cast<uint16_t>(next_ - sequence);
  const bool too_late = started_ && ahead != 0 && behind <= kSequenceMisorderMax;
  const bool elsewhere = !too_late && ahead > kSequenceDropoutMax;
  if (!started_ || ssrc != ssrc_ || elsewhere) {
    Flush(release);
    started_ = true;
    ssrc_ = ssrc;
    next_ = static_cast<uint16_t>(sequence + 1);
    highest_ = sequence;
    delivered_ = 1;
    release(bytes, received);
    return;
  }
  if (too_late) {
    const bool had = behind <= 64 && (delivered_ >> (behind - 1) & 1) != 0;
    ++(had ? duplicates_ : late_);
    return;
  }
  if (static_cast<int16_t>(sequence - highest_) < 0) {
    if (ahead == 0 || !SlotOf(sequence).used) ++reordered_;
  } else {
    highest_ = sequence;
  }
  if (ahead == 0) {
    release(bytes, received);
    Delivered();
    if (held_ > 0) PassContiguous(release);
    return;
  }
  // What does not fit in the window pushes out what is in it.
  while (static_cast<uint16_t>(sequence - next_) >= limits::kReorderPacketsMax) PassOne(release);
  if (sequence == next_) {
    release(bytes, received);
    Delivered();
  } else {
    Hold(sequence, bytes, received);
  }
  PassContiguous(release);
  OnTime(received.monotonic, release);
}

void ReorderWindow::Hold(uint16_t sequence, std::span<const uint8_t> bytes,
                         const Received& received) {
  if (slots_.empty()) slots_.resize(limits::kReorderPacketsMax);
  Held& slot = SlotOf(sequence);
  if (slot.used) {
    ++duplicates_;
    return;
  }
  slot.used = true;
  slot.received = received;
  slot.bytes.assign(bytes.begin(), bytes.end());
  if (held_++ == 0) blocked_since_ = received.monotonic;
}

void ReorderWindow::Delivered() {
  ++next_;
  delivered_ = delivered_ << 1 | 1;
}

void ReorderWindow::Missing() {
  ++next_;
  delivered_ <<= 1;
}

void ReorderWindow::PassOne(Release release) {
  if (held_ == 0 || !SlotOf(next_).used) {
    Missing();
    return;
  }
  Held& slot = SlotOf(next_);
  slot.used = false;
  --held_;
  release(slot.bytes, slot.received);
  Delivered();
}

void ReorderWindow::PassContiguous(Release release) {
  bool passed = false;
  while (held_ > 0 && SlotOf(next_).used) {
    PassOne(release);
    passed = true;
  }
  if (!passed || held_ == 0) return;
  // What is still held waits for another packet: its time counts from its first arrival.
  for (size_t i = 1; i < limits::kReorderPacketsMax; ++i) {
    const Held& slot = SlotOf(static_cast<uint16_t>(next_ + i));
    if (!slot.used) continue;
    blocked_since_ = slot.received.monotonic;
    break;
  }
}

void ReorderWindow::OnTime(absl::Duration monotonic, Release release) {
  while (held_ > 0 && monotonic - blocked_since_ >= limits::kReorderTimeMax) {
    while (!SlotOf(next_).used) Missing();
    PassContiguous(release);
  }
}

std::optional<absl::Duration> ReorderWindow::due() const {
  if (held_ == 0) return std::nullopt;
  return blocked_since_ + limits::kReorderTimeMax;
}

void ReorderWindow::Flush(Release release) {
  while (held_ > 0) PassOne(release);
}

}  // namespace patrol::rtsp
