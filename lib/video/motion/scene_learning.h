#pragma once

#include "absl/time/time.h"
#include "lib/video/motion/plane.h"
#include "lib/video/motion/sample_model.h"

namespace patrol::motion {

// Fills a new model with pictures spread over the time of learning, whatever they show; what passes
// by is then in few of them. Takes eight pictures and at least `least`; while much moves it goes on
// until `most`.
class SceneLearning {
 public:
  SceneLearning(absl::Duration least, absl::Duration most) : least_(least), most_(most) {}

  void Start(absl::Time time);
  // The model came from elsewhere.
  void End() { active_ = false; }

  bool active() const { return active_; }
  bool empty() const { return samples_set_ == 0; }
  // The pictures were close enough to one another to show what goes to and fro.
  bool dense() const { return pictures_ * kDense > sample_time_ - start_; }

  // Shows the next picture to the model; active() afterwards says whether more are needed.
  void Show(const Plane& picture, absl::Time time, absl::Duration elapsed, SampleModel& model);

  // The camera's clock was set: learning goes on from here.
  void SetTime(absl::Time time) { start_ = sample_time_ = time; }

 private:
  static constexpr absl::Duration kDense = absl::Milliseconds(100);

  bool Ends(absl::Time time, const SampleModel& model) const;

  const absl::Duration least_, most_;
  bool active_ = true;
  int pictures_ = 0;
  absl::Time start_;
  absl::Time sample_time_;  // of the last sample set
  int samples_set_ = 0;
};

}  // namespace patrol::motion
