#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/tracks/fix.h"

namespace patrol::sim {

struct ReplayOptions {
  double speed = 1;  // file seconds a second
  bool loop = false;
  // The instant of the file that is now. InfinitePast: the file's first fix + warm, so that there
  // is something to start warm with.
  absl::Time from = absl::InfinitePast();
  // Instead of `from`: the time of day in the file that the clock shows now, in `zone`.
  bool time_of_day = false;
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::Duration warm = absl::Seconds(60);  // what came before is due at once, so far back
};

// Fixes of a file told again as if they happened now: the instant `from` of the file is `now`, and
// what follows comes in its own rhythm. At another speed than 1 the stamps stay those of the wall
// clock: units then really seem to drive that much faster, and reported speeds are multiplied too.
//
// Threads: one at a time. Memory: the file's fixes.
class Replay {
 public:
  // fixes:  in any order.
  // Errors: INVALID_ARGUMENT when there are none, or none at or after the instant to begin at.
  static absl::StatusOr<Replay> Make(std::vector<tracks::Fix> fixes, const ReplayOptions& options,
                                     absl::Time now);

  // Up to `count_max` fixes that are due at `now`, with their new times, beginning with the first
  // not yet told; told the same again until Advance says that they have arrived.
  std::vector<tracks::Fix> Due(absl::Time now, size_t count_max) const;
  void Advance(size_t count) { next_ += count; }

  // When the next fix is due; InfiniteFuture when there is none left.
  absl::Time next_due() const;
  bool finished() const { return next_due() == absl::InfiniteFuture(); }

 private:
  Replay(std::vector<tracks::Fix> fixes, const ReplayOptions& options, absl::Time from,
         absl::Time now);
  absl::Time StampOf(uint64_t number) const;

  std::vector<tracks::Fix> fixes_;  // by time
  ReplayOptions options_;
  absl::Time from_;
  absl::Time now_;
  absl::Duration round_;  // of file time from one loop to the next
  uint64_t next_ = 0;     // counted on across loops
};

}  // namespace patrol::sim
