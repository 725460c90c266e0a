#include "lib/service/web/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/asio.h"
#include "lib/service/web/connection.h"
#include "tests/unit/web/fake_services.h"

namespace patrol::web {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using testing::AllOf;
using testing::HasSubstr;
using Reply = http::response<http::string_body>;

// Requests over a real socket, as any client would send them.
class GatewayTest : public testing::Test {
 protected:
  void StartGateway(Options options = {}) {
    options.port = 0;
    gateway_.emplace(options, services_.channel());
    ASSERT_TRUE(gateway_->Start().ok());
  }
  void SetUp() override { StartGateway(); }

  asio::ip::tcp::socket Connect() {
    asio::ip::tcp::socket socket(io_);
    socket.connect({asio::ip::make_address("127.0.0.1"), gateway_->port()});
    return socket;
  }

  using Request = http::request<http::string_body>;
  Request Make(http::verb verb, const std::string& target, const std::string& body = "") {
    Request request(verb, target, 11);
    request.set(http::field::host, "localhost:1234");
    if (!body.empty()) {
      request.set(http::field::content_type, "application/json");
      request.body() = body;
      request.prepare_payload();
    }
    return request;
  }
  Reply Send(Request request) {
    asio::ip::tcp::socket socket = Connect();
    http::write(socket, request);
    return Read(socket, request.method() == http::verb::head);
  }
  Reply Read(asio::ip::tcp::socket& socket, bool head = false) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(limits::kHttpBodyBytesMax);
    if (head) parser.skip(true);
    beast::flat_buffer buffer;
    http::read(socket, buffer, parser);
    return parser.release();
  }
  Reply Get(const std::string& target) { return Send(Make(http::verb::get, target)); }

  FakeServices services_;
  std::optional<Gateway> gateway_;
  asio::io_context io_;
};

TEST_F(GatewayTest, AnswersMetricsAsPrometheusAsksForThem) {
  EXPECT_EQ(Get("/metrics").result_int(), 404u);  // none were given
  gateway_->Stop(absl::ZeroDuration());
  Options options;
  options.port = 0;
  gateway_.emplace(options, services_.channel(), nullptr, [] { return "patrol_x 1\n"; });
  ASSERT_TRUE(gateway_->Start().ok());
  const Reply reply = Get("/metrics");
  EXPECT_EQ(reply.result_int(), 200u);
  EXPECT_EQ(reply[http::field::content_type], "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.body(), "patrol_x 1\n");
  EXPECT_EQ(Send(Make(http::verb::post, "/metrics")).result_int(), 405u);
}

v1::Camera MakeCamera(const std::string& id) {
  v1::Camera camera;
  camera.set_name("cameras/" + id);
  camera.set_display_name("North gate");
  return camera;
}

TEST_F(GatewayTest, AnswersWithTheServicesJson) {
  services_.cameras.Set(MakeCamera("n-042"));
  const Reply reply = Get("/v1/cameras/n-042");
  EXPECT_EQ(reply.result_int(), 200u);
  EXPECT_EQ(reply[http::field::content_type], "application/json");
  EXPECT_EQ(reply[http::field::cache_control], "no-store");
  EXPECT_THAT(reply.body(), AllOf(HasSubstr("\"name\":\"cameras/n-042\""),
                                  HasSubstr("\"displayName\":\"North gate\"")));
}

TEST_F(GatewayTest, GivesAServicesErrorWithItsStatus) {
  const Reply reply = Get("/v1/cameras/none");
  EXPECT_EQ(reply.result_int(), 404u);
  EXPECT_THAT(reply.body(), AllOf(HasSubstr("\"code\":404"), HasSubstr("\"status\":\"NOT_FOUND\""),
                                  HasSubstr("cameras/none")));
  EXPECT_EQ(Get("/v1/units?pageSize=-1").result_int(), 400u);
  services_.cameras.FailWith({grpc::StatusCode::UNAVAILABLE, "store: locked"});
  EXPECT_EQ(Get("/v1/cameras/none").result_int(), 503u);
  // The fake has no CreateCamera.
  EXPECT_EQ(Send(Make(http::verb::post, "/v1/cameras?cameraId=a", "{}")).result_int(), 501u);
}

TEST_F(GatewayTest, PassesAChangeOn) {
  const Reply reply =
      Send(Make(http::verb::patch, "/v1/cameras/a?updateMask=headingDeg", R"({"headingDeg":9})"));
  EXPECT_EQ(reply.result_int(), 200u) << reply.body();
  const v1::UpdateCameraRequest update = services_.cameras.last_update();
  EXPECT_EQ(update.camera().name(), "cameras/a");
  EXPECT_EQ(update.camera().heading_deg(), 9);
  EXPECT_EQ(update.update_mask().paths(0), "heading_deg");
}

TEST_F(GatewayTest, NamesTheFieldOfABadBody) {
  const Reply reply = Send(Make(http::verb::patch, "/v1/cameras/a", R"({"headingDeg":"north"})"));
  EXPECT_EQ(reply.result_int(), 400u);
  EXPECT_THAT(reply.body(),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("heading_deg"), HasSubstr("body")));
}

