#pragma once

#include "absl/time/time.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// What each place of the learnt view looked like a moment ago, in the model's light: a mean of the
// pictures since that fades with a third of a second.
//
// Memory: a byte a pixel. Threads: one call at a time.
class Moment {
 public:
  void Resize(int width, int height) { recent_ = Plane(width, height); }

  // True when what is kept says nothing of a picture of this time: the clock was set back, or the
  // picture before, `elapsed` ago, is too old.
  bool Stale(absl::Time time, absl::Duration elapsed) const;

  // afresh: the picture replaces what is kept.
  void Remember(const Plane& picture, absl::Time time, bool afresh);

  // How far a picture differs from a moment ago; valid until any detector of this thread calls it
  // again: needed only for one picture, so that they share it.
  PlaneView Change(const Plane& picture) const;

  const Plane& plane() const { return recent_; }
  Plane& mutable_plane() { return recent_; }
  size_t size_bytes() const { return recent_.size_bytes(); }

 private:
  Plane recent_;
  absl::Time time_;  // of the last picture that it was renewed with
};

}  // namespace patrol::motion
