#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/asio.h"
#include "lib/service/web/gateway.h"
#include "tests/unit/web/fake_services.h"

namespace patrol::web {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

v1::Camera MakeCamera(const std::string& id, bool moving) {
  v1::Camera camera;
  camera.set_name("cameras/" + id);
  camera.mutable_state()->set_phase(v1::CAMERA_PHASE_STREAMING);
  camera.mutable_state()->set_moving(moving);
  return camera;
}

v1::Coverage MakeCoverage(int64_t revision) {
  v1::Coverage coverage;
  coverage.set_revision(revision);
  return coverage;
}

v1::WatchMotionEventsResponse MakeChange(int64_t revision, const std::string& id) {
  v1::WatchMotionEventsResponse change;
  change.set_revision(revision);
  change.mutable_motion_event()->set_name("motionEvents/" + id);
  return change;
}

// A client of GET /v1/stream.
class Client {
 public:
  explicit Client(uint16_t port, const std::string& origin = "") : ws_(io_) {
    ws_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    ws_.set_option(websocket::stream_base::decorator([origin](websocket::request_type& request) {
      if (!origin.empty()) request.set("Origin", origin);
    }));
    ws_.read_message_max(0);
  }
  boost::system::error_code Open() {
    boost::system::error_code error;
    ws_.handshake("localhost", "/v1/stream", error);
    return error;
  }
  // The next message; "" when the socket was closed.
  std::string Next() {
    beast::flat_buffer buffer;
    boost::system::error_code error;
    ws_.read(buffer, error);
    return error ? "" : beast::buffers_to_string(buffer.data());
  }
  // The next message that has all of `parts`.
  std::string Await(const std::vector<std::string>& parts) {
    while (true) {
      const std::string message = Next();
      bool all = true;
      for (const std::string& part : parts) all = all && message.find(part) != std::string::npos;
      if (all || message.empty()) return message;
    }
  }
  websocket::close_reason reason() const { return ws_.reason(); }

 private:
  asio::io_context io_;
  websocket::stream<asio::ip::tcp::socket> ws_;
};

class StreamTest : public testing::Test {
 protected:
  void StartGateway(Options options = {}) {
    options.port = 0;
    options.units_poll_interval = absl::Milliseconds(20);
    options.cameras_poll_interval = absl::Milliseconds(20);
    gateway_.emplace(options, services_.channel());
    ASSERT_TRUE(gateway_->Start().ok());
  }

