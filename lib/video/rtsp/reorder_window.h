#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace patrol::rtsp {

// What arrived when, on both clocks.
struct Received {
  absl::Time utc;
  absl::Duration monotonic;
};

// Puts datagrams of one RTP stream back in order. What comes in order is handed on where it lies;
// only what comes early is copied and held, until what is missing has come, or the window of
// limits::kReorderPacketsMax packets or kReorderTimeMax is full: then the missing is given up.
//
// A jump further than a window can explain, or a new SSRC, is handed on as it is, after everything
// held.
class ReorderWindow {
 public:
  using Release = absl::FunctionRef<void(std::span<const uint8_t>, const Received&)>;

  void OnPacket(uint16_t sequence, uint32_t ssrc, std::span<const uint8_t> bytes,
                const Received& received, Release release);

  // Gives up what has been waited for long enough.
  void OnTime(absl::Duration monotonic, Release release);
  // When OnTime has something to do; nullopt while nothing is held.
  std::optional<absl::Duration> due() const;

  int64_t reordered() const { return reordered_; }  // came after a later one, and were put in order
  int64_t late() const { return late_; }  // came when they had been given up, and were dropped
  int64_t duplicates() const { return duplicates_; }

 private:
  struct Held {
    bool used = false;
    Received received;
    std::vector<uint8_t> bytes;
  };

  void Hold(uint16_t sequence, std::span<const uint8_t> bytes, const Received& received);
  // Hands on `next_` if it is there, and passes it.
  void PassOne(Release release);
  void PassContiguous(Release release);
  void Flush(Release release);
  void Delivered();
  void Missing();
  Held& SlotOf(uint16_t sequence);

  bool started_ = false;
  uint32_t ssrc_ = 0;
  uint16_t next_ = 0;        // the sequence number waited for
  uint16_t highest_ = 0;     // seen
  uint64_t delivered_ = 0;   // bit k: next_ - 1 - k was handed on
  std::vector<Held> slots_;  // by sequence number modulo the window; empty until first needed
  size_t held_ = 0;
  absl::Duration blocked_since_;

  int64_t reordered_ = 0;
  int64_t late_ = 0;
  int64_t duplicates_ = 0;
};

}  // namespace patrol::rtsp
