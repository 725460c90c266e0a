#include "lib/patrol/tracks/fix_intake.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/time_text.h"

namespace patrol::tracks {

namespace {

// Times kept per unit to tell a duplicate from a late fix: an hour at 10 s. A duplicate older than
// that is called late; the store knows it by its key.
constexpr size_t kRecentTimesMax = 360;
// proto/patrol/v1/position_service.proto: Fix.speed_mps.
constexpr double kReportedSpeedMaxMps = 100;

const absl::Time kGpsEpoch = absl::FromUnixSeconds(315964800);  // 1980-01-06T00:00:00Z

std::string OutOfRange(const char* field, double value, const char* range) {
  return absl::StrFormat("%s: %g is outside %s", field, value, range);
}

}  // namespace

bool IsStored(IntakeVerdict verdict) {
  return verdict == IntakeVerdict::kAccepted || verdict == IntakeVerdict::kLate ||
         verdict == IntakeVerdict::kSpeedJump;
}

std::string FixFault(const Fix& fix) {
  // Written so that NaN fails each of them.
  if (fix.unit_id.empty()) return "unit: is empty";
  if (!(fix.position.lon >= -180 && fix.position.lon <= 180)) {
    return OutOfRange("position.lon", fix.position.lon, "-180..180");
  }
  if (!(fix.position.lat >= -90 && fix.position.lat <= 90)) {
    return OutOfRange("position.lat", fix.position.lat, "-90..90");
  }
  if (!(fix.time >= kGpsEpoch && fix.time < absl::InfiniteFuture())) {
    return absl::StrCat("time: ", absl::FormatTime(fix.time, absl::UTCTimeZone()),
                        " is before GPS began (1980-01-06)");
  }
  if (fix.speed_mps && !(*fix.speed_mps >= 0 && *fix.speed_mps <= kReportedSpeedMaxMps)) {
    return OutOfRange("speed_mps", *fix.speed_mps, "0..100");
  }
  if (fix.heading_deg && !(*fix.heading_deg >= 0 && *fix.heading_deg <= 360)) {
    return OutOfRange("heading_deg", *fix.heading_deg, "0..360");
  }
  if (fix.accuracy_m && !(*fix.accuracy_m > 0 && std::isfinite(*fix.accuracy_m))) {
    return absl::StrFormat("accuracy_m: %g is not above 0", *fix.accuracy_m);
  }
  return "";
}

bool CanHaveMoved(const Fix& from, const Fix& to, double speed_max_mps) {
  const double noise_m = kJumpSlackM + from.accuracy_m.value_or(0) + to.accuracy_m.value_or(0);
  const double seconds = absl::ToDoubleSeconds(absl::AbsDuration(to.time - from.time));
  return geo::GreatCircleM(from.position, to.position) <= seconds * speed_max_mps + noise_m;
}

FixIntake::FixIntake(const Clock& clock) : FixIntake(clock, Options()) {}

FixIntake::FixIntake(const Clock& clock, const Options& options)
    : clock_(clock), options_(options) {}

void FixIntake::AddUnit(std::string_view unit_id) { units_.try_emplace(std::string(unit_id)); }

void FixIntake::RemoveUnit(std::string_view unit_id) { units_.erase(std::string(unit_id)); }

void FixIntake::Restore(const Fix& fix) {
  UnitState& state = units_[fix.unit_id];
  if (!state.newest || state.newest->time < fix.time) state.newest = fix;
  Remember(state, fix.time);
}

void FixIntake::Remember(UnitState& state, absl::Time time) {
  state.recent.push_back(time);
  if (state.recent.size() > kRecentTimesMax) state.recent.pop_front();
}

FixIntake::UnitState* FixIntake::Batch::Find(const std::string& unit_id) {
  if (auto changed = changed_.find(unit_id); changed != changed_.end()) return &changed->second;
  const auto known = intake_.units_.find(unit_id);
  if (known == intake_.units_.end()) return nullptr;
  return &changed_.emplace(unit_id, known->second).first->second;
}

IntakeResult FixIntake::Batch::Take(const Fix& reported, geo::Datum datum) {
  IntakeResult result;
  result.fix = reported;
  result.message = FixFault(reported);
  if (!result.message.empty()) {
    result.verdict = IntakeVerdict::kInvalid;
    return result;
  }
  Fix& fix = result.fix;
  fix.time = absl::FromUnixMicros(absl::ToUnixMicros(reported.time));
  fix.position = geo::ToWgs84(datum, reported.position);

  UnitState* state = Find(fix.unit_id);
  if (state == nullptr) {
    result.verdict = IntakeVerdict::kUnknownUnit;
    result.message = absl::StrCat("unit: there is no unit \"", fix.unit_id, "\"");
    return result;
  }
  const absl::Duration ahead = fix.time - intake_.clock_.Now();
  if (ahead > intake_.options_.future_max) {
    result.verdict = IntakeVerdict::kFuture;
    result.message = absl::StrCat("time: ", FormatUtc(fix.time), " is ",
                                  absl::FormatDuration(absl::Trunc(ahead, absl::Milliseconds(1))),
                                  " ahead of the service's clock, at most ",
                                  absl::FormatDuration(intake_.options_.future_max));
    return result;
  }
  if (std::find(state->recent.begin(), state->recent.end(), fix.time) != state->recent.end()) {
    result.verdict = IntakeVerdict::kDuplicate;
    result.message = absl::StrCat("time: unit \"", fix.unit_id, "\" has a fix at ",
                                  FormatUtc(fix.time), " already");
    return result;
  }
  FixIntake::Remember(*state, fix.time);
  if (state->newest && fix.time < state->newest->time) {
    result.verdict = IntakeVerdict::kLate;
    result.message =
        absl::StrCat("time: ", FormatUtc(fix.time), " is older than the unit's newest, ",
                     FormatUtc(state->newest->time));
    return result;
  }
  if (state->newest && !CanHaveMoved(*state->newest, fix, intake_.options_.speed_max_mps)) {
    const bool agrees =
        state->refused && CanHaveMoved(*state->refused, fix, intake_.options_.speed_max_mps);
    state->agreeing = agrees ? state->agreeing + 1 : 1;
    if (state->agreeing < kRelocationFixes) {
      const double metres = geo::GreatCircleM(state->newest->position, fix.position);
      const double seconds = absl::ToDoubleSeconds(fix.time - state->newest->time);
      result.verdict = IntakeVerdict::kSpeedJump;
      result.message =
          absl::StrFormat("position: %.0f m from the fix %.1f s before, at most %.0f m/s", metres,
                          seconds, intake_.options_.speed_max_mps);
      state->refused = fix;
      return result;
    }
  }
  result.verdict = IntakeVerdict::kAccepted;
  state->newest = fix;
  state->refused.reset();
  state->agreeing = 0;
  return result;
}

void FixIntake::Batch::Commit() {
  for (auto& [unit_id, state] : changed_) intake_.units_[unit_id] = std::move(state);
  changed_.clear();
}

}  // namespace patrol::tracks
