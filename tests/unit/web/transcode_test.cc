#include "lib/service/web/transcode.h"

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <string>

#include "patrol/v1/area_service.pb.h"
#include "patrol/v1/camera_service.pb.h"
#include "patrol/v1/motion_service.pb.h"

namespace patrol::web {
namespace {

using testing::AllOf;
using testing::HasSubstr;

RouteMatch Find(std::string_view verb, std::string_view path) {
  const RouteLookup lookup = FindRoute(verb, path);
  EXPECT_TRUE(lookup.match) << path;
  return lookup.match.value_or(RouteMatch{});
}

std::string FaultOf(std::string_view verb, std::string_view path, std::string_view query,
                    std::string_view body) {
  const auto request = BuildRequest(Find(verb, path), query, body);
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(request.status().message());
}

TEST(BuildRequest, TakesQueryParametersByEitherSpelling) {
  const auto request = BuildRequest(
      Find("GET", "/v1/motionEvents"),
      "camera=cameras%2Fn-042&fromTime=2026-03-02T05:27:34Z&to_time=2026-03-02T06:00:00%2B08:00"
      "&unattendedOnly=true&pageSize=20",
      "");
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& list = dynamic_cast<const v1::ListMotionEventsRequest&>(**request);
  EXPECT_EQ(list.camera(), "cameras/n-042");
  EXPECT_EQ(list.from_time().seconds(), 1772429254);
  EXPECT_EQ(list.to_time().seconds(), 1772402400);
  EXPECT_TRUE(list.unattended_only());
  EXPECT_EQ(list.page_size(), 20);
}

TEST(BuildRequest, NamesTheQueryParameterAtFault) {
  const std::string path = "/v1/motionEvents";
  EXPECT_THAT(FaultOf("GET", path, "pageSize=ten", ""), HasSubstr("\"pageSize\""));
  EXPECT_THAT(FaultOf("GET", path, "fromTime=yesterday", ""), HasSubstr("\"fromTime\""));
  EXPECT_THAT(FaultOf("GET", path, "unattendedOnly=yes", ""),
              AllOf(HasSubstr("\"unattendedOnly\""), HasSubstr("\"yes\"")));
  EXPECT_THAT(FaultOf("GET", path, "colour=red", ""),
              AllOf(HasSubstr("\"colour\""), HasSubstr("no such")));
  EXPECT_THAT(FaultOf("GET", path, "camera=a&camera=b", ""), HasSubstr("given twice"));
  EXPECT_THAT(FaultOf("GET", path, "camera=%zz", ""), HasSubstr("percent-encoding"));
}

TEST(BuildRequest, PutsBodyPathAndQueryIntoOneRequest) {
  const auto request = BuildRequest(
      Find("PATCH", "/v1/cameras/n-042"), "updateMask=displayName,headingDeg&allowMissing=true",
      R"({"displayName": "\u5317\u95e8", "headingDeg": 90, "position": {"lon": 121, "lat": 31}})");
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& update = dynamic_cast<const v1::UpdateCameraRequest&>(**request);
  EXPECT_EQ(update.camera().name(), "cameras/n-042");
  EXPECT_EQ(update.camera().display_name(), "北门");
  EXPECT_EQ(update.camera().position().lat(), 31);
  EXPECT_EQ(update.update_mask().paths(1), "heading_deg");
  EXPECT_TRUE(update.allow_missing());
}

TEST(BuildRequest, LetsThePathSayWhichResource) {
  const auto request = BuildRequest(Find("PATCH", "/v1/cameras/a"), "", R"({"name": "cameras/b"})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(dynamic_cast<const v1::UpdateCameraRequest&>(**request).camera().name(), "cameras/a");
}

TEST(BuildRequest, NamesTheFieldOfTheBodyAtFault) {
  const std::string path = "/v1/cameras/n-042";
  EXPECT_THAT(FaultOf("PATCH", path, "", R"({"headingDeg": "north"})"),
              AllOf(HasSubstr("body"), HasSubstr("heading_deg")));
  EXPECT_THAT(FaultOf("PATCH", path, "", R"({"position": {"lon": true}})"), HasSubstr("lon"));
  EXPECT_THAT(FaultOf("PATCH", path, "", R"({"face": 1})"), HasSubstr("face"));
}

TEST(BuildRequest, RefusesABodyThatIsNoJson) {
  EXPECT_THAT(FaultOf("PATCH", "/v1/cameras/n-042", "", "{\"headingDeg\": "), HasSubstr("body"));
  EXPECT_THAT(FaultOf("PATCH", "/v1/cameras/n-042", "", ""), HasSubstr("body: empty"));
  EXPECT_THAT(FaultOf("GET", "/v1/cameras", "", "{}"), HasSubstr("takes none"));
}

TEST(BuildRequest, HandsGeoJsonOverAsItIs) {
  const auto request = BuildRequest(Find("POST", "/v1/areas:import"), "", "{\"type\":1}");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(dynamic_cast<const v1::ImportAreasRequest&>(**request).geojson(), "{\"type\":1}");
}

TEST(BuildAnswer, WritesCamelCaseWithZeroes) {
  v1::Camera camera;
  camera.set_name("cameras/a");
  const auto answer = BuildAnswer(*Find("GET", "/v1/cameras/a").route, camera);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_THAT(answer->body,
              AllOf(HasSubstr("\"displayName\":\"\""), HasSubstr("\"headingDeg\":0")));
}

TEST(BuildAnswer, GivesAPictureWithItsTime) {
  v1::Snapshot snapshot;
  snapshot.set_jpeg("\xff\xd8");
  snapshot.mutable_time()->set_seconds(1772429254);
  snapshot.mutable_time()->set_nanos(500'000'000);
  const auto answer = BuildAnswer(*Find("GET", "/v1/cameras/a/snapshot").route, snapshot);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->content_type, "image/jpeg");
  EXPECT_EQ(answer->body, "\xff\xd8");
  ASSERT_EQ(answer->headers.size(), 1u);
  EXPECT_EQ(answer->headers[0].first, "X-Picture-Time");
  EXPECT_EQ(answer->headers[0].second, "2026-03-02T05:27:34.500Z");
}

TEST(ErrorAnswer, CarriesHttpCodeStatusAndMessage) {
  const Answer answer = ErrorAnswer(absl::NotFoundError("camera \"x\": there is none"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body,
            "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"message\":"
            "\"camera \\\"x\\\": there is none\"}}");
}

TEST(ErrorAnswer, MapsCodesAsGoogleDoes) {
  EXPECT_EQ(HttpStatus(absl::StatusCode::kInvalidArgument), 400);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kUnauthenticated), 401);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kPermissionDenied), 403);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kAlreadyExists), 409);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kResourceExhausted), 429);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kUnimplemented), 501);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kUnavailable), 503);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kDeadlineExceeded), 504);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kInternal), 500);
}

}  // namespace
}  // namespace patrol::web
