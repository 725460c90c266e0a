#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Limits of what a camera may ask for; kZoneBits is the most zones.
// Corners of one zone; a hand-drawn outline of a road has below 30.
inline constexpr size_t kZoneVerticesMax = 100;
inline constexpr size_t kIgnoreMasksMax = 32;
// Times of the week at which a zone is watched.
inline constexpr size_t kZoneWindowsMax = 32;
// All zones of a camera as JSON: 40 polygons of 100 corners.
inline constexpr size_t kZonesBytesMax = 256 * 1024;
// Smallest thing that may be asked for, as a share of the picture: three pixels of 320x180.
inline constexpr double kSmallestShareMin = 0.00005;

// A place in a picture: shares of its width and height from the top left, 0..1.
struct Point {
  double x = 0;
  double y = 0;

  friend bool operator==(const Point&, const Point&) = default;
};
using Polygon = std::vector<Point>;  // closed by itself; at least three points

// When a zone is watched. No windows: always.
struct Schedule {
  struct Window {
    uint8_t days = 0x7f;      // bit 0: Monday .. bit 6: Sunday, on which the window begins
    int from_minute = 0;      // of the day, 0..1439
    int to_minute = 24 * 60;  // exclusive, 1..1440; at or before from_minute: on the next day

    friend bool operator==(const Window&, const Window&) = default;
  };
  std::string time_zone = "UTC";  // IANA name
  std::vector<Window> windows;

  bool Contains(absl::Time time) const;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// A part of a camera's picture that is watched by rules of its own.
struct AnalysisZone {
  std::string id;  // 1..64 of [A-Za-z0-9._-]
  Polygon polygon;
  // 0.1..10: above 1 smaller and briefer movement is believed, below 1 only larger and longer.
  double sensitivity = 1.0;
  // Smallest thing that counts, as a share of the picture's area; unset: the camera's.
  std::optional<double> smallest_share;
  Schedule schedule;

  friend bool operator==(const AnalysisZone&, const AnalysisZone&) = default;
};

// What of a camera's picture is watched. Without zones: all of it that is not ignored.
struct CameraZones {
  std::vector<AnalysisZone> zones;  // at most kZoneBits
  std::vector<Polygon> ignore;      // nothing is seen there

  bool empty() const { return zones.empty() && ignore.empty(); }
  friend bool operator==(const CameraZones&, const CameraZones&) = default;
};

// Whether all of it can be used. A fault names the camera, the zone and the vertex:
//   camera "n-042": zone "gate": vertex 3: (0.5, 1.2) lies outside the picture (0..1)
//
// camera: as it is to be named, such as `camera "n-042"`.
absl::Status CheckZones(std::string_view camera, const CameraZones& zones);

// As JSON:
//   {"zones": [{"id": "gate", "polygon": [[0.1, 0.2], ...], "sensitivity": 1.5,
//               "smallest_share": 0.001,
//               "schedule": {"time_zone": "Asia/Shanghai",
//                            "windows": [{"days": ["mon", "tue"], "from": "22:00",
//                                         "to": "06:00"}]}}],
//    "ignore": [[[0, 0], [1, 0], [1, 0.1]], ...]}
// All but id and polygon may be left out; an ignored polygon may also be {"polygon": [...]}.
// An empty text is no zones. The result has passed CheckZones.
//
// Errors: INVALID_ARGUMENT, as CheckZones, or naming the field that cannot be read.
absl::StatusOr<CameraZones> ParseZones(std::string_view camera, std::string_view json);
// Empty for no zones.
std::string ZonesToJson(const CameraZones& zones);

// "mon".."sun" to a bit of Schedule::Window::days; 0 when it is none.
uint8_t DayBit(std::string_view day);
// "22:30" to minutes of the day, 0..1440; -1 when it is none.
int MinuteOf(std::string_view clock);
std::string ClockOf(int minute);

// Marks the cells of a grid of width x height: one bit for each zone whose polygon holds the cell's
// middle, kIgnored where it is ignored. Without zones the rest has bit 0.
Plane DrawZones(const CameraZones& zones, int width, int height);

}  // namespace patrol::motion
