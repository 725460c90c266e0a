#include "lib/video/rtsp/url.h"

#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

TEST(Url, ReadsHostPortPathAndCredentials) {
  const auto url = Url::Parse("rtsp://op%40er:p%3Aw@Cam-7.local:8554/Streaming/101?a=1&b=2");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->host(), "cam-7.local");
  EXPECT_EQ(url->port(), 8554);
  EXPECT_EQ(url->path(), "/Streaming/101?a=1&b=2");
  EXPECT_EQ(url->user(), "op@er");
  EXPECT_EQ(url->password(), "p:w");
  EXPECT_EQ(url->Authority(), "cam-7.local:8554");
}

TEST(Url, RequestLineHasNoCredentialsAndNamesThePortOnlyWhereGiven) {
  EXPECT_EQ(Url::Parse("rtsp://u:secret@10.0.0.1/1")->ForRequest(), "rtsp://10.0.0.1/1");
  EXPECT_EQ(Url::Parse("RTSP://u:secret@10.0.0.1:554/1")->ForRequest(), "rtsp://10.0.0.1:554/1");
}

TEST(Url, ReadsIpv6InBrackets) {
  const auto url = Url::Parse("rtsp://[fe80::1]:10554/a");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->host(), "fe80::1");
  EXPECT_EQ(url->port(), 10554);
  EXPECT_EQ(url->Authority(), "[fe80::1]:10554");
  EXPECT_EQ(url->ForRequest(), "rtsp://[fe80::1]:10554/a");
  EXPECT_EQ(Url::Parse("rtsp://[::1]")->port(), 554);
}

TEST(Url, TakesAnUnescapedAtSignAsPartOfThePassword) {
  const auto url = Url::Parse("rtsp://admin:p@ss@10.0.0.1/x@y");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->password(), "p@ss");
  EXPECT_EQ(url->host(), "10.0.0.1");
  EXPECT_EQ(url->path(), "/x@y");
}

TEST(Url, PathMayBeAbsentOrBeginWithAQuery) {
  EXPECT_EQ(Url::Parse("rtsp://h")->path(), "");
  EXPECT_EQ(Url::Parse("rtsp://h?ch=1")->path(), "?ch=1");
  EXPECT_EQ(Url::Parse("rtsp://h/a#frag")->path(), "/a");
}

class BadUrl : public testing::TestWithParam<const char*> {};

TEST_P(BadUrl, IsRefusedWithoutTellingThePassword) {
  const auto url = Url::Parse(GetParam());
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(url.status().message().find("s3cret"), absl::string_view::npos) << url.status();
}

INSTANTIATE_TEST_SUITE_P(Forms, BadUrl,
                         testing::Values("", "http://h/", "10.0.0.1/1", "rtsp://", "rtsp:///path",
                                         "rtsp://u:s3cret@", "rtsp://u:s3cret@h:0/",
                                         "rtsp://u:s3cret@h:65536/", "rtsp://u:s3cret@h:/",
                                         "rtsp://u:s3cret@h:55x/", "rtsp://u:s3cret%zz@h/",
                                         "rtsp://u:s3cret@h h/", "rtsp://u:s3cret@h/\r\nX: y",
                                         "rtsp://u:s3cret@[::1/", "rtsp://[::1]x/", "rtsp://[zz]/",
                                         "rtsp://[dd%1]/", "rtsp://u:s3cret@h,h/"));

TEST(Url, ReadsRtspsWithItsOwnPort) {
  const auto url = Url::Parse("RTSPS://u:p@h/s");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_TRUE(url->tls());
  EXPECT_EQ(url->port(), 322);
  EXPECT_EQ(url->ForRequest(), "rtsps://h/s");
  EXPECT_FALSE(Url::Parse("rtsp://h/")->tls());
}

TEST(Url, RefusesOverlongAddressesAndOtherSchemes) {
  EXPECT_EQ(Url::Parse("http://h/").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Url::Parse("rtsp://h/" + std::string(5000, 'a')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ResolveControl, PutsTheTrackBehindTheBaseAsCamerasMeanIt) {
  EXPECT_EQ(ResolveControl("rtsp://h/s/", "trackID=1"), "rtsp://h/s/trackID=1");
  EXPECT_EQ(ResolveControl("rtsp://h/s", "trackID=1"), "rtsp://h/s/trackID=1");
  EXPECT_EQ(ResolveControl("rtsp://h/s?c=1", "trackID=1"), "rtsp://h/s?c=1/trackID=1");
  EXPECT_EQ(ResolveControl("rtsp://h/s/", "/trackID=1"), "rtsp://h/s/trackID=1");
  EXPECT_EQ(ResolveControl("rtsp://h/s", "*"), "rtsp://h/s");
  EXPECT_EQ(ResolveControl("rtsp://h/s", ""), "rtsp://h/s");
  EXPECT_EQ(ResolveControl("rtsp://h/s", "rtsp://g/t"), "rtsp://g/t");
}

}  // namespace
}  // namespace patrol::rtsp
