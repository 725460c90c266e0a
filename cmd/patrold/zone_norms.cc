#include "cmd/patrold/zone_norms.h"

#include <cstddef>
#include <utility>

#include "lib/base/log.h"

namespace patrol::patrold {

ZoneNorms::ZoneNorms(store::Store& store) : store_(store) {
  const absl::StatusOr<std::vector<store::ZoneHours>> zones = store.AllZoneHours();
  if (!zones.ok()) {
    PATROL_LOG_ERROR("what is normal of the cameras' zones could not be read: {}",
                     std::string(zones.status().message()));
    return;
  }
  for (const store::ZoneHours& zone : *zones) {
    motion::ZoneNorm norm = {.id = zone.zone_id};
    for (size_t i = 0; i < norm.hours.size(); ++i) {
      norm.hours[i] = {zone.hours[i].seen_s, zone.hours[i].moving_s};
    }
    kept_[zone.camera_id].push_back(std::move(norm));
  }
}

std::vector<motion::ZoneNorm> ZoneNorms::Take(const std::string& camera_id) {
  std::lock_guard lock(mutex_);
  const auto found = kept_.find(camera_id);
  if (found == kept_.end()) return {};
  std::vector<motion::ZoneNorm> norms = std::move(found->second);
  kept_.erase(found);
  return norms;
}

void ZoneNorms::Note(const std::string& camera_id, const std::vector<motion::ZoneNorm>& norms) {
  std::lock_guard lock(mutex_);
  for (const motion::ZoneNorm& norm : norms) {
    store::ZoneHours zone = {.camera_id = camera_id, .zone_id = norm.id};
    for (size_t i = 0; i < norm.hours.size(); ++i) {
      zone.hours[i] = {norm.hours[i].seen_s, norm.hours[i].moving_s};
    }
    noted_.push_back(std::move(zone));
  }
}

void ZoneNorms::Save(absl::Time now) {
  std::vector<store::ZoneHours> zones;
  {
    std::lock_guard lock(mutex_);
    zones.swap(noted_);
    saved_ = now;
  }
  if (zones.empty()) return;
  store_.PutZoneHours(std::move(zones), [](const absl::Status& status) {
    if (status.ok()) return;
    PATROL_LOG_ERROR("what is normal of the cameras' zones is not stored: {}",
                     std::string(status.message()));
  });
}

bool ZoneNorms::Due(absl::Time now) {
  std::lock_guard lock(mutex_);
  if (!saved_ || now < *saved_) saved_ = now;
  return now - *saved_ >= kSaveEvery;
}

}  // namespace patrol::patrold