TEST_F(GatewayTest, GivesPicturesWithTheirTime) {
  const Reply reply = Get("/v1/cameras/a/snapshot");
  EXPECT_EQ(reply.result_int(), 200u);
  EXPECT_EQ(reply[http::field::content_type], "image/jpeg");
  EXPECT_EQ(reply["X-Picture-Time"], "2026-03-01T21:27:34.500Z");
  EXPECT_EQ(reply.body(), "\xff\xd8jpeg");
}

TEST_F(GatewayTest, AnswersTheNetworkOnceByItsTag) {
  const Reply first = Get("/v1/network");
  EXPECT_EQ(first.result_int(), 200u);
  EXPECT_EQ(first[http::field::content_type], "application/geo+json");
  Request again = Make(http::verb::get, "/v1/network");
  again.set(http::field::if_none_match, first[http::field::etag]);
  const Reply second = Send(again);
  EXPECT_EQ(second.result_int(), 304u);
  EXPECT_EQ(second.body(), "");
}

TEST_F(GatewayTest, CompressesForThoseWhoTakeIt) {
  services_.coverage.network = std::string(5'000'000, ' ') + "{}";
  Request request = Make(http::verb::get, "/v1/network");
  request.set(http::field::accept_encoding, "br, gzip");
  const Reply reply = Send(request);
  ASSERT_EQ(reply.result_int(), 200u);
  EXPECT_EQ(reply[http::field::content_encoding], "gzip");
  std::string text(services_.coverage.network.size(), '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string body = reply.body();
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = body.size();
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = text.size();
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(text, services_.coverage.network);
}

TEST_F(GatewayTest, RefusesUnknownPathsAndMethods) {
  EXPECT_EQ(Get("/v1/faces").result_int(), 404u);
  const Reply reply = Send(Make(http::verb::delete_, "/v1/coverage"));
  EXPECT_EQ(reply.result_int(), 405u);
  EXPECT_EQ(reply[http::field::allow], "GET");
  EXPECT_EQ(Get("/v1/stream").result_int(), 426u);
}

TEST_F(GatewayTest, RefusesAForeignHostName) {
  for (const char* host : {"wall.example.org", "localhost.example.org", "8.8.8.8", ""}) {
    Request request = Make(http::verb::get, "/v1/cameras");
    request.set(http::field::host, host);
    const Reply reply = Send(request);
    EXPECT_EQ(reply.result_int(), 421u) << host;
    EXPECT_THAT(reply.body(), HasSubstr(host)) << host;
  }
  EXPECT_TRUE(IsLoopbackHost("localhost"));
  EXPECT_TRUE(IsLoopbackHost("127.0.0.1:8080"));
  EXPECT_TRUE(IsLoopbackHost("[::1]:8080"));
}

TEST_F(GatewayTest, RefusesChangesFromAForeignPage) {
  Request request = Make(http::verb::patch, "/v1/cameras/a", R"({"headingDeg":9})");
  request.set(http::field::origin, "http://evil.example.org");
  EXPECT_EQ(Send(request).result_int(), 403u);
  request.set(http::field::origin, "http://localhost:1234");
  EXPECT_EQ(Send(request).result_int(), 200u);
  request.set(http::field::content_type, "text/plain");
  EXPECT_EQ(Send(request).result_int(), 415u);
}

TEST_F(GatewayTest, SendsNoCrossOriginPermissionAndAStrictPolicy) {
  const Reply reply = Get("/");
  EXPECT_EQ(reply.count(http::field::access_control_allow_origin), 0u);
  EXPECT_THAT(std::string(reply["Content-Security-Policy"]),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("worker-src blob:")));
}

