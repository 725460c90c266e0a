#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/video/motion/foreground_blocks.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Tells places that are only lit differently from things: a cloud's shadow, headlights, a lamp or a
// camera's infrared light leave the structure of a place as it was, a thing does not.
//
// Works on blocks of 8x8 foreground pixels. A block with structure of its own is a vote for light
// when that is the model's, also in a light that changes evenly across the block, and else a thing;
// flat blocks do not vote. The blocks that are no things form regions of neighbours that became
// brighter or darker by nearly the same factor. A region is light when its votes outnumber the
// things beside it; where too few vote, by its border: light fades from block to block, the flat
// part of a thing ends. So a car in a beam of light stays while the road around it goes.
//
// Cost: only blocks with foreground are looked at. Threads: one call at a time.
class LightRegions {
 public:
  // The background is looked at so many rows around the foreground.
  static constexpr int kMargin = 16;

  // Finds the regions of the foreground that are only lit differently.
  //
  // picture, background: of one size; foreground: of the same. Returns: their share of the picture,
  // 0..1.
  double Find(const Plane& picture, const Plane& background, const ForegroundBlocks& foreground);

  // The light has changed all over: the regions go on into what else is foreground, and into what
  // is hidden, so that it cannot be seen what the light makes of the ground there: it gets as much
  // brighter as ground of its luma around.
  // picture, background: those that the regions were found in, of all of the picture.
  // else_ground: all that is not hidden is known to be ground.
  void Grow(const Plane& picture, const Plane& background, const ForegroundBlocks& hidden,
            bool else_ground);

  // Takes the regions found out of the mask, given the pictures that they were found in; things
  // within them stay where they differ from the background in the light around them.
  void ClearFrom(const Plane& picture, const Plane& background, Plane& mask) const;

  // Brings a picture of the old light into the new one within the regions: the places themselves
  // become what they are now, plus what `plane` differed from `background`; behind things, where
  // they cannot be seen, as much brighter as around.
  void Relight(const Plane& picture, const Plane& background, Plane& plane) const;

 private:
  static constexpr int kBlock = ForegroundBlocks::kSize;

  enum Vote : uint8_t { kNone, kFlat, kLight, kThing };
  struct Block {
    Vote vote = kNone;
    bool foreground = false;
    float ratio = 1;  // picture / background
    float luma = 0;   // of the background
  };
  struct Region {
    std::array<int, 4> votes{};
    // Pairs of neighbouring blocks, one of them outside: a thing; else where the light goes on or
    // breaks off.
    int things = 0;
    int fading = 0;
    int ending = 0;
  };
  static Block Judge(const Plane& picture, const Plane& background, int column, int row);
  static bool Alike(const Block& a, const Block& b);
  static bool IsLight(const Region& region);
  template <typename Visit>
  void ForNeighbours(int block, const Visit& visit) const;  // up, down, left, right
  // Judges the foreground's blocks and their neighbours; true when there is any foreground.
  bool JudgeBlocks(const Plane& picture, const Plane& background,
                   const ForegroundBlocks& foreground);
  // Collects the region that `start` lies in.
  Region Collect(int start);
  float RatioAround(int block) const;
  // By how much the ground around one became brighter that is about as bright as its own.
  float RatioOfGround(int block) const;
  void MarkLit();

  int blocks_across_ = 0;
  int blocks_down_ = 0;
  std::vector<Block> blocks_;
  std::vector<bool> seen_;
  std::vector<bool> lit_;     // in a region that is only lit differently
  std::vector<bool> ground_;  // Grow: shown by the picture
  std::vector<int> region_;
};

}  // namespace patrol::motion
