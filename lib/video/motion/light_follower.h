#pragma once

#include <optional>

#include "absl/time/time.h"
#include "lib/video/motion/light.h"
#include "lib/video/motion/moment.h"
#include "lib/video/motion/plane.h"
#include "lib/video/motion/sample_model.h"

namespace patrol::motion {

// Keeps pictures and model in one light: takes the gain out of each picture, and lets the model
// follow once a gain stays and nothing is lost by it.
//
// Threads: one call at a time.
class LightFollower {
 public:
  // Brings a picture into the model's light, or the model and the moment ago into the picture's.
  // Returns: true when the model has followed: what was chosen from it is in the old light.
  bool Compensate(Plane& picture, absl::Time time, SampleModel& model, Moment& moment);

  // Of the picture last compensated over the model, by the whole picture.
  double gain() const { return light_.gain(); }
  // Which of the model's samples pictures are compared with at the moment.
  int sample() const { return sample_; }

  // The model is in the pictures' light.
  void Reset();
  // The camera's clock was set: what waits begins to wait again.
  void ForgetTime() { since_.reset(); }

 private:
  LightGain light_;
  int sample_ = 0;
  std::optional<absl::Time> since_;  // the gain is what it is
  double watched_ = 1.0;
};

}  // namespace patrol::motion
