#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace patrol {

// Reads an RFC 3339 instant, e.g. "2026-03-02T05:27:34.5+08:00". A time without an offset ("naive")
// is read in `naive_zone` where one is given, and refused otherwise.
//
// Errors: INVALID_ARGUMENT, naming the text and what is wrong with it.
absl::StatusOr<absl::Time> ParseTime(std::string_view text,
                                     const absl::TimeZone* naive_zone = nullptr);

// RFC 3339 in UTC with as many decimals of a second as the instant has (none, 3 or 6), e.g.
// "2026-03-02T05:27:34Z", "2026-03-02T05:27:34.500Z".
std::string FormatUtc(absl::Time time);

// Reads "180s", "10s", "2m", "1h30m", "250ms" (Go's form, as absl has it); a bare number is
// refused.
//
// Errors: INVALID_ARGUMENT, naming the text.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

}  // namespace patrol
