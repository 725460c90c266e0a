#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/geo/datum.h"
#include "lib/patrol/tracks/fix.h"

namespace patrol::tracks {

// What becomes of a reported fix; patrol.v1.FixVerdict, one for one.
enum class IntakeVerdict {
  kAccepted,     // store it, use it live
  kDuplicate,    // same unit and time as one taken before: nothing to do
  kLate,         // older than the unit's newest: store it for windows, don't use it live
  kInvalid,      // refused: a field is missing or out of range
  kFuture,       // refused: further ahead of our clock than limits::kFixFutureMax
  kUnknownUnit,  // refused: no such unit
  kSpeedJump,    // store it, don't use it: the unit would have moved faster than any does
};

// Accepted, late and speed jumps are stored.
bool IsStored(IntakeVerdict verdict);

struct IntakeResult {
  IntakeVerdict verdict = IntakeVerdict::kInvalid;
  std::string message;  // names the field and what is wrong with it; empty when accepted
  Fix fix;              // as reported, but WGS-84 and whole microseconds (rounded down)
};

// Ranges a fix must keep, whoever reports it: finite lon -180..180 and lat -90..90, time from the
// beginning of GPS (1980-01-06), speed_mps 0..100, heading_deg 0..360, accuracy_m above 0.
// Returns an empty text or what is wrong, field first: "position.lat: 91.2 is outside -90..90".
std::string FixFault(const Fix& fix);

// Two fixes of one place may lie this far apart; a city's multipath does it (snap_limit).
inline constexpr double kJumpSlackM = 50;
// Fixes in a row that must agree on a new place before a unit is believed to have been relocated.
inline constexpr int kRelocationFixes = 3;

// Whether a unit of this speed can have come from the one fix to the other, kJumpSlackM and both
// fixes' own accuracies of noise allowed.
bool CanHaveMoved(const Fix& from, const Fix& to, double speed_max_mps);

// Validates fixes as they come in: the gate before the store and the live matcher. Pure: it stores
// nothing but, per unit, the newest used fix and the times of the last few.
//
// A fix is a speed jump when it lies further from the unit's newest used fix than limits::
// kUnitSpeedMaxMps allows (CanHaveMoved). A unit may really have been relocated (a
// receiver that woke up, a first fix that was wrong): the third fix in a row that agrees with the
// two refused before it is accepted.
//
// Fixes are taken in batches, because they must be stored before they count: what a batch has taken
// counts only once it is committed, so that the sender can repeat a batch that the store refused.
//
//     FixIntake::Batch batch(intake);
//     for (const Fix& fix : request) results.push_back(batch.Take(fix, datum));
//     if (store.Put(stored fixes of results).ok()) batch.Commit();
//
// Threads: one at a time, and one batch at a time. Cost: O(1) a fix, 2 KB a unit.
class FixIntake {
 public:
  struct Options {
    absl::Duration future_max = limits::kFixFutureMax;
    double speed_max_mps = limits::kUnitSpeedMaxMps;
  };

  // `clock` outlives the intake.
  explicit FixIntake(const Clock& clock);
  FixIntake(const Clock& clock, const Options& options);

  // Fixes of units that were not added are refused. Adding one twice changes nothing.
  void AddUnit(std::string_view unit_id);
  // Forgets the unit and its fixes.
  void RemoveUnit(std::string_view unit_id);

  // After a restart: a stored fix of a unit (WGS-84), so that order, duplicates and jumps are
  // judged as if the service had never stopped. Give the unit's newest used fix at least; any
  // number, oldest first. Adds the unit if need be.
  void Restore(const Fix& fix);

  class Batch;

 private:
  struct UnitState {
    std::optional<Fix> newest;      // used last
    std::optional<Fix> refused;     // the last speed jump since then
    int agreeing = 0;               // speed jumps in a row that agree, `refused` the last
    std::deque<absl::Time> recent;  // of stored fixes, for duplicates
  };

  static void Remember(UnitState& state, absl::Time time);

  const Clock& clock_;
  const Options options_;
  absl::flat_hash_map<std::string, UnitState> units_;
};

// Fixes being taken. Dropped without Commit, it leaves the intake as it was.
class FixIntake::Batch {
 public:
  // `intake` outlives the batch and is not touched otherwise until it is committed or dropped.
  explicit Batch(FixIntake& intake) : intake_(intake) {}

  // Judges one fix whose position is in `datum`.
  IntakeResult Take(const Fix& reported, geo::Datum datum = geo::Datum::kWgs84);

  // What was taken counts from now on.
  void Commit();

 private:
  UnitState* Find(const std::string& unit_id);

  FixIntake& intake_;
  absl::flat_hash_map<std::string, UnitState> changed_;
};

}  // namespace patrol::tracks
