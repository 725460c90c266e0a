#pragma once

#include <functional>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::tracks {

// A patrol unit as it stands in a units file.
struct Unit {
  std::string id;
  std::string name;                          // what people call it; the id when none was given
  roadnet::Mode mode = roadnet::Mode::kCar;  // how it moves; car when none was given
  std::string force;                         // e.g. "police", "village police"; may be empty
  // When it is on duty: [first, second), in order of time; empty where the file does not say.
  std::vector<std::pair<absl::Time, absl::Time>> on_duty;
};

// CSV with the column unit_id and, where there are any, name, mode, force and on_duty, in any
// order. on_duty: intervals "begin/end" of RFC 3339 times, several of them parted by semicolons.
//
// Errors: INVALID_ARGUMENT when there is no usable header, or what `sink` returns. Rows are never
// an
//         error: bad ones, and ids that came before, are in the report.
absl::StatusOr<RowReport> ReadUnitsCsv(std::istream& in,
                                       const std::function<absl::Status(Unit&&)>& sink);

}  // namespace patrol::tracks
