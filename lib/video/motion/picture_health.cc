#include "lib/video/motion/picture_health.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "lib/video/media/jpeg.h"
#include "lib/video/motion/bands.h"
#include "lib/video/motion/picture_measure.h"

namespace patrol::motion {

namespace {

// Limits, chosen on benchmarks/motion/health.py. Grey levels are luma as coded (black is 16).
constexpr int kBlackBright = 34;
constexpr double kBlackSpread = 6;
constexpr double kWhiteShare = 0.6, kWhiteShareMore = 0.3, kWhiteShareAtLeast = 0.4;
constexpr int kLowMiddle = 38, kLowBright = 90;
// Nothing in it is brighter than this: dark, however even it is.
constexpr int kLowBrightest = 66;
// Of the reference's coarse structure and likeness to it. Through what lies on the lens a little of
// the view may still be seen.
constexpr double kCoveredCoarse = 0.55, kCoveredLikeness = 0.6, kCoveredThin = 0.25;
// The first where what is there instead is seen to be out of focus.
constexpr double kCoveredBlurred = 0.8;
// The second once the detector has said that it is another view, and until it is so alike again:
// scenes are alike in having the ground below and the sky above.
constexpr double kMovedLikeness = 0.45, kMovedLikenessTold = 0.8;
// A camera that was knocked: the view lies elsewhere by more than a shake reaches (8 pixels of 384)
// on a mean over kShiftMean, in which shakes even out. Share of the picture's width.
constexpr double kShiftMax = 0.02;
constexpr absl::Duration kShiftMean = absl::Seconds(2);
constexpr double kDefocusLikeness = 0.7, kDefocusFine = 0.68;
// A view with less structure than this has nothing that could be covered, moved or blurred.
constexpr double kStructure = 2.0;
constexpr double kNoiseTimes = 2.0, kNoiseMore = 3.0;
constexpr double kLostSpread = 2.0, kLostColour = 20, kLostNoise = 0.05;
constexpr int kFrozenKeyframes = 2;
// The reference follows slowly, so that a lens that fogs over in minutes is still seen.
constexpr absl::Duration kFollows = absl::Minutes(10);
// What is suspected must be seen without a longer pause. A keyframe looks otherwise than the
// predicted pictures: the coder takes noise and faint structure from them and leaves it in that.
constexpr absl::Duration kPauseMax = absl::Milliseconds(800);
constexpr size_t kPastMax = 64;
constexpr int kLearnPictures = 4;
constexpr int kStillQuality = 75;

// What one picture shows of a state.
struct Sign {
  bool shown = false;
  double severity = 0;
  std::string reason;
};
using Signs = std::array<Sign, kHealthStates>;

Sign& At(Signs& signs, HealthState state) { return signs[static_cast<size_t>(state)]; }

double Share(double value) { return std::clamp(value, 0.0, 1.0); }

// Coarse structure without what noise adds to it: of Gaussian noise, differences are 0.683 times
// the middle second difference.
double Structure(const PictureMeasure& measure) {
  const double of_noise = 0.683 * measure.noise;
  return std::max(0.1,
                  std::sqrt(std::max(0.0, measure.coarse * measure.coarse - of_noise * of_noise)));
}

Sign BandsSign(const PictureMeasure& now, const PictureMeasure& was) {
  const Bands bands = FindBands(now, was);
  if (!bands.shown) return {};
  return {true, Share(bands.levels / (5 * kBandLevels)),
          absl::StrFormat("rows differ by %.1f grey levels to and fro (limit %.1f)", bands.levels,
                          kBandLevels)};
}

Sign OneColour(const PictureMeasure& now) {
  return {true, 1, absl::StrFormat("one colour, without noise (spread %.1f)", now.spread)};
}

}  // namespace

std::string_view HealthStateName(HealthState state) {
  static constexpr std::array<std::string_view, kHealthStates> kNames = {
      "signal_lost", "black",     "over_exposed", "low_light", "covered",
      "moved",       "defocused", "noisy",        "banded",    "frozen"};
  return kNames[static_cast<size_t>(state)];
}

struct PictureHealth::Impl {
  explicit Impl(Options given) : options(given) {}

  // A state that is suspected, or told.
  struct Watch {
    bool suspected = false;
    bool told = false;
    absl::Time last_shown;
    HealthFinding finding;
  };

  Signs Judge(const PictureMeasure& now, const media::Picture& picture);
  void JudgeAgainstReference(const PictureMeasure& now, double likeness, Signs& signs) const;
  void Follow(const PictureMeasure& now, absl::Time time, absl::Duration elapsed, bool well);
  void Note(HealthState state, const Sign& sign, absl::Time time, const media::Picture* picture);
  void Finish(Watch& watch, absl::Time time);
  void Forget();

