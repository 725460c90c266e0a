#pragma once

#include "absl/status/statusor.h"
#include "lib/service/store/sqlite_connection.h"

namespace patrol::store {

// What the file was and is.
struct SchemaVersions {
  int found = 0;  // 0: an empty file
  int now = 0;
};

// Brings the schema up to date, step by step, all in one transaction.
//
// Errors: FAILED_PRECONDITION when the file is another program's, or was made by a newer one;
//         those of SqliteStatus when it is no database, or damaged.
absl::StatusOr<SchemaVersions> Migrate(Connection& db);

}  // namespace patrol::store
