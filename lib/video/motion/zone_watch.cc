#include "lib/video/motion/zone_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace patrol::motion {

namespace {

// Pictures further apart than this do not overlap: a second one to confirm may come too late.
constexpr absl::Duration kSparse = absl::Seconds(1);
// Where pictures are sparse, one alone begins an event when it is this much above a large region,
// and the region took so much of itself as ground since the picture before. Of less, most was there
// then and looks the same: what changed may be what left, such as a car that drove out of its light
// (0.2 to 0.3 on rendered nights; what came into view took 0.7 to 1).
constexpr double kSureFactor = 2.0, kSureAdvance = 0.5;
// Movement that flickers off for less than this is the same candidate for an event.
constexpr absl::Duration kCandidatePause = absl::Milliseconds(600);
// A region smaller than share_large must have moved for this long and this far by itself: specks of
// rain and insects are many, but each is gone at once.
constexpr double kSmallLonger = 1.5;
constexpr double kSmallTravelled = 0.7;  // own sizes
// While the model is young, it must be seen to move in so many times the pictures: what swayed
// while it was learnt is not known yet, and a few pictures far apart do not show it go to and fro.
constexpr int kSettlingPictures = 2;
// A region of share_large must have come this far while it moved: light that settles does not.
constexpr double kLargeTravelled = 0.2;
// A new still is worth coding when it shows so much more movement.
constexpr double kBetterStill = 1.15;
// Moving share that counts as full strength.
constexpr double kFullStrengthShare = 0.05;
// Pictures, and own sizes gone, that make an event half certain.
constexpr double kHalfSurePictures = 3.0, kHalfSureTravelled = 0.5;
// To and fro counts as no direction below this share of the whole way.
constexpr double kDirected = 0.4;

Box Union(const Box& a, const Box& b) {
  return {.left = std::min(a.left, b.left),
          .top = std::min(a.top, b.top),
          .right = std::max(a.right, b.right),
          .bottom = std::max(a.bottom, b.bottom)};
}

Direction DirectionOf(double x, double y, double whole_way) {
  if (whole_way <= 0 || std::hypot(x, y) < kDirected * whole_way) return Direction::kNone;
  static constexpr Direction kAround[] = {
      Direction::kRight, Direction::kDownRight, Direction::kDown, Direction::kDownLeft,
      Direction::kLeft,  Direction::kUpLeft,    Direction::kUp,   Direction::kUpRight};
  const double eighths = std::atan2(y, x) / (2 * M_PI) * 8;
  return kAround[static_cast<size_t>(std::lround(eighths + 8)) % 8];
}

}  // namespace

ZoneWatch::ZoneWatch(std::string zone_id, size_t bit, ZoneRules rules, Tell tell)
    : zone_id_(std::move(zone_id)), bit_(bit), rules_(rules), tell_(std::move(tell)) {}

ZoneWatch::Sight ZoneWatch::Look(const std::vector<Region>& regions, const media::Picture& picture,
                                 const Moment& moment) const {
  const absl::Duration interval = moment.interval;
  const int pictures = rules_.begin_pictures * (moment.settling ? kSettlingPictures : 1);
  Sight sight;
  const absl::Time time = picture.time();
  const double aspect = static_cast<double>(picture.height()) / picture.width();
  sight.since = time;
  for (const Region& region : regions) {
    const double share = region.share * region.in_zone[bit_];
    if (share < rules_.share_min) continue;
    if (!region.moving) {
      sight.resting |= open_.has_value() && region.last_moving >= open_->event.begin;
      continue;
    }
    sight.box = sight.share > 0 ? Union(sight.box, region.box) : region.box;
    sight.share += share;
    sight.largest_share = std::max(sight.largest_share, share);
    if (region.advance >= kSureAdvance) sight.came_share = std::max(sight.came_share, share);
    sight.travelled = std::max(sight.travelled, region.travelled);
    sight.going |= region.going;
    const double x = region.step_x, y = region.step_y * aspect;
    sight.step_x += share * x;
    sight.step_y += share * y;
    sight.step += share * std::hypot(x, y);
    const absl::Duration moved_for = time - region.moving_since;
    if (interval < kSparse && region.moving_pictures >= pictures &&
        moved_for >= kSmallLonger * rules_.strictness * rules_.begin_after &&
        region.travelled >= kSmallTravelled * rules_.strictness) {
      sight.believed = true;
    }
    // It came into view a few pictures before it was seen to move.
    if (region.moving_pictures == 1) sight.since = std::min(sight.since, region.moving_since);
  }
  return sight;
}

void ZoneWatch::NoteOnset(absl::Time onset, MotionEvent& event) const {
  event.begin = onset;
  OnsetSource before = OnsetSource::kPictures;
  for (const Seen& seen : seen_) {
    if (seen.time < onset) {
      before = seen.source;
      continue;
    }
    event.onset_uncertainty = seen.interval;
    // Without the replay nobody would know how it was then, or a moment before. One that begins
    // with the movement has not seen it begin.
    const bool replayed = seen.source == OnsetSource::kReplay || before == OnsetSource::kReplay;
    if (replayed && seen.interval < kSparse) event.onset_source = OnsetSource::kReplay;
    return;
  }
}

