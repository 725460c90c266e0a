#include "lib/video/motion/detector.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "lib/base/check.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/foreground_blocks.h"
#include "lib/video/motion/known_views.h"
#include "lib/video/motion/light.h"
#include "lib/video/motion/light_follower.h"
#include "lib/video/motion/moment.h"
#include "lib/video/motion/new_light.h"
#include "lib/video/motion/passing_blob.h"
#include "lib/video/motion/registration.h"
#include "lib/video/motion/relight.h"
#include "lib/video/motion/sample_model.h"
#include "lib/video/motion/scene_learning.h"
#include "lib/video/motion/view_watch.h"

namespace patrol::motion {

namespace {

// After a longer gap the scene may be another (day and night).
constexpr absl::Duration kGapMax = absl::Hours(1);
// How often the registration's patches are chosen anew: the scene changes with the sun.
constexpr absl::Duration kReferenceEvery = absl::Seconds(20);
// When less is found, the picture may be in another light than thought.
constexpr double kViewFound = 0.6;
// Regions lit differently that are larger than this are learnt at once in their new light; smaller
// ones are only left out, and learnt as all that is still.
constexpr double kRelitShare = 0.35;

// A light whose brightest tenth is darker than this is dim; the base distance shrinks with it, down
// to a share.
constexpr double kBrightEnough = 150;
constexpr double kDimShare = 0.45;

// What is smaller than this across is lost in a 7x7 majority, which takes 25 pixels ...
constexpr int kSmallTarget = 10;
// ... and by the reduction, which may leave so many times the pixels then.
constexpr int kSmallTargetPixels = 4;

// Whole factor by which a picture of this size is reduced.
int FactorOf(int width, int height, int pixels_max) {
  int factor = 1;
  while (static_cast<int64_t>(width / factor) * (height / factor) > pixels_max) ++factor;
  return factor;
}

// What is needed only during one call, so that the detectors of a thread share it.
struct Scratch {
  Plane reduced;            // the picture at hand, in the model's light
  Plane aligned;            // as the model's view would see it
  Plane shown;              // the mask, as the picture sees it
  Plane mean;               // of the model's samples
  ForegroundBlocks blocks;  // of the mask
  LightRegions lit;
};

Scratch& ScratchOf(int width, int height) {
  static thread_local Scratch scratch;
  if (scratch.reduced.width() != width || scratch.reduced.height() != height) {
    scratch.reduced = scratch.aligned = scratch.shown = scratch.mean = Plane(width, height);
  }
  return scratch;
}

PlaneView EmptyMask(Plane& space) {
  for (int y = 0; y < space.height(); ++y) {
    std::memset(space.row(y), 0, static_cast<size_t>(space.width()));
  }
  return std::as_const(space).view();
}

// Marks the blocks that a displaced picture does not show whole.
void AddUnseen(const Displacement& displacement, int width, int height, ForegroundBlocks& blocks) {
  if (displacement.zero()) return;
  Plane unseen(width, height);
  FillUnseen(displacement, Plane(width, height, 255), unseen);
  for (int y = 0; y < height; ++y) {
    const uint8_t* row = unseen.row(y);
    for (int x = 0; x < width; ++x) {
      if (row[x] != 0) {
        blocks.blocks[blocks.Index(x / ForegroundBlocks::kSize, y / ForegroundBlocks::kSize)] = 1;
      }
    }
  }
}

}  // namespace

struct Detector::Impl {
  explicit Impl(Options given) : options(given), learning(given.learn_min, given.learn_max) {}

  bool Continues(const media::Picture& picture) const;
  void Start(const media::Picture& picture);
  void GoBackTo(absl::Time time);
  void Reduce(const media::Picture& picture, Plane& current) const;
  Registration::Match Register(const Plane& picture);
  void ChooseDistance();
  void ForgetPassing(Plane& space);
  void ChooseReference(absl::Time time, Plane& space);
  void LearnAnew(const media::Picture& picture, Scratch& scratch, Detection& detection);
  bool Recall(Scratch& scratch, absl::Time time, Detection& detection);
  void LookElsewhere(const media::Picture& picture, absl::Duration elapsed, Scratch& scratch,
                     Detection& detection);
  void GrowLight(const Plane& current, const Displacement& displacement, absl::Duration elapsed,
                 Scratch& scratch) const;
  void LeaveOutLight(Plane& current, absl::Duration elapsed, Detection& detection,
                     Scratch& scratch);
  static void Judge(Detection& detection);

