#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Tells places that are only lit differently from things: a cloud's shadow, headlights, a lamp or a
// camera's infrared light leave the structure of a place as it was, a thing does not.
//
// Works on connected regions of blocks of 8x8 foreground pixels. A block with structure of its own
// votes for light when it correlates with the model's, for a thing when it does not; flat blocks do
// not vote. A region goes with the clear majority; when too few vote it is a thing.
//
// Cost: only blocks with foreground are looked at. Threads: one call at a time.
class LightRegions {
 public:
  // Finds the regions of `mask` that are only lit differently.
  //
  // picture, background, mask: of one size. Returns: their share of the picture, 0..1.
  double Find(const Plane& picture, const Plane& background, const Plane& mask);

  // Takes the regions found out of the mask; things within them stay.
  void ClearFrom(Plane& mask) const;

  // Brings a picture of the old light into the new one within the regions: the places themselves
  // become what they are now, plus what `plane` differed from `background`; behind things, where
  // they cannot be seen, as much brighter as around.
  void Relight(const Plane& picture, const Plane& background, Plane& plane) const;

 private:
  static constexpr int kBlock = 8;

  enum Vote : uint8_t { kNone, kFlat, kLight, kThing };
  struct Block {
    Vote vote = kNone;
    float ratio = 1;  // picture / background
  };
  static Block Judge(const Plane& picture, const Plane& background, int left, int top, int width,
                     int height);
  // Collects the region that `start` lies in; returns how many of its blocks gave each vote.
  std::array<int, 4> Collect(int start);
  void MarkLit();

  int blocks_across_ = 0;
  int blocks_down_ = 0;
  std::vector<Block> blocks_;
  std::vector<bool> seen_;
  std::vector<bool> lit_;  // in a region that is only lit differently
  std::vector<int> region_;
};

}  // namespace patrol::motion
