#include "lib/video/motion/zone_history.h"

#include <algorithm>

namespace patrol::motion {

namespace {

// A longer gap between pictures says nothing of what was between.
constexpr absl::Duration kIntervalMax = absl::Seconds(12);
// The zone must have been seen for so much of the window before it can be busy.
constexpr double kSeenForBusy = 0.5;
// Hours keep about a week: what was seen before fades when more than this is there.
constexpr double kHourSeenMax_s = 7 * 3600;
constexpr double kHourKnown_s = 1800;

size_t HourOf(absl::Time time) {
  return static_cast<size_t>(absl::ToUnixSeconds(time) / 3600 % 24 + 24) % 24;
}

}  // namespace

double ZoneHistory::moving_share() const {
  Seen sum;
  for (const Seen& part : window_) {
    sum.seen_s += part.seen_s;
    sum.moving_s += part.moving_s;
  }
  return sum.seen_s > 0 ? sum.moving_s / sum.seen_s : 0;
}

double ZoneHistory::usual_share(absl::Time time) const {
  const Seen& hour = hours_[HourOf(time)];
  return hour.seen_s < kHourKnown_s ? -1 : hour.moving_s / hour.seen_s;
}

void ZoneHistory::Note(absl::Time time, absl::Duration interval, bool moving) {
  const double seen_s = absl::ToDoubleSeconds(std::min(interval, kIntervalMax));
  const double moving_s = moving ? seen_s : 0;
  const int64_t part =
      absl::ToUnixMillis(time) / absl::ToInt64Milliseconds(kWindow / static_cast<int64_t>(kParts));
  if (part_ < 0 || part < part_ || part - part_ >= static_cast<int64_t>(kParts)) {
    window_.fill({});
  } else {
    for (int64_t next = part_ + 1; next <= part; ++next) {
      window_[static_cast<size_t>(next) % kParts] = {};
    }
  }
  part_ = part;
  Seen& now = window_[static_cast<size_t>(std::max<int64_t>(part, 0)) % kParts];
  now.seen_s += seen_s;
  now.moving_s += moving_s;

  Seen& hour = hours_[HourOf(time)];
  hour.seen_s += seen_s;
  hour.moving_s += moving_s;
  if (hour.seen_s > kHourSeenMax_s) {
    hour.moving_s *= kHourSeenMax_s / hour.seen_s;
    hour.seen_s = kHourSeenMax_s;
  }

  double total_s = 0;
  for (const Seen& each : window_) total_s += each.seen_s;
  const double share = moving_share();
  if (!busy_ && share >= kBusyShare && total_s >= kSeenForBusy * absl::ToDoubleSeconds(kWindow)) {
    busy_ = true;
    busy_since_ = time;
  } else if (busy_ && share < kBusyUntil) {
    busy_ = false;
  }
}

}  // namespace patrol::motion
