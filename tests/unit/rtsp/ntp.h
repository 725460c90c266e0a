#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace patrol::rtsp {

// As a sender report carries it: seconds since 1900, 32.32 fixed point (RFC 3550, section 4).
inline uint64_t Ntp(absl::Time time) {
  const absl::Duration since = time - absl::UnixEpoch();
  const int64_t seconds = absl::ToInt64Seconds(since);
  const int64_t nanos = absl::ToInt64Nanoseconds(since - absl::Seconds(seconds));
  return static_cast<uint64_t>(seconds + 2'208'988'800) << 32 |
         ((static_cast<uint64_t>(nanos) << 32) / 1'000'000'000);
}

}  // namespace patrol::rtsp
