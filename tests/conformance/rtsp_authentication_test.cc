// Goal: a session proves who it is in every way cameras ask for, once, and never tells a password.

#include <openssl/evp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/session_run.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::RtspReply;
using test::RtspRequest;
using test::ScriptedCamera;
using test::ScriptedRtspServer;
using test::SendClip;
using test::SendClipAndBye;

std::string Hex(const EVP_MD* digest, const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), bytes, &size, digest, nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i)
    absl::StrAppend(&hex, absl::Hex(bytes[i], absl::kZeroPad2));
  return hex;
}

std::string Parameter(const std::string& header, const std::string& name) {
  size_t at = header.find(" " + name + "=");
  if (at == std::string::npos) return {};
  at += name.size() + 2;
  const bool quoted = header[at] == '"';
  const size_t begin = quoted ? at + 1 : at;
  return header.substr(begin, header.find(quoted ? '"' : ',', begin) - begin);
}

// Whether the request answers a Digest challenge of realm "cam" and this nonce for op:pass word.
bool AnswersDigest(const RtspRequest& request, const EVP_MD* digest, const std::string& nonce) {
  const std::string header = request.Header("authorization");
  if (!absl::StartsWith(header, "Digest ") || Parameter(header, "nonce") != nonce) return false;
  const std::string ha1 = Hex(digest, "op:cam:pass word");
  const std::string ha2 = Hex(digest, request.method + ":" + request.uri);
  const std::string qop = Parameter(header, "qop");
  const std::string expected =
      qop.empty() ? Hex(digest, ha1 + ":" + nonce + ":" + ha2)
                  : Hex(digest, ha1 + ":" + nonce + ":" + Parameter(header, "nc") + ":" +
                                    Parameter(header, "cnonce") + ":" + qop + ":" + ha2);
  return Parameter(header, "response") == expected && Parameter(header, "uri") == request.uri;
}

bool Challenge(RtspConnection& connection, const RtspRequest& request, int nonce) {
  return connection.Send(RtspReply(
      request, 401,
      absl::StrCat("WWW-Authenticate: Digest realm=\"cam\", nonce=\"n", nonce, "\"\r\n")));
}

void SendClipAndGoOn(RtspConnection& connection) {
  RtpWriter writer;
  SendClip(connection, writer, CodedClip());
}

// Who AnswersDigest expects.
SessionOptions OptionsOfOperator(const ScriptedRtspServer& server) {
  SessionOptions options = OptionsFor(server);
  options.user = "op";
  options.password = "pass word";
  return options;
}

struct Scheme {
  std::string name;
  std::string challenges;  // header lines
  std::function<bool(const RtspRequest&)> answered;
};

ScriptedCamera Guarded(const Scheme& scheme) {
  ScriptedCamera camera;
  camera.first = [scheme](RtspConnection& connection, const RtspRequest& request) {
    if (scheme.answered(request)) return false;
    return connection.Send(RtspReply(request, 401, scheme.challenges));
  };
  camera.on_play = SendClipAndBye;
  return camera;
}

class RtspAuthentication : public testing::TestWithParam<Scheme> {};

TEST_P(RtspAuthentication, LetsTheRightPasswordIn) {
  SKIP_WITHOUT_ENCODER();
  ScriptedRtspServer server(Guarded(GetParam()));
  SessionOptions options = OptionsOfOperator(server);
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange) << end;
  EXPECT_EQ(run.units.size(), CodedClip().size());
}

TEST_P(RtspAuthentication, NamesAWrongPasswordWithoutTellingItAndAsksOnlyOnce) {
  ScriptedRtspServer server(Guarded(GetParam()));
  SessionOptions options = OptionsFor(server);
  options.url = absl::StrCat("rtsp://op:hunter2@127.0.0.1:", server.port(), "/stream");
  SessionRun run(options);
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "refused the user or the password")) << end;
  EXPECT_FALSE(absl::StrContains(end.message(), "hunter2")) << end;
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_P(RtspAuthentication, SaysThatNoUserIsConfigured) {
  ScriptedRtspServer server(Guarded(GetParam()));
  SessionRun run(OptionsFor(server));
  const absl::Status end = run.UntilEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "none is configured")) << end;
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, RtspAuthentication,
    testing::Values(
        Scheme{"Basic", "WWW-Authenticate: Basic realm=\"cam\"\r\n",
               [](const RtspRequest& request) {
                 return request.Header("authorization") == "Basic b3A6cGFzcyB3b3Jk";
               }},
        Scheme{"DigestMd5", "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\"\r\n",
               [](const RtspRequest& request) { return AnswersDigest(request, EVP_md5(), "n1"); }},
        Scheme{"DigestMd5Qop",
               "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\", qop=\"auth\"\r\n",
               [](const RtspRequest& request) { return AnswersDigest(request, EVP_md5(), "n1"); }},
        Scheme{
            "StrongestOfSeveral",
            "WWW-Authenticate: Basic realm=\"cam\"\r\n"
            "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\", algorithm=MD5\r\n"
            "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n2\", algorithm=SHA-256, "
            "qop=\"auth\"\r\n",
            [](const RtspRequest& request) { return AnswersDigest(request, EVP_sha256(), "n2"); }}),
    [](const auto& info) { return info.param.name; });

