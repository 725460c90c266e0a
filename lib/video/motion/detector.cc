#include "lib/video/motion/detector.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <opencv2/imgproc.hpp>

#include "lib/base/check.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/known_views.h"
#include "lib/video/motion/light.h"
#include "lib/video/motion/registration.h"
#include "lib/video/motion/relight.h"
#include "lib/video/motion/sample_model.h"

namespace patrol::motion {

namespace {

// After a longer gap the scene may be another (day and night).
constexpr absl::Duration kGapMax = absl::Hours(1);
// How often the registration's patches are chosen anew: the scene changes with the sun.
constexpr absl::Duration kReferenceEvery = absl::Seconds(20);
// After a longer gap "a moment ago" means nothing.
constexpr absl::Duration kMomentMax = absl::Seconds(30);
// How fast the picture of a moment ago follows, and how often it is renewed.
constexpr absl::Duration kMoment = absl::Milliseconds(360);
constexpr absl::Duration kMomentStep = absl::Milliseconds(240);
// A place has changed when it differs by more than this from a moment ago; grey levels.
constexpr int kChanged = 12;
// A region moves when at least this share of it has changed, ...
constexpr double kChangedShare = 0.06;
// ... and is worth looking at from so many pixels of the half-size mask (24 of the mask).
constexpr int kRegionPixelsMin = 6;
constexpr int kRegionsMax = 4096;
// Learning ends early when less than this share is foreground.
constexpr double kBusyShare = 0.03;
// More than this share at once is no thing but light, or another view.
constexpr double kLightStepShare = 0.5;
// It is another view, to be learnt anew, when it stays so for this long and so many pictures.
constexpr absl::Duration kNewViewAfter = absl::Seconds(1);
constexpr int kNewViewPictures = 3;
// The model follows a gain beyond kGainSame once it has stayed for a while, if it is within
// kGainSmall and saturates little: then nothing is lost, and the old light can come back. Larger
// ones are only taken out of each picture, until they are beyond kGainKeptMax: what differs would
// be too coarse or too faint.
constexpr double kGainSmall = 1.3;
constexpr double kGainKeptMax = 3.0;
constexpr double kSaturatedShareMax = 0.02;
constexpr double kGainSame = 0.06;
constexpr absl::Duration kGainStaysAfter = absl::Seconds(1);
// From here on the picture's luma may be saturated.
constexpr int kSaturated = 250;
// When less of the view's structure is found, it is another view, or covered.
constexpr double kViewLost = 0.25;
// When less is found, the picture may be in another light than thought.
constexpr double kViewFound = 0.6;
// Regions lit differently that are larger than this are learnt at once in their new light; smaller
// ones are only left out, and learnt as all that is still.
constexpr double kRelitShare = 0.35;
// Two pictures of a camera at rest differ by less than this, grey levels, mean over every eighth
// pixel; one that turns differs by more wherever there is something to see.
constexpr double kSteady = 4.0;
constexpr int kGlanceStep = 8;

cv::Mat MatOf(Plane& plane) {
  return cv::Mat(plane.height(), plane.width(), CV_8UC1, plane.row(0),
                 static_cast<size_t>(plane.stride()));
}

// Whole factor by which a picture of this size is reduced.
int FactorOf(int width, int height, int pixels_max) {
  int factor = 1;
  while (static_cast<int64_t>(width / factor) * (height / factor) > pixels_max) ++factor;
  return factor;
}

// picture * gain, rounded.
void Multiply(Plane& picture, double gain) {
  const cv::v_uint16x8 factor =
      cv::v_setall_u16(static_cast<uint16_t>(std::clamp(std::lround(gain * 256), 1L, 65535L)));
  for (int y = 0; y < picture.height(); ++y) {
    uint8_t* row = picture.row(y);
    for (int x = 0; x < picture.width(); x += 16) {
      cv::v_uint16x8 low, high;
      cv::v_expand(cv::v_load(row + x), low, high);
      low = cv::v_mul_hi(low << 8, factor);
      high = cv::v_mul_hi(high << 8, factor);
      cv::v_store(row + x, cv::v_pack(low, high));
    }
  }
}

// What is needed only during one call, so that the detectors of a thread share it.
struct Scratch {
  Plane reduced;  // the picture at hand, in the model's light
  Plane aligned;  // as the model's view would see it
  Plane shown;    // the mask, as the picture sees it
  Plane mean;     // of the model's samples
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

// A box of the model's view, as the picture sees it.
Box Moved(const Box& box, const Displacement& by, const Plane& picture) {
  if (box.right <= box.left) return box;
  const double x = by.dx / picture.width(), y = by.dy / picture.height();
  return {.left = std::clamp(box.left + x, 0.0, 1.0),
          .top = std::clamp(box.top + y, 0.0, 1.0),
          .right = std::clamp(box.right + x, 0.0, 1.0),
          .bottom = std::clamp(box.bottom + y, 0.0, 1.0)};
}

struct Regions {
  double moving_share = 0;
  double largest_moving_share = 0;
  Box box;
};

}  // namespace

struct Detector::Impl {
  explicit Impl(Options given) : options(given) {}

