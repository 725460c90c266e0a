#include "lib/video/motion/zones.h"

#include <array>
#include <cmath>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/status.h"
#include "lib/geo/area.h"
#include "lib/video/motion/region_tracker.h"

namespace patrol::motion {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int kDayMinutes = 24 * 60;
constexpr uint8_t kEveryDay = 0x7f;
constexpr double kSensitivityMin = 0.1, kSensitivityMax = 10;
// A polygon smaller than this share of the picture holds no cell of the analysis.
constexpr double kAreaMin = 1e-4;

double Cross(const Point& a, const Point& b, const Point& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

// Whether two sides cross at a point inside of both.
bool Cross(const Point& a, const Point& b, const Point& c, const Point& d) {
  return Cross(a, b, c) * Cross(a, b, d) < 0 && Cross(c, d, a) * Cross(c, d, b) < 0;
}

double AreaOf(const Polygon& polygon) {
  double twice = 0;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    twice += a.x * b.y - b.x * a.y;
  }
  return std::abs(twice) / 2;
}

absl::Status Fault(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status CheckPolygon(const std::string& where, const Polygon& polygon) {
  if (polygon.size() < 3) {
    return Fault(where, absl::StrCat(polygon.size(), " vertices, at least 3"));
  }
  if (polygon.size() > kZoneVerticesMax) {
    return Fault(where, absl::StrCat(polygon.size(), " vertices, at most ", kZoneVerticesMax));
  }
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point& p = polygon[i];
    // Written so that a NaN fails too.
    if (!(p.x >= 0 && p.x <= 1 && p.y >= 0 && p.y <= 1)) {
      return Fault(absl::StrCat(where, ": vertex ", i + 1),
                   absl::StrFormat("(%g, %g) lies outside the picture (0..1)", p.x, p.y));
    }
  }
  const size_t n = polygon.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 2; j < n; ++j) {
      if (Cross(polygon[i], polygon[(i + 1) % n], polygon[j], polygon[(j + 1) % n])) {
        return Fault(absl::StrCat(where, ": vertex ", j + 1),
                     absl::StrCat("its side crosses that of vertex ", i + 1));
      }
    }
  }
  if (AreaOf(polygon) < kAreaMin) {
    return Fault(where, absl::StrFormat("covers %.4f %% of the picture, at least %.2f %%",
                                        100 * AreaOf(polygon), 100 * kAreaMin));
  }
  return absl::OkStatus();
}

absl::Status CheckSchedule(const std::string& where, const Schedule& schedule) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(schedule.time_zone, &zone)) {
    return Fault(where, absl::StrCat("time zone \"", schedule.time_zone,
                                     "\" is not known; such as Asia/Shanghai"));
  }
  if (schedule.windows.size() > kZoneWindowsMax) {
    return Fault(where,
                 absl::StrCat(schedule.windows.size(), " windows, at most ", kZoneWindowsMax));
  }
  for (size_t i = 0; i < schedule.windows.size(); ++i) {
    const Schedule::Window& window = schedule.windows[i];
    const std::string named = absl::StrCat(where, ": window ", i + 1);
    if ((window.days & kEveryDay) == 0) return Fault(named, "no day");
    if (window.from_minute < 0 || window.from_minute >= kDayMinutes || window.to_minute < 0 ||
        window.to_minute > kDayMinutes) {
      return Fault(named, "not a time of the day (00:00 to 24:00)");
    }
  }
  return absl::OkStatus();
}

// ---- JSON; every reader names where it stands ----

