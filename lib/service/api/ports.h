#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/service/store/rows.h"

// What the services ask of the wings. Narrow on purpose: patrold joins each to its room, tests give
// small ones of their own. The generated messages are only named here, so that this header is
// light.
//
// Threads: every member is called from any thread and must not block on the network or the disk.
namespace patrol::v1 {
class CameraState;
class Coverage;
class PlaceExplanation;
class UnitState;
}  // namespace patrol::v1

namespace patrol::api {

// The running cameras: ingest::Fleet and what patrold knows of their analysis.
class CameraFleet {
 public:
  virtual ~CameraFleet() = default;

  // Checks what a camera is to be connected to, before it is stored.
  // Errors: INVALID_ARGUMENT, naming the field ("source_uri: ...").
  virtual absl::Status Check(const store::Camera& camera) const = 0;

  // The camera was stored (new or changed): connect, reconnect or switch off accordingly.
  virtual void Put(const store::Camera& camera) = 0;

  // The camera was deleted.
  virtual void Remove(const std::string& camera_id) = 0;

  // Fills `state` with how the camera does now; leaves it as it is when the camera is not known.
  virtual void Describe(const std::string& camera_id, v1::CameraState* state) const = 0;

  // What the camera shows now is its view from here on; nothing happens where it is not known.
  virtual void AcceptView(const std::string& camera_id) = 0;

  // An operator looks at it from now on for so long; nothing happens where it is not known.
  virtual void Focus(const std::string& camera_id, absl::Duration how_long) = 0;

  struct Still {
    std::string jpeg;
    absl::Time time;  // of capture, UTC
  };
  // The last decoded, error-free picture.
  // Errors: UNAVAILABLE when there is none yet.
  virtual absl::StatusOr<Still> Snapshot(const std::string& camera_id) const = 0;
  // The picture that shows what is wrong with it: `finding` is a state of CameraState.health.
  // Errors: NOT_FOUND when that is not told now, or there is no picture of it.
  virtual absl::StatusOr<Still> Evidence(const std::string& camera_id,
                                         const std::string& finding) const = 0;
};

// Where units are: tracks::LiveMatcher and coverage::LiveCoverage.
class UnitTracker {
 public:
  virtual ~UnitTracker() = default;

  // The unit was stored (new or changed) or deleted.
  virtual void Put(const store::Unit& unit) = 0;
  virtual void Remove(const std::string& unit_id) = 0;

  // Fills `state` with what is known of the unit's position now.
  virtual void Describe(const std::string& unit_id, v1::UnitState* state) const = 0;
};

// Which datum reported positions are in.
enum class FixDatum { kWgs84, kGcj02 };

// What became of a reported fix.
struct FixJudgement {
  enum Kind { kAccepted, kDuplicate, kLate, kInvalid, kFuture, kUnknownUnit, kSpeedJump };
  Kind kind = kAccepted;
  std::string message;   // names the field and what is wrong with it; empty when accepted
  geo::LonLat position;  // WGS-84; of all but refused ones (duplicates, too, may yet be stored)
};

// The way of a fix: judged, stored by the service, then used. tracks::FixIntake and LiveMatcher.
class FixPipeline {
 public:
  virtual ~FixPipeline() = default;

  // Validates one fix whose numbers are finite: unit, range, future, order, duplicate, speed.
  // fix: position in `datum`; verdict unused. Calls for one stream come in order. What was judged
  // counts for the next at once, before it is stored, so that requests can share commits: should
  // storing fail, the fix is a duplicate when it is sent again, and the store, which has the last
  // word on duplicates, takes it then as a late one.
  virtual FixJudgement Judge(const store::Fix& fix, FixDatum datum) = 0;

  // These fixes are stored now (WGS-84, with verdict); in the order of storing. Called on the
  // store's writing thread, just before the acknowledgement is sent: hand them on and return.
  virtual void OnStored(const std::vector<store::Fix>& fixes) = 0;
};

// Coverage now: coverage::LiveCoverage.
class CoverageView {
 public:
  virtual ~CoverageView() = default;

  // The set of areas has changed to this.
  // Errors: INVALID_ARGUMENT naming the area, when a geometry can't be used; then nothing changed.
  virtual absl::Status SetAreas(const std::vector<store::Area>& areas) = 0;

  // Length of the area's patrollable roads, metres; 0 when the area is not known.
  virtual double PatrollableM(const std::string& area_id) const = 0;

  // Grows with every change of coverage; cheap.
  virtual int64_t revision() const = 0;

  virtual void Describe(v1::Coverage* coverage) const = 0;

  struct Roads {
    std::string geojson;
    int64_t revision = 0;
  };
  virtual absl::StatusOr<Roads> CoveredRoads() const = 0;
  // The network; it does not change while the service runs.
  virtual absl::StatusOr<std::string> NetworkGeoJson() const = 0;
  // place: on the earth.
  virtual void Explain(geo::LonLat place, v1::PlaceExplanation* explanation) const = 0;
};

// Reads areas from GeoJSON: geo's reader.
class AreaReader {
 public:
  virtual ~AreaReader() = default;

  // Errors: INVALID_ARGUMENT naming each feature at fault (its index and id) and where.
  virtual absl::StatusOr<std::vector<store::Area>> Read(const std::string& geojson) const = 0;
};

}  // namespace patrol::api
