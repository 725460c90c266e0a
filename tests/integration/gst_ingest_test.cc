// Goal: the fleet plays what an RTSP server that is not ours serves, and comes back at each end of
// a clip. Method: GStreamer's server with real clips, each in real time; skipped by name where the
// script, GStreamer's Python bindings or the clips are absent.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lib/video/ingest/fleet.h"

extern char** environ;

namespace patrol::ingest {
namespace {

namespace fs = std::filesystem;

const fs::path kShared = PATROL_SHARED_DIR;
const fs::path kScript = kShared / "check/gst_rtsp_server.py";
const fs::path kClips = kShared / "data/video";

int FreePort() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool connected =
      ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(descriptor);
  return connected;
}

bool Within(std::chrono::seconds most, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// GStreamer's server as a child process, ended with the object.
class GstServer {
 public:
  explicit GstServer(std::vector<std::string> arguments) : port_(FreePort()) {
    std::vector<std::string> words = {"/usr/bin/python3", kScript.string(), "--port",
                                      std::to_string(port_)};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    EXPECT_EQ(::posix_spawn(&child_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~GstServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  bool WaitUntilItListens() const {
    return Within(std::chrono::seconds(60), [this] { return Listens(port_); });
  }
  std::string Url(const std::string& name) const {
    return absl::StrCat("rtsp://127.0.0.1:", port_, "/", name);
  }

 private:
  const int port_;
  pid_t child_ = -1;
};

class Counter : public PictureSink, public CameraStateSink {
 public:
  void OnPicture(const std::string& camera_id, const media::Picture& picture,
                 PictureOrigin) override {
    std::lock_guard lock(mutex_);
    absl::Time& last = last_[camera_id];
    stepped_back_ = stepped_back_ || picture.time() <= last;
    last = picture.time();
  }
  void OnCameraState(const std::string&, const CameraState&) override {}
  bool stepped_back() const {
    std::lock_guard lock(mutex_);
    return stepped_back_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, absl::Time> last_;
  bool stepped_back_ = false;
};

class GstIngest : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kScript)) GTEST_SKIP() << kScript << " is absent";
    if (!fs::exists(kClips / "thermal_5.h264.mp4")) GTEST_SKIP() << kClips << " is absent";
    const int found = std::system(
        "/usr/bin/python3 -c \"import gi; gi.require_version('GstRtspServer', '1.0')\" "
        "2>/dev/null");
    if (found != 0) GTEST_SKIP() << "GStreamer's RTSP server is not installed";
  }
  static std::string Clip(const std::string& name, const std::string& file) {
    return absl::StrCat(name, "=", (kClips / file).string());
  }
  CameraState State(const std::string& id) const {
    const auto state = fleet_.State(id);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? *state : CameraState();
  }

  Counter counter_;
  Fleet fleet_{FleetOptions{.analysed_per_second = 60, .decode_everything = true},
               SystemClock::Get(), counter_, counter_};
};

TEST_F(GstIngest, PlaysClipsAndComesBackAtTheirEnd) {
  // A short one that ends three times, and others that do not; the last of them has B-frames.
  GstServer server({Clip("short", "thermal_5.h264.mp4"), Clip("highway", "highway.h264.mp4"),
                    Clip("cars", "car-detection.mp4"), Clip("bottles", "bottle-detection.mp4")});
  ASSERT_TRUE(server.WaitUntilItListens());
  const std::vector<std::string> ids = {"short", "highway", "cars", "bottles"};
  for (const std::string& id : ids) {
    ASSERT_TRUE(fleet_.AddCamera({.id = id, .url = server.Url(id)}).ok());
  }
  ASSERT_TRUE(Within(std::chrono::seconds(90), [&] { return State("short").reconnects >= 2; }))
      << State("short").reason;
  for (const std::string& id : ids) {
    const CameraState state = State(id);
    SCOPED_TRACE(absl::StrCat(id, ": ", std::string(PhaseName(state.phase)), " ", state.reason));
    EXPECT_EQ(state.codec, "H.264");
    EXPECT_GT(state.width, 0);
    EXPECT_EQ(state.packets_lost, 0);
    EXPECT_EQ(state.decode_errors, 0);
    EXPECT_EQ(state.access_units_dropped, 0);
    EXPECT_FALSE(state.blind);
    EXPECT_FALSE(fleet_.LastGop(id).empty());
    RecordProperty(id + "_pictures", static_cast<int>(state.pictures_decoded));
    for (const auto& [name, count] : state.quirks) {
      RecordProperty(id + "_" + name, static_cast<int>(count));
    }
  }
  // Twice the clip's 123 pictures in full, all but those a decoder holds back at the end.
  EXPECT_GE(State("short").pictures_decoded, 2 * 110);
  EXPECT_EQ(State("highway").reconnects, 0);
  EXPECT_FALSE(counter_.stepped_back());
}

TEST_F(GstIngest, AnswersItsDigestChallenge) {
  GstServer server(
      {"--user", "op", "--password", "pass word", Clip("short", "thermal_5.h264.mp4")});
  ASSERT_TRUE(server.WaitUntilItListens());
  ASSERT_TRUE(
      fleet_
          .AddCamera(
              {.id = "right", .url = server.Url("short"), .user = "op", .password = "pass word"})
          .ok());
  ASSERT_TRUE(
      fleet_
          .AddCamera(
              {.id = "wrong", .url = server.Url("short"), .user = "op", .password = "hunter2"})
          .ok());
  EXPECT_TRUE(Within(std::chrono::seconds(60), [&] { return State("right").reconnects >= 1; }))
      << State("right").reason;
  EXPECT_EQ(State("right").decode_errors, 0);
  EXPECT_TRUE(Within(std::chrono::seconds(60), [&] {
    return absl::StrContains(State("wrong").reason, "refused the user or the password");
  })) << State("wrong").reason;
  EXPECT_EQ(State("wrong").access_units, 0);
}

TEST_F(GstIngest, PlaysOverUdpWhereTheServerHasNothingElseOrItIsAskedTo) {
  GstServer udp_only({"--udp-only", Clip("highway", "highway.h264.mp4")});
  GstServer both({Clip("cars", "car-detection.mp4")});
  ASSERT_TRUE(udp_only.WaitUntilItListens());
  ASSERT_TRUE(both.WaitUntilItListens());
  ASSERT_TRUE(fleet_.AddCamera({.id = "found_out", .url = udp_only.Url("highway")}).ok());
  ASSERT_TRUE(
      fleet_.AddCamera({.id = "asked", .url = both.Url("cars"), .transport = rtsp::Transport::kUdp})
          .ok());
  for (const char* id : {"found_out", "asked"}) {
    EXPECT_TRUE(Within(std::chrono::seconds(60), [&] { return State(id).pictures_decoded >= 75; }))
        << id << ": " << State(id).reason;
    EXPECT_EQ(State(id).packets_lost, 0) << id;
    EXPECT_EQ(State(id).decode_errors, 0) << id;
  }
  EXPECT_TRUE(Within(std::chrono::seconds(30),
                     [&] { return State("found_out").quirks.contains("tcp_refused"); }));
  EXPECT_FALSE(counter_.stepped_back());
}

}  // namespace
}  // namespace patrol::ingest
