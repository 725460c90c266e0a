// Goal: what some cameras of a fleet do, or what is done to them, costs the others nothing.
// Method: by count and order against scripted cameras, never by the clock of a busy machine: who is
// connected to how often, who is in flight with whom, whose session is interrupted.

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lib/video/ingest/connect_pacer.h"
#include "lib/video/ingest/fleet.h"
#include "tests/conformance/fleet_witness.h"

namespace patrol::ingest {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::RtspReply;
using test::RtspRequest;
using test::ScriptedCamera;
using test::ScriptedRtspServer;

// A keyframe and one picture more, and then nothing: the session stays and costs nothing.
ScriptedCamera Still() {
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    for (uint32_t i = 0; i < 2; ++i) connection.Send(writer.Unit(CodedClip()[i].data, i * 3600));
  };
  return camera;
}

// Counts the sessions that are between their first request and PLAY, and remembers the most.
class InFlight {
 public:
  ScriptedCamera Camera() {
    ScriptedCamera camera = Still();
    camera.first = [this](RtspConnection& connection, const RtspRequest& request) {
      std::lock_guard lock(mutex_);
      if (request.method == "PLAY") {
        now_.erase(&connection);
      } else if (request.method != "TEARDOWN" && request.method != "GET_PARAMETER") {
        now_.insert(&connection);
        most_ = std::max(most_, now_.size());
      }
      return false;
    };
    return camera;
  }
  size_t most() const {
    std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<const RtspConnection*> now_;
  size_t most_ = 0;
};

class FleetOfMany : public testing::Test {
 protected:
  void SetUp() override {
    if (CodedClip().empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
    setrlimit(RLIMIT_NOFILE, &limit);
    descriptors_ = limit.rlim_cur;
  }
  void Make(FleetOptions options = {}) {
    options.decode_all_while_room = false;
    options.silence_max = absl::Minutes(10);
    fleet_ = std::make_unique<Fleet>(options, SystemClock::Get(), witness_, witness_);
  }
  size_t Streaming(std::string_view prefix = "") {
    size_t streaming = 0;
    for (const auto& [id, state] : fleet_->States()) {
      if (id.starts_with(prefix) && state.phase == CameraPhase::kStreaming) ++streaming;
    }
    return streaming;
  }
  bool UntilStreaming(size_t count, std::string_view prefix = "") {
    // At 50 a second 700 take 14 s, on a busy machine more: Until waits 20 s since the last
    // progress.
    for (size_t before = 0;;) {
      const size_t now = Streaming(prefix);
      if (now >= count) return true;
      if (now == before && !witness_.Until([&] { return Streaming(prefix) != before; })) {
        return false;
      }
      before = now;
    }
  }

  rlim_t descriptors_ = 0;
  Witness witness_;
  std::unique_ptr<Fleet> fleet_;
};

// The same cameras once alone and once among as many dead ones as make up 30 %: a dead camera takes
// its turns of the pace (one in 20 ms), but no turn waits for its answer.
TEST(ConnectPacer, ThirtyPercentDeadCamerasDelayTheOthersByTheirTurnsAlone) {
  constexpr uint64_t kGood = 490, kDead = 210;
  ConnectPacer pacer(50, 2);
  for (uint64_t i = 0; i < kGood + kDead; ++i) {
    // Every third is dead until there are enough, each on a host of its own.
    pacer.Ask(i, absl::StrCat("host-", i));
  }
  absl::Duration now = absl::Seconds(100);
  const absl::Duration begun = now;
  std::vector<uint64_t> order;
  for (;;) {
    for (const uint64_t ticket : pacer.Take(now)) {
      order.push_back(ticket);
      // Who answers is done at once; the dead are in flight until long after.
      if (ticket % 10 >= 3) pacer.Release(absl::StrCat("host-", ticket));
    }
    if (order.size() == kGood + kDead) break;
    now = pacer.NextTake();
    ASSERT_NE(now, absl::InfiniteDuration());
  }
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_LE(now - begun, absl::Milliseconds(20) * (kGood + kDead));
}

TEST_F(FleetOfMany, ThirtyPercentDeadCamerasInterruptNobodyAndAreTriedLessAndLess) {
  constexpr int kGood = 70, kDead = 30;
  ScriptedCamera mute;
  mute.first = [](RtspConnection&, const RtspRequest&) { return true; };
  // Each dead camera on a host of its own, as in a town: a third refuses, a third never answers, a
  // third closes.
  int refusing_port = 0;
  { refusing_port = ScriptedRtspServer(mute).port(); }
  ScriptedCamera closing;
  closing.first = [](RtspConnection& connection, const RtspRequest&) {
    connection.Close();
    return true;
  };
  std::vector<std::unique_ptr<ScriptedRtspServer>> dead;
  ScriptedRtspServer good(Still());
  FleetOptions options;
  options.connects_per_host = 64;
  Make(options);
  for (int i = 0; i < kDead; ++i) {
    std::string url = absl::StrCat("rtsp://127.0.0.1:", refusing_port, "/", i);
    if (i % 3 != 0) {
      dead.push_back(std::make_unique<ScriptedRtspServer>(i % 3 == 1 ? mute : closing));
      url = dead.back()->Url();
    }
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("dead-", i), .url = url}).ok());
  }
  for (int i = 0; i < kGood; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = absl::StrCat("good-", i), .url = good.Url()}).ok());
  }
  ASSERT_TRUE(UntilStreaming(kGood, "good-"));
  // The good ones were connected to once each, while none of the dead had given up its turn yet or
  // after some had begun again: neither made one of them wait for an answer.
  EXPECT_EQ(good.connections(), kGood);
  // Those that close at once come back, later each time: never as often as the pace would allow.
  ASSERT_TRUE(witness_.Until([&] {
    return std::all_of(dead.begin(), dead.end(),
                       [](const auto& d) { return d->connections() >= 1; });
  }));
  for (const auto& [id, state] : fleet_->States()) {
    if (!id.starts_with("good-")) {
      EXPECT_NE(state.phase, CameraPhase::kStreaming) << id;
      continue;
    }
    EXPECT_EQ(state.phase, CameraPhase::kStreaming) << id;
    EXPECT_EQ(state.reconnects, 0) << id;
    EXPECT_EQ(state.packets_lost, 0) << id;
  }
}

