// What zones usually do, of SqliteStore.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/service/store/sqlite_impl.h"
#include "lib/service/store/sqlite_store.h"
#include "lib/service/store/zone_hours_text.h"

namespace patrol::store {

namespace {

// About what a row holds in memory.
constexpr size_t kRowBytes = 1024;

absl::Status Replace(Connection& db, const std::vector<ZoneHours>& zones) {
  std::set<std::string> cameras;
  for (const ZoneHours& zone : zones) cameras.insert(zone.camera_id);
  for (const std::string& camera : cameras) {
    PATROL_RETURN_IF_ERROR(RemoveZoneHours(db, camera));
  }
  for (const ZoneHours& zone : zones) {
    PATROL_ASSIGN_OR_RETURN(Statement add, db.Prepare("INSERT OR REPLACE INTO zone_hours "
                                                      "SELECT id, ?, ? FROM cameras WHERE id = ?"));
    add.Bind(0, zone.zone_id).BindCopy(1, WriteHours(zone.hours)).Bind(2, zone.camera_id);
    PATROL_RETURN_IF_ERROR(add.Run());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RemoveZoneHours(Connection& db, const std::string& camera_id) {
  PATROL_ASSIGN_OR_RETURN(Statement remove,
                          db.Prepare("DELETE FROM zone_hours WHERE camera_id = ?"));
  remove.Bind(0, camera_id);
  return remove.Run();
}

void SqliteStore::PutZoneHours(std::vector<ZoneHours> zones,
                               std::function<void(absl::Status)> done) {
  const size_t bytes = zones.size() * kRowBytes;
  impl_->writer.Submit(
      bytes, [zones = std::move(zones)](Connection& db) { return Replace(db, zones); },
      std::move(done));
}

absl::StatusOr<std::vector<ZoneHours>> SqliteStore::AllZoneHours() {
  ReaderPool::Lease db(impl_->readers);
  PATROL_ASSIGN_OR_RETURN(Statement list,
                          (*db).Prepare("SELECT * FROM zone_hours ORDER BY camera_id, zone_id"));
  std::vector<ZoneHours> zones;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const bool more, list.Step());
    if (!more) return zones;
    ZoneHours zone = {.camera_id = list.Text(0), .zone_id = list.Text(1)};
    const auto hours = ReadHours(list.Text(2));
    if (!hours.has_value()) {
      PATROL_LOG_ERROR("camera \"{}\", zone \"{}\": what was kept of its hours is damaged",
                       zone.camera_id, zone.zone_id);
      continue;
    }
    zone.hours = *hours;
    zones.push_back(std::move(zone));
  }
}

}  // namespace patrol::store