// Takes the picture into the movement.
void ZoneWatch::Extend(std::optional<Movement>& movement, const Sight& sight, absl::Time time) {
  if (!movement) {
    movement.emplace();
    movement->event.zone = sight.box;
    movement->event.zone_id = zone_id_;
    NoteOnset(sight.since, movement->event);
  }
  Movement& m = *movement;
  ++m.pictures;
  m.last_moving = time;
  if (sight.going || m.pictures == 1) m.last_going = time;
  m.event.resting = false;
  m.event.zone = Union(m.event.zone, sight.box);
  m.event.strength = std::max(m.event.strength, std::min(1.0, sight.share / kFullStrengthShare));
  m.went_x += sight.step_x;
  m.went_y += sight.step_y;
  m.went += sight.step;
  m.travelled = std::max(m.travelled, sight.travelled);
  m.largest_share = std::max(m.largest_share, sight.largest_share);
  m.event.direction = DirectionOf(m.went_x, m.went_y, m.went);
  m.event.confidence = (1 - std::exp2(-m.pictures / kHalfSurePictures)) *
                       (1 - std::exp2(-(0.25 + m.travelled) / kHalfSureTravelled));
}

// Keeps the picture for the event's still, if it shows enough more than the last one told. Not of a
// candidate: a picture that is kept takes one from its decoder, and 700 candidates hold 270 MB.
void ZoneWatch::KeepStill(double share, const media::Picture& picture) {
  Movement& m = *open_;
  if (!rules_.stills || share <= m.best_share || share < kBetterStill * m.told_still_share) return;
  m.best_share = share;
  m.best = picture;
}

bool ZoneWatch::Begins(const Sight& sight, absl::Time time, absl::Duration interval,
                       bool settling) const {
  if (sight.believed) return true;
  const Movement& movement = *candidate_;
  if (movement.largest_share < rules_.share_large * rules_.strictness) {
    return false;
  }
  const bool sparse = interval >= kSparse;
  if (sparse) {
    return movement.pictures >= std::min(2, rules_.begin_pictures) ||
           sight.came_share >= kSureFactor * rules_.share_large * rules_.strictness;
  }
  return !settling && movement.pictures >= rules_.begin_pictures &&
         movement.travelled >= kLargeTravelled && time - movement.event.begin >= rules_.begin_after;
}

void ZoneWatch::Say(Phase phase, absl::Time time) {
  Movement& m = *open_;
  m.event.phase = phase;
  m.event.time = time;
  m.event.moving_share = phase == Phase::kEnd || m.event.resting ? 0.0 : moving_share_;
  const std::string_view direction = DirectionName(m.event.direction);
  m.event.reason = absl::StrFormat("%.2f %% of the picture moved for %.1f s in %d pictures",
                                   100 * m.largest_share,
                                   absl::ToDoubleSeconds(m.last_going - m.event.begin), m.pictures);
  if (m.travelled >= 0.1) {
    absl::StrAppendFormat(&m.event.reason, ", by %.1f times its own size", m.travelled);
  }
  if (!direction.empty()) absl::StrAppend(&m.event.reason, ", direction ", std::string(direction));
  if (m.event.resting) absl::StrAppend(&m.event.reason, "; it has stopped and is still there");
  if (m.event.ending == Ending::kLeft) {
    absl::StrAppend(&m.event.reason, ": left, parked or taken away");
  }
  m.last_told = time;
  const media::Picture best = std::exchange(m.best, {});
  if (!best.empty()) m.told_still_share = m.best_share;
  tell_(m.event, best);
}

void ZoneWatch::End(Ending ending) {
  candidate_.reset();
  moving_share_ = 0;
  if (!open_) return;
  open_->event.ending = ending;
  Say(Phase::kEnd, open_->last_going);
  open_.reset();
}

void ZoneWatch::Suspend(absl::Time time) {
  candidate_.reset();
  moving_share_ = 0;
  if (open_ && time - open_->last_moving >= rules_.end_after) End(Ending::kViewLost);
}

void ZoneWatch::Follow(const std::vector<Region>& regions, const media::Picture& picture,
                       const Moment& moment) {
  const absl::Time time = picture.time();
  const absl::Duration interval = moment.interval;
  seen_.push_back({time, interval, moment.source});
  if (seen_.size() > kSeenMax) seen_.pop_front();
  const Sight sight = Look(regions, picture, moment);
  moving_share_ = sight.share;
  const bool moves = sight.share > 0;

  if (open_ && !open_->event.resting) {
    if (moves) {
      Extend(open_, sight, time);
      KeepStill(sight.share, picture);
      if (time - open_->last_told >= rules_.update_every) Say(Phase::kUpdate, time);
      return;
    }
    if (time - open_->last_moving < rules_.end_after) return;
    if (!sight.resting) return End(Ending::kGone);
    open_->event.resting = true;
    Say(Phase::kUpdate, time);
    return;
  }

  if (moves) {
    Extend(candidate_, sight, time);
    if (Begins(sight, time, interval, moment.settling)) {
      if (open_) {
        std::optional<Movement> begun = std::move(candidate_);
        End(Ending::kWentOn);
        candidate_ = std::move(begun);
        moving_share_ = sight.share;
      }
      open_ = std::move(candidate_);
      candidate_.reset();
      KeepStill(sight.share, picture);
      Say(Phase::kBegin, time);
      return;
    }
  } else if (candidate_ &&
             time - candidate_->last_moving > std::max(kCandidatePause, 1.5 * interval)) {
    ++too_brief_;
    candidate_.reset();
  }
  if (open_ && !candidate_) {
    if (!sight.resting) {
      End(Ending::kGone);
    } else if (time - open_->last_moving >= rules_.still_after) {
      End(Ending::kLeft);
    }
  }
}

}  // namespace patrol::motion
