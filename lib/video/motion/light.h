#pragma once

#include <array>
#include <cstdint>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Follows how much brighter or darker the whole picture is than the model: the light was switched,
// or the camera's exposure reacts to something in view.
//
// Threads: one call at a time.
class LightGain {
 public:
  // Compares a picture with one of the model's samples, on every fourth pixel of every fourth row.
  //
  // The logarithms of the ratios form a histogram; a new gain is taken only when clearly more
  // pixels agree on it than on the gain so far, so that a large thing in view does not pass for
  // light. Returns: picture / model, 1 when equal; within 1/8 .. 8.
  double Estimate(const Plane& picture, const Plane& reference);

  double gain() const;

  // The model was scaled by the gain: from here on they are equal.
  void Reset() { steps_ = 0; }

 private:
  int steps_ = 0;  // the gain's logarithm in 1/64 of an octave
};

// How much brighter one picture is than another, by a quantile of each: needs no alignment, and is
// misled by large things. Within 1/8 .. 8.
double QuantileGain(const Plane& picture, const Plane& reference);

// Luma that a tenth of the picture is brighter than: what its light lets be told apart at best.
int BrightLuma(const Plane& picture);

}  // namespace patrol::motion
