#include "lib/video/motion/analyser.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/base/log.h"
#include "lib/video/media/jpeg.h"
#include "lib/video/motion/region_tracker.h"
#include "lib/video/motion/zone_history.h"
#include "lib/video/motion/zone_watch.h"

namespace patrol::motion {

namespace {

uint64_t& Count(SuppressionCounts& counts, Suppression cause) {
  return counts[static_cast<size_t>(cause)];
}

// For so long after learning the model is young: it has not seen a branch swing back yet.
constexpr absl::Duration kSettles = absl::Seconds(10);
// Once a view is seen again, old or new, picture health knows by then whether it is another one:
// it confirms for three seconds, and may wait for keyframes that are seconds apart.
constexpr absl::Duration kDoubtAfter = absl::Seconds(5);
constexpr int kDoubtPictures = 5;

// With the detector's small targets events must be as small as what it is asked to find.
constexpr double kSmallestShare = 0.0006;
constexpr double kOrdinarySize = 10;

Analyser::Options WithSmallestShare(Analyser::Options options) {
  if (options.smallest_share > 0) return options;
  const double part = std::min(1.0, options.detector.min_object_size / kOrdinarySize);
  options.smallest_share = std::max(kSmallestShareMin, kSmallestShare * part);
  return options;
}

// The smallest region any zone asks for: what is smaller need not be looked at.
double SmallestShare(const Analyser::Options& options, const CameraZones& zones) {
  if (zones.zones.empty()) return options.smallest_share;
  double smallest = 1;
  for (const AnalysisZone& zone : zones.zones) {
    smallest = std::min(smallest, zone.smallest_share.value_or(options.smallest_share));
  }
  return smallest;
}

}  // namespace

struct Analyser::Impl {
  // One zone with what its owner adds to its watch: its hours, its history, what may be told.
  struct Zone {
    Zone(AnalysisZone given, ZoneWatch zone_watch)
        : about(std::move(given)), watch(std::move(zone_watch)) {}
    AnalysisZone about;
    ZoneWatch watch;
    ZoneHistory history;
    bool watched = true;
    bool told = false;  // the open event was told: it is neither over a limit nor snoozed
    int64_t sequence = 0;
  };

  Impl(std::string id, Options given, MotionSink* to)
      : camera_id(std::move(id)),
        options(WithSmallestShare(given)),
        sink(to),
        detector(given.detector),
        health(given.health) {
    SetUp({});
  }

  void SetUp(const CameraZones& zones);
  void Follow(const media::Picture& picture, const ZoneWatch::Moment& moment);
  void FollowZone(Zone& zone, const media::Picture& picture, ZoneWatch::Moment moment);
  void Tell(size_t index, MotionEvent& event, const media::Picture& best);
  bool MayBegin(MotionEvent& event);
  void CodeStill(Zone& zone, MotionEvent& event, const media::Picture& best);
  void CountRegions(const std::vector<Region>& regions);
  void TellPlace();
  void NoteDoubt();
  void End(Ending ending);

  const std::string camera_id;
  const Options options;
  MotionSink* const sink;