  void Start(const media::Picture& picture);
  void Reduce(const media::Picture& picture, Plane& current) const;
  static bool ModelMayFollow(double gain, const Plane& current);
  void CompensateLight(Plane& current, absl::Time time);
  void LearnScene(const Plane& current, absl::Time time, absl::Duration elapsed);
  Registration::Match Register(const Plane& picture);
  void ChooseReference(absl::Time time, Plane& space);
  bool LearningEnds(absl::Time time) const;
  bool Steady(const Plane& current);
  void KeepView(Scratch& scratch);
  bool RecallView(absl::Time time, const Plane& current);
  bool SeekView(const Plane& current, absl::Time time, absl::Duration elapsed, Scratch& scratch);
  void LeaveOutLight(Plane& current, Detection& detection, Scratch& scratch);
  void Judge(const Plane& current, const Displacement& displacement, Detection& detection);
  bool WatchForNewView(absl::Time time, double share);
  void Remember(Plane& current, absl::Time time, bool afresh);
  PlaneView Change(Plane& current);
  Regions FindRegions(const Plane& current) const;

  const Options options;

  // of the picture's size
  int picture_width = 0;
  int picture_height = 0;
  int factor = 1;
  std::optional<SampleModel> model;
  Plane recent;  // a moment ago

  absl::Time last_time;
  absl::Time recent_time;

  // learning
  bool learning = true;
  absl::Time learn_start;
  absl::Time sample_time;  // of the last sample set
  int samples_set = 0;

  Registration registration;
  absl::Time reference_time;  // when its patches were chosen
  LightGain light;
  int sample_compared = 0;
  std::optional<absl::Time> gain_since;
  double gain_watched = 1.0;

  KnownViews views;
  std::vector<uint8_t> glance;  // every eighth pixel of the last picture of a lost view
  int steady_pictures = 0;
  int64_t view = 0;

