#include "lib/base/time_text.h"

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace patrol {

namespace {

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::StatusOr<absl::Time> ParseTime(std::string_view text, const absl::TimeZone* naive_zone) {
  absl::Time time;
  std::string fault;
  if (absl::ParseTime(absl::RFC3339_full, Abseil(text), &time, &fault)) {
    // absl takes "infinite-future" too; no fix is from there.
    if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
      return absl::InvalidArgumentError(
          absl::StrCat("time \"", Abseil(text), "\" is not an RFC 3339 instant"));
    }
    return time;
  }
  for (const char* form : {"%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S"}) {
    const absl::TimeZone zone = naive_zone != nullptr ? *naive_zone : absl::UTCTimeZone();
    if (!absl::ParseTime(form, Abseil(text), zone, &time, &fault)) continue;
    if (naive_zone != nullptr) return time;
    return absl::InvalidArgumentError(
        absl::StrCat("time \"", Abseil(text), "\" has no UTC offset; add one or give a time zone"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("time \"", Abseil(text), "\" is not an RFC 3339 instant"));
}

std::string FormatUtc(absl::Time time) {
  const int64_t us = absl::ToUnixMicros(time);
  const char* form = us % 1000000 == 0 ? "%Y-%m-%dT%H:%M:%SZ"
                     : us % 1000 == 0  ? "%Y-%m-%dT%H:%M:%E3SZ"
                                       : "%Y-%m-%dT%H:%M:%E6SZ";
  return absl::FormatTime(form, time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(Abseil(text), &duration) || duration == absl::InfiniteDuration() ||
      duration == -absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Abseil(text), "\" is not a duration such as 180s, 10s or 2m30s"));
  }
  return duration;
}

}  // namespace patrol