  FakeServices services_;
  std::optional<Gateway> gateway_;
};

TEST_F(StreamTest, SendsAllThatIsKnownThenWhatChanges) {
  services_.cameras.Set(MakeCamera("a", false));
  services_.cameras.Set(MakeCamera("b", false));
  v1::Unit unit;
  unit.set_name("units/u-1");
  services_.units.Set(unit);
  services_.coverage.pushed.Push(MakeCoverage(41));
  v1::MotionEvent event;
  event.set_name("motionEvents/e-1");
  services_.motion.Store(event);
  StartGateway();

  Client client(gateway_->port());
  ASSERT_FALSE(client.Open());
  EXPECT_THAT(client.Next(), AllOf(HasSubstr("\"type\":\"hello\""), HasSubstr("\"time\":\"20")));
  client.Await({"\"type\":\"units\"", "units/u-1"});
  EXPECT_THAT(client.Await({"\"type\":\"cameras\"", "\"snapshot\":true"}),
              AllOf(HasSubstr("cameras/a"), HasSubstr("cameras/b")));

  services_.cameras.Set(MakeCamera("b", true));
  EXPECT_THAT(
      client.Await({"\"type\":\"cameras\"", "\"snapshot\":false"}),
      AllOf(HasSubstr("cameras/b"), HasSubstr("\"moving\":true"), Not(HasSubstr("cameras/a"))));
  services_.cameras.Remove("cameras/a");
  EXPECT_THAT(client.Await({"\"type\":\"cameras\""}), HasSubstr("\"removed\":[\"cameras/a\"]"));

  services_.coverage.pushed.Push(MakeCoverage(42));
  EXPECT_THAT(client.Await({"\"type\":\"coverage\"", "\"revision\":\"42\""}),
              HasSubstr("\"coverage\":{"));
  services_.motion.pushed.Push(MakeChange(1, "e-2"));
  EXPECT_THAT(client.Await({"\"type\":\"motion\"", "\"snapshot\":false"}),
              AllOf(HasSubstr("motionEvents/e-2"), Not(HasSubstr("motionEvents/e-1"))));

  Client second(gateway_->port());
  ASSERT_FALSE(second.Open());
  EXPECT_THAT(second.Next(), HasSubstr("\"type\":\"hello\""));
  EXPECT_THAT(second.Next(),
              AllOf(HasSubstr("\"type\":\"heartbeat\""), HasSubstr("\"coverage\":\"live\"")));
  EXPECT_THAT(second.Next(), HasSubstr("\"revision\":\"42\""));
  EXPECT_THAT(second.Next(), AllOf(HasSubstr("\"snapshot\":true"), HasSubstr("motionEvents/e-1"),
                                   HasSubstr("motionEvents/e-2")));
  EXPECT_THAT(second.Next(), HasSubstr("units/u-1"));
  EXPECT_THAT(second.Next(), HasSubstr("cameras/b"));
  EXPECT_EQ(gateway_->counts().sockets, 2u);
}

TEST_F(StreamTest, LeavesCountersOutSoThatAQuietCameraIsNoNews) {
  v1::Camera camera = MakeCamera("a", false);
  services_.cameras.Set(camera);
  StartGateway();
  Client client(gateway_->port());
  ASSERT_FALSE(client.Open());
  client.Await({"\"type\":\"cameras\"", "cameras/a"});
  camera.mutable_state()->set_bytes(123456);
  camera.mutable_state()->mutable_picture_time()->set_seconds(5);
  services_.cameras.Set(camera);
  camera.set_name("cameras/b");
  services_.cameras.Set(camera);
  EXPECT_THAT(client.Await({"\"type\":\"cameras\""}),
              AllOf(HasSubstr("cameras/b"), Not(HasSubstr("cameras/a")), Not(HasSubstr("123456"))));
}

TEST_F(StreamTest, ResumesAWatchThatBroke) {
  StartGateway();
  Client client(gateway_->port());
  ASSERT_FALSE(client.Open());
  services_.motion.pushed.Push(MakeChange(17, "e-1"));
  client.Await({"\"type\":\"motion\"", "e-1"});
  services_.motion.pushed.End({grpc::StatusCode::UNAVAILABLE, "store: locked"});
  EXPECT_THAT(client.Await({"\"type\":\"heartbeat\"", "store: locked"}),
              HasSubstr("\"motion\":\"UNAVAILABLE: store: locked\""));
  services_.motion.pushed.WaitUntilOpened(2);
  EXPECT_THAT(services_.motion.watched_after(), testing::ElementsAre(0, 17));
}

TEST_F(StreamTest, BeginsAnewWhenWhatItMissedIsNoLongerKept) {
  StartGateway();
  Client client(gateway_->port());
  ASSERT_FALSE(client.Open());
  services_.motion.pushed.Push(MakeChange(17, "e-1"));
  client.Await({"\"type\":\"motion\"", "e-1"});
  services_.motion.pushed.End({grpc::StatusCode::OUT_OF_RANGE, "revision 17: not kept"});
  v1::MotionEvent event;
  event.set_name("motionEvents/e-9");
  services_.motion.Store(event);
  EXPECT_THAT(client.Await({"\"snapshot\":true", "motionEvents/e-9"}), Not(HasSubstr("e-1\"")));
}

TEST_F(StreamTest, RefusesAForeignPage) {
  StartGateway();
  Client foreign(gateway_->port(), "http://evil.example.org");
  EXPECT_TRUE(foreign.Open());
  Client own(gateway_->port(), "http://localhost");
  EXPECT_FALSE(own.Open());
}

TEST_F(StreamTest, ClosesASlowSocketWithTheReason) {
  Options options;
  options.socket_backlog_max = 16;
  StartGateway(options);
  Client slow(gateway_->port());
  ASSERT_FALSE(slow.Open());
  ASSERT_THAT(slow.Next(), HasSubstr("hello"));
  // More than the kernel's buffers take: a megabyte a message, and nobody reads.
  v1::Coverage large = MakeCoverage(1);
  large.mutable_town()->set_display_name(std::string(1 << 20, 'x'));
  int pushed = 0;
  while (gateway_->counts().sockets_dropped == 0 && pushed < 400) {
    services_.coverage.pushed.Push(large);
    // A healthy reader sets the pace: when it has the message, the slow one was given it too.
    Client healthy(gateway_->port());
    ASSERT_FALSE(healthy.Open());
    large.set_revision(++pushed + 1);
    healthy.Await({"\"type\":\"coverage\""});
  }
  EXPECT_EQ(gateway_->counts().sockets_dropped, 1u);
  while (!slow.Next().empty()) {
  }
  EXPECT_EQ(slow.reason().code, websocket::close_code::policy_error);
  EXPECT_EQ(slow.reason().reason, "too slow: 16 messages were waiting");
}

TEST_F(StreamTest, TellsSocketsThatTheServiceStops) {
  StartGateway();
  Client client(gateway_->port());
  ASSERT_FALSE(client.Open());
  ASSERT_THAT(client.Next(), HasSubstr("hello"));
  std::string last = "open";
  std::thread reader([&] {
    while (!last.empty()) last = client.Next();
  });
  gateway_->Stop(absl::Seconds(10));
  reader.join();
  EXPECT_EQ(client.reason().code, websocket::close_code::going_away);
}

}  // namespace
}  // namespace patrol::web
