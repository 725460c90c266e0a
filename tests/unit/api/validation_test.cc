#include "lib/service/api/validation.h"

#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include "lib/base/limits.h"
#include "patrol/v1/types.pb.h"

namespace patrol::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// INVALID_ARGUMENT's message; fails on any other status.
std::string Fault(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

TEST(Validation, ReadsNamesAndSaysWhatIsWrongWithOthers) {
  EXPECT_EQ(*ReadName("name", "cameras", "cameras/n-042_A.b"), "n-042_A.b");
  EXPECT_EQ(Fault(ReadName("name", "cameras", "").status()), "name: required, as cameras/{id}");
  EXPECT_EQ(Fault(ReadName("name", "cameras", "units/u1").status()),
            "name: \"units/u1\" is not of the form cameras/{id}");
  EXPECT_EQ(Fault(ReadName("name", "units", "units/").status()), "name: required");
  EXPECT_THAT(Fault(ReadName("unit.name", "units", "units/a/b").status()),
              HasSubstr("unit.name: \"a/b\" has other characters"));
  EXPECT_EQ(Fault(ReadName("name", "units", "units/" + std::string(65, 'x')).status()),
            "name: 65 bytes, at most 64");
  EXPECT_TRUE(ReadName("name", "motionEvents", "motionEvents/" + std::string(96, 'x')).ok());
}

TEST(Validation, CutsAndEscapesWhatItQuotes) {
  EXPECT_EQ(Quoted(std::string(200, 'x')), "\"" + std::string(80, 'x') + "...\"");
  EXPECT_EQ(Quoted("a\nb"), "\"a\\nb\"");
}

TEST(Validation, RefusesNumbersThatAreNoneOrOutOfRange) {
  EXPECT_TRUE(CheckRange("f", 0, 0, 360).ok());
  EXPECT_TRUE(CheckRange("f", 360, 0, 360).ok());
  EXPECT_EQ(Fault(CheckRange("f", std::nan(""), 0, 360)), "f: not a number");
  EXPECT_EQ(Fault(CheckRange("f", 360.5, 0, 360)), "f: 360.5 is outside 0..360");
  EXPECT_EQ(Fault(CheckRange("f", -std::numeric_limits<double>::infinity(), 0, 1)),
            "f: -inf is outside 0..1");
}

TEST(Validation, RefusesPlacesOffTheEarth) {
  v1::LonLat place;
  place.set_lon(120.5);
  place.set_lat(91);
  EXPECT_EQ(Fault(ReadLonLat("camera.position", place).status()),
            "camera.position.lat: 91 is outside -90..90");
  place.set_lat(std::nan(""));
  EXPECT_EQ(Fault(ReadLonLat("p", place).status()), "p.lat: not a number");
}

TEST(Validation, RefusesTimesThatTimestampDoesNotAllow) {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(1772400000);
  stamp.set_nanos(1999);
  EXPECT_EQ(absl::ToUnixMicros(*ReadTime("t", stamp)), 1772400000000001);
  stamp.set_nanos(-1);
  EXPECT_EQ(Fault(ReadTime("t", stamp).status()), "t: nanos -1 is outside 0..999999999");
  stamp.set_nanos(0);
  stamp.set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_THAT(Fault(ReadTime("t", stamp).status()), HasSubstr("outside the years 1..9999"));
}

TEST(Validation, ReadsPagesWithinTheirLimits) {
  EXPECT_EQ(ReadPage(0, "")->size, limits::kPageSizeDefault);
  EXPECT_EQ(ReadPage(1000, "")->size, 1000);
  EXPECT_EQ(Fault(ReadPage(-1, "").status()), "page_size: -1 is outside 0..1000");
  EXPECT_EQ(Fault(ReadPage(1001, "").status()), "page_size: 1001 is outside 0..1000");
}

TEST(Validation, KnowsWhatAMaskMayName) {
  google::protobuf::FieldMask mask;
  EXPECT_FALSE(ReadUpdateMask(mask, {"a", "b"})->has_value());
  mask.add_paths("b");
  EXPECT_THAT(**ReadUpdateMask(mask, {"a", "b"}), ElementsAre("b"));
  mask.add_paths("*");
  EXPECT_THAT(**ReadUpdateMask(mask, {"a", "b"}), ElementsAre("a", "b"));
  mask.add_paths("state");
  EXPECT_EQ(Fault(ReadUpdateMask(mask, {"a", "b"}).status()),
            "update_mask: \"state\" can't be changed; these can: a, b");
}

}  // namespace
}  // namespace patrol::api