absl::Status OnlyKeys(const std::string& where, const json& object,
                      std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items()) {
    bool found = false;
    for (const std::string_view name : known) found |= key == name;
    if (!found) return Fault(where, absl::StrCat("unknown field \"", key, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<Polygon> ReadPolygon(const std::string& where, const json& list) {
  if (!list.is_array()) return Fault(where, "polygon: a list of [x, y] is needed");
  Polygon polygon;
  for (size_t i = 0; i < list.size(); ++i) {
    const json& at = list[i];
    const std::string vertex = absl::StrCat(where, ": vertex ", i + 1);
    if (at.is_array() && at.size() == 2 && at[0].is_number() && at[1].is_number()) {
      polygon.push_back({at[0].get<double>(), at[1].get<double>()});
    } else if (at.is_object() && at.contains("x") && at.contains("y") && at["x"].is_number() &&
               at["y"].is_number()) {
      polygon.push_back({at["x"].get<double>(), at["y"].get<double>()});
    } else {
      return Fault(vertex, "is no pair of numbers [x, y]");
    }
  }
  // A ring that repeats its first point, as in GeoJSON, is the same polygon.
  if (polygon.size() > 3 && polygon.front() == polygon.back()) polygon.pop_back();
  return polygon;
}

absl::StatusOr<Schedule> ReadSchedule(const std::string& where, const json& object) {
  if (!object.is_object()) return Fault(where, "schedule: an object is needed");
  PATROL_RETURN_IF_ERROR(OnlyKeys(where, object, {"time_zone", "windows"}));
  Schedule schedule;
  if (object.contains("time_zone")) {
    if (!object["time_zone"].is_string()) return Fault(where, "time_zone: a name is needed");
    schedule.time_zone = object["time_zone"].get<std::string>();
  }
  if (!object.contains("windows")) return schedule;
  if (!object["windows"].is_array()) return Fault(where, "windows: a list is needed");
  for (const json& item : object["windows"]) {
    const std::string named = absl::StrCat(where, ": window ", schedule.windows.size() + 1);
    if (!item.is_object()) return Fault(named, "an object is needed");
    PATROL_RETURN_IF_ERROR(OnlyKeys(named, item, {"days", "from", "to"}));
    Schedule::Window window;
    if (item.contains("days")) {
      if (!item["days"].is_array()) return Fault(named, "days: a list is needed");
      window.days = 0;
      for (const json& day : item["days"]) {
        const uint8_t bit = day.is_string() ? DayBit(day.get<std::string>()) : uint8_t{0};
        if (bit == 0) return Fault(named, absl::StrCat("day ", day.dump(), " is none of mon..sun"));
        window.days |= bit;
      }
    }
    for (const auto& [key, minute] :
         {std::pair{"from", &window.from_minute}, std::pair{"to", &window.to_minute}}) {
      if (!item.contains(key)) continue;
      *minute = item[key].is_string() ? MinuteOf(item[key].get<std::string>()) : -1;
      if (*minute < 0) {
        return Fault(named, absl::StrCat(key, ": ", item[key].dump(), " is no time like 22:30"));
      }
    }
    schedule.windows.push_back(window);
  }
  return schedule;
}

absl::StatusOr<AnalysisZone> ReadZone(std::string_view camera, size_t number, const json& object) {
  std::string where = absl::StrCat(std::string(camera), ": zone ", number);
  if (!object.is_object()) return Fault(where, "an object is needed");
  AnalysisZone zone;
  if (object.contains("id") && object["id"].is_string()) zone.id = object["id"].get<std::string>();
  if (!zone.id.empty()) where = absl::StrCat(std::string(camera), ": zone \"", zone.id, "\"");
  PATROL_RETURN_IF_ERROR(
      OnlyKeys(where, object, {"id", "polygon", "sensitivity", "smallest_share", "schedule"}));
  if (!object.contains("polygon")) return Fault(where, "polygon: required");
  PATROL_ASSIGN_OR_RETURN(zone.polygon, ReadPolygon(where, object["polygon"]));
  if (object.contains("sensitivity")) {
    if (!object["sensitivity"].is_number()) return Fault(where, "sensitivity: a number is needed");
    zone.sensitivity = object["sensitivity"].get<double>();
  }
  if (object.contains("smallest_share")) {
    if (!object["smallest_share"].is_number()) {
      return Fault(where, "smallest_share: a number is needed");
    }
    zone.smallest_share = object["smallest_share"].get<double>();
  }
  if (object.contains("schedule")) {
    PATROL_ASSIGN_OR_RETURN(zone.schedule, ReadSchedule(where, object["schedule"]));
  }
  return zone;
}

json ToJson(const Polygon& polygon) {
  json list = json::array();
  for (const Point& point : polygon) list.push_back({point.x, point.y});
  return list;
}

json ToJson(const Schedule& schedule) {
  json windows = json::array();
  for (const Schedule::Window& window : schedule.windows) {
    json days = json::array();
    for (size_t day = 0; day < kDays.size(); ++day) {
      if ((window.days >> day & 1) != 0) days.push_back(std::string(kDays[day]));
    }
    windows.push_back(
        {{"days", days}, {"from", ClockOf(window.from_minute)}, {"to", ClockOf(window.to_minute)}});
  }
  return {{"time_zone", schedule.time_zone}, {"windows", windows}};
}

bool Holds(const Polygon& polygon, double x, double y) {
  bool inside = false;
  for (size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    const Point& a = polygon[i];
    const Point& b = polygon[j];
    if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x) {
      inside = !inside;
    }
  }
  return inside;
}

}  // namespace

uint8_t DayBit(std::string_view day) {
  for (size_t i = 0; i < kDays.size(); ++i) {
    if (day == kDays[i]) return static_cast<uint8_t>(1u << i);
  }
  return 0;
}

int MinuteOf(std::string_view clock) {
  int hour = 0, minute = 0;
  if (clock.size() != 5 || clock[2] != ':' ||
      !absl::SimpleAtoi(absl::string_view(clock.data(), 2), &hour) ||
      !absl::SimpleAtoi(absl::string_view(clock.data() + 3, 2), &minute) || hour < 0 ||
      minute < 0 || minute > 59) {
    return -1;
  }
  const int minutes = hour * 60 + minute;
  return minutes <= kDayMinutes ? minutes : -1;
}

std::string ClockOf(int minute) { return absl::StrFormat("%02d:%02d", minute / 60, minute % 60); }

bool Schedule::Contains(absl::Time time) const {
  if (windows.empty()) return true;
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(time_zone, &zone)) return true;  // CheckZones refuses it
  const absl::CivilMinute now = absl::ToCivilMinute(time, zone);
  const absl::CivilDay today(now);
  const int minute = now.hour() * 60 + now.minute();
  const auto bit = [](absl::CivilDay day) {
    return 1 << static_cast<int>(absl::GetWeekday(day));  // monday is 0
  };
  for (const Window& window : windows) {
    if (window.from_minute < window.to_minute) {
      if ((window.days & bit(today)) != 0 && minute >= window.from_minute &&
          minute < window.to_minute) {
        return true;
      }
      continue;
    }
    if ((window.days & bit(today)) != 0 && minute >= window.from_minute) return true;
    if ((window.days & bit(today - 1)) != 0 && minute < window.to_minute) return true;
  }
  return false;
}

