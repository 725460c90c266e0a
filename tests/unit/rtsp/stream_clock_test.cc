#include "lib/video/rtsp/stream_clock.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/rtsp/ntp.h"

namespace patrol::rtsp {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kMonotonicStart = absl::Seconds(5000);

// A camera of 15 fps whose units arrive after `delay`.
class Camera {
 public:
  absl::Time Unit(absl::Duration captured, absl::Duration delay, double ppm = 0) {
    const double seconds = absl::ToDoubleSeconds(captured) * (1 + ppm * 1e-6);
    const auto rtp =
        static_cast<uint32_t>(static_cast<uint64_t>(std::llround(seconds * 90000)) + first_rtp);
    return clock.OnUnit(rtp, kStart + captured + delay + wall_step,
                        kMonotonicStart + captured + delay);
  }
  uint32_t first_rtp = 0xfffff000u;  // wraps at once
  absl::Duration wall_step;
  QuirkCounts quirks;
  StreamClock clock{90000, &quirks};
};

TEST(NtpToTime, KnowsBothEras) {
  EXPECT_EQ(NtpToTime(uint64_t{2'208'988'800} << 32), absl::UnixEpoch());
  EXPECT_EQ(NtpToTime(uint64_t{2'208'988'801} << 32 | 0x80000000u),
            absl::UnixEpoch() + absl::Milliseconds(1500));
  EXPECT_GT(NtpToTime(uint64_t{1} << 32), absl::FromUnixSeconds(2'085'978'496));
}

TEST(StreamClock, FollowsTheLeastDelayedUnitThroughJitterAndTheWrap) {
  Camera camera;
  absl::Time last = absl::InfinitePast();
  for (int i = 0; i < 900; ++i) {
    const absl::Duration captured = absl::Seconds(1) / 15 * i;
    const absl::Time time = camera.Unit(captured, absl::Milliseconds(20 + i * 37 % 180));
    EXPECT_GT(time, last);
    last = time;
    if (i > 30) {
      const double error_ms = absl::ToDoubleMilliseconds(time - (kStart + captured));
      EXPECT_GE(error_ms, 0) << i;
      EXPECT_LE(error_ms, 30) << i;
    }
  }
  EXPECT_TRUE(camera.quirks.empty());
}

TEST(StreamClock, FollowsADriftingCamera) {
  for (const double ppm : {-500.0, 500.0}) {
    Camera camera;
    for (int i = 0; i < 15 * 600; ++i) {
      const absl::Duration captured = absl::Seconds(1) / 15 * i;
      const absl::Time time = camera.Unit(captured, absl::Milliseconds(20), ppm);
      EXPECT_LE(std::abs(absl::ToDoubleMilliseconds(time - (kStart + captured))), 50)
          << ppm << " ppm at " << captured;
    }
  }
}

TEST(StreamClock, BelievesASenderReportNearTheReceiveClock) {
  Camera camera;
  camera.first_rtp = 1000;
  camera.Unit(absl::ZeroDuration(), absl::Milliseconds(80));
  camera.clock.OnSenderReport(Ntp(kStart), 1000);
  const absl::Time time = camera.Unit(absl::Seconds(1), absl::Milliseconds(80));
  EXPECT_LE(absl::AbsDuration(time - (kStart + absl::Seconds(1))), absl::Milliseconds(1));
}

TEST(StreamClock, DoubtsACameraWhoseClockIsHoursOff) {
  Camera camera;
  camera.first_rtp = 1000;
  camera.Unit(absl::ZeroDuration(), absl::Milliseconds(20));
  camera.clock.OnSenderReport(Ntp(kStart - absl::Hours(8)), 1000);
  const absl::Time time = camera.Unit(absl::Seconds(1), absl::Milliseconds(20));
  EXPECT_LE(absl::AbsDuration(time - (kStart + absl::Seconds(1))), absl::Milliseconds(50));
  EXPECT_EQ(camera.quirks["camera_clock_off"], 1);
  camera.clock.OnSenderReport(0, 1000);
  EXPECT_EQ(camera.quirks["sender_report_without_time"], 1);
}

TEST(StreamClock, SurvivesAJumpOfTheRtpTimeWithoutSteppingBack) {
  Camera camera;
  camera.Unit(absl::ZeroDuration(), absl::ZeroDuration());
  const absl::Time before = camera.Unit(absl::Seconds(1), absl::ZeroDuration());
  for (const uint32_t jump : {90000u * 3600u, 0x80000000u, 0u - 90000u * 7200u}) {
    camera.first_rtp += jump;
    const absl::Time after = camera.Unit(absl::Seconds(2), absl::ZeroDuration());
    EXPECT_GT(after, before);
    EXPECT_LE(absl::AbsDuration(after - (kStart + absl::Seconds(2))), absl::Milliseconds(50));
  }
  EXPECT_EQ(camera.quirks["rtp_time_jump"], 3);
}

TEST(StreamClock, GivesReorderedPicturesTheirOwnTimes) {
  Camera camera;
  // As decoded: I0 P3 B1 B2 P6 B4 B5, 40 ms apart, each received when it was coded.
  std::vector<absl::Time> times(7);
  int received = 3;
  for (const int shown : {0, 3, 1, 2, 6, 4, 5}) {
    const absl::Duration captured = absl::Milliseconds(40) * shown;
    times[static_cast<size_t>(shown)] =
        camera.Unit(captured, absl::Milliseconds(40) * received++ - captured);
  }
  // The first picture was held back before it was sent, which only the second can tell.
  for (size_t i = 2; i < times.size(); ++i) EXPECT_GT(times[i], times[i - 1]) << i;
  EXPECT_EQ(camera.quirks["pictures_reordered"], 4);
}

TEST(StreamClock, TellsTheAgeOfABacklogHoweverLongItLasts) {
  Camera camera;
  camera.first_rtp = 1000;
  EXPECT_EQ(camera.clock.AgeOf(1000, kStart), absl::InfiniteDuration());
  camera.Unit(absl::ZeroDuration(), absl::Milliseconds(30));
  camera.clock.OnSenderReport(Ntp(kStart), 1000);
  // From the second second on everything comes 400 ms late: the receive line gets used to it, and
  // reports, that late themselves, are no longer believed.
  for (int i = 15; i < 15 * 25; ++i) {
    const absl::Duration captured = absl::Seconds(1) / 15 * i;
    camera.Unit(captured, absl::Milliseconds(400));
    const auto rtp = static_cast<uint32_t>(1000 + 6000 * i);
    const absl::Duration age = camera.clock.AgeOf(rtp, kStart + captured + absl::Milliseconds(400));
    EXPECT_NEAR(absl::ToDoubleMilliseconds(age), 400, 1) << i;
  }
  // A camera whose clock is a little ahead does not make pictures of the future.
  EXPECT_EQ(camera.clock.AgeOf(1000, kStart - absl::Milliseconds(20)), absl::ZeroDuration());
}

TEST(StreamClock, KnowsNoAgeBehindAJumpOrALongTimeAfterTheLastReport) {
  Camera camera;
  camera.first_rtp = 1000;
  camera.Unit(absl::ZeroDuration(), absl::Milliseconds(30));
  camera.clock.OnSenderReport(Ntp(kStart), 1000);
  EXPECT_EQ(camera.clock.AgeOf(1000 + 31 * 90000, kStart + absl::Seconds(31)),
            absl::InfiniteDuration());
  camera.first_rtp += 90000 * 10;
  camera.Unit(absl::Seconds(1), absl::Milliseconds(30));
  EXPECT_EQ(camera.quirks["rtp_time_jump"], 1);
  EXPECT_EQ(camera.clock.AgeOf(1000 + 90000 * 11, kStart + absl::Seconds(1)),
            absl::InfiniteDuration());
}

TEST(StreamClock, FollowsOurOwnClockForwardAndHoldsStillWhenItIsSetBack) {
  Camera camera;
  camera.Unit(absl::ZeroDuration(), absl::ZeroDuration());
  camera.wall_step = absl::Seconds(100);
  const absl::Time forward = camera.Unit(absl::Seconds(1), absl::ZeroDuration());
  EXPECT_EQ(forward, kStart + absl::Seconds(101));
  camera.wall_step = absl::ZeroDuration();
  const absl::Time back = camera.Unit(absl::Seconds(2), absl::ZeroDuration());
  EXPECT_GT(back, forward);
  EXPECT_LE(back, forward + absl::Milliseconds(1));
}

}  // namespace
}  // namespace patrol::rtsp
