#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "lib/patrol/roadnet/network.h"
#include "patrol/v1/types.pb.h"

// Values as messages carry them. A header alone, so that the service's clients (patrolctl,
// patrolsim) write them the same way without linking the service.
namespace patrol::api {

// To whole microseconds, as everything is kept; rounded down, also before 1970: nanos count
// forward. time: not infinite.
inline void SetTime(absl::Time time, google::protobuf::Timestamp* stamp) {
  const absl::Duration since_epoch = absl::Floor(time - absl::UnixEpoch(), absl::Microseconds(1));
  const int64_t seconds = absl::ToUnixSeconds(absl::UnixEpoch() + since_epoch);
  stamp->set_seconds(seconds);
  stamp->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(since_epoch - absl::Seconds(seconds))));
}

// duration: not infinite, at least 0.
inline void SetDuration(absl::Duration duration, google::protobuf::Duration* message) {
  message->set_seconds(absl::ToInt64Seconds(duration));
  message->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(message->seconds()))));
}

inline v1::TravelMode ModeToProto(roadnet::Mode mode) {
  switch (mode) {
    case roadnet::Mode::kCar:
      return v1::TRAVEL_MODE_CAR;
    case roadnet::Mode::kMotorcycle:
      return v1::TRAVEL_MODE_MOTORCYCLE;
    case roadnet::Mode::kEbike:
      return v1::TRAVEL_MODE_EBIKE;
    case roadnet::Mode::kBicycle:
      return v1::TRAVEL_MODE_BICYCLE;
    case roadnet::Mode::kFoot:
      return v1::TRAVEL_MODE_FOOT;
  }
  return v1::TRAVEL_MODE_UNSPECIFIED;
}

// A car where none is given; nullopt for a number that is no mode.
inline std::optional<roadnet::Mode> ModeFromProto(v1::TravelMode mode) {
  if (mode == v1::TRAVEL_MODE_UNSPECIFIED) return roadnet::Mode::kCar;
  for (size_t i = 0; i < roadnet::kModeCount; ++i) {
    const auto own = static_cast<roadnet::Mode>(i);
    if (ModeToProto(own) == mode) return own;
  }
  return std::nullopt;
}

}  // namespace patrol::api