TEST(RtspSession, RenewsAStaleNonceInMidSession) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.first = [](RtspConnection& connection, const RtspRequest& request) {
    const bool late = request.method == "GET_PARAMETER";
    const std::string nonce = late ? "late" : "early";
    if (AnswersDigest(request, EVP_md5(), nonce)) return false;
    return connection.Send(RtspReply(
        request, 401,
        "WWW-Authenticate: Digest realm=\"cam\", nonce=\"" + nonce + "\", stale=true\r\n"));
  };
  camera.on_play = SendClipAndGoOn;
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsOfOperator(server);
  options.keep_alive_interval = absl::Milliseconds(50);
  SessionRun run(options);
  EXPECT_TRUE(run.Until([&] { return run.stats().keep_alives >= 3 || run.end; }));
  EXPECT_FALSE(run.end.has_value()) << *run.end;
  EXPECT_EQ(run.Quirk("nonce_renewed"), 1);
}

// Each of its nonces is good for one keep-alive, and it does not say that the last one is stale.
TEST(RtspSession, RenewsANonceTimeAndAgainWhereTheCameraDoesNotSayStale) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.first = [nonce = std::make_shared<int>(0)](RtspConnection& connection,
                                                    const RtspRequest& request) {
    if (AnswersDigest(request, EVP_md5(), absl::StrCat("n", *nonce))) {
      if (request.method == "GET_PARAMETER") ++*nonce;
      return false;
    }
    return Challenge(connection, request, *nonce);
  };
  camera.on_play = SendClipAndGoOn;
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsOfOperator(server);
  options.keep_alive_interval = absl::Milliseconds(50);
  SessionRun run(options);
  EXPECT_TRUE(run.Until([&] { return run.Quirk("nonce_renewed") >= 3 || run.end; }));
  EXPECT_FALSE(run.end.has_value()) << *run.end;
}

TEST(RtspSession, TearsDownWhereEveryRequestNeedsANonceOfItsOwn) {
  SKIP_WITHOUT_ENCODER();
  std::atomic<int> torn_down = 0;
  ScriptedCamera camera;
  camera.first = [&torn_down, nonce = std::make_shared<int>(0)](RtspConnection& connection,
                                                                const RtspRequest& request) {
    if (AnswersDigest(request, EVP_md5(), absl::StrCat("n", *nonce))) {
      ++*nonce;
      torn_down += request.method == "TEARDOWN" ? 1 : 0;
      return false;
    }
    return Challenge(connection, request, *nonce);
  };
  camera.on_play = SendClipAndGoOn;
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsOfOperator(server);
  options.teardown_timeout = absl::Seconds(20);
  SessionRun run(options);
  ASSERT_TRUE(run.UntilUnits(30));
  run.Stop();
  EXPECT_TRUE(run.UntilEnd().ok()) << run.UntilEnd();
  EXPECT_EQ(torn_down, 1);
}

// The camera closes after each refusal; what it asked for is answered on a new connection.
TEST(RtspSession, GoesOnWhereTheCameraClosesAfterItsChallenge) {
  SKIP_WITHOUT_ENCODER();
  ScriptedCamera camera;
  camera.first = [](RtspConnection& connection, const RtspRequest& request) {
    if (AnswersDigest(request, EVP_md5(), "n1")) return false;
    connection.Send(
        RtspReply(request, 401, "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\"\r\n"));
    connection.Close();
    return true;
  };
  camera.on_play = SendClipAndBye;
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsOfOperator(server);
  SessionRun run(options);
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange) << run.UntilEnd();
  EXPECT_EQ(run.units.size(), CodedClip().size());
  EXPECT_EQ(run.Quirk("closed_after_401"), 1);
  EXPECT_EQ(server.connections(), 2);
}

TEST(RtspSession, DoesNotReconnectForEverToACameraThatOnlyCloses) {
  ScriptedCamera camera;
  camera.first = [](RtspConnection& connection, const RtspRequest& request) {
    static int nonce = 0;
    connection.Send(RtspReply(request, 401,
                              absl::StrCat("WWW-Authenticate: Digest realm=\"cam\", nonce=\"n",
                                           ++nonce, "\", stale=true\r\n")));
    connection.Close();
    return true;
  };
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsOfOperator(server);
  SessionRun run(options);
  EXPECT_FALSE(run.UntilEnd().ok());
  EXPECT_LE(server.connections(), limits::kConnectionsPerSessionMax);
}

}  // namespace
}  // namespace patrol::rtsp
