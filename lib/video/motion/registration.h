#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// How a picture lies against the reference. With the centre as origin, what is at (x, y) of the
// reference is at (x + dx - rotation * y, y + dy + rotation * x) of the picture.
struct Displacement {
  double dx = 0;  // pixels of analysis
  double dy = 0;
  double rotation = 0;  // radians, clockwise on the screen

  bool zero() const { return dx == 0 && dy == 0 && rotation == 0; }
};

// Finds how far the camera has shaken, from a few dozen small patches of the reference that cannot
// be mistaken for their surroundings.
//
// In another light the patches are looked for as they would be in it, and those that have lost
// their structure there (white, or too dark) are left out: nothing tells where they are.
//
// The patches are looked for together: the shift with the least sum of absolute differences, where
// no patch counts for more than a clear miss, so that moving things that cover some do not matter.
// The rest, below a pixel and a small rotation, is fitted to the slopes of those found again.
//
// Source: Moravec's interest operator (1980) for the choice, Lucas & Kanade (1981) with robust
//   weights for the fit.
// Memory: 5 KB. Cost: benchmarks/RESULTS.md.
// Threads: one call at a time.
class Registration {
 public:
  // Shifts looked for, in pixels of analysis: a shake of 8 pixels, from one end to the other.
  static constexpr int kReach = 16;

  struct Match {
    Displacement displacement;  // zero when unknown
    // Share of the patches whose structure was found again, whatever the light, 0..1; 1 where the
    // reference has too little structure to say.
    double found = 1;
    // Too few were found to say where it lies: shaken too far, covered, or another view.
    bool lost = false;
  };

  // Chooses the patches. What was chosen before is forgotten.
  //
  // unsteady: of the reference's size; the larger, the less a place is to be trusted (the model's
  //   flicker); null when unknown.
  void SetReference(const Plane& reference, const Plane* unsteady);

  // False when the reference has too little structure, or is too small.
  bool ready() const { return patches_.size() >= kPatchesMin; }

  // Where `picture`, of the reference's size, lies. Shifts around the last one are tried first.
  //
  // gain: how much brighter than the reference it is thought to be.
  Match Find(const Plane& picture, double gain);

  void Reset();
  size_t memory_bytes() const { return patches_.capacity() * sizeof(Patch); }

 private:
  static constexpr size_t kPatchesMin = 6;
  static constexpr int kPatchWidth = 16;
  static constexpr int kPatchHeight = 8;

  struct Patch {
    int16_t x = 0;  // top left, in the reference
    int16_t y = 0;
    uint16_t miss = 0;    // sum of absolute differences that says it is elsewhere
    float deviation = 0;  // of its luma
    std::array<uint8_t, kPatchWidth * kPatchHeight> luma{};
  };
  struct Offset {
    int x = 0;
    int y = 0;
  };

  using Patches = std::vector<Patch>;

  // Sum over every so many of the patches' rows; once it is `enough` the rest is left out.
  static unsigned Cost(const Patches& patches, const Plane& picture, Offset offset, int row_step,
                       unsigned enough = std::numeric_limits<unsigned>::max());
  // The patches as they look in a light so much brighter: those that keep their structure.
  void Relight(double gain, Patches& lit) const;
  // Returns: how many are found again; found[i] says which.
  static size_t CountFound(const Patches& patches, const Plane& picture, Offset offset,
                           std::vector<bool>& found);
  static Displacement Fit(const Patches& patches, const Plane& picture, Offset offset,
                          const std::vector<bool>& found);
  Offset Search(const Patches& patches, const Plane& picture, Offset around) const;
  Offset Refine(const Patches& patches, const Plane& picture, Offset around) const;

  int reach_x_ = 0;
  int reach_y_ = 0;
  Patches patches_;
  Offset last_;
};

// The picture as the reference would see it: bilinear. All of one size.
void Align(const Plane& picture, const Displacement& displacement, Plane& out);

// Takes from `fill` the edges of an aligned picture that it does not show.
void FillUnseen(const Displacement& displacement, const Plane& fill, Plane& picture);

// A mask of the reference as the picture sees it, to whole pixels; nothing (0) where the reference
// does not reach.
void Unalign(const Plane& mask, const Displacement& displacement, Plane& out);

}  // namespace patrol::motion