TEST_F(GatewayTest, AnswersMalformedAndOversizedRequests) {
  asio::ip::tcp::socket malformed = Connect();
  asio::write(malformed, asio::buffer(std::string("GET / HTTP/9.9\r\n\r\n")));
  EXPECT_EQ(Read(malformed).result_int(), 400u);

  Request request = Make(http::verb::get, "/v1/cameras");
  request.set("X-Long", std::string(limits::kHttpHeaderBytesMax, 'x'));
  EXPECT_EQ(Send(request).result_int(), 431u);

  asio::ip::tcp::socket large = Connect();
  asio::write(large,
              asio::buffer(std::string("POST /v1/areas:import HTTP/1.1\r\nHost: localhost\r\n"
                                       "Content-Length: 900000000\r\n\r\n")));
  EXPECT_EQ(Read(large).result_int(), 413u);
}

TEST_F(GatewayTest, KeepsAConnectionForSeveralRequests) {
  asio::ip::tcp::socket socket = Connect();
  for (int i = 0; i < 3; ++i) {
    http::write(socket, Make(http::verb::get, "/v1/coverage"));
    EXPECT_THAT(Read(socket).body(), HasSubstr("\"revision\":\"7\""));
  }
  EXPECT_EQ(gateway_->counts().connections, 1u);
  EXPECT_EQ(gateway_->counts().requests, 3u);
}

TEST_F(GatewayTest, HeadGivesTheLengthWithoutTheBody) {
  const Reply reply = Send(Make(http::verb::head, "/v1/network"));
  EXPECT_EQ(reply.result_int(), 200u);
  EXPECT_EQ(reply[http::field::content_length], std::to_string(services_.coverage.network.size()));
  EXPECT_EQ(reply.body(), "");
}

TEST_F(GatewayTest, TellsThoseAboveTheLimit) {
  gateway_.reset();
  Options options;
  options.connections_max = 2;
  StartGateway(options);
  asio::ip::tcp::socket first = Connect();
  http::write(first, Make(http::verb::get, "/v1/coverage"));
  Read(first);
  asio::ip::tcp::socket second = Connect();
  http::write(second, Make(http::verb::get, "/v1/coverage"));
  Read(second);
  const Reply reply = Get("/v1/coverage");
  EXPECT_EQ(reply.result_int(), 503u);
  EXPECT_THAT(reply.body(), HasSubstr("2 connections"));
  EXPECT_EQ(gateway_->counts().connections_refused, 1u);
}

TEST_F(GatewayTest, StopClosesIdleConnections) {
  asio::ip::tcp::socket socket = Connect();
  http::write(socket, Make(http::verb::get, "/v1/coverage"));
  Read(socket);
  gateway_->Stop(absl::Seconds(10));
  char byte;
  boost::system::error_code error;
  socket.read_some(asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error);
}

TEST_F(GatewayTest, StopCutsOffWhoDoesNotFinish) {
  asio::ip::tcp::socket half = Connect();
  asio::write(half, asio::buffer(std::string("GET /v1/coverage HTT")));
  asio::ip::tcp::socket whole = Connect();
  http::write(whole, Make(http::verb::get, "/v1/coverage"));
  Read(whole);
  gateway_->Stop(absl::ZeroDuration());
  gateway_.reset();
  char byte;
  boost::system::error_code error;
  half.read_some(asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error);
}

TEST(Gateway, ListensOnLoopbackOnly) {
  FakeServices services;
  for (const char* address : {"0.0.0.0", "192.168.1.5", "::", "localhost", ""}) {
    Gateway gateway({.address = address, .port = 0}, services.channel());
    const absl::Status status = gateway.Start();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr(address));
  }
}

TEST(Gateway, SaysThatItsPortIsTaken) {
  FakeServices services;
  Gateway first({.port = 0}, services.channel());
  ASSERT_TRUE(first.Start().ok());
  Gateway second({.port = first.port()}, services.channel());
  const absl::Status status = second.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(first.port())));
}

}  // namespace
}  // namespace patrol::web
