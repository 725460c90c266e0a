#include "lib/video/motion/scene_learning.h"

namespace patrol::motion {

namespace {

// Learning ends early when less than this share is foreground.
constexpr double kBusyShare = 0.03;

}  // namespace

void SceneLearning::Start(absl::Time time) {
  active_ = true;
  pictures_ = 0;
  start_ = sample_time_ = time;
  samples_set_ = 0;
}

bool SceneLearning::Ends(absl::Time time, const SampleModel& model) const {
  if (samples_set_ < SampleModel::kSamples || time - start_ < least_) return false;
  if (time - start_ >= most_) return true;
  int moving = 0;
  for (int y = 0; y < model.height(); y += 2) {
    const uint8_t* row = model.mask().row(y);
    for (int x = 0; x < model.width(); x += 2) moving += row[x] != 0 ? 1 : 0;
  }
  return 4.0 * moving < kBusyShare * model.width() * model.height();
}

void SceneLearning::Show(const Plane& picture, absl::Time time, absl::Duration elapsed,
                         SampleModel& model) {
  const double elapsed_s = absl::ToDoubleSeconds(elapsed);
  ++pictures_;
  if (empty()) {
    for (int k = 0; k < SampleModel::kSamples; ++k) model.SetSample(k, picture);
    samples_set_ = 1;
    sample_time_ = time;
    model.Segment(picture, 0);
    return;
  }
  model.Segment(picture, elapsed_s);
  const bool filled = samples_set_ >= SampleModel::kSamples;
  const absl::Duration spacing = (filled ? most_ : least_) / SampleModel::kSamples;
  if (time - sample_time_ >= spacing) {
    model.SetSample(samples_set_ % SampleModel::kSamples, picture);
    ++samples_set_;
    sample_time_ = time;
  }
  active_ = !Ends(time, model);
}

}  // namespace patrol::motion
