#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/tracks/fix.h"

namespace patrol::tracks {

// Fixes of one unit, held small: a month of a hundred units are ten million, all of which are read
// before the first unit is matched.
//
// Memory: 24 bytes a fix, and as much again where speed, heading or accuracy are told; a Fix has
//         112.
class FixLog {
 public:
  void Add(const Fix& fix);

  // All, as and in the order in which they were added, but of this unit.
  std::vector<Fix> Read(const std::string& unit_id) const;

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  // The earliest and the latest time; InfiniteFuture and InfinitePast when empty.
  absl::Time first() const { return first_; }
  absl::Time last() const { return last_; }

 private:
  struct Entry {
    int64_t time_us;
    geo::LonLat position;
  };
  // NaN where it was not told.
  struct Measured {
    double speed_mps;
    double heading_deg;
    double accuracy_m;
  };

  std::vector<Entry> entries_;
  std::vector<Measured> measured_;  // of the first of them; of those beyond nothing was told
  absl::Time first_ = absl::InfiniteFuture();
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace patrol::tracks
