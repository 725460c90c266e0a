#include "lib/service/api/proto_values.h"

#include <gtest/gtest.h>

namespace patrol::api {
namespace {

google::protobuf::Timestamp StampOf(absl::Time time) {
  google::protobuf::Timestamp stamp;
  SetTime(time, &stamp);
  return stamp;
}

TEST(ProtoValues, TimesAreWholeMicrosecondsRoundedDown) {
  const google::protobuf::Timestamp stamp =
      StampOf(absl::FromUnixSeconds(1'790'000'000) + absl::Nanoseconds(123'456'999));
  EXPECT_EQ(stamp.seconds(), 1'790'000'000);
  EXPECT_EQ(stamp.nanos(), 123'456'000);
}

TEST(ProtoValues, NanosCountForwardBefore1970) {
  const google::protobuf::Timestamp stamp = StampOf(absl::UnixEpoch() - absl::Nanoseconds(1));
  EXPECT_EQ(stamp.seconds(), -1);
  EXPECT_EQ(stamp.nanos(), 999'999'000);
}

TEST(ProtoValues, DurationsKeepTheirFraction) {
  google::protobuf::Duration message;
  SetDuration(absl::Milliseconds(180'250), &message);
  EXPECT_EQ(message.seconds(), 180);
  EXPECT_EQ(message.nanos(), 250'000'000);
}

TEST(ProtoValues, EveryModeComesBack) {
  for (size_t i = 0; i < roadnet::kModeCount; ++i) {
    const auto mode = static_cast<roadnet::Mode>(i);
    EXPECT_NE(ModeToProto(mode), v1::TRAVEL_MODE_UNSPECIFIED);
    EXPECT_EQ(ModeFromProto(ModeToProto(mode)), mode);
  }
  EXPECT_EQ(ModeFromProto(v1::TRAVEL_MODE_UNSPECIFIED), roadnet::Mode::kCar);
  EXPECT_EQ(ModeFromProto(static_cast<v1::TravelMode>(99)), std::nullopt);
}

}  // namespace
}  // namespace patrol::api
