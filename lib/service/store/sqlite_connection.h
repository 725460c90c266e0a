#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace patrol::store {

class Connection;

// A prepared statement, borrowed from its connection for one use; reset when it goes out of scope.
// Parameters and columns count from 0.
//
// Threads: those of its connection.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Strings and blobs are not copied: they outlive the next Step. A fault is told by Step.
  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, double value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  // The same as Bind of a text that does not outlive the call.
  Statement& BindCopy(int index, std::string_view text);
  Statement& BindNull(int index);
  Statement& Bind(int index, absl::Time value);  // whole microseconds since 1970
  Statement& Bind(int index, const std::optional<double>& value);
  // Without this a string literal or a bool would be taken for a number.
  Statement& Bind(int index, const std::string& text) {
    return Bind(index, std::string_view(text));
  }
  Statement& Bind(int index, const char* text) = delete;
  Statement& Bind(int index, bool value) { return Bind(index, static_cast<int64_t>(value)); }
  Statement& Bind(int index, int value) { return Bind(index, static_cast<int64_t>(value)); }

  // True: there is a row. False: done.
  absl::StatusOr<bool> Step();
  // Runs a statement that has no rows, and makes it ready for another run.
  absl::Status Run();

  int64_t Integer(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;
  std::string Blob(int column) const;
  bool Null(int column) const;
  absl::Time Time(int column) const;
  std::optional<double> OptionalReal(int column) const;

 private:
  friend class Connection;
  Statement(Connection* connection, sqlite3_stmt* statement);
  void Keep(int code);

  Connection* connection_;
  sqlite3_stmt* statement_;
  int bind_code_ = 0;  // of the first Bind that failed
};

// One connection to the database file with its prepared statements.
//
// Threads: one thread at a time.
class Connection {
 public:
  enum class Kind { kWriter, kReader };
  // Errors: those of SqliteStatus.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Kind kind);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs statements without parameters or results.
  absl::Status Execute(const std::string& sql);

  // The statement of this text; compiled at its first use. At most one use of a text at a time.
  absl::StatusOr<Statement> Prepare(const char* sql);

  // A single number, as many pragmas give.
  absl::StatusOr<int64_t> QueryInteger(const std::string& sql);

  // Rows changed by the last statement.
  int64_t changes() const;
  bool in_transaction() const;
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  Connection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  absl::Status Error(int code) const;

  const std::string path_;
  sqlite3* const db_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace patrol::store