  const Options options;

  // of the picture's size
  int picture_width = 0;
  int picture_height = 0;
  int factor = 1;
  std::optional<SampleModel> model;
  Moment moment;

  absl::Time last_time;
  SceneLearning learning;
  Registration registration;
  absl::Time reference_time;     // when its patches were chosen
  bool reference_shown = false;  // while learning: by a second picture as well
  int bright_luma = 0;           // of the model, then
  LightFollower light;
  NewLight new_light;
  PassingBlob passing;
  KnownViews views;
  ViewWatch watch;
  int64_t view = 0;
};

bool Detector::Impl::Continues(const media::Picture& picture) const {
  return model && picture.width() == picture_width && picture.height() == picture_height &&
         picture.time() - last_time <= kGapMax;
}

void Detector::Impl::Start(const media::Picture& picture) {
  if (picture.width() != picture_width || picture.height() != picture_height || !model) {
    picture_width = picture.width();
    picture_height = picture.height();
    const bool small = options.min_object_size < kSmallTarget;
    factor = FactorOf(picture_width, picture_height,
                      options.pixels_max * (small ? kSmallTargetPixels : 1));
    const int width = std::max(1, picture_width / factor);
    const int height = std::max(1, picture_height / factor);
    SampleModel::Parameters parameters;
    parameters.base_distance = options.base_distance;
    if (small) {
      // 3x3 lets more noise through than 7x7: no less is asked in the dark, nor where it flickers.
      parameters.reach = 1;
      parameters.dark_distance = options.base_distance;
      parameters.flicker_spared = 0;
    }
    // Absorbed when two of eight samples were replaced.
    parameters.absorb_per_s = 2.0 / std::max(1.0, absl::ToDoubleSeconds(options.absorb_after));
    model.emplace(width, height, parameters);
    moment.Resize(width, height);
    views.Clear();
  }
  ++view;
  last_time = picture.time();
  learning.Start(last_time);
  registration.Reset();
  reference_shown = false;
  light.Reset();
  new_light.Reset();
  passing.Reset();
  model->set_saturated_from(256);
  watch.Reset();
}

// A clock that was set back must not stop what waits for a time.
void Detector::Impl::GoBackTo(absl::Time time) {
  learning.SetTime(time);
  reference_time = time;
  light.ForgetTime();
  watch.ForgetTime();
}

void Detector::Impl::Reduce(const media::Picture& picture, Plane& current) const {
  cv::Mat target(current.height(), current.width(), CV_8UC1, current.row(0),
                 static_cast<size_t>(current.stride()));
  const cv::Mat source(target.rows * factor, target.cols * factor, CV_8UC1,
                       const_cast<uint8_t*>(picture.plane(0)),
                       static_cast<size_t>(picture.stride(0)));
  if (factor == 1) {
    source.copyTo(target);
  } else {
    cv::resize(source, target, target.size(), 0, 0, cv::INTER_AREA);
  }
}

Registration::Match Detector::Impl::Register(const Plane& picture) {
  Registration::Match match = registration.Find(picture, light.gain());
  if (learning.active()) {
    // The picture that others are laid over may have shown another view: another must agree.
    reference_shown |= !learning.empty() && match.found >= kViewFound;
    if (!reference_shown) match.displacement = {};
    return match;
  }
  if (match.found >= kViewFound) return match;
  // The light may have changed while the camera shakes.
  const Registration::Match other =
      registration.Find(picture, QuantileGain(picture, model->sample(light.sample())));
  return other.found > match.found ? other : match;
}

void Detector::Impl::ChooseReference(absl::Time time, Plane& space) {
  model->Mean(space);
  registration.SetReference(space, &model->flicker());
  bright_luma = BrightLuma(space);
  reference_time = time;
}

// In a dim light all differences are smaller, the noise's too, and fewer grey levels count; in a
// brighter light than the model's they are smaller once the picture is brought into the model's.
void Detector::Impl::ChooseDistance() {
  if (options.min_object_size < kSmallTarget) return;
  const double gain = light.gain();
  const double base = options.base_distance, bright = bright_luma * gain;
  const double own = std::clamp(base * bright / kBrightEnough, base * kDimShare, base);
  model->set_base_distance(static_cast<int>(std::lround(std::min(base, own / gain))));
}

// Takes out of a scene just learnt what passed by meanwhile, by what counts in its light; not where
// pictures were too few to show what goes to and fro, nor for small targets, whose noise it finds.
void Detector::Impl::ForgetPassing(Plane& space) {
  if (!learning.dense() || options.min_object_size < kSmallTarget) return;
  model->Mean(space);
  bright_luma = BrightLuma(space);
  ChooseDistance();
  model->ForgetPassing();
}

// Keeps the view that was learnt and begins with the picture's.
void Detector::Impl::LearnAnew(const media::Picture& picture, Scratch& scratch,
                               Detection& detection) {
  if (!learning.active()) {
    model->Mean(scratch.mean);
    views.Keep(scratch.mean, model->flicker());
  }
  Start(picture);
  detection.learning = true;
}

// True when the picture shows a view known from before, which is the model from now on.
bool Detector::Impl::Recall(Scratch& scratch, absl::Time time, Detection& detection) {
  if (views.size() == 0) return false;
  model->Mean(scratch.mean);
  const Plane flicker(model->flicker());
  KnownViews::View known;
  if (!views.Take(scratch.reduced, known)) return false;
  const bool learnt = !learning.active();
  model->Adopt(known.background, known.flicker);
  registration.SetReference(known.background, &known.flicker);
  bright_luma = BrightLuma(known.background);
  reference_time = time;
  learning.End();
  light.Reset();
  new_light.Reset();
  watch.Reset();
  ++view;
  if (learnt) views.Keep(scratch.mean, flicker);
  moment.Remember(scratch.reduced, time, true);
  detection.view = view;
  detection.view_found = 1;
  detection.light_step = true;  // nothing is judged by this picture
  detection.mask = EmptyMask(scratch.shown);
  return true;
}

// The picture shows another view than the model: nothing is judged by it.
void Detector::Impl::LookElsewhere(const media::Picture& picture, absl::Duration elapsed,
                                   Scratch& scratch, Detection& detection) {
  const absl::Time time = picture.time();
  detection.light_step = true;
  detection.mask = EmptyMask(scratch.shown);
  Reduce(picture, scratch.reduced);  // as it came: the light of another view is its own
  if (watch.Lost(scratch.reduced, time, elapsed) && Recall(scratch, time, detection)) return;
  // Turning, covered, or a view to be learnt once it stands still.
  detection.view_lost = true;
  if (watch.Settled(time)) LearnAnew(picture, scratch, detection);
}

// The light has changed all over at once: the regions found grow to all of it, but for what hides
// the ground.
void Detector::Impl::GrowLight(const Plane& current, const Displacement& displacement,
                               absl::Duration elapsed, Scratch& scratch) const {
  const std::vector<uint8_t>& before = passing.Before(elapsed);
  const bool known = before.size() == scratch.blocks.blocks.size() &&
                     std::count(before.begin(), before.end(), 1) <
                         kRelitShare * static_cast<double>(before.size());
  ForegroundBlocks hidden = scratch.blocks;
  hidden.blocks.assign(hidden.blocks.size(), 0);
  if (known) hidden.blocks = before;
  AddUnseen(displacement, model->width(), model->height(), hidden);
  scratch.lit.Grow(current, scratch.mean, hidden, known);
}

// Takes out of the mask what is only lit differently, and follows large changes of light at once.
void Detector::Impl::LeaveOutLight(Plane& current, absl::Duration elapsed, Detection& detection,
                                   Scratch& scratch) {
  Plane& mask = model->mutable_mask();
  model->MeanNear(mask, LightRegions::kMargin, scratch.mean);
  scratch.blocks.Fill(mask);
  const double share = scratch.lit.Find(current, scratch.mean, scratch.blocks);
  if (share <= 0) return;
  detection.lit_share = share;
  if (share >= kRelitShare) {
    model->Mean(scratch.mean);
    GrowLight(current, detection.displacement, elapsed, scratch);
    model->Relight(scratch.lit, current, scratch.mean);
    scratch.lit.Relight(current, scratch.mean, moment.mutable_plane());
    reference_time = absl::InfinitePast();
    detection.light_step = true;
    new_light.Begin(last_time);
  }
  scratch.lit.ClearFrom(current, scratch.mean, mask);
  scratch.blocks.Fill(mask);
}

// How much of it is foreground, and whether that is too much.
void Detector::Impl::Judge(Detection& detection) {
  const cv::Mat mask(detection.mask.height, detection.mask.width, CV_8UC1,
                     const_cast<uint8_t*>(detection.mask.data),
                     static_cast<size_t>(detection.mask.stride));
  detection.foreground_share =
      static_cast<double>(cv::countNonZero(mask)) / static_cast<double>(mask.total());
  detection.light_step |= detection.foreground_share > kLightStepShare;
}

Detector::Detector(Options options) : impl_(std::make_unique<Impl>(options)) {
  PATROL_CHECK(options.pixels_max >= 64 && options.base_distance > 0);
  cv::setNumThreads(1);  // the pools are ours
}

Detector::~Detector() = default;

void Detector::Reset() { impl_->model.reset(); }

Detection Detector::Process(const media::Picture& picture) {
  Impl& impl = *impl_;
  PATROL_CHECK(!picture.empty());
  const absl::Time time = picture.time();
  if (!impl.Continues(picture)) impl.Start(picture);
  if (time < impl.last_time) impl.GoBackTo(time);
  const absl::Duration elapsed = std::max(absl::ZeroDuration(), time - impl.last_time);
  const bool afresh = impl.learning.empty() || impl.moment.Stale(time, elapsed);
  impl.last_time = time;
  Scratch& scratch = ScratchOf(impl.model->width(), impl.model->height());
  impl.Reduce(picture, scratch.reduced);
  const bool was_learning = impl.learning.active();
  if (!was_learning && time - impl.reference_time >= kReferenceEvery) {
    impl.ChooseReference(time, scratch.aligned);
  }
  const Registration::Match match = impl.Register(scratch.reduced);
  const bool shaken = !match.displacement.zero();
  if (shaken) Align(scratch.reduced, match.displacement, scratch.aligned);
  Plane& current = shaken ? scratch.aligned : scratch.reduced;
  if (!was_learning && impl.light.Compensate(current, time, *impl.model, impl.moment)) {
    impl.reference_time = absl::InfinitePast();
  }
  if (shaken) FillUnseen(match.displacement, impl.model->sample(0), current);

  Detection detection;
  detection.displacement = match.displacement;
  detection.view_found = match.found;
  detection.view = impl.view;
  detection.in_place = !was_learning && impl.registration.ready() && match.found >= kViewFound;
  if (was_learning) {
    if (!impl.reference_shown) impl.registration.SetReference(current, nullptr);
    impl.learning.Show(current, time, elapsed, *impl.model);
    impl.moment.Remember(current, time, afresh);
    detection.learning = impl.learning.active();
    detection.mask = impl.model->mask().view();
    if (detection.learning) return detection;
    impl.ForgetPassing(scratch.mean);
    impl.reference_time = absl::InfinitePast();
  } else {
    if (match.lost) {
      impl.passing.Reset();
      impl.LookElsewhere(picture, elapsed, scratch, detection);
      return detection;
    }
    const double elapsed_s = absl::ToDoubleSeconds(elapsed);
    impl.ChooseDistance();
    impl.model->Segment(current, elapsed_s);
    impl.LeaveOutLight(current, elapsed, detection, scratch);
    impl.model->CloseGaps();  // after light: what is taken out there must not tear things apart
    if (!detection.light_step) impl.new_light.Follow(current, impl.moment, time, *impl.model);
    impl.model->Learn(current, impl.moment.plane(), elapsed_s);
    // What must not teach either: after learning.
    impl.passing.LeaveOut(elapsed, scratch.blocks, impl.model->mutable_mask());
  }
  detection.mask = impl.model->mask().view();
  if (shaken) {
    Unalign(impl.model->mask(), match.displacement, scratch.shown);
    detection.mask = scratch.shown.view();
  }
  if (afresh) impl.moment.Remember(current, time, true);
  impl.Judge(detection);
  if (detection.foreground_share > kLightStepShare) {
    impl.Reduce(picture, scratch.reduced);
    if (impl.watch.Lost(scratch.reduced, time, elapsed) && impl.Recall(scratch, time, detection)) {
      return detection;
    }
  }
  if (impl.watch.Replaced(time, detection.foreground_share)) {
    impl.LearnAnew(picture, scratch, detection);
    return detection;
  }
  detection.aligned_mask = impl.model->mask().view();
  detection.change = impl.moment.Change(current);
  impl.moment.Remember(current, time, afresh);
  return detection;
}

size_t Detector::memory_bytes() const {
  return impl_->model ? impl_->model->memory_bytes() + impl_->moment.size_bytes() +
                            impl_->registration.memory_bytes() + impl_->views.memory_bytes() +
                            impl_->passing.memory_bytes()
                      : 0;
}

}  // namespace patrol::motion