  std::optional<absl::Time> changed_since;  // most of the picture is foreground
  int changed_pictures = 0;
};

void Detector::Impl::Start(const media::Picture& picture) {
  if (picture.width() != picture_width || picture.height() != picture_height || !model) {
    picture_width = picture.width();
    picture_height = picture.height();
    factor = FactorOf(picture_width, picture_height, options.pixels_max);
    const int width = std::max(1, picture_width / factor);
    const int height = std::max(1, picture_height / factor);
    SampleModel::Parameters parameters;
    parameters.base_distance = options.base_distance;
    if (options.min_object_size < 6) parameters.reach = 1;
    // Absorbed when two of eight samples were replaced.
    parameters.absorb_per_s = 2.0 / std::max(1.0, absl::ToDoubleSeconds(options.absorb_after));
    model.emplace(width, height, parameters);
    recent = Plane(width, height);
    views.Clear();
  }
  learning = true;
  ++view;
  learn_start = sample_time = last_time = picture.time();
  samples_set = 0;
  registration.Reset();
  light.Reset();
  gain_since.reset();
  model->set_saturated_from(256);
  changed_since.reset();
  changed_pictures = 0;
  glance.clear();
}

void Detector::Impl::Reduce(const media::Picture& picture, Plane& current) const {
  cv::Mat target = MatOf(current);
  const cv::Mat source(target.rows * factor, target.cols * factor, CV_8UC1,
                       const_cast<uint8_t*>(picture.plane(0)),
                       static_cast<size_t>(picture.stride(0)));
  if (factor == 1) {
    source.copyTo(target);
  } else {
    cv::resize(source, target, target.size(), 0, 0, cv::INTER_AREA);
  }
}

bool Detector::Impl::ModelMayFollow(double gain, const Plane& current) {
  const double factor = std::max(gain, 1 / gain);
  if (factor > kGainKeptMax) return true;
  if (factor > kGainSmall) return false;
  if (gain < 1) return true;
  int saturated = 0;
  for (int y = 0; y < current.height(); y += 4) {
    const uint8_t* row = current.row(y);
    for (int x = 0; x < current.width(); x += 4) saturated += row[x] >= kSaturated ? 1 : 0;
  }
  return 16.0 * saturated < kSaturatedShareMax * current.width() * current.height();
}

void Detector::Impl::CompensateLight(Plane& current, absl::Time time) {
  sample_compared = (sample_compared + 1) % SampleModel::kSamples;
  const double gain = light.Estimate(current, model->sample(sample_compared));
  model->set_saturated_from(256);
  if (gain == 1.0) {
    gain_since.reset();
    return;
  }
  if (std::abs(gain - 1.0) > kGainSame) {
    if (!gain_since || std::abs(gain / gain_watched - 1.0) > kGainSame) {
      gain_since = time;
      gain_watched = gain;
    } else if (time - *gain_since >= kGainStaysAfter && ModelMayFollow(gain, current)) {
      model->Scale(gain);
      // What was remembered of a moment ago is in the old light as well.
      Multiply(recent, gain);
      reference_time = absl::InfinitePast();
      light.Reset();
      gain_since.reset();
      return;
    }
  } else {
    gain_since.reset();
  }
  Multiply(current, 1.0 / gain);
  if (gain > 1.0) model->set_saturated_from(static_cast<int>(kSaturated / gain));
}

Registration::Match Detector::Impl::Register(const Plane& picture) {
  const Registration::Match match = registration.Find(picture, light.gain());
  if (match.found >= kViewFound || learning) return match;
  // The light may have changed while the camera shakes.
  const Registration::Match other =
      registration.Find(picture, QuantileGain(picture, model->sample(sample_compared)));
  return other.found > match.found ? other : match;
}

void Detector::Impl::ChooseReference(absl::Time time, Plane& space) {
  model->Mean(space);
  registration.SetReference(space, &model->flicker());
  reference_time = time;
}

bool Detector::Impl::LearningEnds(absl::Time time) const {
  if (samples_set < SampleModel::kSamples || time - learn_start < options.learn_min) return false;
  if (time - learn_start >= options.learn_max) return true;
  int moving = 0;
  for (int y = 0; y < model->height(); y += 2) {
    const uint8_t* row = model->mask().row(y);
    for (int x = 0; x < model->width(); x += 2) moving += row[x] != 0 ? 1 : 0;
  }
  return 4.0 * moving < kBusyShare * model->width() * model->height();
}

// Fills the samples with pictures spread over the time of learning, whatever they show; what passes
// by is then in few of them.
void Detector::Impl::LearnScene(const Plane& current, absl::Time time, absl::Duration elapsed) {
  const double elapsed_s = absl::ToDoubleSeconds(elapsed);
  if (samples_set == 0) {
    for (int k = 0; k < SampleModel::kSamples; ++k) model->SetSample(k, current);
    samples_set = 1;
    sample_time = time;
    model->Segment(current, 0);
    return;
  }
  model->Segment(current, elapsed_s);
  const bool filled = samples_set >= SampleModel::kSamples;
  const absl::Duration spacing =
      (filled ? options.learn_max : options.learn_min) / SampleModel::kSamples;
  if (time - sample_time >= spacing) {
    model->SetSample(samples_set % SampleModel::kSamples, current);
    ++samples_set;
    sample_time = time;
  }
  learning = !LearningEnds(time);
}

// True when the camera seems to be at rest: compares with the last picture seen by this.
bool Detector::Impl::Steady(const Plane& current) {
  std::vector<uint8_t> now;
  for (int y = kGlanceStep / 2; y < current.height(); y += kGlanceStep) {
    for (int x = kGlanceStep / 2; x < current.width(); x += kGlanceStep) {
      now.push_back(current.row(y)[x]);
    }
  }
  const bool known = glance.size() == now.size() && !now.empty();
  double sum = 0;
  for (size_t i = 0; known && i < now.size(); ++i) sum += std::abs(now[i] - glance[i]);
  glance = std::move(now);
  return known && sum < kSteady * static_cast<double>(glance.size());
}

void Detector::Impl::KeepView(Scratch& scratch) {
  if (learning) return;
  model->Mean(scratch.mean);
  views.Keep(scratch.mean, model->flicker());
}

// True when the picture shows a view known from before, which is the model from now on.
bool Detector::Impl::RecallView(absl::Time time, const Plane& current) {
  if (views.size() == 0) return false;
  KnownViews::View known;
  if (!views.Take(current, known)) return false;
  model->Adopt(known.background, known.flicker);
  light.Reset();
  registration.SetReference(known.background, &known.flicker);
  reference_time = time;
  learning = false;
  gain_since.reset();
  changed_since.reset();
  changed_pictures = 0;
  glance.clear();
  ++view;
  return true;
}

// The picture shows another view than the model. False when it was known and is the model now.
bool Detector::Impl::SeekView(const Plane& current, absl::Time time, absl::Duration elapsed,
                              Scratch& scratch) {
  if (!changed_since) {
    changed_since = time;
    steady_pictures = 0;
  }
  const bool steady = Steady(current);
  steady_pictures = steady ? steady_pictures + 1 : 0;
  // The first still picture; where pictures are far apart each may be one.
  const bool seek = steady_pictures == 1 || (!steady && elapsed >= kNewViewAfter);
  if (!seek || views.size() == 0) return true;
  KnownViews::View known;
  Plane leaving(scratch.mean);
  model->Mean(leaving);
  const Plane flicker(model->flicker());
  const bool learnt = !learning;
  if (!RecallView(time, current)) return true;
  if (learnt) views.Keep(leaving, flicker);
  return false;
}

// Takes out of the mask what is only lit differently, and follows large changes of light at once.
void Detector::Impl::LeaveOutLight(Plane& current, Detection& detection, Scratch& scratch) {
  Plane& mask = model->mutable_mask();
  const double share = scratch.lit.Find(current, model->sample(sample_compared), mask);
  if (share <= 0) return;
  detection.lit_share = share;
  if (share >= kRelitShare) {
    model->Mean(scratch.mean);
    model->Relight(scratch.lit, current, scratch.mean);
    scratch.lit.Relight(current, scratch.mean, recent);
    reference_time = absl::InfinitePast();
    detection.light_step = true;
  }
  scratch.lit.ClearFrom(mask);
}

// Fills in the shares and boxes.
void Detector::Impl::Judge(const Plane& current, const Displacement& displacement,
                           Detection& detection) {
  const cv::Mat mask(detection.mask.height, detection.mask.width, CV_8UC1,
                     const_cast<uint8_t*>(detection.mask.data),
                     static_cast<size_t>(detection.mask.stride));
  detection.foreground_share =
      static_cast<double>(cv::countNonZero(mask)) / static_cast<double>(mask.total());
  detection.light_step |= detection.foreground_share > kLightStepShare;
  if (detection.light_step) return;
  const Regions regions = FindRegions(current);
  detection.moving_share = regions.moving_share;
  detection.largest_moving_share = regions.largest_moving_share;
  detection.moving_box = Moved(regions.box, displacement, current);
}

// True when the picture has become another one for good.
bool Detector::Impl::WatchForNewView(absl::Time time, double share) {
  if (share <= kLightStepShare) {
    changed_since.reset();
    changed_pictures = 0;
    return false;
  }
  if (!changed_since) changed_since = time;
  ++changed_pictures;
  return time - *changed_since >= kNewViewAfter && changed_pictures >= kNewViewPictures;
}

void Detector::Impl::Remember(Plane& current, absl::Time time, bool afresh) {
  const absl::Duration age = time - recent_time;
  if (!afresh && age < kMomentStep) return;
  cv::Mat moment = MatOf(recent);
  const cv::Mat now = MatOf(current);
  const double weight = afresh ? 1.0 : 1.0 - std::exp(-absl::FDivDuration(age, kMoment));
  cv::addWeighted(now, weight, moment, 1.0 - weight, 0.0, moment);
  recent_time = time;
}

// The difference from a moment ago; needed only until the next call, so that the detectors of a
// thread share it.
PlaneView Detector::Impl::Change(Plane& current) {
  static thread_local Plane change;
  if (change.width() != current.width() || change.height() != current.height()) {
    change = Plane(current.width(), current.height());
  }
  cv::Mat target = MatOf(change);
  cv::absdiff(MatOf(current), MatOf(recent), target);
  return std::as_const(change).view();
}

Regions Detector::Impl::FindRegions(const Plane& current) const {
  Regions regions;
  const int width = current.width(), height = current.height();
  // Half the size: a region that survived the 7x7 majority is not lost by it.
  cv::Mat mask((height + 1) / 2, (width + 1) / 2, CV_8UC1);
  bool any = false;
  for (int y = 0; y < height; y += 2) {
    const uint8_t* from = model->mask().row(y);
    uint8_t* to = mask.ptr(y / 2);
    for (int x = 0; x < width; x += 2) {
      to[x / 2] = from[x];
      any |= from[x] != 0;
    }
  }
  if (!any) return regions;
  cv::Mat labels, stats, centroids;
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centroids, 8, CV_32S);
  if (count > kRegionsMax) return regions;  // noise: no region of it is large enough
  std::vector<int> changed(static_cast<size_t>(count), 0);
  for (int y = 0; y < mask.rows; ++y) {
    const int* label = labels.ptr<int>(y);
    const uint8_t* now = current.row(2 * y);
    const uint8_t* before = recent.row(2 * y);
    for (int x = 0; x < mask.cols; ++x) {
      if (label[x] == 0) continue;
      if (std::abs(now[2 * x] - before[2 * x]) > kChanged) ++changed[static_cast<size_t>(label[x])];
    }
  }
  const double pixels = static_cast<double>(mask.cols) * mask.rows;
  cv::Rect bounds;
  for (int i = 1; i < count; ++i) {
    const int* stat = stats.ptr<int>(i);
    const int area = stat[cv::CC_STAT_AREA];
    if (area < kRegionPixelsMin || changed[static_cast<size_t>(i)] < kChangedShare * area) continue;
    const cv::Rect box(stat[cv::CC_STAT_LEFT], stat[cv::CC_STAT_TOP], stat[cv::CC_STAT_WIDTH],
                       stat[cv::CC_STAT_HEIGHT]);
    bounds = bounds.empty() ? box : bounds | box;
    regions.moving_share += area / pixels;
    regions.largest_moving_share = std::max(regions.largest_moving_share, area / pixels);
  }
  regions.box = {.left = static_cast<double>(bounds.x) / mask.cols,
                 .top = static_cast<double>(bounds.y) / mask.rows,
                 .right = static_cast<double>(bounds.x + bounds.width) / mask.cols,
                 .bottom = static_cast<double>(bounds.y + bounds.height) / mask.rows};
  return regions;
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
  if (!impl.model || picture.width() != impl.picture_width ||
      picture.height() != impl.picture_height || time - impl.last_time > kGapMax) {
    impl.Start(picture);
  }
  // A clock that was set back must not stop what waits for a time.
  if (time < impl.last_time) {
    impl.learn_start = impl.sample_time = impl.reference_time = time;
    impl.gain_since.reset();
    impl.changed_since.reset();
  }
  const absl::Duration elapsed = std::max(absl::ZeroDuration(), time - impl.last_time);
  const bool afresh = impl.samples_set == 0 || time < impl.recent_time || elapsed > kMomentMax;
  impl.last_time = time;
  Scratch& scratch = ScratchOf(impl.model->width(), impl.model->height());
  impl.Reduce(picture, scratch.reduced);
  if (!impl.learning && time - impl.reference_time >= kReferenceEvery) {
    impl.ChooseReference(time, scratch.aligned);
  }
  const Registration::Match match = impl.Register(scratch.reduced);
  const bool shaken = !match.displacement.zero();
  if (shaken) Align(scratch.reduced, match.displacement, scratch.aligned);
  Plane& current = shaken ? scratch.aligned : scratch.reduced;
  if (!impl.learning) impl.CompensateLight(current, time);
  if (shaken) FillUnseen(match.displacement, impl.model->sample(0), current);

