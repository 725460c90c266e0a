#include "lib/video/motion/town_limit.h"

#include "absl/time/time.h"
#include "lib/base/check.h"

namespace patrol::motion {

TownLimit::TownLimit(int events_per_hour_max, const Clock& clock, MotionSink& to)
    : events_per_hour_max_(static_cast<size_t>(events_per_hour_max)), clock_(clock), to_(to) {
  PATROL_CHECK(events_per_hour_max >= 1);
}

bool TownLimit::Admit(const MotionEvent& event) {
  std::lock_guard lock(mutex_);
  const auto key = std::make_pair(event.camera_id, event.sequence);
  if (event.phase != Phase::kBegin) {
    const auto refused = refused_.find(key);
    if (refused == refused_.end()) return true;
    if (event.phase == Phase::kEnd) refused_.erase(refused);
    return false;
  }
  // A camera's clock may be wrong, and its sequence begins anew with its analyser.
  refused_.erase(key);
  const absl::Duration now = clock_.Monotonic();
  while (!begun_.empty() && now - begun_.front() >= absl::Hours(1)) begun_.pop_front();
  if (begun_.size() < events_per_hour_max_) {
    begun_.push_back(now);
    return true;
  }
  refused_.insert(key);
  ++over_[event.camera_id];
  ++over_all_;
  return false;
}

void TownLimit::OnMotion(const MotionEvent& event) {
  if (Admit(event)) to_.OnMotion(event);
}

int64_t TownLimit::over_limit(const std::string& camera_id) const {
  std::lock_guard lock(mutex_);
  const auto found = over_.find(camera_id);
  return found == over_.end() ? 0 : found->second;
}

int64_t TownLimit::over_limit() const {
  std::lock_guard lock(mutex_);
  return over_all_;
}

void TownLimit::Forget(const std::string& camera_id) {
  std::lock_guard lock(mutex_);
  over_.erase(camera_id);
  const auto first = refused_.lower_bound({camera_id, INT64_MIN});
  auto last = first;
  while (last != refused_.end() && last->first == camera_id) ++last;
  refused_.erase(first, last);
}

}  // namespace patrol::motion
