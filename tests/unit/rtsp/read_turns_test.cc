#include "lib/video/rtsp/read_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace patrol::rtsp {
namespace {

using testing::ElementsAre;

// A stream socket that is read in turn, and its other end.
class Camera {
 public:
  Camera() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  ~Camera() {
    watch_.Stop();
    ::close(ends_[0]);
    HangUp();
  }

  void Send(std::string_view text) {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void HangUp() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  int socket() const { return ends_[0]; }

  void Watch(ReadTurns& turns, std::function<bool()> read) {
    absl::StatusOr<ReadTurns::Watch> watch = turns.Add(socket(), std::move(read));
    ASSERT_TRUE(watch.ok()) << watch.status();
    watch_ = *std::move(watch);
  }
  void Forget() { watch_.Stop(); }

  // "" when nothing is there, nothing at the end of the stream.
  std::optional<std::string> Read(size_t most = 64) const {
    std::string text(most, 0);
    const ssize_t count = ::read(ends_[0], text.data(), text.size());
    if (count == 0) return std::nullopt;
    text.resize(count < 0 ? 0 : static_cast<size_t>(count));
    return text;
  }

 private:
  std::array<int, 2> ends_ = {-1, -1};
  ReadTurns::Watch watch_;
};

class ReadTurnsTest : public testing::Test {
 protected:
  // Notes what comes, at most `most` bytes a turn.
  void Follow(Camera& camera, std::string name, size_t most = 64) {
    camera.Watch(*turns_, [this, &camera, name, most] {
      const std::optional<std::string> text = camera.Read(most);
      came_.push_back(absl::StrCat(name, ":", text.value_or("end")));
      if (!text) camera.Forget();
      return text && text->size() == most;
    });
  }
  void RunFor(std::chrono::milliseconds time = std::chrono::milliseconds(30)) {
    loop_.restart();
    loop_.run_for(time);
  }

  asio::io_context loop_;
  std::shared_ptr<ReadTurns> turns_ = std::make_shared<ReadTurns>(loop_);
  std::vector<std::string> came_;
};

TEST_F(ReadTurnsTest, ReadsInTheOrderInWhichItCame) {
  Camera a, b, c;
  Follow(a, "a");
  Follow(b, "b");
  Follow(c, "c");
  c.Send("1");
  a.Send("2");
  b.Send("3");
  RunFor();
  EXPECT_THAT(came_, ElementsAre("c:1", "a:2", "b:3"));
  a.Send("4");
  RunFor();
  EXPECT_THAT(came_, ElementsAre("c:1", "a:2", "b:3", "a:4"));
}

TEST_F(ReadTurnsTest, ReadsWhatWasThereBefore) {
  Camera a;
  a.Send("1");
  Follow(a, "a");
  RunFor();
  EXPECT_THAT(came_, ElementsAre("a:1"));
}

TEST_F(ReadTurnsTest, OneThatHasMoreWaitsBehindTheOthers) {
  Camera a, b;
  Follow(a, "a", 2);
  Follow(b, "b");
  a.Send("12345");
  b.Send("6");
  RunFor();
  EXPECT_THAT(came_, ElementsAre("a:12", "b:6", "a:34", "a:5"));
}

TEST_F(ReadTurnsTest, TheEndBehindTheLastBytesIsSeen) {
  Camera a;
  Follow(a, "a");
  a.Send("1");
  a.HangUp();
  RunFor();
  EXPECT_THAT(came_, ElementsAre("a:1", "a:end")) << "both came at once: one edge";
}

TEST_F(ReadTurnsTest, TimersRunBetweenTwoSlices) {
  Camera a;
  asio::steady_timer timer(loop_, std::chrono::milliseconds(20));
  bool late = false;
  timer.async_wait([&](const boost::system::error_code&) {
    late = true;
    loop_.stop();
  });
  int turns = 0;
  a.Watch(*turns_, [&] {
    ++turns;
    return true;  // more and more
  });
  a.Send("1");
  RunFor(std::chrono::seconds(20));
  EXPECT_TRUE(late);
  EXPECT_GT(turns, 1);
}

TEST_F(ReadTurnsTest, WhoIsForgottenIsNotReadAnyMore) {
  Camera a, b;
  a.Watch(*turns_, [&] {
    came_.push_back("a");
    a.Forget();
    b.Forget();  // stands behind it
    return true;
  });
  Follow(b, "b");
  a.Send("1");
  b.Send("2");
  RunFor();
  EXPECT_THAT(came_, ElementsAre("a"));
}

TEST_F(ReadTurnsTest, AReadThatThrowsStopsNoOther) {
  Camera a, b;
  a.Watch(*turns_, []() -> bool { throw std::runtime_error("bad"); });
  Follow(b, "b");
  a.Send("1");
  b.Send("2");
  EXPECT_THROW(RunFor(), std::runtime_error);
  RunFor();
  EXPECT_THAT(came_, ElementsAre("b:2"));
}

TEST_F(ReadTurnsTest, MayEndWithinARead) {
  Camera a, b;
  a.Watch(*turns_, [&] {
    came_.push_back("a");
    turns_.reset();
    return true;
  });
  Follow(b, "b");
  a.Send("1");
  b.Send("2");
  RunFor();
  EXPECT_EQ(came_.front(), "a");
  a.Forget();
}

TEST_F(ReadTurnsTest, NoDescriptorsLeftIsSaid) {
  Camera a;
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::StatusOr<ReadTurns::Watch> watch = turns_->Add(a.socket(), [] { return false; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(watch.status().code(), absl::StatusCode::kResourceExhausted) << watch.status();
}

}  // namespace
}  // namespace patrol::rtsp
