#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Tells places that are only lit differently from things: a cloud's shadow, headlights, a lamp or a
// camera's infrared light leave the structure of a place as it was, a thing does not.
//
// Works on blocks of 8x8 foreground pixels, and regions of neighbours that became brighter or
// darker by nearly the same factor. A block with structure of its own votes for light when it
// correlates with the model's, for a thing when it does not; flat blocks do not vote. A region goes
// with the clear majority; where too few vote, by its border: light fades from block to block, a
// thing ends.
//
// Cost: only blocks with foreground are looked at. Threads: one call at a time.
class LightRegions {
 public:
  // The background is looked at so many rows around the foreground.
  static constexpr int kMargin = 16;

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
    bool foreground = false;
    float ratio = 1;  // picture / background
  };
  struct Region {
    std::array<int, 4> votes{};
    // Pairs of neighbouring blocks, one of them outside, where the light goes on or breaks off.
    int fading = 0;
    int ending = 0;
  };
  static Block Judge(const Plane& picture, const Plane& background, int left, int top, int width,
                     int height);
  static bool Alike(const Block& a, const Block& b);
  static bool IsLight(const Region& region);
  template <typename Visit>
  void ForNeighbours(int block, const Visit& visit) const;  // up, down, left, right
  void MarkForeground(const Plane& mask);
  // Judges the foreground's blocks and their neighbours; true when there is any foreground.
  bool JudgeBlocks(const Plane& picture, const Plane& background);
  // Collects the region that `start` lies in.
  Region Collect(int start);
  void MarkLit();

  int blocks_across_ = 0;
  int blocks_down_ = 0;
  std::vector<Block> blocks_;
  std::vector<bool> seen_;
  std::vector<bool> lit_;  // in a region that is only lit differently
  std::vector<int> region_;
};

}  // namespace patrol::motion