TEST_F(FleetOfMany, AHundredOfSevenHundredCamerasChangeAndTheOthersStayAsTheyAre) {
  constexpr int kStay = 600, kChange = 100;
  if (descriptors_ < 3000) GTEST_SKIP() << "only " << descriptors_ << " descriptors";
  ScriptedRtspServer steady(Still());
  ScriptedRtspServer before(Still());
  ScriptedRtspServer after(Still());
  ScriptedRtspServer added(Still());
  FleetOptions options;
  options.connects_per_host = 64;
  Make(options);
  const auto id = [](const char* kind, int i) { return absl::StrCat(kind, i); };
  for (int i = 0; i < kStay; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = id("stay-", i), .url = steady.Url()}).ok());
  }
  for (int i = 0; i < kChange; ++i) {
    ASSERT_TRUE(fleet_->AddCamera({.id = id("change-", i), .url = before.Url()}).ok());
  }
  ASSERT_TRUE(UntilStreaming(kStay + kChange));

  const absl::Time begun = absl::Now();
  for (int i = 0; i < kChange; ++i) {
    const std::string changed = id("change-", i);
    if (i % 3 == 0) {
      ASSERT_TRUE(fleet_->RemoveCamera(changed).ok());
      ASSERT_TRUE(fleet_->AddCamera({.id = id("new-", i), .url = added.Url()}).ok());
    } else {
      ASSERT_TRUE(fleet_->UpdateCamera({.id = changed, .url = after.Url()}).ok());
    }
  }
  constexpr int kNew = 34, kMoved = 66;
  ASSERT_TRUE(UntilStreaming(kStay + kChange));
  RecordProperty("changed_within_ms",
                 static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - begun)));
  EXPECT_TRUE(before.WaitForRequests("TEARDOWN", kChange));
  EXPECT_TRUE(after.WaitForRequests("PLAY", kMoved));
  EXPECT_TRUE(added.WaitForRequests("PLAY", kNew));
  // No connect more than needed: with the pace of 50 a second that is two seconds' worth.
  EXPECT_EQ(after.connections() + added.connections(), kChange);
  EXPECT_EQ(steady.connections(), kStay);
  for (const RtspRequest& request : steady.requests()) {
    ASSERT_NE(request.method, "TEARDOWN");
  }
  for (const auto& [name, state] : fleet_->States()) {
    if (name.starts_with("stay-")) {
      ASSERT_EQ(state.reconnects, 0) << name;
    }
  }
  // Planned closes, all of them at once.
  fleet_->Shutdown();
  EXPECT_TRUE(steady.WaitForRequests("TEARDOWN", kStay));
  EXPECT_TRUE(after.WaitForRequests("TEARDOWN", kMoved));
  EXPECT_TRUE(added.WaitForRequests("TEARDOWN", kNew));
}