  const Options options;
  int width = 0;
  int height = 0;
  std::optional<absl::Time> last_time;
  PictureMeasure reference;
  int learnt = 0;  // pictures in the reference
  absl::Time learning_since;
  bool ready = false;
  Place place;                 // of the picture at hand, from where it was accepted
  Place accepted;              // where it lay then
  Place shift;                 // mean of late
  int64_t reference_view = 0;  // of the detector, as the reference was learnt
  bool another_view = false;   // the detector did not find the view's structure again
  absl::Time another_since;    // then
  // Whether what is unlike the reference is: what lies on a lens is not. Unset until a keyframe.
  std::optional<bool> in_focus;
  // frozen
  uint64_t digest = 0;
  absl::Time same_since;
  int same_keyframes = 0;

  std::array<Watch, kHealthStates> watches;
  std::vector<HealthFinding> past;
};

void PictureHealth::Impl::Forget() {
  learnt = 0;
  ready = false;
  another_view = false;
  in_focus.reset();
  same_keyframes = 0;
}

void PictureHealth::Impl::JudgeAgainstReference(const PictureMeasure& now, double likeness,
                                                Signs& signs) const {
  const double limit = std::max(kNoiseTimes * reference.noise, reference.noise + kNoiseMore);
  const bool noisy = now.noise > limit;
  At(signs, HealthState::kNoisy) = {
      noisy, Share(now.noise / (4 * limit)),
      absl::StrFormat("noise of %.1f grey levels (limit %.1f)", now.noise, limit)};
  At(signs, HealthState::kBanded) = BandsSign(now, reference);
  if (reference.coarse < kStructure || At(signs, HealthState::kBanded).shown) return;
  const double coarse = Structure(now) / Structure(reference);
  const bool thin = coarse < kCoveredThin && !At(signs, HealthState::kLowLight).shown;
  const double enough = in_focus == false ? kCoveredBlurred : kCoveredCoarse;
  const bool gone = coarse < enough && likeness < kCoveredLikeness;
  if (noisy && !gone) return;
  if ((gone && in_focus != true) || (thin && !gone)) {
    At(signs, HealthState::kCovered) = {
        true, Share(1 - coarse),
        absl::StrFormat("%.0f %% of the view's structure is left (limit %.0f %%), alike to %.2f",
                        100 * coarse, 100 * enough, likeness)};
    return;
  }
  const double alike_enough =
      another_view ? kMovedLikenessTold : (gone ? kCoveredLikeness : kMovedLikeness);
  // Headlights and a truck at night leave little alike; the view is there all the same.
  if (likeness < alike_enough && !place.found) {
    At(signs, HealthState::kMoved) = {
        true, Share(1 - likeness),
        absl::StrFormat("alike to the learnt view to %.2f (limit %.2f)%s", likeness, alike_enough,
                        another_view ? ", whose structure was not found" : "")};
    return;
  }
  const double away = std::hypot(shift.right, shift.down);
  if (away > kShiftMax) {
    At(signs, HealthState::kMoved) = {
        true, Share(away / (5 * kShiftMax)),
        absl::StrFormat("the view lies %.1f %% of the picture's width from where it was (limit "
                        "%.1f %%)",
                        100 * away, 100 * kShiftMax)};
    return;
  }
  // In good light fine structure goes with coarse structure; blur takes the fine one.
  const double fine =
      now.fine / std::max(0.1, now.coarse) / (reference.fine / std::max(0.1, reference.coarse));
  if (likeness >= kDefocusLikeness && fine < kDefocusFine) {
    At(signs, HealthState::kDefocused) = {
        true, Share(1 - fine),
        absl::StrFormat("%.0f %% of the view's fine structure is left (limit %.0f %%)", 100 * fine,
                        100 * kDefocusFine)};
  }
}

Signs PictureHealth::Impl::Judge(const PictureMeasure& now, const media::Picture& picture) {
  Signs signs;
  const absl::Time time = picture.time();
  if (now.digest != digest || same_keyframes == 0) {
    digest = now.digest;
    same_since = time;
    same_keyframes = picture.keyframe() ? 1 : 0;
  } else if (picture.keyframe()) {
    ++same_keyframes;
  }
  if (same_keyframes >= kFrozenKeyframes && time - same_since >= options.frozen_after) {
    At(signs, HealthState::kFrozen) = {
        true, 1,
        absl::StrFormat("not a pixel has changed for %.0f s and %d keyframes",
                        absl::ToDoubleSeconds(time - same_since), same_keyframes)};
  }
  // Before black: a screen of dark blue.
  if (now.spread < kLostSpread && now.colour > kLostColour) {
    At(signs, HealthState::kSignalLost) = OneColour(now);
    return signs;
  }
  if (now.bright < kBlackBright && now.spread < kBlackSpread) {
    At(signs, HealthState::kBlack) = {
        true, Share(1 - (now.bright - 16) / static_cast<double>(kBlackBright - 16) / 2),
        absl::StrFormat("98 %% of it is darker than %d (limit %d)", now.bright, kBlackBright)};
    return signs;
  }
  const bool whiter = ready && now.white_share > kWhiteShareAtLeast &&
                      now.white_share > reference.white_share + kWhiteShareMore;
  if (now.white_share > kWhiteShare || whiter) {
    At(signs, HealthState::kOverExposed) = {
        true, Share(now.white_share),
        absl::StrFormat("%.0f %% of it is white", 100 * now.white_share)};
    return signs;
  }
  const bool was_more = ready && reference.spread > 4 * kLostSpread;
  if (now.spread < kLostSpread && was_more && now.noise < kLostNoise) {
    At(signs, HealthState::kSignalLost) = OneColour(now);
    return signs;
  }
  if ((now.middle < kLowMiddle && now.bright < kLowBright) || now.bright < kLowBrightest) {
    At(signs, HealthState::kLowLight) = {
        true, Share(1 - (now.middle - 16) / static_cast<double>(kLowBrightest - 16)),
        absl::StrFormat("half of it is darker than %d, 98 %% than %d (limits %d, or %d)",
                        now.middle, now.bright, kLowMiddle, kLowBrightest)};
  }
  if (!ready) return signs;
  const double likeness = Likeness(now, reference);
  another_view = another_view && likeness < kMovedLikenessTold;
  if (likeness >= kCoveredLikeness) {
    in_focus.reset();
  } else if (picture.keyframe()) {
    in_focus = SharpAllOver(now);
  }
  JudgeAgainstReference(now, likeness, signs);
  return signs;
}

// Learns the view, and follows it while nothing is wrong.
void PictureHealth::Impl::Follow(const PictureMeasure& now, absl::Time time, absl::Duration elapsed,
                                 bool well) {
  double weight = 0;
  if (!ready) {
    // What is black or white from the start is no view.
    if (!well) return;
    if (learnt == 0) learning_since = time;
    ++learnt;
    weight = 1.0 / learnt;
    ready = learnt >= kLearnPictures && time - learning_since >= options.learn_for;
  } else if (well) {
    weight = 1 - std::exp(-absl::FDivDuration(std::min(elapsed, absl::Seconds(10)), kFollows));
  }
  const auto blend = [weight](auto& was, auto is) {
    was = static_cast<std::remove_reference_t<decltype(was)>>(was + weight * (is - was));
  };
  for (size_t i = 0; i < now.parts.size(); ++i) blend(reference.parts[i], now.parts[i]);
  blend(reference.mean, now.mean);
  blend(reference.spread, now.spread);
  blend(reference.white_share, now.white_share);
  blend(reference.fine, now.fine);
  blend(reference.coarse, now.coarse);
  blend(reference.noise, now.noise);
}

void PictureHealth::Impl::Finish(Watch& watch, absl::Time time) {
  if (watch.told) {
    watch.finding.ended = time;
    past.push_back(watch.finding);
    if (past.size() > kPastMax) past.erase(past.begin());
  }
  watch = Watch();
}

void PictureHealth::Impl::Note(HealthState state, const Sign& sign, absl::Time time,
                               const media::Picture* picture) {
  Watch& watch = watches[static_cast<size_t>(state)];
  if (!sign.shown) {
    if (watch.suspected && time - watch.last_shown >= options.clear_after) Finish(watch, time);
    if (!watch.told && time - watch.last_shown > kPauseMax) watch = Watch();
    return;
  }
  if (!watch.suspected) {
    watch.suspected = true;
    watch.finding = {.state = state, .onset = time};
    if (state == HealthState::kMoved && another_view) {
      watch.finding.onset = std::min(time, another_since);
    }
    // It was taken for a cover until a keyframe showed that it is in focus.
    Watch& cover = watches[static_cast<size_t>(HealthState::kCovered)];
    if (state == HealthState::kMoved && in_focus == true && cover.suspected) {
      watch.finding.onset = cover.finding.onset;
      Finish(cover, time);
    }
  }
  watch.last_shown = time;
  if (sign.severity >= watch.finding.severity) {
    watch.finding.severity = sign.severity;
    watch.finding.reason = sign.reason;
  }
  // A frozen picture has been confirmed by the time it took.
  const bool sure =
      time - watch.finding.onset >= options.confirm_after || state == HealthState::kFrozen;
  if (watch.told || !sure) return;
  watch.told = true;
  if (state == HealthState::kFrozen) watch.finding.onset = same_since;
  if (picture == nullptr || options.still_width_max <= 0) return;
  if (auto jpeg = media::EncodeJpeg(*picture, kStillQuality, options.still_width_max); jpeg.ok()) {
    watch.finding.still_jpeg = std::make_shared<const std::string>(*std::move(jpeg));
    watch.finding.still_time = time;
  }
}

PictureHealth::PictureHealth(Options options) : impl_(std::make_unique<Impl>(options)) {}

PictureHealth::~PictureHealth() = default;

void PictureHealth::OnPicture(const media::Picture& picture) {
  Impl& impl = *impl_;
  const absl::Time time = picture.time();
  const bool other = picture.width() != impl.width || picture.height() != impl.height;
  if (impl.last_time && time < *impl.last_time) impl.last_time.reset();
  const absl::Duration elapsed = impl.last_time ? time - *impl.last_time : absl::ZeroDuration();
  // Keyframes are never passed over: whether they differ tells what is frozen.
  if (impl.last_time && !other && !picture.keyframe() && elapsed < impl.options.measure_every) {
    return;
  }
  impl.last_time = time;
  if (other) {
    impl.width = picture.width();
    impl.height = picture.height();
    impl.Forget();
  }
  const double weight = 1 - std::exp(-absl::FDivDuration(elapsed, kShiftMean));
  impl.shift.right += weight * (impl.place.right - impl.shift.right);
  impl.shift.down += weight * (impl.place.down - impl.shift.down);
  const PictureMeasure now = Measure(picture);
  const Signs signs = impl.Judge(now, picture);
  bool well = true;
  for (size_t i = 0; i < kHealthStates; ++i) {
    const HealthState state = static_cast<HealthState>(i);
    impl.Note(state, signs[i], time, &picture);
    // A dark view is a view; what is frozen is one too.
    if (state != HealthState::kLowLight && state != HealthState::kFrozen) well &= !signs[i].shown;
  }
  impl.Follow(now, time, elapsed, well);
}

void PictureHealth::OnSignalLost(absl::Time time) {
  Impl& impl = *impl_;
  Impl::Watch& watch = impl.watches[static_cast<size_t>(HealthState::kSignalLost)];
  if (watch.told) return;
  watch.suspected = watch.told = true;
  watch.last_shown = time;
  watch.finding = {.state = HealthState::kSignalLost,
                   .onset = time,
                   .severity = 1,
                   .reason = "the stream was lost"};
  // Over with the next picture that is one.
  impl.same_keyframes = 0;
}

void PictureHealth::OnPlace(const Place& place) {
  Impl& impl = *impl_;
  if (place.view != impl.place.view) impl.accepted = {};
  if (!impl.ready) impl.reference_view = place.view;
  impl.place = place;
  impl.place.found &= place.view == impl.reference_view;
  impl.place.right -= impl.accepted.right;
  impl.place.down -= impl.accepted.down;
}

void PictureHealth::OnAnotherView(absl::Time since) {
  if (!impl_->ready) return;
  impl_->another_view = true;
  impl_->another_since = since;
}

void PictureHealth::AcceptView() {
  impl_->Forget();
  impl_->accepted.right += impl_->place.right;
  impl_->accepted.down += impl_->place.down;
  impl_->shift = {};
  if (!impl_->last_time) return;
  for (Impl::Watch& watch : impl_->watches) impl_->Finish(watch, *impl_->last_time);
}

std::vector<HealthFinding> PictureHealth::findings() const {
  std::vector<HealthFinding> now;
  for (const Impl::Watch& watch : impl_->watches) {
    if (watch.told) now.push_back(watch.finding);
  }
  return now;
}

std::optional<std::string> PictureHealth::Reason(HealthState state) const {
  for (const Impl::Watch& watch : impl_->watches) {
    if (watch.told && watch.finding.state == state) return watch.finding.reason;
  }
  return std::nullopt;
}

const std::vector<HealthFinding>& PictureHealth::past() const { return impl_->past; }

}  // namespace patrol::motion
