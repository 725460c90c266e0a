#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/patrol/tracks/fix_intake.h"
#include "lib/patrol/tracks/fix_reader.h"

namespace patrol::fuzz {

// What must hold of every reader of fixes, whatever stands in the file: counts fixes that leave it,
// each of which keeps the ranges, and holds the report against them.
class FixCheck {
 public:
  tracks::FixSink Sink() {
    return [this](tracks::FixRow&& row) {
      ++count_;
      PATROL_CHECK(tracks::FixFault(row.fix).empty());
      PATROL_CHECK(!row.fix.unit_id.empty());
      PATROL_CHECK(row.line >= last_line_);
      last_line_ = row.line;
      return absl::OkStatus();
    };
  }

  void Hold(const tracks::RowReport& report) const {
    PATROL_CHECK(report.imported == count_);
    PATROL_CHECK(report.rows == report.imported + report.faulty + report.without_position);
    PATROL_CHECK(report.faults.size() <= limits::kRowFaultsNamedMax);
    PATROL_CHECK(report.faults.size() <= report.faulty);
    for (const tracks::RowFault& fault : report.faults) {
      PATROL_CHECK(fault.line >= 1 && !fault.message.empty() && fault.text.size() <= 100);
    }
  }

  uint64_t count() const { return count_; }

 private:
  uint64_t count_ = 0;
  uint64_t last_line_ = 0;
};

}  // namespace patrol::fuzz
