#include "lib/patrol/coverage/post_events.h"

#include <cstdio>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace patrol::coverage {

bool DayHours::Contains(absl::Time time, absl::TimeZone zone) const {
  const absl::CivilSecond civil = absl::ToCivilSecond(time, zone);
  const absl::Duration at =
      absl::Hours(civil.hour()) + absl::Minutes(civil.minute()) + absl::Seconds(civil.second());
  return from < to ? from <= at && at < to : at >= from || at < to;
}

absl::StatusOr<DayHours> ParseDayHours(std::string_view text) {
  int from_hour = 0;
  int from_minute = 0;
  int to_hour = 0;
  int to_minute = 0;
  int end = 0;
  const std::string copy(text);
  const int fields = std::sscanf(copy.c_str(), "%2d:%2d-%2d:%2d%n", &from_hour, &from_minute,
                                 &to_hour, &to_minute, &end);
  const auto in_day = [](int hour, int minute) {
    return hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 24 * 60;
  };
  if (fields != 4 || static_cast<size_t>(end) != copy.size() || !in_day(from_hour, from_minute) ||
      !in_day(to_hour, to_minute)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", copy, "\": not hours of the day like 22:00-06:00"));
  }
  return DayHours{absl::Hours(from_hour) + absl::Minutes(from_minute),
                  absl::Hours(to_hour) + absl::Minutes(to_minute)};
}

EventPlaces PlaceEvents(const std::vector<FilePoint>& events, const std::vector<FilePoint>& cameras,
                        const DayHours& hours, absl::TimeZone zone) {
  absl::flat_hash_map<std::string, geo::LonLat> place_of;
  for (const FilePoint& camera : cameras) {
    if (camera.has_place) place_of.try_emplace(camera.id, camera.place);
  }
  EventPlaces result;
  absl::flat_hash_set<std::string> seen;
  std::map<std::pair<double, double>, size_t> index;  // into places
  for (const FilePoint& event : events) {
    const std::string& name = event.event_id.empty() ? event.id : event.event_id;
    if (!event.event_id.empty() && !seen.insert(event.event_id).second) {
      ++result.repeated;
      continue;
    }
    if (!event.time) {
      result.faults.push_back(absl::StrCat("event \"", name, "\": has no begin_time"));
      continue;
    }
    if (!hours.Contains(*event.time, zone)) {
      ++result.outside_hours;
      continue;
    }
    geo::LonLat place = event.place;
    if (!event.has_place) {
      const auto at = place_of.find(event.camera_id);
      if (at == place_of.end()) {
        result.faults.push_back(
            absl::StrCat("event \"", name, "\": camera \"", event.camera_id, "\" has no place"));
        continue;
      }
      place = at->second;
    }
    ++result.events;
    const auto [at, is_new] = index.try_emplace({place.lon, place.lat}, result.places.size());
    if (is_new) {
      FilePoint point;
      point.id = event.camera_id.empty() ? name : event.camera_id;
      point.place = place;
      point.has_place = true;
      point.weight = 0;
      result.places.push_back(std::move(point));
    }
    result.places[at->second].weight += event.weight;
  }
  return result;
}

}  // namespace patrol::coverage
