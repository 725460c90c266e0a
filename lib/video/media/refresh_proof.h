#pragma once

#include <memory>

#include "absl/status/statusor.h"

struct AVCodecContext;
struct AVFrame;
struct AVPacket;

namespace patrol::media {

// Finds out when the pictures of a stream that was entered without a keyframe are whole.
//
// Nothing in such a stream need say so, and what says so need not be right. So a second decoder is
// given the same units, and the first sixteen pictures, all that later ones can refer to (ITU-T
// H.264 A.3.1, H.265 A.4.2), are painted dark in the one and bright in the other, where the
// decoders keep them. Once both give the same picture nothing is left in it of what they began
// with. A stream that never renews some part of its picture is never found whole, nor one that
// shows its pictures in another order than it sends them: they would be painted too late.
//
// Software decoders alone, 8-bit 4:2:0. Threads: one call at a time. Cost: as much again as
// decoding, for as long as it takes.
class RefreshProof {
 public:
  // For the decoder of `first`, which has been given nothing yet.
  static absl::StatusOr<std::unique_ptr<RefreshProof>> Begin(const AVCodecContext& first);
  ~RefreshProof();
  RefreshProof(const RefreshProof&) = delete;
  RefreshProof& operator=(const RefreshProof&) = delete;

  // packet: what the first decoder was given; picture: what it gave for it, painted while that is
  //   needed; null where it gave none. intact: nothing of the packet was lost, nor before it.
  // Returns: true when the picture is whole.
  bool Follow(const AVPacket& packet, AVFrame* picture, bool intact);

 private:
  struct Impl;
  explicit RefreshProof(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::media
