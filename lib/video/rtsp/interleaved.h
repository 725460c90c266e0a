#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/video/rtsp/message.h"

namespace patrol::rtsp {

// Who takes what a connection carries.
class InterleavedSink {
 public:
  virtual ~InterleavedSink() = default;
  // `payload` lives until the call returns.
  virtual void OnFrame(uint8_t channel, std::span<const uint8_t> payload) = 0;
  virtual void OnMessage(Message message) = 0;
  // Bytes that were neither, passed over to find the stream again.
  virtual void OnJunk(size_t bytes) = 0;
};

// Takes a connection's bytes apart: RTSP messages and "$" channel length payload frames (RFC 2326
// section 10.12), in any split. Frames that lie whole in the bytes fed are handed on without a
// copy; only the unfinished rest is kept.
//
// Junk between frames is passed over up to the next thing that can be a frame of a channel we use
// (with RTP's version in its payload) or a message. What may be a frame of another channel is taken
// for one only where another frame or a message follows it.
class Deinterleaver {
 public:
  explicit Deinterleaver(InterleavedSink& sink) : sink_(sink) {}

  // Channels whose frames are believed when the place in the stream is in doubt.
  void ExpectChannels(uint8_t rtp, uint8_t rtcp);

  // Hands on everything complete in `bytes`. After an error no more may be fed.
  // Errors: DATA_LOSS (no frame or message within kJunkBytesMax), RESOURCE_EXHAUSTED (a message
  // past
  //         its limits), each with the byte offset in the connection.
  absl::Status Feed(std::span<const uint8_t> bytes);

  // Bytes of the connection taken so far.
  uint64_t offset() const { return offset_; }

  static constexpr size_t kJunkBytesMax = 256 * 1024;

 private:
  // Each takes one thing from the front of `bytes` and returns its size; 0 when more is needed.
  absl::StatusOr<size_t> TakeOne(std::span<const uint8_t> bytes);
  absl::StatusOr<size_t> TakeFrame(std::span<const uint8_t> bytes);
  absl::StatusOr<size_t> TakeMessage(std::span<const uint8_t> bytes);
  absl::StatusOr<size_t> SkipJunk(std::span<const uint8_t> bytes);

  InterleavedSink& sink_;
  bool channels_known_ = false;
  uint8_t rtp_channel_ = 0;
  uint8_t rtcp_channel_ = 1;
  bool in_junk_ = false;
  size_t junk_bytes_ = 0;  // since the last thing that made sense
  uint64_t offset_ = 0;
  std::vector<uint8_t> rest_;
};

}  // namespace patrol::rtsp