  Detection detection;
  detection.displacement = match.displacement;
  detection.view_found = match.found;
  detection.view = impl.view;
  if (impl.learning) {
    if (impl.samples_set == 0) impl.registration.SetReference(current, nullptr);
    impl.LearnScene(current, time, elapsed);
    impl.Remember(current, time, afresh);
    detection.learning = impl.learning;
    detection.mask = impl.model->mask().view();
    if (impl.learning) return detection;
    impl.reference_time = absl::InfinitePast();
  } else {
    const bool lost = impl.registration.ready() && match.found < kViewLost;
    if (lost && impl.SeekView(scratch.reduced, time, elapsed, scratch)) {
      // Turning, covered, or a view to be learnt once it stands still.
      detection.light_step = detection.view_lost = true;
      detection.mask = EmptyMask(scratch.shown);
      if (time - *impl.changed_since >= kNewViewAfter && impl.steady_pictures >= kNewViewPictures) {
        impl.KeepView(scratch);
        impl.Start(picture);
        detection.learning = true;
      }
      return detection;
    }
    if (lost) {  // known: this picture is taken as the moment ago, and nothing is judged by it
      impl.Remember(scratch.reduced, time, true);
      detection.light_step = true;
      detection.view = impl.view;
      detection.view_found = 1;
      detection.mask = EmptyMask(scratch.shown);
      return detection;
    }
    const double elapsed_s = absl::ToDoubleSeconds(elapsed);
    impl.model->Segment(current, elapsed_s);
    impl.LeaveOutLight(current, detection, scratch);
    impl.model->Learn(current, impl.recent, elapsed_s);
  }
  detection.mask = impl.model->mask().view();
  if (shaken) {
    Unalign(impl.model->mask(), match.displacement, scratch.shown);
    detection.mask = scratch.shown.view();
  }
  if (afresh) impl.Remember(current, time, true);
  impl.Judge(current, match.displacement, detection);
  if (impl.WatchForNewView(time, detection.foreground_share)) {
    impl.KeepView(scratch);
    impl.Start(picture);
    detection.learning = true;
    return detection;
  }
  detection.aligned_mask = impl.model->mask().view();
  detection.change = impl.Change(current);
  impl.Remember(current, time, afresh);
  return detection;
}

size_t Detector::memory_bytes() const {
  return impl_->model ? impl_->model->memory_bytes() + impl_->recent.size_bytes() +
                            impl_->registration.memory_bytes() + impl_->views.memory_bytes()
                      : 0;
}

}  // namespace patrol::motion
