#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/motion/moment.h"
#include "lib/video/motion/plane.h"
#include "lib/video/motion/sample_model.h"

namespace patrol::motion {

// After the light has changed all over the picture at once (infrared, a lamp): the places that
// were hidden by things then, or whose new light was misjudged, are not known in it. What stands
// out there is learnt as soon as it has been still for a moment; what moves goes on being found.
//
// Works on blocks of 8x8 pixels. Threads: one call at a time.
class NewLight {
 public:
  // The model has just been brought into the light of this time.
  void Begin(absl::Time time);
  void Reset() { begun_ = false; }

  // picture: the one last segmented by the model, in its light, and judged; the first marks what is
  // not known. Teaches the model the blocks of it that have become still.
  void Follow(const Plane& picture, const Moment& moment, absl::Time time, SampleModel& model);

 private:
  struct Block {
    bool unknown = false;
    absl::Duration still;  // for so long, less the time in which it was not
  };

  void Mark(const Plane& mask);

  bool begun_ = false;
  bool marked_ = false;
  absl::Time begun_at_;
  absl::Time last_time_;  // of the picture before
  size_t across_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace patrol::motion
