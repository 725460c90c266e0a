#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "lib/patrol/tracks/fix.h"

namespace patrol::tracks {

// Tells speed jumps from fixes: FixIntake's rule, but knowing what comes next. A fix that the unit
// cannot have come to is held until it shows whether the unit was relocated, or only moved faster
// than thought, or has a clock that errs: then it counts after all.
//
// Holds at most two fixes. Threads: one at a time.
class SpeedJumps {
 public:
  struct Held {
    Fix fix;  // without its unit_id
    uint32_t number = 0;
    bool jump = true;
    bool told = false;  // already judged a jump by Tell
  };

  explicit SpeedJumps(double speed_max_mps) : speed_max_mps_(speed_max_mps) {}

  // Judges a fix of one unit, newer than the one before. True: it counts; false: it is held.
  // judged: held fixes that were judged for good, in order; they come before this one.
  bool Take(const Fix& fix, uint32_t number, std::vector<Held>* judged);

  // No more fixes will come: those held are jumps.
  void Finish(std::vector<Held>* judged);

  // Judges a held fix a jump, since there is no time to wait; it still counts as a witness of where
  // the unit is now. False: it is not held.
  bool Tell(uint32_t number);

  // Of the first held fix that is not judged; InfiniteFuture when there is none.
  absl::Time waiting() const;

 private:
  bool ThereAndBack(const Fix& to) const;
  void Release(bool jump, std::vector<Held>* judged);

  const double speed_max_mps_;
  std::optional<Fix> newest_;  // that counts; without its unit_id
  std::vector<Held> held_;
};

}  // namespace patrol::tracks
