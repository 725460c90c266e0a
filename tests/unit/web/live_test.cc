// GET /v1/cameras/{id}/live and live.mp4 over real sockets, from coded pictures made here.

#include <gtest/gtest.h>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/asio.h"
#include "lib/service/web/gateway.h"
#include "lib/service/web/live_stream.h"
#include "lib/video/ingest/subscribers.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/media/coded_stream.h"
#include "tests/unit/web/fake_services.h"

namespace patrol::web {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

// Cameras whose rings hold one keyframe; what comes next the test says.
class TownCameras : public LiveCameras {
 public:
  void Add(const std::string& id, media::AccessUnit first) {
    std::lock_guard lock(mutex_);
    cameras_[id] = {std::make_shared<const media::AccessUnit>(std::move(first)),
                    std::make_shared<ingest::Subscribers>()};
  }
  void Send(const std::string& id, const media::AccessUnit& unit) {
    Of(id)->OnAccessUnit(std::make_shared<const media::AccessUnit>(unit));
  }
  void Remove(const std::string& id) { Of(id)->End(); }

  absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Watch(
      const std::string& id, std::shared_ptr<media::AccessUnitListener> listener) override {
    std::lock_guard lock(mutex_);
    const auto found = cameras_.find(id);
    if (found == cameras_.end()) return absl::NotFoundError("no camera \"" + id + "\"");
    return found->second.subscribers->Add({found->second.first}, true, std::move(listener));
  }
  void Focus(const std::string& id, absl::Duration) override {
    std::lock_guard lock(mutex_);
    ++focus[id];
  }
  absl::StatusOr<std::string> ClipPath(const std::string& event_id) override {
    if (event_id != "e-1")
      return absl::NotFoundError("motion event \"" + event_id + "\" has no clip");
    return clip;
  }

  std::string clip;
  std::map<std::string, int> focus;  // guarded by mutex_ while the gateway runs

 private:
  struct Known {
    media::AccessUnitPtr first;
    std::shared_ptr<ingest::Subscribers> subscribers;
  };
  std::shared_ptr<ingest::Subscribers> Of(const std::string& id) {
    std::lock_guard lock(mutex_);
    return cameras_.at(id).subscribers;
  }
  std::mutex mutex_;
  std::map<std::string, Known> cameras_;
};

class Viewer {
 public:
  explicit Viewer(uint16_t port) : ws_(io_) {
    ws_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    ws_.read_message_max(0);
  }
  bool Open(const std::string& path) {
    boost::system::error_code error;
    ws_.handshake("localhost", path, error);
    return !error;
  }
  // The next message; "" when the socket was closed.
  std::string Next() {
    beast::flat_buffer buffer;
    boost::system::error_code error;
    ws_.read(buffer, error);
    return error ? "" : beast::buffers_to_string(buffer.data());
  }
  bool text() const { return ws_.got_text(); }
  websocket::close_reason reason() const { return ws_.reason(); }

 private:
  asio::io_context io_;
  websocket::stream<asio::ip::tcp::socket> ws_;
};

class LiveTest : public testing::Test {
 protected:
  // The status a live view is answered with, as read by a plain HTTP client.
  unsigned Ask(const std::string& path, const std::string& origin = "") {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), gateway_->port()});
    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    request.set("Sec-WebSocket-Version", "13");
    if (!origin.empty()) request.set(http::field::origin, origin);
    http::write(socket, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(socket, buffer, response);
    return response.result_int();
  }

  void SetUp() override {
    units_ = media::EncodeStream({.frames = 20, .gop = 10});
    ASSERT_EQ(units_.size(), 20u);
    cameras_.Add("n-1", units_[0]);
    gateway_.emplace(Options{.port = 0}, services_.channel(), &cameras_);
    ASSERT_TRUE(gateway_->Start().ok());
  }

  std::vector<media::AccessUnit> units_;
  FakeServices services_;
  TownCameras cameras_;
  std::optional<Gateway> gateway_;
};