absl::Status CheckZones(std::string_view camera, const CameraZones& zones) {
  const std::string named(camera);
  if (zones.zones.size() > kZoneBits) {
    return Fault(named, absl::StrCat(zones.zones.size(), " zones, at most ", kZoneBits));
  }
  if (zones.ignore.size() > kIgnoreMasksMax) {
    return Fault(named,
                 absl::StrCat(zones.ignore.size(), " ignore masks, at most ", kIgnoreMasksMax));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < zones.zones.size(); ++i) {
    const AnalysisZone& zone = zones.zones[i];
    if (!geo::IsAreaId(zone.id)) {
      return Fault(absl::StrCat(named, ": zone ", i + 1),
                   "id: required: 1 to 64 letters, digits, dots, dashes or underscores");
    }
    const std::string where = absl::StrCat(named, ": zone \"", zone.id, "\"");
    if (!seen.insert(zone.id).second) return Fault(where, "is given twice");
    PATROL_RETURN_IF_ERROR(CheckPolygon(where, zone.polygon));
    if (!(zone.sensitivity >= kSensitivityMin && zone.sensitivity <= kSensitivityMax)) {
      return Fault(where, absl::StrFormat("sensitivity %g, must be %g..%g", zone.sensitivity,
                                          kSensitivityMin, kSensitivityMax));
    }
    if (zone.smallest_share.has_value() &&
        !(*zone.smallest_share >= kSmallestShareMin && *zone.smallest_share <= 1)) {
      return Fault(where, absl::StrFormat("smallest_share %g, must be %g..1", *zone.smallest_share,
                                          kSmallestShareMin));
    }
    PATROL_RETURN_IF_ERROR(CheckSchedule(where, zone.schedule));
  }
  for (size_t i = 0; i < zones.ignore.size(); ++i) {
    PATROL_RETURN_IF_ERROR(
        CheckPolygon(absl::StrCat(named, ": ignore mask ", i + 1), zones.ignore[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<CameraZones> ParseZones(std::string_view camera, std::string_view text) {
  const std::string named(camera);
  CameraZones zones;
  if (text.empty()) return zones;
  if (text.size() > kZonesBytesMax) {
    return Fault(named, absl::StrCat("zones of ", text.size(), " bytes, at most ", kZonesBytesMax));
  }
  json root;
  try {
    root = json::parse(text);
  } catch (const json::exception& fault) {
    return Fault(named, absl::StrCat("zones are no JSON: ", fault.what()));
  }
  try {
    if (!root.is_object()) return Fault(named, "zones: an object with \"zones\" is needed");
    PATROL_RETURN_IF_ERROR(OnlyKeys(absl::StrCat(named, ": zones"), root, {"zones", "ignore"}));
    for (const char* key : {"zones", "ignore"}) {
      if (root.contains(key) && !root[key].is_array()) {
        return Fault(named, absl::StrCat(key, ": a list is needed"));
      }
    }
    if (root.contains("zones")) {
      for (const json& item : root["zones"]) {
        PATROL_ASSIGN_OR_RETURN(AnalysisZone zone, ReadZone(camera, zones.zones.size() + 1, item));
        zones.zones.push_back(std::move(zone));
      }
    }
    if (root.contains("ignore")) {
      for (const json& item : root["ignore"]) {
        const std::string where = absl::StrCat(named, ": ignore mask ", zones.ignore.size() + 1);
        const bool wrapped = item.is_object() && item.contains("polygon");
        PATROL_ASSIGN_OR_RETURN(Polygon polygon,
                                ReadPolygon(where, wrapped ? item["polygon"] : item));
        zones.ignore.push_back(std::move(polygon));
      }
    }
  } catch (const json::exception& fault) {
    return Fault(named, absl::StrCat("zones: ", fault.what()));
  }
  PATROL_RETURN_IF_ERROR(CheckZones(camera, zones));
  return zones;
}

std::string ZonesToJson(const CameraZones& zones) {
  if (zones.empty()) return "";
  json root = {{"zones", json::array()}, {"ignore", json::array()}};
  for (const AnalysisZone& zone : zones.zones) {
    json object = {
        {"id", zone.id}, {"polygon", ToJson(zone.polygon)}, {"sensitivity", zone.sensitivity}};
    if (zone.smallest_share.has_value()) object["smallest_share"] = *zone.smallest_share;
    if (!zone.schedule.windows.empty()) object["schedule"] = ToJson(zone.schedule);
    root["zones"].push_back(std::move(object));
  }
  for (const Polygon& polygon : zones.ignore) root["ignore"].push_back(ToJson(polygon));
  return root.dump();
}

Plane DrawZones(const CameraZones& zones, int width, int height) {
  Plane plane(width, height, zones.zones.empty() ? 1 : 0);
  for (int y = 0; y < height; ++y) {
    uint8_t* row = plane.row(y);
    const double middle_y = (y + 0.5) / height;
    for (int x = 0; x < width; ++x) {
      const double middle_x = (x + 0.5) / width;
      for (size_t i = 0; i < zones.zones.size(); ++i) {
        if (Holds(zones.zones[i].polygon, middle_x, middle_y)) {
          row[x] = static_cast<uint8_t>(row[x] | 1u << i);
        }
      }
      for (const Polygon& polygon : zones.ignore) {
        if (Holds(polygon, middle_x, middle_y)) row[x] = kIgnored;
      }
    }
  }
  return plane;
}

}  // namespace patrol::motion
