#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/motion/foreground_blocks.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Leaves out what is large and crosses more than half of its own width from one picture to the
// next: an insect or a drop near the lens. Things on the ground cover at full rate mostly what they
// covered a picture ago and grow by narrow strips; one that appears all at once is told one picture
// later.
//
// Memory: two bytes a block of 8x8 pixels. Threads: one call at a time.
class PassingBlob {
 public:
  // Takes such blobs out of the mask of a picture, `elapsed` after the one before; `now` is the
  // mask in blocks. Pictures further apart than 60 ms say nothing and are only remembered.
  void LeaveOut(absl::Duration elapsed, const ForegroundBlocks& now, Plane& mask);

  // The next picture has none before it.
  void Reset() {
    found_.clear();
    told_.clear();
  }

  // The blocks told of the picture before, 1 each; none where that is too long ago to say anything
  // of a picture `elapsed` after it.
  const std::vector<uint8_t>& Before(absl::Duration elapsed) const;

  size_t memory_bytes() const { return found_.size() + told_.size(); }

 private:
  bool IsNew(const ForegroundBlocks& now, int column, int row) const {
    const size_t index = now.Index(column, row);
    return now.blocks[index] != 0 && found_[index] == 0;
  }

  std::vector<uint8_t> found_, told_;  // the blocks of the picture before, as found and as told
};

}  // namespace patrol::motion
