#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>

#include "absl/time/time.h"

namespace patrol::patrold {

// To whole microseconds, as everything is kept. time: not infinite.
inline void SetTimestamp(absl::Time time, google::protobuf::Timestamp* message) {
  const absl::Duration since_epoch = absl::Floor(time - absl::UnixEpoch(), absl::Microseconds(1));
  const int64_t seconds = absl::ToUnixSeconds(absl::UnixEpoch() + since_epoch);
  message->set_seconds(seconds);
  message->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(since_epoch - absl::Seconds(seconds))));
}

// duration: not infinite, at least 0.
inline void SetProtoDuration(absl::Duration duration, google::protobuf::Duration* message) {
  message->set_seconds(absl::ToInt64Seconds(duration));
  message->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(message->seconds()))));
}

}  // namespace patrol::patrold