  Detector detector;
  PictureHealth health;
  CameraZones drawn;
  Plane zone_cells;  // of the mask's cells; made with the first mask of a size
  std::optional<RegionTracker> tracker;
  std::deque<Zone> zones;  // never moved: their watches call back
  Detection last;
  std::vector<Region> none;
  const std::vector<Region>* regions = &none;
  std::optional<absl::Time> last_time;
  std::optional<absl::Time> lost_since;  // the learnt view is not found
  // Last picture of another view, or of one that is learnt after it.
  std::optional<absl::Time> doubted;
  int undoubted_pictures = 0;                // since then
  absl::Time learnt = absl::InfinitePast();  // when learning was last going on
  int width = 0;
  int height = 0;
  int64_t events = 0;
  int64_t over_limit = 0;
  std::deque<absl::Time> begun;  // of the events told within the last hour
  absl::Time last_begin = absl::InfinitePast();
  absl::Time snoozed_until = absl::InfinitePast();
  SuppressionCounts suppressed{};
  bool in_light_step = false;
};

void Analyser::Impl::SetUp(const CameraZones& given) {
  End(Ending::kGone);
  drawn = given;
  zone_cells = Plane();
  std::deque<Zone> before;
  before.swap(zones);
  tracker.emplace(SmallestShare(options, given));
  regions = &none;
  std::vector<AnalysisZone> all = given.zones;
  if (all.empty()) all.emplace_back();
  for (size_t i = 0; i < all.size(); ++i) {
    const double smallest = all[i].smallest_share.value_or(options.smallest_share);
    const ZoneRules rules = {.share_min = smallest,
                             .share_large = std::max(smallest, options.large_share),
                             .begin_after = options.begin_after,
                             .begin_pictures = options.begin_pictures,
                             .end_after = options.end_after,
                             .still_after = options.still_after,
                             .update_every = options.update_every,
                             .strictness = 1 / all[i].sensitivity,
                             .stills = options.still_width_max > 0};
    zones.emplace_back(all[i], ZoneWatch(all[i].id, i, rules,
                                         [this, i](MotionEvent& event, const media::Picture& best) {
                                           Tell(i, event, best);
                                         }));
    const auto same = std::find_if(before.begin(), before.end(), [&](const Zone& zone) {
      return zone.about.id == all[i].id && zone.about.polygon == all[i].polygon;
    });
    if (same != before.end()) zones.back().history = same->history;
  }
}

void Analyser::Impl::CodeStill(Zone& zone, MotionEvent& event, const media::Picture& best) {
  if (best.empty() || !zone.told) return;
  auto jpeg = media::EncodeJpeg(best, options.still_quality, options.still_width_max);
  if (jpeg.ok()) {
    event.still_jpeg = std::make_shared<const std::string>(*std::move(jpeg));
  } else {
    PATROL_LOG_WARNING("camera \"{}\": no still of the motion event: {}", camera_id,
                       std::string(jpeg.status().message()));
  }
}

// Whether an event that begins now is told; makes its begin one of its own.
bool Analyser::Impl::MayBegin(MotionEvent& event) {
  if (event.time < snoozed_until) {
    ++Count(suppressed, Suppression::kSnoozed);
    return false;
  }
  while (!begun.empty() &&
         (event.time - begun.front() >= absl::Hours(1) || event.time < begun.front())) {
    begun.pop_front();
  }
  if (begun.size() >= static_cast<size_t>(options.events_per_hour_max)) {
    ++Count(suppressed, Suppression::kLimit);
    ++over_limit;
    return false;
  }
  begun.push_back(event.time);
  // Two zones may see the same first picture.
  if (event.begin == last_begin) event.begin += absl::Microseconds(1);
  last_begin = event.begin;
  return true;
}

void Analyser::Impl::Tell(size_t index, MotionEvent& event, const media::Picture& best) {
  Zone& zone = zones[index];
  event.camera_id = camera_id;
  if (event.phase == Phase::kBegin) {
    zone.told = MayBegin(event);
    if (zone.told) zone.sequence = ++events;
  }
  if (!zone.told) return;
  event.sequence = zone.sequence;
  CodeStill(zone, event, best);
  sink->OnMotion(event);
}

void Analyser::Impl::End(Ending ending) {
  for (Zone& zone : zones) zone.watch.End(ending);
}

void Analyser::Impl::FollowZone(Zone& zone, const media::Picture& picture,
                                ZoneWatch::Moment moment) {
  const absl::Time time = picture.time();
  const bool watched = zone.about.schedule.Contains(time);
  if (!watched) {
    if (zone.watched) zone.watch.End(Ending::kGone);
    zone.watched = false;
    return;
  }
  zone.watched = true;
  const uint64_t brief = zone.watch.too_brief();
  const bool was_busy = zone.history.busy();
  if (!was_busy) {
    moment.settling = time - learnt < kSettles;
    zone.watch.Follow(*regions, picture, moment);
    Count(suppressed, Suppression::kTooBrief) += zone.watch.too_brief() - brief;
  }
  bool moving = zone.watch.moving();
  if (was_busy) {
    for (const Region& region : *regions) {
      moving |= region.moving && region.in_zone[static_cast<size_t>(&zone - &zones.front())] > 0;
    }
  }
  zone.history.Note(time, moment.interval, moving);
  if (zone.history.busy() && !was_busy) {
    ++Count(suppressed, Suppression::kBusy);
    zone.watch.End(Ending::kBusy);
  }
}

// Tells picture health where the view lies.
void Analyser::Impl::TellPlace() {
  if (!last.view_lost) lost_since.reset();
  if (last.view_lost && !lost_since) lost_since = last_time;
  const double width = std::max(1, last.mask.width);
  health.OnPlace({.view = last.view,
                  .found = last.in_place,
                  .right = last.displacement.dx / width,
                  .down = last.displacement.dy / width});
}

void Analyser::Impl::NoteDoubt() {
  // A light step alone leaves the view's structure in its place.
  const bool elsewhere = last.view_lost || (last.light_step && !last.in_place);
  if (elsewhere || (doubted && last.learning)) {
    doubted = last_time;
    undoubted_pictures = 0;
  }
  if (!doubted) return;
  ++undoubted_pictures;
  if (undoubted_pictures > kDoubtPictures && *last_time - *doubted >= kDoubtAfter) doubted.reset();
  // The camera's clock was set back.
  if (doubted) doubted = std::min(*doubted, *last_time);
}

// Counts the regions that came to an end of their history without a word.
void Analyser::Impl::CountRegions(const std::vector<Region>& now) {
  for (const Region& region : now) {
    if (!region.moving || region.moving_pictures != options.begin_pictures) continue;
    bool inside = false, scheduled = false;
    for (size_t i = 0; i < zones.size(); ++i) {
      inside |= region.in_zone[i] > 0;
      scheduled |= region.in_zone[i] > 0 && zones[i].watched;
    }
    if (!inside) {
      ++Count(suppressed, Suppression::kOutsideZones);
    } else if (!scheduled) {
      ++Count(suppressed, Suppression::kUnscheduled);
    }
  }
}

void Analyser::Impl::Follow(const media::Picture& picture, const ZoneWatch::Moment& moment) {
  const int cells_x = RegionTracker::CellsOf(last.aligned_mask.width);
  const int cells_y = RegionTracker::CellsOf(last.aligned_mask.height);
  if (!drawn.empty() && (zone_cells.width() != cells_x || zone_cells.height() != cells_y)) {
    zone_cells = DrawZones(drawn, cells_x, cells_y);
  }
  regions = &tracker->Follow(last.aligned_mask, last.change, zone_cells, picture.time());
  for (Zone& zone : zones) FollowZone(zone, picture, moment);
  CountRegions(*regions);
  Count(suppressed, Suppression::kInPlace) = tracker->stayed();
}

Analyser::Analyser(std::string camera_id, Options options, MotionSink* sink)
    : impl_(std::make_unique<Impl>(std::move(camera_id), options, sink)) {
  PATROL_CHECK(sink != nullptr);
  PATROL_CHECK(options.smallest_share >= 0 && options.begin_pictures >= 1);
}

Analyser::~Analyser() = default;

void Analyser::SetZones(const CameraZones& zones) {
  if (zones != impl_->drawn) impl_->SetUp(zones);
}

void Analyser::Snooze(absl::Time until) {
  impl_->snoozed_until = until;
  if (impl_->last_time && *impl_->last_time < until) impl_->End(Ending::kSnoozed);
}

void Analyser::OnPicture(const media::Picture& picture, OnsetSource source) {
  Impl& impl = *impl_;
  const absl::Time time = picture.time();
  const bool other_size = picture.width() != impl.width || picture.height() != impl.height;
  if (impl.last_time && (other_size || time < *impl.last_time)) impl.End(Ending::kViewLost);
  const absl::Duration interval = impl.last_time
                                      ? std::max(absl::ZeroDuration(), time - *impl.last_time)
                                      : absl::ZeroDuration();
  impl.width = picture.width();
  impl.height = picture.height();
  impl.last_time = time;
  impl.regions = &impl.none;
  try {
    impl.last = impl.detector.Process(picture);
    impl.TellPlace();
    impl.NoteDoubt();
    impl.health.OnPicture(picture);
    if (impl.last.learning) {
      if (impl.last.view_lost) impl.health.OnAnotherView(impl.lost_since.value_or(time));
      impl.in_light_step = false;
      impl.learnt = time;
      impl.tracker->Reset();
      impl.End(Ending::kViewLost);
      return;
    }
    if (impl.last.light_step) {
      if (!impl.in_light_step) ++Count(impl.suppressed, Suppression::kLightStep);
      impl.in_light_step = true;
      impl.tracker->Reset();
      for (Impl::Zone& zone : impl.zones) zone.watch.Suspend(time);
      return;
    }
    impl.in_light_step = false;
    impl.Follow(picture, {.interval = interval, .source = source});
  } catch (const std::exception& fault) {  // OpenCV's, such as out of memory
    PATROL_LOG_ERROR("camera \"{}\": motion analysis of a {}x{} picture failed: {}", impl.camera_id,
                     impl.width, impl.height, fault.what());
    impl.End(Ending::kViewLost);
    impl.detector.Reset();
    impl.tracker->Reset();
    impl.last = Detection{.learning = true};
  }
}

void Analyser::OnBlind() { impl_->End(Ending::kViewLost); }

void Analyser::OnStreamLost(absl::Time time) {
  impl_->End(Ending::kStreamLost);
  // What has come or gone by the time it returns did so unseen.
  impl_->tracker->Reset();
  impl_->health.OnSignalLost(time);
}

void Analyser::AcceptView() { impl_->health.AcceptView(); }

Analyser::State Analyser::state() const {
  for (const Impl::Zone& zone : impl_->zones) {
    if (zone.watch.moving()) return State::kMoving;
  }
  return !impl_->last_time || impl_->last.learning ? State::kLearning : State::kQuiet;
}

AnalyserStatus Analyser::status() const {
  AnalyserStatus status = {.learning = !impl_->last_time || impl_->last.learning,
                           .events = impl_->events,
                           .events_over_limit = impl_->over_limit,
                           .suppressed = impl_->suppressed,
                           .snoozed_until = impl_->snoozed_until};
  status.health = impl_->health.findings();
  status.health_past = impl_->health.past();
  const absl::Time now = impl_->last_time.value_or(absl::UnixEpoch());
  for (const Impl::Zone& zone : impl_->zones) {
    status.zones.push_back({.id = zone.about.id,
                            .watched = zone.watched,
                            .moving = zone.watch.moving(),
                            .busy = zone.history.busy(),
                            .busy_since = zone.history.busy_since(),
                            .moving_share = zone.history.moving_share(),
                            .usual_share = zone.history.usual_share(now)});
  }
  return status;
}

const SuppressionCounts& Analyser::suppressed() const { return impl_->suppressed; }

std::vector<ZoneNorm> Analyser::Norms() const {
  std::vector<ZoneNorm> norms;
  for (const Impl::Zone& zone : impl_->zones) {
    norms.push_back({.id = zone.about.id, .hours = zone.history.hours()});
  }
  return norms;
}

void Analyser::TakeUp(const std::vector<ZoneNorm>& norms) {
  for (Impl::Zone& zone : impl_->zones) {
    for (const ZoneNorm& norm : norms) {
      if (norm.id == zone.about.id) zone.history.TakeUp(norm.hours);
    }
  }
}

int Analyser::busy_zones() const {
  return static_cast<int>(
      std::count_if(impl_->zones.begin(), impl_->zones.end(),
                    [](const Impl::Zone& zone) { return zone.history.busy(); }));
}

std::optional<std::string> Analyser::ViewMoved() const {
  return impl_->health.Reason(HealthState::kMoved);
}

bool Analyser::ViewInDoubt() const { return impl_->doubted.has_value(); }

std::optional<bool> Analyser::SeesMovement() const {
  if (!impl_->last_time || impl_->last.learning || impl_->last.light_step) return std::nullopt;
  return std::any_of(impl_->regions->begin(), impl_->regions->end(), [](const Region& region) {
    return region.moving && std::any_of(region.in_zone.begin(), region.in_zone.end(),
                                        [](float share) { return share > 0; });
  });
}

const Detection& Analyser::last_detection() const { return impl_->last; }

const std::vector<Region>& Analyser::last_regions() const { return *impl_->regions; }

uint64_t Analyser::light_steps() const {
  return impl_->suppressed[static_cast<size_t>(Suppression::kLightStep)];
}

}  // namespace patrol::motion
