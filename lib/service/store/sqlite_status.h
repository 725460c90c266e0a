#pragma once

#include <string_view>

#include "absl/status/status.h"

struct sqlite3;

namespace patrol::store {

// SQLite's result codes as ours; the table is in sqlite_status.cc.
//
// code:        extended result code
// system_errno: what the system said with it, 0 when nothing
// detail:      SQLite's own words
// path:        of the database file, which the message names
absl::Status SqliteStatus(int code, int system_errno, std::string_view detail,
                          std::string_view path);

}  // namespace patrol::store
