#include "lib/service/store/sqlite_connection.h"

#include <sqlite3.h>

#include <utility>

#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/store/sqlite_status.h"

namespace patrol::store {

Statement::Statement(Connection* connection, sqlite3_stmt* statement)
    : connection_(connection), statement_(statement) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_code_(other.bind_code_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  // Their codes repeat what Step has told.
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::Keep(int code) {
  if (code != SQLITE_OK && bind_code_ == SQLITE_OK) bind_code_ = code;
}

Statement& Statement::Bind(int index, int64_t value) {
  Keep(sqlite3_bind_int64(statement_, index + 1, value));
  return *this;
}

Statement& Statement::Bind(int index, double value) {
  Keep(sqlite3_bind_double(statement_, index + 1, value));
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  // A null pointer would bind NULL instead of "".
  const char* data = text.data() == nullptr ? "" : text.data();
  Keep(sqlite3_bind_text64(statement_, index + 1, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::BindCopy(int index, std::string_view text) {
  Keep(sqlite3_bind_text64(statement_, index + 1, text.data(), text.size(), SQLITE_TRANSIENT,
                           SQLITE_UTF8));
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  Keep(sqlite3_bind_blob64(statement_, index + 1, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::BindNull(int index) {
  Keep(sqlite3_bind_null(statement_, index + 1));
  return *this;
}

Statement& Statement::Bind(int index, absl::Time value) {
  return Bind(index, absl::ToUnixMicros(value));
}

Statement& Statement::Bind(int index, const std::optional<double>& value) {
  return value.has_value() ? Bind(index, *value) : BindNull(index);
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_code_ != SQLITE_OK) return connection_->Error(bind_code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->Error(code);
}

absl::Status Statement::Run() {
  const absl::StatusOr<bool> stepped = Step();
  sqlite3_reset(statement_);
  return stepped.status();
}

int64_t Statement::Integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::Real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return "";
  return std::string(reinterpret_cast<const char*>(text),
                     static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string Statement::Blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return "";
  return std::string(static_cast<const char*>(bytes),
                     static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

bool Statement::Null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

absl::Time Statement::Time(int column) const { return absl::FromUnixMicros(Integer(column)); }

std::optional<double> Statement::OptionalReal(int column) const {
  if (Null(column)) return std::nullopt;
  return Real(column);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Kind kind) {
  sqlite3* db = nullptr;
  // The file was made by the store, with its permissions: never by SQLite.
  const int flags = (kind == Kind::kWriter ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  // Even a failed open gives a handle, which holds the reason and wants closing.
  std::unique_ptr<Connection> connection(new Connection(path, db));
  if (code != SQLITE_OK) {
    if (db == nullptr) return SqliteStatus(SQLITE_NOMEM, 0, "no handle", path);
    return connection->Error(code);
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, static_cast<int>(absl::ToInt64Milliseconds(limits::kStoreBusyTimeout)));
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

namespace {

// What the system last said about `file`; 0 when nothing.
int LastErrno(sqlite3_file* file) {
  int last = 0;
  if (file == nullptr || file->pMethods == nullptr) return 0;
  file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &last);
  return last;
}

}  // namespace

absl::Status Connection::Error(int code) const {
  const int extended = sqlite3_extended_errcode(db_);
  if (extended != SQLITE_OK) code = extended;
  int system_errno = sqlite3_system_errno(db_);
  if ((code & 0xff) == SQLITE_IOERR && system_errno == 0) {
    // A write over a quota (EDQUOT) or a file-size limit (EFBIG) leaves its errno with the log
    // file.
    sqlite3_file* log = nullptr;
    sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    system_errno = LastErrno(log);
  }
  return SqliteStatus(code, system_errno, sqlite3_errmsg(db_), path_);
}

absl::Status Connection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<Statement> Connection::Prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return Error(code);
  }
  return Statement(this, statement);
}

absl::StatusOr<int64_t> Connection::QueryInteger(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code);
  code = sqlite3_step(statement);
  absl::StatusOr<int64_t> value = int64_t{0};
  if (code == SQLITE_ROW) {
    value = sqlite3_column_int64(statement, 0);
  } else if (code != SQLITE_DONE) {
    value = Error(code);
  }
  sqlite3_finalize(statement);
  return value;
}

int64_t Connection::changes() const { return sqlite3_changes64(db_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

}  // namespace patrol::store
