#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/service/store/rows.h"

namespace patrol::store {

// What became of fixes given to AppendFixes.
struct AppendedFixes {
  // One for each fix: false where a fix of the same unit and time was there already.
  std::vector<bool> stored;
};

// Everything patrolcircle must remember, behind one interface: SqliteStore (sqlite_store.h) is the
// first, PostgreSQL is to follow.
//
// Durability: a write that returned OK, or whose `done` was called with OK, survives kill -9 and
// loss of power. A write that failed left nothing behind. Errors:     NOT_FOUND, ALREADY_EXISTS and
// INVALID_ARGUMENT (page_token) speak of the request;
//             RESOURCE_EXHAUSTED: the disk or a limit is full, or too many writes are waiting;
//             DATA_LOSS: the database is damaged; UNAVAILABLE: shut down. After any of them the
//             store goes on working as far as it can, and recovers by itself once there is room
//             again.
// Threads:    every member may be called from any thread. Those without `done` block: for a read
//             typically less than a millisecond, for a write one flush of the disk.
//             `done` is called exactly once, on the store's own thread, in the order of the calls
//             of the same kind: it must not block, nor call a blocking write.
class Store {
 public:
  virtual ~Store() = default;

  // ---- cameras, units, areas; lists are ordered by id ----
  // Errors: ALREADY_EXISTS when the id is taken; RESOURCE_EXHAUSTED at limits::kCamerasMax.
  virtual absl::Status CreateCamera(const Camera& camera) = 0;
  // Adds or replaces.
  virtual absl::Status PutCamera(const Camera& camera) = 0;
  virtual absl::Status DeleteCamera(const std::string& id) = 0;
  // Sets view_moved, and nothing else; nothing happens where there is no such camera.
  virtual absl::Status NoteViewMoved(const std::string& id) = 0;
  virtual absl::StatusOr<Camera> GetCamera(const std::string& id) = 0;
  virtual absl::StatusOr<Page<Camera>> ListCameras(const PageRequest& page) = 0;
  virtual absl::StatusOr<std::vector<Camera>> AllCameras() = 0;

  // ---- what zones usually do: goes with their camera ----
  // Replaces what is kept of the cameras named by `zones`; those that are no more are left out.
  virtual void PutZoneHours(std::vector<ZoneHours> zones,
                            std::function<void(absl::Status)> done) = 0;
  // A row that is damaged is named in the log and left out; the others are given.
  virtual absl::StatusOr<std::vector<ZoneHours>> AllZoneHours() = 0;

  virtual absl::Status CreateUnit(const Unit& unit) = 0;
  virtual absl::Status PutUnit(const Unit& unit) = 0;
  // Its fixes stay.
  virtual absl::Status DeleteUnit(const std::string& id) = 0;
  virtual absl::StatusOr<Unit> GetUnit(const std::string& id) = 0;
  virtual absl::StatusOr<Page<Unit>> ListUnits(const PageRequest& page) = 0;
  virtual absl::StatusOr<std::vector<Unit>> AllUnits() = 0;

  // Adds or replaces all of them, or none.
  virtual absl::Status PutAreas(const std::vector<Area>& areas) = 0;
  virtual absl::Status DeleteArea(const std::string& id) = 0;
  virtual absl::StatusOr<Area> GetArea(const std::string& id) = 0;
  virtual absl::StatusOr<Page<Area>> ListAreas(const PageRequest& page) = 0;
  virtual absl::StatusOr<std::vector<Area>> AllAreas() = 0;

  // ---- fixes ----
  // Stores the fixes whose (unit, time) is new; all or none of them.
  virtual void AppendFixes(std::vector<Fix> fixes,
                           std::function<void(absl::StatusOr<AppendedFixes>)> done) = 0;
  // Of one unit, oldest first.
  virtual absl::StatusOr<Page<Fix>> ListFixes(const FixQuery& query, const PageRequest& page) = 0;
  // The newest accepted fix of every unit there is, ordered by unit: where a restart goes on.
  virtual absl::StatusOr<std::vector<Fix>> LatestFixes() = 0;
  // Ids of all units that have fixes, also of those deleted since; in order.
  virtual absl::StatusOr<std::vector<std::string>> UnitsWithFixes() = 0;

  // ---- motion events ----
  // Adds or replaces the event of this id. still: JPEG that replaces the one kept; null keeps it.
  virtual void PutMotionEvent(MotionEvent event, std::shared_ptr<const std::string> still,
                              std::function<void(absl::Status)> done) = 0;
  virtual absl::StatusOr<MotionEvent> GetMotionEvent(const std::string& id) = 0;
  // Marks it as no event, or takes the mark back (nullopt); gives it as it is then.
  virtual absl::StatusOr<MotionEvent> MarkMotionEvent(const std::string& id,
                                                      std::optional<absl::Time> marked) = 0;
  // Of one camera, or of all where the id is empty. Cameras without marks are missing.
  virtual absl::StatusOr<MarkCounts> CountMarkedEvents(const std::string& camera_id) = 0;
  // The latest begin first.
  virtual absl::StatusOr<Page<MotionEvent>> ListMotionEvents(const MotionQuery& query,
                                                             const PageRequest& page) = 0;
  // JPEG. NOT_FOUND when the event is unknown or has none.
  virtual absl::StatusOr<std::string> GetMotionStill(const std::string& id) = 0;
  // Removes the stills of a camera's events that began before `before`, and their bytes from the
  // disk.
  virtual void DeleteMotionStills(const std::string& camera_id, absl::Time before,
                                  std::function<void(absl::Status)> done) = 0;
};

}  // namespace patrol::store
