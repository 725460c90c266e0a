#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/service/store/store.h"

namespace patrol::store {

struct SqliteOptions {
  // Database file; made (readable by its owner only) when it is not there. Its folder must exist.
  std::string path;
  // Connections that read at the same time.
  int readers = 2;
  // Bytes the file may grow to; 0: as far as the disk goes. Rounded to pages.
  int64_t size_max = 0;
};

// What opening found.
struct OpenReport {
  bool created = false;          // there was no database
  int migrated_from = 0;         // schema version found; equal to schema_version when up to date
  int schema_version = 0;        // schema version now
  int64_t events_cut_short = 0;  // motion events that were open when the service last stopped
};

// How the thread that writes keeps up.
struct WriterStats {
  size_t waiting = 0;        // writes in its queue
  size_t bytes_waiting = 0;  // what those, and the ones being committed, hold
  uint64_t refused = 0;      // because too much was waiting, or after the end
  uint64_t commits = 0;
};

// Store in one SQLite file, WAL, flushed at every commit. One thread writes; writes that wait are
// committed together (group commit), so that throughput does not depend on the disk's flush time.
//
// Only one process may have the file open at a time; a second is refused.
class SqliteStore final : public Store {
 public:
  // Opens or makes the file, brings its schema up to date, and closes the motion events that a
  // crash left open with the last time known of them.
  //
  // Errors: NOT_FOUND or PERMISSION_DENIED for the path; FAILED_PRECONDITION when the file belongs
  // to
  //         another program or a newer patrolcircle, or is in use; DATA_LOSS when it is damaged.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const SqliteOptions& options);
  // Finishes the writes that were accepted; bounded by the length of the queue.
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  const OpenReport& open_report() const;
  // Commits made since opening; fewer than writes where group commit worked.
  uint64_t commits() const;
  WriterStats writer_stats() const;

  absl::Status CreateCamera(const Camera& camera) override;
  absl::Status PutCamera(const Camera& camera) override;
  absl::Status DeleteCamera(const std::string& id) override;
  absl::Status NoteViewMoved(const std::string& id) override;
  absl::StatusOr<Camera> GetCamera(const std::string& id) override;
  absl::StatusOr<Page<Camera>> ListCameras(const PageRequest& page) override;
  absl::StatusOr<std::vector<Camera>> AllCameras() override;

  void PutZoneHours(std::vector<ZoneHours> zones, std::function<void(absl::Status)> done) override;
  absl::StatusOr<std::vector<ZoneHours>> AllZoneHours() override;

  absl::Status CreateUnit(const Unit& unit) override;
  absl::Status PutUnit(const Unit& unit) override;
  absl::Status DeleteUnit(const std::string& id) override;
  absl::StatusOr<Unit> GetUnit(const std::string& id) override;
  absl::StatusOr<Page<Unit>> ListUnits(const PageRequest& page) override;
  absl::StatusOr<std::vector<Unit>> AllUnits() override;

  absl::Status PutAreas(const std::vector<Area>& areas) override;
  absl::Status DeleteArea(const std::string& id) override;
  absl::StatusOr<Area> GetArea(const std::string& id) override;
  absl::StatusOr<Page<Area>> ListAreas(const PageRequest& page) override;
  absl::StatusOr<std::vector<Area>> AllAreas() override;

  void AppendFixes(std::vector<Fix> fixes,
                   std::function<void(absl::StatusOr<AppendedFixes>)> done) override;
  absl::StatusOr<Page<Fix>> ListFixes(const FixQuery& query, const PageRequest& page) override;
  absl::StatusOr<std::vector<Fix>> LatestFixes() override;
  absl::StatusOr<std::vector<std::string>> UnitsWithFixes() override;

  void PutMotionEvent(MotionEvent event, std::shared_ptr<const std::string> still,
                      std::function<void(absl::Status)> done) override;
  absl::StatusOr<MotionEvent> GetMotionEvent(const std::string& id) override;
  absl::StatusOr<MotionEvent> MarkMotionEvent(const std::string& id,
                                              std::optional<absl::Time> marked) override;
  absl::StatusOr<MarkCounts> CountMarkedEvents(const std::string& camera_id) override;
  absl::StatusOr<Page<MotionEvent>> ListMotionEvents(const MotionQuery& query,
                                                     const PageRequest& page) override;
  absl::StatusOr<std::string> GetMotionStill(const std::string& id) override;
  void DeleteMotionStills(const std::string& camera_id, absl::Time before,
                          std::function<void(absl::Status)> done) override;

 private:
  class Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::store
