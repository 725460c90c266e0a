#include "lib/video/rtsp/auth.h"

#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

using Scheme = Challenge::Scheme;

// RFC 7616 section 3.9.1, of one header each, and both in one.
constexpr char kSha[] =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
constexpr char kMd5[] =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
constexpr char kClientNonce[] = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

std::string AnswerOf(const std::vector<std::string_view>& headers, const char* password) {
  Authenticator authenticator("Mufasa", password);
  authenticator.SetClientNonce(kClientNonce);
  EXPECT_TRUE(authenticator.OnUnauthorized(headers, false).ok());
  return authenticator.Answer("GET", "/dir/index.html");
}

TEST(Authenticator, AnswersTheMd5ExampleOfRfc7616) {
  const std::string answer = AnswerOf({kMd5}, "Circle of Life");
  EXPECT_NE(answer.find("response=\"8ca523f5e9506fed4657c9700eebdbec\""), std::string::npos)
      << answer;
  EXPECT_NE(answer.find("qop=auth, nc=00000001"), std::string::npos) << answer;
  EXPECT_NE(answer.find("opaque=\"FQhe/"), std::string::npos) << answer;
}

TEST(Authenticator, AnswersTheSha256ExampleOfRfc7616) {
  const std::string answer = AnswerOf({kSha}, "Circle of Life");
  EXPECT_NE(answer.find("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
            std::string::npos)
      << answer;
  EXPECT_NE(answer.find("algorithm=SHA-256"), std::string::npos) << answer;
}

TEST(Authenticator, AnswersWithoutQopAsRfc2069) {
  // The example of RFC 2069 with the response of its erratum.
  Authenticator authenticator("Mufasa", "CircleOfLife");
  ASSERT_TRUE(authenticator
                  .OnUnauthorized({"Digest realm=\"testrealm@host.com\", "
                                   "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc\""},
                                  false)
                  .ok());
  const std::string answer = authenticator.Answer("GET", "/dir/index.html");
  EXPECT_NE(answer.find("response=\"1949323746fe6a43ef61f9606e7febea\""), std::string::npos)
      << answer;
  EXPECT_EQ(answer.find("algorithm"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("cnonce"), std::string::npos) << answer;
}

TEST(Authenticator, AnswersBasic) {
  Authenticator authenticator("Aladdin", "open sesame");
  ASSERT_TRUE(authenticator.OnUnauthorized({"Basic realm=\"x\""}, false).ok());
  EXPECT_EQ(authenticator.Answer("DESCRIBE", "rtsp://h/"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(Authenticator, PicksTheStrongestOfSeveralHeadersAndOfSeveralInOne) {
  EXPECT_NE(AnswerOf({"Basic realm=\"x\"", kMd5, kSha}, "p").find("SHA-256"), std::string::npos);
  EXPECT_NE(
      AnswerOf({std::string("Basic realm=\"x\", ") + kSha + ", " + kMd5}, "p").find("SHA-256"),
      std::string::npos);
}

TEST(Authenticator, CountsTheUsesOfANonce) {
  Authenticator authenticator("Mufasa", "p");
  ASSERT_TRUE(authenticator.OnUnauthorized({kMd5}, false).ok());
  EXPECT_NE(authenticator.Answer("OPTIONS", "u").find("nc=00000001"), std::string::npos);
  EXPECT_NE(authenticator.Answer("DESCRIBE", "u").find("nc=00000002"), std::string::npos);
}

TEST(Authenticator, TriesAgainOnAStaleNonceButNotOnARefusal) {
  Authenticator authenticator("u", "p");
  ASSERT_TRUE(authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"1\""}, false).ok());
  EXPECT_TRUE(
      authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"2\", stale=TRUE"}, true).ok());
  const absl::Status refused =
      authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"3\""}, true);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated);
}

TEST(Authenticator, TakesANewNonceInMidSessionOnceAnAnswerHadBeenAccepted) {
  Authenticator authenticator("u", "p");
  ASSERT_TRUE(authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"1\""}, false).ok());
  authenticator.OnAccepted();
  EXPECT_TRUE(authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"2\""}, true).ok());
  EXPECT_FALSE(authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"3\""}, true).ok());
}

TEST(Authenticator, SaysWhenNothingIsConfiguredOrNothingIsUnderstood) {
  EXPECT_EQ(Authenticator("", "").OnUnauthorized({kMd5}, false).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Authenticator("u", "p").OnUnauthorized({"NTLM"}, false).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Authenticator("u", "p").OnUnauthorized({}, false).code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(ParseChallenges, LeavesOutWhatItCannotAnswer) {
  EXPECT_TRUE(ParseChallenges({"Digest realm=\"r\""}).empty());
  EXPECT_TRUE(ParseChallenges({"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256"}).empty());
  EXPECT_TRUE(ParseChallenges({"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""}).empty());
  EXPECT_TRUE(ParseChallenges({"", ",,,", "=\"x\"", "\"\"\"", "Digest nonce=\""}).empty());
}

TEST(ParseChallenges, ReadsQuotesEscapesAndUnquotedValues) {
  const auto challenges = ParseChallenges(
      {"dIgEsT realm = \"a \\\"b\\\", c\" , nonce=abc,algorithm=md5-sess,qop=auth,stale=false"});
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].realm, "a \"b\", c");
  EXPECT_EQ(challenges[0].nonce, "abc");
  EXPECT_TRUE(challenges[0].session_algorithm);
  EXPECT_TRUE(challenges[0].qop_auth);
  EXPECT_FALSE(challenges[0].stale);
}

TEST(Authenticator, KeepsLineEndsOutOfTheHeader) {
  Authenticator authenticator("u\r\nX: y", "p");
  ASSERT_TRUE(authenticator.OnUnauthorized({"Digest realm=\"r\", nonce=\"1\""}, false).ok());
  const std::string answer = authenticator.Answer("PLAY", "rtsp://h/");
  EXPECT_EQ(answer.find('\n'), std::string::npos) << answer;
}

}  // namespace
}  // namespace patrol::rtsp
