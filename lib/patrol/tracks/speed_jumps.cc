#include "lib/patrol/tracks/speed_jumps.h"

#include <utility>

#include "lib/patrol/tracks/fix_intake.h"

namespace patrol::tracks {

namespace {

// What a fix says of where a unit was: ids may be long, and millions of fixes are copied here.
Fix WithoutUnit(const Fix& fix) {
  Fix copy;
  copy.time = fix.time;
  copy.position = fix.position;
  copy.speed_mps = fix.speed_mps;
  copy.heading_deg = fix.heading_deg;
  copy.accuracy_m = fix.accuracy_m;
  return copy;
}

}  // namespace

// Whether the held fixes lead away from the straight line between the newest used one and `to`, and
// back: a unit that only moved faster than thought, or whose clock is wrong, goes on its way.
bool SpeedJumps::ThereAndBack(const Fix& to) const {
  constexpr double kDetourShare = 1.5;
  double length_m = 0;
  geo::LonLat last = newest_->position;
  for (const Held& held : held_) {
    length_m += geo::GreatCircleM(last, held.fix.position);
    last = held.fix.position;
  }
  length_m += geo::GreatCircleM(last, to.position);
  const double direct_m = geo::GreatCircleM(newest_->position, to.position);
  return length_m > kDetourShare * direct_m + kJumpSlackM;
}

void SpeedJumps::Release(bool jump, std::vector<Held>* judged) {
  for (Held& held : held_) {
    if (held.told) continue;
    held.jump = jump;
    judged->push_back(std::move(held));
  }
  held_.clear();
}

bool SpeedJumps::Take(const Fix& fix, uint32_t number, std::vector<Held>* judged) {
  if (newest_ && !CanHaveMoved(*newest_, fix, speed_max_mps_)) {
    if (!held_.empty() && !CanHaveMoved(held_.back().fix, fix, speed_max_mps_) &&
        ThereAndBack(fix)) {
      Release(true, judged);
    }
    if (held_.size() + 1 < kRelocationFixes) {
      held_.push_back({WithoutUnit(fix), number});
      return false;
    }
    Release(false, judged);
  } else if (!held_.empty()) {
    Release(ThereAndBack(fix), judged);
  }
  newest_ = WithoutUnit(fix);
  return true;
}

void SpeedJumps::Finish(std::vector<Held>* judged) { Release(true, judged); }

bool SpeedJumps::Tell(uint32_t number) {
  for (Held& held : held_) {
    if (held.number == number && !held.told) return held.told = true;
  }
  return false;
}

absl::Time SpeedJumps::waiting() const {
  for (const Held& held : held_) {
    if (!held.told) return held.fix.time;
  }
  return absl::InfiniteFuture();
}

}  // namespace patrol::tracks
