#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Watches a camera whose pictures do not fit the learnt view: whether it turns or stands, and since
// when, so that another view is sought at its first still picture and learnt once it stays.
//
// Threads: one call at a time.
class ViewWatch {
 public:
  // The picture shows another view than the model's.
  // elapsed: since the picture before. Returns: true when it is worth looking among known views:
  //   the first still picture, and any where pictures are far apart.
  bool Lost(const Plane& picture, absl::Time time, absl::Duration elapsed);

  // A lost view has stood still for long enough to be learnt.
  bool Settled(absl::Time time) const;

  // `share` of the picture is foreground although the view was found. True when it has become
  // another one for good.
  bool Replaced(absl::Time time, double share);

  // The model shows what the pictures show.
  void Reset();
  // The camera's clock was set: what waits begins to wait again.
  void ForgetTime() { changed_since_.reset(); }

 private:
  bool Steady(const Plane& picture);

  std::vector<uint8_t> glance_;  // every eighth pixel of the last picture of a lost view
  int steady_pictures_ = 0;
  std::optional<absl::Time> changed_since_;  // most of the picture is foreground, or unknown
  int changed_pictures_ = 0;
};

// More than this share of foreground at once is no thing but light, or another view.
inline constexpr double kLightStepShare = 0.5;

}  // namespace patrol::motion
