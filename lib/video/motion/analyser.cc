#include "lib/video/motion/analyser.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/base/log.h"
#include "lib/video/media/jpeg.h"

namespace patrol::motion {

namespace {

// Pictures further apart than this do not overlap: a second one to confirm may come too late.
constexpr absl::Duration kSparse = absl::Seconds(1);
// Where pictures are sparse, one alone begins an event when it is this much above the threshold.
constexpr double kSureFactor = 2.0;
// Movement that flickers off for less than this is the same candidate for an event.
constexpr absl::Duration kCandidatePause = absl::Milliseconds(600);
// A new still is worth coding when it shows so much more movement.
constexpr double kBetterStill = 1.15;
// Moving share that counts as full strength.
constexpr double kFullStrengthShare = 0.05;

Box Union(const Box& a, const Box& b) {
  return {.left = std::min(a.left, b.left),
          .top = std::min(a.top, b.top),
          .right = std::max(a.right, b.right),
          .bottom = std::max(a.bottom, b.bottom)};
}

}  // namespace

struct Analyser::Impl {
  Impl(std::string id, Options given, MotionSink* to)
      : camera_id(std::move(id)), options(given), sink(to), detector(given.detector) {}

  // Movement that is not an event yet, or is one.
  struct Movement {
    MotionEvent event;
    bool begun = false;
    int pictures = 0;  // moving ones
    absl::Time last_moving;
    absl::Time last_told;
    double best_share = 0;
    double still_share = 0;  // of the still last coded
    media::Picture best;     // empty once coded
  };

  void Follow(const media::Picture& picture, absl::Duration interval);
  void Extend(const media::Picture& picture);
  void CodeStill();
  void Tell(Phase phase, absl::Time time);
  void End();

  const std::string camera_id;
  const Options options;
  MotionSink* const sink;

  Detector detector;
  Detection last;
  std::optional<absl::Time> last_time;
  int width = 0;
  int height = 0;
  std::optional<Movement> movement;
  int64_t events = 0;
  bool in_light_step = false;
  uint64_t light_steps = 0;
};

// Takes the picture into the movement.
void Analyser::Impl::Extend(const media::Picture& picture) {
  if (!movement) {
    movement.emplace();
    movement->event.camera_id = camera_id;
    movement->event.begin = picture.time();
    movement->event.zone = last.moving_box;
  }
  ++movement->pictures;
  movement->last_moving = picture.time();
  MotionEvent& event = movement->event;
  event.zone = Union(event.zone, last.moving_box);
  event.strength = std::max(event.strength, std::min(1.0, last.moving_share / kFullStrengthShare));
  if (last.moving_share > movement->best_share) {
    movement->best_share = last.moving_share;
    if (options.still_width_max > 0) movement->best = picture;
  }
}

void Analyser::Impl::CodeStill() {
  if (movement->best.empty() || movement->best_share < kBetterStill * movement->still_share) return;
  auto jpeg = media::EncodeJpeg(movement->best, options.still_quality, options.still_width_max);
  if (jpeg.ok()) {
    movement->event.still_jpeg = std::make_shared<const std::string>(*std::move(jpeg));
  } else {
    PATROL_LOG_WARNING("camera \"{}\": no still of the motion event: {}", camera_id,
                       std::string(jpeg.status().message()));
  }
  movement->still_share = movement->best_share;
  // The decoder's buffers are not held longer than needed.
  movement->best = media::Picture();
}

void Analyser::Impl::Tell(Phase phase, absl::Time time) {
  CodeStill();
  MotionEvent& event = movement->event;
  event.phase = phase;
  event.time = time;
  if (phase == Phase::kBegin) {
    movement->begun = true;
    event.sequence = ++events;
  }
  event.moving_share = phase == Phase::kEnd ? 0.0 : last.moving_share;
  movement->last_told = time;
  sink->OnMotion(event);
}

void Analyser::Impl::End() {
  if (movement && movement->begun) Tell(Phase::kEnd, movement->last_moving);
  movement.reset();
}

void Analyser::Impl::Follow(const media::Picture& picture, absl::Duration interval) {
  const absl::Time time = picture.time();
  const bool open = movement && movement->begun;
  const double threshold = open ? options.keep_share : options.begin_share;
  if (last.largest_moving_share >= threshold) Extend(picture);
  if (!movement) return;
  const absl::Duration still_for = time - movement->last_moving;

  if (!open) {
    if (still_for > std::max(kCandidatePause, 1.5 * interval)) {
      movement.reset();
      return;
    }
    if (still_for > absl::ZeroDuration()) return;
    const bool sparse = interval >= kSparse;
    const int needed = sparse ? std::min(2, options.begin_pictures) : options.begin_pictures;
    const bool lasting =
        movement->pictures >= needed && time - movement->event.begin >= options.begin_after;
    const bool sure = sparse && last.largest_moving_share >= kSureFactor * options.begin_share;
    if (lasting || sure) Tell(Phase::kBegin, time);
    return;
  }
  if (still_for >= options.end_after) {
    End();
  } else if (time - movement->last_told >= options.update_every &&
             still_for <= absl::ZeroDuration()) {
    Tell(Phase::kUpdate, time);
  }
}

Analyser::Analyser(std::string camera_id, Options options, MotionSink* sink)
    : impl_(std::make_unique<Impl>(std::move(camera_id), options, sink)) {
  PATROL_CHECK(sink != nullptr);
  PATROL_CHECK(options.keep_share <= options.begin_share && options.begin_pictures >= 1);
}

Analyser::~Analyser() = default;

void Analyser::OnPicture(const media::Picture& picture) {
  Impl& impl = *impl_;
  const absl::Time time = picture.time();
  const bool other_size = picture.width() != impl.width || picture.height() != impl.height;
  if (impl.last_time && (other_size || time < *impl.last_time)) impl.End();
  const absl::Duration interval = impl.last_time
                                      ? std::max(absl::ZeroDuration(), time - *impl.last_time)
                                      : absl::ZeroDuration();
  impl.width = picture.width();
  impl.height = picture.height();
  impl.last_time = time;
  try {
    impl.last = impl.detector.Process(picture);
  } catch (const std::exception& fault) {  // OpenCV's, such as out of memory
    PATROL_LOG_ERROR("camera \"{}\": motion analysis of a {}x{} picture failed: {}", impl.camera_id,
                     impl.width, impl.height, fault.what());
    impl.End();
    impl.detector.Reset();
    impl.last = Detection{.learning = true};
    return;
  }

  if (impl.last.learning) {
    impl.in_light_step = false;
    impl.End();
    return;
  }
  if (impl.last.light_step) {
    if (!impl.in_light_step) ++impl.light_steps;
    impl.in_light_step = true;
    // A candidate was the first sign of it; an open event waits.
    if (impl.movement && !impl.movement->begun) impl.movement.reset();
    if (impl.movement && time - impl.movement->last_moving >= impl.options.end_after) impl.End();
    return;
  }
  impl.in_light_step = false;
  impl.Follow(picture, interval);
}

void Analyser::OnStreamLost(absl::Time) { impl_->End(); }

Analyser::State Analyser::state() const {
  if (impl_->movement && impl_->movement->begun) return State::kMoving;
  return !impl_->last_time || impl_->last.learning ? State::kLearning : State::kQuiet;
}

const Detection& Analyser::last_detection() const { return impl_->last; }

uint64_t Analyser::light_steps() const { return impl_->light_steps; }

}  // namespace patrol::motion
