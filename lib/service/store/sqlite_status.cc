#include "lib/service/store/sqlite_status.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace patrol::store {

namespace {

// The disk, the quota or the file-size limit has no room.
bool NoRoom(int system_errno) {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

struct Translation {
  absl::StatusCode code;
  const char* fact;
};

// result code            our code             because
// FULL                   RESOURCE_EXHAUSTED   disk or max_page_count; goes away when there is room
// IOERR with ENOSPC &c.  RESOURCE_EXHAUSTED   the same, met while flushing
// NOMEM                  RESOURCE_EXHAUSTED
// CORRUPT, IOERR_DATA,
//   IOERR_CORRUPTFS      DATA_LOSS            pages are damaged; retrying is no use
// NOTADB                 FAILED_PRECONDITION  another program's file, or encrypted
// SCHEMA, MISMATCH       FAILED_PRECONDITION  changed behind our back
// IOERR                  UNAVAILABLE          the device failed; may come back
// BUSY, LOCKED, PROTOCOL UNAVAILABLE          someone else holds the file past the busy timeout
// CANTOPEN               NOT_FOUND (ENOENT), PERMISSION_DENIED (EACCES, EPERM), else UNAVAILABLE
// PERM, AUTH, READONLY   PERMISSION_DENIED
// CONSTRAINT: key taken  ALREADY_EXISTS
// CONSTRAINT: other      INVALID_ARGUMENT
// TOOBIG                 INVALID_ARGUMENT     a value above SQLite's length limit
// INTERRUPT, ABORT       CANCELLED
// anything else          INTERNAL             a fault of ours (MISUSE, RANGE, ERROR)
Translation Translate(int code, int system_errno) {
  using absl::StatusCode;
  switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
      return {StatusCode::kAlreadyExists, "key is taken"};
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_CORRUPTFS:
      return {StatusCode::kDataLoss, "file is damaged"};
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {StatusCode::kResourceExhausted, "no room: the disk or the file's size limit is full"};
    case SQLITE_IOERR:
      if (NoRoom(system_errno)) {
        return {StatusCode::kResourceExhausted,
                "no room: the disk or the file's size limit is full"};
      }
      return {StatusCode::kUnavailable, "input or output failed"};
    case SQLITE_NOMEM:
      return {StatusCode::kResourceExhausted, "out of memory"};
    case SQLITE_CORRUPT:
      return {StatusCode::kDataLoss, "file is damaged"};
    case SQLITE_NOTADB:
      return {StatusCode::kFailedPrecondition, "not an SQLite database"};
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
      return {StatusCode::kFailedPrecondition, "schema is not ours"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {StatusCode::kUnavailable, "file is held by someone else"};
    case SQLITE_CANTOPEN:
      if (system_errno == ENOENT) return {StatusCode::kNotFound, "no such file or folder"};
      if (system_errno == EACCES || system_errno == EPERM) {
        return {StatusCode::kPermissionDenied, "may not be opened"};
      }
      return {StatusCode::kUnavailable, "can't be opened"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return {StatusCode::kPermissionDenied, "may not be written"};
    case SQLITE_CONSTRAINT:
      return {StatusCode::kInvalidArgument, "value is not allowed"};
    case SQLITE_TOOBIG:
      return {StatusCode::kInvalidArgument, "value is too long"};
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
      return {StatusCode::kCancelled, "interrupted"};
    default:
      return {StatusCode::kInternal, "unexpected answer"};
  }
}

}  // namespace

absl::Status SqliteStatus(int code, int system_errno, std::string_view detail,
                          std::string_view path) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return absl::OkStatus();
  const Translation translation = Translate(code, system_errno);
  std::string message = absl::StrCat("database \"", std::string(path), "\": ", translation.fact,
                                     " (SQLite ", code, ": ", std::string(detail));
  if (system_errno != 0) absl::StrAppend(&message, "; ", std::strerror(system_errno));
  absl::StrAppend(&message, ")");
  return absl::Status(translation.code, message);
}

}  // namespace patrol::store
