#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cmd/patrolctl/commands.h"

namespace google::protobuf {
class Duration;
class Message;
class Timestamp;
}  // namespace google::protobuf

namespace patrol::ctl {

// Prints rows on stdout as --format asks: a table for people, CSV (RFC 4180) or JSON for programs.
// JSON is the messages themselves, by proto3's mapping: an array of a list, a line each of a watch.
class Printer {
 public:
  enum class Kind {
    kList,   // printed as a whole by Finish: a table's columns are as wide as they must be
    kWatch,  // each row is printed at once; a table's columns have the given widths
  };
  struct Column {
    std::string name;
    size_t width = 0;    // of a watch's table, columns of the terminal; the last needs none
    bool right = false;  // numbers
  };

  Printer(Format format, Kind kind, std::vector<Column> columns);

  // cells: one for each column.
  void Add(const google::protobuf::Message& message, const std::vector<std::string>& cells);
  void Finish();
  size_t rows() const { return rows_; }

 private:
  void PrintTableRow(const std::vector<std::string>& cells, const std::vector<size_t>& widths);

  const Format format_;
  const Kind kind_;
  const std::vector<Column> columns_;
  size_t rows_ = 0;
  std::vector<std::vector<std::string>> kept_;  // of a list's table
};

// RFC 3339 in UTC; "" when there is none.
std::string TimeText(bool has, const google::protobuf::Timestamp& stamp);
// Seconds with three decimals; "" when there is none.
std::string SecondsText(bool has, const google::protobuf::Duration& duration);
// "0.5013".
std::string RatioText(double ratio);
std::string YesNo(bool value);
// proto3's JSON mapping, every field there.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace patrol::ctl
