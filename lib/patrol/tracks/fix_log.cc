#include "lib/patrol/tracks/fix_log.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace patrol::tracks {

namespace {

constexpr double kUntold = std::numeric_limits<double>::quiet_NaN();

std::optional<double> Told(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

}  // namespace

void FixLog::Add(const Fix& fix) {
  first_ = std::min(first_, fix.time);
  last_ = std::max(last_, fix.time);
  entries_.push_back({absl::ToUnixMicros(fix.time), fix.position});
  if (!fix.speed_mps && !fix.heading_deg && !fix.accuracy_m) return;
  measured_.resize(entries_.size(), {kUntold, kUntold, kUntold});
  measured_.back() = {fix.speed_mps.value_or(kUntold), fix.heading_deg.value_or(kUntold),
                      fix.accuracy_m.value_or(kUntold)};
}

std::vector<Fix> FixLog::Read(const std::string& unit_id) const {
  std::vector<Fix> fixes(entries_.size());
  for (size_t i = 0; i < fixes.size(); ++i) {
    fixes[i].unit_id = unit_id;
    fixes[i].time = absl::FromUnixMicros(entries_[i].time_us);
    fixes[i].position = entries_[i].position;
    if (i >= measured_.size()) continue;
    fixes[i].speed_mps = Told(measured_[i].speed_mps);
    fixes[i].heading_deg = Told(measured_[i].heading_deg);
    fixes[i].accuracy_m = Told(measured_[i].accuracy_m);
  }
  return fixes;
}

}  // namespace patrol::tracks
