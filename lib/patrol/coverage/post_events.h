#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/coverage/point_file.h"

namespace patrol::coverage {

// Hours of each day, `to` exclusive; to <= from: past midnight.
struct DayHours {
  absl::Duration from = absl::ZeroDuration();
  absl::Duration to = absl::Hours(24);

  bool Contains(absl::Time time, absl::TimeZone zone) const;
};

// Reads "22:00-06:00" (24:00 is the day's end).
// Errors: INVALID_ARGUMENT naming the text.
absl::StatusOr<DayHours> ParseDayHours(std::string_view text);

struct EventPlaces {
  std::vector<FilePoint> places;  // one a place, its weight the events there
  size_t events = 0;              // that counted
  size_t outside_hours = 0;
  size_t repeated = 0;              // further rows of an event: its updates and its end
  std::vector<std::string> faults;  // events left out: which and why
};

// Past motion events as demand: how often something moved where, within the hours of the day. An
// event's place is its own, or else its camera's.
//
// events:  rows with lon, lat or camera_id; begin_time; event_id, by which its further rows are
//          known; weight (1 where there is none).
// cameras: id and place.
EventPlaces PlaceEvents(const std::vector<FilePoint>& events, const std::vector<FilePoint>& cameras,
                        const DayHours& hours, absl::TimeZone zone);

}  // namespace patrol::coverage
