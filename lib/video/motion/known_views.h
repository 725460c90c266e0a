#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/video/motion/plane.h"

namespace patrol::motion {

// What a camera has learnt of the views it does not show at the moment: the presets of a PTZ, a
// scene by day and by infrared at night. Each is kept small: its background as a JPEG, its flicker
// at a sixteenth of the pixels. The longest unused is forgotten for a new one.
//
// Memory: about 0.2 bytes a pixel and view. Cost: a millisecond per view kept or looked at.
// Threads: one call at a time.
class KnownViews {
 public:
  // Four presets, and one of them at night.
  static constexpr size_t kViewsMax = 5;

  struct View {
    Plane background;
    Plane flicker;  // eighths of a grey level
  };

  // Keeps a view. One that shows the same as this in the same light is replaced.
  void Keep(const Plane& background, const Plane& flicker);

  // Takes out the view that `picture` shows, if there is one: most of its structure is found again
  // and its light is near. False when there is none.
  bool Take(const Plane& picture, View& view);

  size_t size() const { return kept_.size(); }
  size_t memory_bytes() const;
  void Clear() { kept_.clear(); }

 private:
  struct Kept {
    std::vector<uint8_t> jpeg;
    Plane flicker;  // a quarter of width and height
  };

  // The index of the view that `picture` shows; size() when none does.
  size_t Find(const Plane& picture, Plane& background) const;

  std::vector<Kept> kept_;  // longest unused first
};

}  // namespace patrol::motion