TEST_F(LiveTest, SendsTheLastKeyframeAtOnceThenEachPicture) {
  Viewer viewer(gateway_->port());
  ASSERT_TRUE(viewer.Open("/v1/cameras/n-1/live"));
  const std::string hello = viewer.Next();
  EXPECT_TRUE(viewer.text());
  EXPECT_NE(hello.find(R"("codec":"avc1.)"), std::string::npos) << hello;
  EXPECT_NE(hello.find(R"("width":320,"height":240)"), std::string::npos) << hello;
  EXPECT_NE(hello.find(R"("startTime":"1970-01-01T00:00:00.000000Z")"), std::string::npos) << hello;
  const std::string init = viewer.Next();
  EXPECT_FALSE(viewer.text());
  EXPECT_EQ(init.substr(4, 4), "ftyp");
  EXPECT_EQ(viewer.Next().substr(4, 4), "moof");
  cameras_.Send("n-1", units_[1]);
  const std::string next = viewer.Next();
  EXPECT_EQ(next.substr(4, 4), "moof");
  EXPECT_GT(next.size(), 100u);
  EXPECT_EQ(gateway_->counts().live_viewers, 1);
  cameras_.Remove("n-1");
  EXPECT_EQ(viewer.Next(), "");
  EXPECT_EQ(viewer.reason().code, websocket::close_code::normal);
  EXPECT_NE(std::string(viewer.reason().reason.c_str()).find("was removed"), std::string::npos);
  EXPECT_GE(cameras_.focus["n-1"], 1);
}

TEST_F(LiveTest, RefusesWhatItCannotShowBeforeOpening) {
  cameras_.Add("m-1", {.codec = media::Codec::kMjpeg, .keyframe = true, .data = {1}});
  EXPECT_EQ(Ask("/v1/cameras/none/live"), 404u);
  EXPECT_EQ(Ask("/v1/cameras/m-1/live"), 501u);
  EXPECT_EQ(Ask("/v1/cameras/n-1/live", "http://elsewhere.example"), 403u);
  EXPECT_EQ(gateway_->counts().live_viewers, 0);
}

TEST_F(LiveTest, HasALimitOfViewers) {
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (size_t i = 0; i < limits::kLiveViewersMax; ++i) {
    viewers.push_back(std::make_unique<Viewer>(gateway_->port()));
    ASSERT_TRUE(viewers.back()->Open("/v1/cameras/n-1/live")) << i;
  }
  EXPECT_EQ(Ask("/v1/cameras/n-1/live"), 429u);
}

TEST_F(LiveTest, DropsPicturesOfASlowViewerAloneAndTellsItWhy) {
  Viewer slow(gateway_->port());
  Viewer quick(gateway_->port());
  ASSERT_TRUE(slow.Open("/v1/cameras/n-1/live"));
  ASSERT_TRUE(quick.Open("/v1/cameras/n-1/live"));
  for (int i = 0; i < 3; ++i) ASSERT_NE(quick.Next(), "");
  // Larger than what the sockets' buffers take, again and again; the slow one does not read.
  media::AccessUnit large = units_[0];
  const std::vector<uint8_t> filler(1024 * 1024, 0x55);
  std::vector<uint8_t> nal = {0x0c};  // filler data
  nal.insert(nal.end(), filler.begin(), filler.end());
  large.data.insert(large.data.end(), {0, 0, 0, 1});
  large.data.insert(large.data.end(), nal.begin(), nal.end());
  media::AccessUnit small = units_[1];
  absl::Time time = absl::UnixEpoch();
  for (int i = 0; i < 800; ++i) {
    media::AccessUnit& unit = i < 40 && i % 2 == 0 ? large : small;
    unit.time = time += absl::Milliseconds(40);
    cameras_.Send("n-1", unit);
    if (i < 40) {
      ASSERT_GT(quick.Next().size(), 100u) << i;
    }
  }
  std::string last = "begin";
  while (!last.empty()) last = slow.Next();
  EXPECT_EQ(slow.reason().code, websocket::close_code::policy_error);
  EXPECT_NE(std::string(slow.reason().reason.c_str()).find("too slow"), std::string::npos);
}

TEST_F(LiveTest, StreamsAsAFileUntilTheServiceStops) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), gateway_->port()});
  http::request<http::empty_body> request(http::verb::get, "/v1/cameras/n-1/live.mp4", 11);
  request.set(http::field::host, "localhost");
  http::write(socket, request);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  http::read_header(socket, buffer, parser);
  EXPECT_EQ(parser.get().result_int(), 200u);
  EXPECT_EQ(parser.get()[http::field::content_type], "video/mp4");
  EXPECT_EQ(parser.get()["Cross-Origin-Resource-Policy"], "same-origin");
  cameras_.Send("n-1", units_[1]);
  gateway_->Stop(absl::Seconds(3));
  boost::system::error_code error;
  http::read(socket, buffer, parser, error);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(parser.get().body().substr(4, 4), "ftyp");
  EXPECT_NE(parser.get().body().find("moof"), std::string::npos);
}

TEST_F(LiveTest, ServesClipsWholeAndInRanges) {
  const test::TemporaryFolder folder;
  cameras_.clip = folder.File("e-1.mp4");
  std::ofstream(cameras_.clip) << "0123456789";
  const auto get = [&](const std::string& path, const std::string& range) {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), gateway_->port()});
    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, "localhost");
    if (!range.empty()) request.set(http::field::range, range);
    http::write(socket, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(socket, buffer, response);
    const std::string said(response[http::field::content_range]);
    return absl::StrCat(response.result_int(), " ", said, " ",
                        response.result_int() < 300 ? response.body() : "");
  };
  const std::string clip = "/v1/motionEvents/e-1/clip";
  EXPECT_EQ(get(clip, ""), "200  0123456789");
  EXPECT_EQ(get(clip, "bytes=2-4"), "206 bytes 2-4/10 234");
  EXPECT_EQ(get(clip, "bytes=7-"), "206 bytes 7-9/10 789");
  EXPECT_EQ(get(clip, "bytes=7-99"), "206 bytes 7-9/10 789");
  EXPECT_EQ(get(clip, "bytes=-3"), "206 bytes 7-9/10 789");
  EXPECT_EQ(get(clip, "bytes=10-"), "416 bytes */10 ");
  EXPECT_EQ(get(clip, "bytes=-0"), "416 bytes */10 ");
  EXPECT_EQ(get(clip, "bytes=4-2"), "200  0123456789");
  EXPECT_EQ(get(clip, "bytes=0-1,4-5"), "200  0123456789");
  EXPECT_EQ(get("/v1/motionEvents/e-2/clip", ""), "404  ");
}

TEST_F(LiveTest, ClosesViewersWhenTheServiceStops) {
  Viewer viewer(gateway_->port());
  ASSERT_TRUE(viewer.Open("/v1/cameras/n-1/live"));
  for (int i = 0; i < 3; ++i) ASSERT_NE(viewer.Next(), "");
  std::thread stopping([this] { gateway_->Stop(absl::Seconds(3)); });
  EXPECT_EQ(viewer.Next(), "");
  EXPECT_EQ(viewer.reason().code, websocket::close_code::going_away);
  stopping.join();
  cameras_.Send("n-1", units_[1]);  // nobody listens any more
}

}  // namespace
}  // namespace patrol::web
