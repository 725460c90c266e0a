#include "lib/service/store/migrations.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"

namespace patrol::store {

namespace {

// In the file's header: "PCRC". Tells our files from other programs'.
constexpr int64_t kApplicationId = 0x50435243;

// Step i brings version i to i + 1. A step that was released is never changed: add another.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE cameras (
  id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  lon REAL, lat REAL,               -- both or none
  heading_deg REAL NOT NULL,
  field_of_view_deg REAL NOT NULL,
  source_uri TEXT NOT NULL,
  username TEXT NOT NULL,
  password TEXT NOT NULL,
  disabled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE units (
  id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  mode TEXT NOT NULL,
  force TEXT NOT NULL,
  off_duty INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE areas (
  id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  parent_id TEXT NOT NULL,
  geometry_json TEXT NOT NULL
) STRICT;

-- No reference to units: fixes outlive their unit.
CREATE TABLE fixes (
  unit_id TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  lon REAL NOT NULL,
  lat REAL NOT NULL,
  speed_mps REAL,
  heading_deg REAL,
  accuracy_m REAL,
  verdict INTEGER NOT NULL,         -- store::FixVerdict
  PRIMARY KEY (unit_id, time_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE motion_events (
  id TEXT NOT NULL PRIMARY KEY,
  camera_id TEXT NOT NULL,
  begin_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  cut_short INTEGER NOT NULL,
  zone_left REAL NOT NULL,
  zone_top REAL NOT NULL,
  zone_right REAL NOT NULL,
  zone_bottom REAL NOT NULL,
  strength REAL NOT NULL,
  area_id TEXT NOT NULL,
  nearest_unit_id TEXT NOT NULL,
  arrival_us INTEGER,
  unattended INTEGER NOT NULL,
  reason TEXT NOT NULL,
  has_still INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX motion_events_by_begin ON motion_events (begin_us, id);
CREATE INDEX motion_events_by_camera ON motion_events (camera_id, begin_us, id);
CREATE INDEX motion_events_unattended ON motion_events (begin_us, id) WHERE unattended = 1;
CREATE INDEX motion_events_open ON motion_events (id) WHERE ended = 0;

-- Apart from the events, so that listing these reads no pictures.
CREATE TABLE motion_stills (
  event_id TEXT NOT NULL PRIMARY KEY,
  jpeg BLOB NOT NULL
) STRICT;
)sql",
    R"sql(
ALTER TABLE cameras ADD COLUMN transport TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE cameras ADD COLUMN tls_ca_file TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN tls_verify INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cameras ADD COLUMN connects_per_host INTEGER NOT NULL DEFAULT 0;
-- As store::WritePrivacyMask writes it; empty: none.
ALTER TABLE cameras ADD COLUMN privacy_mask TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN view_moved INTEGER NOT NULL DEFAULT 0;
)sql",
    // Zones of cameras; what is known of an event beyond when and where.
    R"sql(
ALTER TABLE cameras ADD COLUMN zones_json TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN zone_id TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN direction TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN ending TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN seen TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN confidence REAL NOT NULL DEFAULT 0;
ALTER TABLE motion_events ADD COLUMN onset_source TEXT NOT NULL DEFAULT '';
ALTER TABLE motion_events ADD COLUMN onset_uncertainty_us INTEGER NOT NULL DEFAULT 0;
)sql",
    // What operators say: no events of this camera until then; this was no event.
    R"sql(
ALTER TABLE cameras ADD COLUMN snoozed_until_us INTEGER;
ALTER TABLE motion_events ADD COLUMN marked_us INTEGER;
DROP INDEX IF EXISTS motion_events_unattended;
CREATE INDEX motion_events_unattended ON motion_events (begin_us, id)
  WHERE unattended = 1 AND marked_us IS NULL;
CREATE INDEX motion_events_marked ON motion_events (camera_id, zone_id)
  WHERE marked_us IS NOT NULL;
)sql",
    // How much each zone usually moves by hour of the day, as store::WriteHours writes it.
    R"sql(
CREATE TABLE zone_hours (
  camera_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  hours TEXT NOT NULL,
  PRIMARY KEY (camera_id, zone_id)
) STRICT, WITHOUT ROWID;
)sql",
};
constexpr int kVersion = static_cast<int>(std::size(kSteps));

absl::StatusOr<int> FoundVersion(Connection& db) {
  // The first statement that reads the file: "not a database" and damage show here.
  PATROL_ASSIGN_OR_RETURN(const int64_t objects,
                          db.QueryInteger("SELECT COUNT(*) FROM sqlite_schema"));
  PATROL_ASSIGN_OR_RETURN(const int64_t application, db.QueryInteger("PRAGMA application_id"));
  if (objects == 0 && application == 0) return 0;
  if (application != kApplicationId) {
    return absl::FailedPreconditionError(
        absl::StrCat("database \"", db.path(), "\": it is another program's (application id ",
                     application, "); give a new path or remove it"));
  }
  PATROL_ASSIGN_OR_RETURN(const int64_t version,
                          db.QueryInteger("SELECT MAX(version) FROM schema_versions"));
  if (version > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("database \"", db.path(), "\": its schema has version ", version,
                     ", this program knows versions up to ", kVersion, "; run the newer program"));
  }
  return static_cast<int>(version);
}

absl::Status Apply(Connection& db, int found) {
  PATROL_RETURN_IF_ERROR(db.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId)));
  PATROL_RETURN_IF_ERROR(
      db.Execute("CREATE TABLE IF NOT EXISTS schema_versions ("
                 "version INTEGER NOT NULL PRIMARY KEY, applied_us INTEGER NOT NULL) STRICT"));
  for (int version = found; version < kVersion; ++version) {
    PATROL_RETURN_IF_ERROR(db.Execute(kSteps[version]));
    PATROL_RETURN_IF_ERROR(
        db.Execute(absl::StrCat("INSERT INTO schema_versions VALUES (", version + 1, ", ",
                                absl::ToUnixMicros(absl::Now()), ")")));
  }
  return db.Execute("COMMIT");
}

}  // namespace

absl::StatusOr<SchemaVersions> Migrate(Connection& db) {
  PATROL_ASSIGN_OR_RETURN(const int found, FoundVersion(db));
  if (found == kVersion) return SchemaVersions{found, kVersion};
  PATROL_RETURN_IF_ERROR(db.Execute("BEGIN IMMEDIATE"));
  const absl::Status applied = Apply(db, found);
  if (!applied.ok()) {
    if (db.in_transaction()) db.Execute("ROLLBACK").IgnoreError();
    return Annotate(applied, absl::StrCat("schema version ", found, " to ", kVersion));
  }
  return SchemaVersions{found, kVersion};
}

}  // namespace patrol::store
