#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"

// What is kept, as plain values. Ids are the last part of a resource name: 1..64 of [A-Za-z0-9._-]
// (the API sees to that). Times are UTC and kept in whole microseconds.
namespace patrol::store {

// A place in a picture: shares of its width and height from its top left, 0..1.
struct PicturePlace {
  double x = 0;
  double y = 0;

  friend bool operator==(const PicturePlace&, const PicturePlace&) = default;
};

// What must not be seen of a camera's picture.
struct PrivacyMask {
  std::vector<std::vector<PicturePlace>> polygons;
  int width = 0;  // of the picture that it was drawn on, pixels; 0: not known
  int height = 0;
  int rotation_deg = 0;
  // What is stored cannot be read: nothing of the picture may be seen.
  bool unknown = false;
  // Grows each time it is set; where it differs, what was kept of the camera is removed.
  int64_t revision = 0;

  friend bool operator==(const PrivacyMask&, const PrivacyMask&) = default;
};

struct Camera {
  std::string id;
  std::string display_name;
  std::optional<geo::LonLat> position;  // where it stands; unset: unknown
  double heading_deg = 0;               // clockwise from north
  double field_of_view_deg = 0;         // 0: unknown
  std::string source_uri;               // without user and password
  std::string username;
  std::string password;  // as given; the database file is readable by its owner only
  bool disabled = false;
  std::string transport = "auto";  // rtsp::TransportName
  std::string tls_ca_file;         // of rtsps; absolute path on the service's machine
  bool tls_verify = false;         // of rtsps, without a CA file: by the machine's authorities
  int connects_per_host = 0;       // 0: the service's default
  std::optional<PrivacyMask> privacy_mask;
  bool view_moved = false;                  // privacy_mask no longer fits
  std::optional<absl::Time> snoozed_until;  // no motion events until then
  std::string zones_json;  // what of its picture is watched (motion::ParseZones); empty: all of it

  friend bool operator==(const Camera&, const Camera&) = default;
};

struct Unit {
  std::string id;
  std::string display_name;
  std::string mode = "car";  // roadnet::ModeName
  std::string force;
  bool off_duty = false;

  friend bool operator==(const Unit&, const Unit&) = default;
};

struct Area {
  std::string id;
  std::string display_name;
  std::string kind;           // "town", "village", "grid", "beat" or another word
  std::string parent_id;      // may be empty
  std::string geometry_json;  // GeoJSON Polygon or MultiPolygon, WGS-84

  friend bool operator==(const Area&, const Area&) = default;
};

// Why a fix was stored. The numbers are in the database: never change them.
enum class FixVerdict { kAccepted = 1, kLate = 2, kSpeedJump = 3 };

struct Fix {
  std::string unit_id;
  absl::Time time;
  geo::LonLat position;
  std::optional<double> speed_mps;
  std::optional<double> heading_deg;
  std::optional<double> accuracy_m;
  FixVerdict verdict = FixVerdict::kAccepted;

  friend bool operator==(const Fix&, const Fix&) = default;
};

// A rectangle in a picture; shares of width and height from the top left, 0..1.
struct Zone {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  friend bool operator==(const Zone&, const Zone&) = default;
};

// Who could be at the camera's place when the event began.
struct Response {
  std::string area_id;                    // empty: in none, or the place is unknown
  std::string nearest_unit_id;            // empty: none can get there
  std::optional<absl::Duration> arrival;  // travel time of nearest_unit_id
  bool unattended = false;                // no known unit within the reach
  std::string reason;                     // why there is no arrival time, in words

  friend bool operator==(const Response&, const Response&) = default;
};

struct MotionEvent {
  std::string id;  // MotionEventId()
  std::string camera_id;
  absl::Time begin;  // the first moving picture
  absl::Time last;   // the last moving picture known of
  bool ended = false;
  // The service stopped while the event went on; `last` is the last it knew of.
  bool cut_short = false;
  Zone zone;
  double strength = 0;               // 0..1
  std::string zone_id;               // of the camera's zones; empty where it has none
  std::string direction;             // motion::DirectionName; empty: nowhere in particular
  std::string ending;                // motion::EndingName; "open" while it is
  std::string reason;                // what was seen, in one sentence
  double confidence = 0;             // 0..1
  std::string onset_source;          // "pictures" or "replay"
  absl::Duration onset_uncertainty;  // it began at most this long before `begin`
  Response response;
  std::optional<absl::Time> marked;  // an operator said that it was no event, then
  bool has_still = false;            // read only: set by the store

  friend bool operator==(const MotionEvent&, const MotionEvent&) = default;
};

// How much a zone of a camera usually moves at each hour of the day (UTC): how long it was seen,
// and moved, over about a week.
struct ZoneHours {
  struct Hour {
    double seen_s = 0;
    double moving_s = 0;  // of seen_s

    friend bool operator==(const Hour&, const Hour&) = default;
  };
  std::string camera_id;
  std::string zone_id;  // empty: all of the picture
  std::array<Hour, 24> hours{};

  friend bool operator==(const ZoneHours&, const ZoneHours&) = default;
};

// The id of the event of `camera_id` that began at `begin`: the same after a restart, and no two
// events of a camera begin at the same microsecond.
std::string MotionEventId(const std::string& camera_id, absl::Time begin);

// A part of a list, in the list's order.
struct PageRequest {
  int size = 0;       // at most this many rows, 1..limits::kPageSizeMax
  std::string token;  // next_page_token of the page before; empty for the first
};

template <typename Row>
struct Page {
  std::vector<Row> rows;
  std::string next_page_token;  // empty on the last page
};

struct FixQuery {
  std::string unit_id;
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();  // exclusive
};

struct MotionQuery {
  std::string camera_id;                   // empty: all
  absl::Time from = absl::InfinitePast();  // of the event's begin
  absl::Time to = absl::InfiniteFuture();  // exclusive
  bool unattended_only = false;            // and not marked
  bool marked_only = false;
};

// Events marked as none: by camera, by zone.
using MarkCounts = std::map<std::string, std::map<std::string, int64_t>>;

}  // namespace patrol::store
