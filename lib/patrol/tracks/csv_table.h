#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/patrol/tracks/line_reader.h"

namespace patrol::tracks {

// One row that could not be read; the rows around it were.
struct RowFault {
  uint64_t line = 0;   // in the file, from 1
  std::string column;  // empty when the whole row is meant
  std::string text;    // what stands there, shortened to 80 bytes
  std::string message;
};

// `line 17: column "lat": "abc": not a number`.
std::string ToString(const RowFault& fault);

// What became of the rows of a file.
struct RowReport {
  uint64_t rows = 0;              // without header and empty lines
  uint64_t imported = 0;          // of them
  uint64_t faulty = 0;            // of them
  uint64_t without_position = 0;  // of them: the receiver says that it had no fix (NMEA)
  std::vector<RowFault> faults;   // the first limits::kRowFaultsNamedMax

  void Add(RowFault fault);
};

// Reads a CSV file row by row: RFC 4180 with a header, LF or CRLF, an optional byte-order mark, and
// quoted fields that may hold commas and doubled quotes but no line breaks. Memory is one line.
//
// Threads: none; one thread at a time.
class CsvTable {
 public:
  // `in` outlives the table.
  explicit CsvTable(std::istream& in) : in_(in) {}

  // Reads the header and finds `required` and `optional` columns in it, in any order; further
  // columns are allowed.
  //
  // Errors: INVALID_ARGUMENT when there is no header, a required column is missing, or one of them
  //         is there twice.
  absl::Status ReadHeader(const std::vector<std::string>& required,
                          const std::vector<std::string>& optional);

  enum class Next { kRow, kFault, kEnd };
  // The next row that is not empty. kFault: it cannot be read, as told in *fault: longer than
  // limits::kCsvLineBytesMax, a quote not closed, or another number of fields than the header has.
  Next ReadRow(RowFault* fault);

  // Of the row read last: the field of a column asked for in ReadHeader (index: required ones
  // first, then optional ones), empty where the file lacks the column.
  std::string_view field(size_t column) const;
  uint64_t line() const { return line_; }

  // Header and row as they stand in the file, without line end and byte-order mark.
  const std::string& header_text() const { return header_text_; }
  const std::string& row_text() const { return text_; }

 private:
  LineRead NextLine();
  bool Split(const std::string& text);

  std::istream& in_;
  uint64_t line_ = 0;
  std::string header_text_;
  std::string text_;
  std::vector<std::string> fields_;
  size_t field_count_ = 0;    // of the row read last
  size_t header_fields_ = 0;  // of the header
  std::vector<int> columns_;  // index into fields_, or -1
};

// Reads a file of which every row must be good. `take` reads the row that the table holds and tells
// what is wrong with it; nothing when it is good.
//
// Errors: those of ReadHeader; INVALID_ARGUMENT when any row is bad, naming the first
//         limits::kRowFaultsNamedMax by line: `2 bad rows:\nline 3: no area "b"\nline 7: ...`.
absl::Status ReadStrictCsv(std::istream& in, const std::vector<std::string>& required,
                           const std::vector<std::string>& optional,
                           const std::function<std::string(const CsvTable&)>& take);

// `text` as one CSV field: quoted where it must be.
std::string CsvField(std::string_view text);

}  // namespace patrol::tracks