TEST_F(FleetOfMany, ConnectsToARecorderNoFasterThanItsCamerasSay) {
  for (const int per_host : {1, 4}) {
    constexpr int kChannels = 16;
    InFlight counted;
    ScriptedRtspServer recorder(counted.Camera());
    FleetOptions options;
    options.connects_per_host = 2;
    options.connects_per_second = 1000;  // only the host's number holds them up
    Make(options);
    for (int i = 0; i < kChannels; ++i) {
      ASSERT_TRUE(fleet_
                      ->AddCamera({.id = absl::StrCat("channel-", i),
                                   .url = recorder.Url(absl::StrCat("/", i)),
                                   .connects_per_host = per_host})
                      .ok());
    }
    ASSERT_TRUE(UntilStreaming(kChannels));
    EXPECT_LE(counted.most(), static_cast<size_t>(per_host));
    fleet_.reset();
  }
}

TEST_F(FleetOfMany, TheSecondCameraOfARecorderWaitsUntilTheFirstPlays) {
  std::atomic<bool> answer = false;
  ScriptedCamera slow = Still();
  slow.first = [&answer](RtspConnection&, const RtspRequest&) {
    while (!answer) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return false;
  };
  ScriptedRtspServer recorder(slow);
  ScriptedRtspServer elsewhere(Still());
  FleetOptions options;
  options.connects_per_second = 1000;
  options.request_timeout = absl::Minutes(1);
  Make(options);
  for (const char* id : {"r-1", "r-2"}) {
    ASSERT_TRUE(fleet_->AddCamera({.id = id, .url = recorder.Url(), .connects_per_host = 1}).ok());
  }
  ASSERT_TRUE(fleet_->AddCamera({.id = "other", .url = elsewhere.Url()}).ok());
  // Asked for last and elsewhere, it does not wait for the recorder.
  ASSERT_TRUE(UntilStreaming(1, "other"));
  ASSERT_TRUE(recorder.WaitForRequests("OPTIONS", 1));
  EXPECT_EQ(recorder.connections(), 1);
  EXPECT_EQ(fleet_->State("r-2")->phase, CameraPhase::kWaiting);
  answer = true;
  EXPECT_TRUE(UntilStreaming(2, "r-"));
  EXPECT_EQ(recorder.connections(), 2);
}

TEST_F(FleetOfMany, ACameraThatFallsSilentIsOfflineAndIsSaidToBe) {
  // What the limits promise: silence is noticed, and said, within ten seconds.
  static_assert(limits::kStreamSilenceMax <= absl::Seconds(9));
  ScriptedRtspServer silent(Still());
  ScriptedRtspServer other(Still());
  FleetOptions options;
  options.decode_all_while_room = false;
  options.silence_max = absl::Milliseconds(300);
  fleet_ = std::make_unique<Fleet>(options, SystemClock::Get(), witness_, witness_);
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = silent.Url()}).ok());
  const auto told = [&](CameraPhase phase, std::string_view reason) {
    const std::vector<CameraState> phases = witness_.phases("cam");
    return std::any_of(phases.begin(), phases.end(), [&](const CameraState& state) {
      return state.phase == phase &&
             absl::StrContains(state.reason, absl::string_view(reason.data(), reason.size()));
    });
  };
  ASSERT_TRUE(witness_.Until([&] { return told(CameraPhase::kStreaming, ""); }));
  ASSERT_TRUE(witness_.Until([&] { return told(CameraPhase::kWaiting, "no picture for"); }));
  // It is told goodbye, in case it holds the session.
  EXPECT_TRUE(silent.WaitForRequests("TEARDOWN", 1));
}

}  // namespace
}  // namespace patrol::ingest
