#include "cmd/patrolsim/units_replay.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/base/time_text.h"

namespace patrol::sim {
namespace {

// The API takes no fix that claims to be faster.
constexpr double kReportedSpeedMaxMps = 100;

absl::Duration TimeOfDay(absl::Time time, absl::TimeZone zone) {
  return time - absl::FromCivil(absl::ToCivilDay(time, zone), zone);
}

}  // namespace

absl::StatusOr<Replay> Replay::Make(std::vector<tracks::Fix> fixes, const ReplayOptions& options,
                                    absl::Time now) {
  if (fixes.empty()) return absl::InvalidArgumentError("no fixes to tell");
  std::stable_sort(fixes.begin(), fixes.end(),
                   [](const tracks::Fix& a, const tracks::Fix& b) { return a.time < b.time; });
  const absl::Time first = fixes.front().time;
  const absl::Time last = fixes.back().time;
  absl::Time from = options.from;
  if (options.time_of_day) {
    from = first - TimeOfDay(first, options.zone) + TimeOfDay(now, options.zone);
  } else if (from == absl::InfinitePast()) {
    from = std::min(first + options.warm * options.speed, last);
  }
  if (from > last && !options.loop) {
    return absl::InvalidArgumentError(absl::StrCat("no fix at or after ", FormatTime(from),
                                                   ": the last is of ", FormatTime(last)));
  }
  return Replay(std::move(fixes), options, from, now);
}

Replay::Replay(std::vector<tracks::Fix> fixes, const ReplayOptions& options, absl::Time from,
               absl::Time now)
    : fixes_(std::move(fixes)), options_(options), from_(from), now_(now) {
  const absl::Duration span = fixes_.back().time - fixes_.front().time;
  // A day that is told by the time of day goes on with the same day.
  constexpr absl::Duration kDay = absl::Hours(24);
  round_ = options.time_of_day ? kDay * (absl::IDivDuration(span, kDay, nullptr) + 1)
                               : span + absl::Seconds(1);
  absl::Duration remainder;
  if (from_ - options.warm * options.speed > fixes_.back().time) {
    next_ =
        static_cast<uint64_t>(absl::IDivDuration(from_ - fixes_.front().time, round_, &remainder)) *
        fixes_.size();
  }
  const absl::Time begin = now - options.warm;
  while (StampOf(next_) < begin) ++next_;
}

absl::Time Replay::StampOf(uint64_t number) const {
  const auto loop = static_cast<int64_t>(number / fixes_.size());
  const tracks::Fix& fix = fixes_[number % fixes_.size()];
  return now_ + (fix.time + round_ * loop - from_) / options_.speed;
}

absl::Time Replay::next_due() const {
  if (!options_.loop && next_ >= fixes_.size()) return absl::InfiniteFuture();
  return StampOf(next_);
}

std::vector<tracks::Fix> Replay::Due(absl::Time now, size_t count_max) const {
  std::vector<tracks::Fix> due;
  for (uint64_t number = next_; due.size() < count_max; ++number) {
    if (!options_.loop && number >= fixes_.size()) break;
    const absl::Time stamp = StampOf(number);
    if (stamp > now) break;
    tracks::Fix fix = fixes_[number % fixes_.size()];
    fix.time = absl::FromUnixMicros(absl::ToUnixMicros(stamp));
    if (fix.speed_mps) {
      *fix.speed_mps *= options_.speed;
      if (*fix.speed_mps > kReportedSpeedMaxMps) fix.speed_mps.reset();
    }
    due.push_back(std::move(fix));
  }
  return due;
}

}  // namespace patrol::sim
