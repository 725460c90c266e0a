#pragma once

#include <array>
#include <cstddef>

#include "absl/time/time.h"

namespace patrol::motion {

// How much a zone usually moves: whether it is busy now, and what is normal at this hour.
//
// Threads: one call at a time.
class ZoneHistory {
 public:
  // A zone is busy when it has moved for so much of the last kWindow, and until it falls below
  // the second.
  static constexpr absl::Duration kWindow = absl::Minutes(10);
  static constexpr double kBusyShare = 0.85, kBusyUntil = 0.6;

  // What was seen until `time`: the zone moved, or not, since the picture before, `interval` ago.
  void Note(absl::Time time, absl::Duration interval, bool moving);

  struct Seen {
    double seen_s = 0;
    double moving_s = 0;
  };
  using Hours = std::array<Seen, 24>;  // of the day, UTC

  // What is known of the hours, to be kept over a restart; and taken up after one.
  const Hours& hours() const { return hours_; }
  void TakeUp(const Hours& hours) { hours_ = hours; }

  bool busy() const { return busy_; }
  absl::Time busy_since() const { return busy_since_; }
  // Share of the time, 0..1, it moved in the last kWindow; of what was seen of it.
  double moving_share() const;
  // Share of the time it usually moves at this hour of the day (UTC), a mean over about seven days;
  // negative while that is not known (less than half an hour was seen).
  double usual_share(absl::Time time) const;

 private:
  static constexpr size_t kParts = 20;

  std::array<Seen, kParts> window_;  // a ring, each of kWindow / kParts
  int64_t part_ = -1;                // of the last call, counted from the epoch
  Hours hours_{};                    // fades as it is renewed
  bool busy_ = false;
  absl::Time busy_since_;
};

}  // namespace patrol::motion
