#include "lib/service/web/routes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace patrol::web {
namespace {

TEST(Routes, NameMethodsThatExistWithTheirMessages) {
  for (const Route& route : Routes()) {
    const std::string name =
        absl::StrCat("patrol.v1.", std::string(route.service), ".", std::string(route.method));
    const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
    ASSERT_NE(method, nullptr) << name;
    EXPECT_EQ(method->input_type(), route.request->GetDescriptor()) << name;
    EXPECT_EQ(method->output_type(), route.response->GetDescriptor()) << name;
    EXPECT_FALSE(method->server_streaming()) << name;
    if (!route.body_field.empty()) {
      EXPECT_NE(method->input_type()->FindFieldByName(std::string(route.body_field)), nullptr);
    }
  }
}

TEST(Routes, AreEachFoundByTheirOwnPath) {
  for (const Route& route : Routes()) {
    std::string path(route.path);
    if (const size_t open = path.find('{'); open != std::string::npos) {
      const size_t equals = path.find('=');
      path.erase(path.find('}'), 1);
      path.erase(open, equals + 1 - open);
      path.replace(path.find('*'), 1, "x-1");
    }
    const RouteLookup lookup = FindRoute(route.verb, path);
    ASSERT_TRUE(lookup.match) << path;
    EXPECT_EQ(lookup.match->route, &route) << path;
  }
}

TEST(Routes, BindTheResourceNameOfThePath) {
  const RouteLookup lookup = FindRoute("GET", "/v1/cameras/n-042");
  ASSERT_TRUE(lookup.match);
  EXPECT_EQ(lookup.match->route->method, "GetCamera");
  EXPECT_EQ(lookup.match->field, "name");
  EXPECT_EQ(lookup.match->value, "cameras/n-042");
}

TEST(Routes, BindBeforeAVerbOfTheirOwn) {
  const RouteLookup lookup = FindRoute("GET", "/v1/motionEvents/e%2D1/still");
  ASSERT_TRUE(lookup.match);
  EXPECT_EQ(lookup.match->route->method, "GetMotionStill");
  EXPECT_EQ(lookup.match->value, "motionEvents/e-1");
}

TEST(Routes, TellTheMethodsAPathTakes) {
  const RouteLookup lookup = FindRoute("PUT", "/v1/cameras/n-042");
  EXPECT_FALSE(lookup.match);
  EXPECT_EQ(lookup.allowed, "GET, PATCH, DELETE");
}

TEST(Routes, DoNotMatchOtherPaths) {
  for (const char* path : {"/v1", "/v1/", "/v1/cameras/", "/v1/cameras/a/b", "/v2/cameras",
                           "/v1/cameras/a%2Fsnapshot", "/v1/cameras/%zz", "/v1//cameras"}) {
    const RouteLookup lookup = FindRoute("GET", path);
    EXPECT_FALSE(lookup.match) << path;
    EXPECT_EQ(lookup.allowed, "") << path;
  }
}

TEST(PercentDecode, DecodesEscapesAndRefusesBrokenOnes) {
  EXPECT_EQ(PercentDecode("a%20b+c", false), "a b+c");
  EXPECT_EQ(PercentDecode("a%20b+c", true), "a b c");
  EXPECT_EQ(PercentDecode("%E5%B2%97", false), "\xe5\xb2\x97");
  for (const char* broken : {"%", "%4", "%4x", "%00", "abc%"}) {
    EXPECT_EQ(PercentDecode(broken, false), std::nullopt) << broken;
  }
}

}  // namespace
}  // namespace patrol::web
