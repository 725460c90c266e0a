#include "lib/video/motion/town_limit.h"

#include "absl/time/time.h"
#include "lib/base/check.h"

namespace patrol::motion {
namespace {

// Of the limit, kept for cameras that told little: one in so many.
constexpr size_t kReserve = 4;

}  // namespace

TownLimit::TownLimit(int events_per_hour_max, const Clock& clock, MotionSink& to)
    : events_per_hour_max_(static_cast<size_t>(events_per_hour_max)), clock_(clock), to_(to) {
  PATROL_CHECK(events_per_hour_max >= 1);
}

bool TownLimit::Fits(const Camera& camera) const {
  const size_t left = events_per_hour_max_ - begun_.size();
  const size_t reserve = events_per_hour_max_ / kReserve;
  if (left == 0 || left > reserve) return left > 0;
  const double share =
      static_cast<double>(events_per_hour_max_) / static_cast<double>(cameras_.size());
  return static_cast<double>(camera.told) <
         share * static_cast<double>(left) / static_cast<double>(reserve);
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
  while (!begun_.empty() && now - begun_.front().first >= absl::Hours(1)) {
    if (begun_.front().second != nullptr) --begun_.front().second->told;
    begun_.pop_front();
  }
  Camera& camera = cameras_[event.camera_id];
  if (Fits(camera)) {
    begun_.emplace_back(now, &camera);
    ++camera.told;
    return true;
  }
  refused_.insert(key);
  ++camera.over;
  ++over_all_;
  return false;
}

void TownLimit::OnMotion(const MotionEvent& event) {
  if (Admit(event)) to_.OnMotion(event);
}

int64_t TownLimit::over_limit(const std::string& camera_id) const {
  std::lock_guard lock(mutex_);
  const auto found = cameras_.find(camera_id);
  return found == cameras_.end() ? 0 : found->second.over;
}

int64_t TownLimit::over_limit() const {
  std::lock_guard lock(mutex_);
  return over_all_;
}

void TownLimit::Forget(const std::string& camera_id) {
  std::lock_guard lock(mutex_);
  if (const auto found = cameras_.find(camera_id); found != cameras_.end()) {
    for (auto& [time, camera] : begun_) {
      if (camera == &found->second) camera = nullptr;
    }
    cameras_.erase(found);
  }
  const auto first = refused_.lower_bound({camera_id, INT64_MIN});
  auto last = first;
  while (last != refused_.end() && last->first == camera_id) ++last;
  refused_.erase(first, last);
}

}  // namespace patrol::motion
