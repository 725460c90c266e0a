#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/video/media/h264_headers.h"

namespace patrol::media {

// Notices lost reference pictures of an H.264 stream without decoding it: frame_num counts
// reference pictures, so a jump means that one never came. FFmpeg conceals such a loss and raises
// no flag (measured with 5.1), and all pictures up to the next keyframe are then built on a guess.
//
// Source: ITU-T H.264 7.4.3 (frame_num), D.1.8 (recovery point). Threads: one call at a time.
class ReferenceChain {
 public:
  // Takes the next access unit (Annex B).
  // Returns: false when pictures it may refer to were lost, now or since the last point of
  // recovery; or never came: it begins at an IDR picture or at a point of recovery.
  bool Follow(std::span<const uint8_t> annexb);

  // The last access unit turned out damaged; what refers to it is damaged too, and what was being
  // renewed must be renewed once more.
  void MarkDamaged();

  // Somebody knows better: whatever was lost, pictures are right from here on.
  void MarkWhole();

  bool broken() const { return broken_; }

  // The next access unit starts anew; parameter sets are forgotten as well.
  void Reset();

 private:
  H264Headers headers_;
  bool begun_ = false;
  std::optional<uint32_t> last_frame_num_;
  bool last_was_reference_ = false;
  bool broken_ = false;
  // Reference pictures until all are right again, announced by a recovery point after the loss. Not
  // as a frame_num: that may wrap on the way.
  std::optional<uint32_t> until_recovered_;
};

}  // namespace patrol::media
