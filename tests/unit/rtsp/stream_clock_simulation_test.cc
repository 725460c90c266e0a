// Goal: the time of a picture is at most 100 ms off, whatever drifts, steps, jumps or stays away.
// Method: a seeded simulation of a camera of 15 fps that needs 10 to 40 ms at least and jitters up
// to 150 ms more; every picture's time is held against the instant it was taken.

#include <cmath>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "lib/video/rtsp/stream_clock.h"
#include "tests/unit/rtsp/ntp.h"

namespace patrol::rtsp {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kErrorMax = absl::Milliseconds(100);

struct World {
  std::string name;
  double ppm = 0;
  bool reports = true;
  absl::Duration reports_missing_from = absl::InfiniteDuration();  // to the end
  double clock_steps_per_minute = 0;  // of the camera's clock, up to 10 s either way
  double rtp_jumps_per_minute = 0;    // up to 12 hours either way
  double stalls_per_minute = 0;       // of the connection, up to 5 s
  bool report_rtp_nonsense = false;
};

class StreamClockSimulation : public testing::TestWithParam<World> {};

TEST_P(StreamClockSimulation, KeepsWithin100Milliseconds) {
  const World& world = GetParam();
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> unit(0, 1);
    QuirkCounts quirks;
    StreamClock clock(90000, &quirks);
    const absl::Duration least = absl::Milliseconds(10 + 30 * unit(random));
    double rtp_origin = 4e9 * unit(random);
    absl::Duration camera_error;  // of its wall clock
    absl::Duration arrived;
    absl::Duration flows_again;
    absl::Duration next_report = absl::Seconds(1);
    absl::Time last = absl::InfinitePast();
    double worst_ms = 0;
    const int pictures = 15 * 1200;
    for (int i = 0; i < pictures; ++i) {
      const absl::Duration captured = absl::Seconds(i) / 15;
      const double per_picture = 1.0 / (15 * 60);
      if (unit(random) < world.clock_steps_per_minute * per_picture) {
        camera_error = absl::Seconds(20 * unit(random) - 10);
      }
      if (unit(random) < world.rtp_jumps_per_minute * per_picture) {
        rtp_origin += 90000.0 * 3600 * (24 * unit(random) - 12);
      }
      if (unit(random) < world.stalls_per_minute * per_picture) {
        flows_again = captured + absl::Seconds(5 * unit(random));
      }
      const double seconds = absl::ToDoubleSeconds(captured) * (1 + world.ppm * 1e-6);
      const auto rtp =
          static_cast<uint32_t>(std::llround(seconds * 90000 + rtp_origin) & 0xffffffff);
      // One in five comes without jitter; TCP keeps their order.
      const absl::Duration jitter =
          unit(random) < 0.2 ? absl::ZeroDuration() : absl::Milliseconds(150 * unit(random));
      arrived =
          std::max({arrived + absl::Microseconds(10), flows_again, captured + least + jitter});
      const absl::Time time = clock.OnUnit(rtp, kStart + arrived, absl::Seconds(77) + arrived);
      ASSERT_GT(time, last) << i;
      last = time;
      // The first pictures know of no undelayed one yet.
      if (i >= 30) {
        worst_ms =
            std::max(worst_ms, std::abs(absl::ToDoubleMilliseconds(time - kStart - captured)));
      }
      if (world.reports && captured >= next_report && captured < world.reports_missing_from) {
        next_report = captured + absl::Seconds(5);
        clock.OnSenderReport(Ntp(kStart + captured + camera_error),
                             world.report_rtp_nonsense ? static_cast<uint32_t>(random()) : rtp);
      }
    }
    EXPECT_LE(worst_ms, absl::ToDoubleMilliseconds(kErrorMax));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Worlds, StreamClockSimulation,
    testing::Values(World{.name = "Plain"}, World{.name = "WithoutReports", .reports = false},
                    World{.name = "Fast", .ppm = 500}, World{.name = "Slow", .ppm = -500},
                    World{.name = "FastWithoutReports", .ppm = 500, .reports = false},
                    World{.name = "SlowAndReportsFailAfterAMinute",
                          .ppm = -500,
                          .reports_missing_from = absl::Seconds(60)},
                    World{.name = "CameraClockSteps", .ppm = 500, .clock_steps_per_minute = 1},
                    World{.name = "RtpTimeJumpsHours", .ppm = -500, .rtp_jumps_per_minute = 0.2},
                    World{.name = "ConnectionStalls", .ppm = 500, .stalls_per_minute = 1},
                    World{.name = "ReportsOfSomethingElse", .report_rtp_nonsense = true}),
    [](const auto& info) { return info.param.name; });

TEST(StreamClockSimulation, RecoversFromAnRtpTimeThatStoodStill) {
  QuirkCounts quirks;
  StreamClock clock(90000, &quirks);
  for (int i = 0; i < 15 * 60; ++i) {
    const absl::Duration captured = absl::Seconds(i) / 15;
    // For three seconds at the twentieth the camera's RTP time does not move on.
    const absl::Duration lost =
        std::clamp(captured - absl::Seconds(20), absl::ZeroDuration(), absl::Seconds(3));
    const auto rtp = static_cast<uint32_t>(absl::ToDoubleSeconds(captured - lost) * 90000);
    const absl::Time time = clock.OnUnit(rtp, kStart + captured, captured);
    if (captured > absl::Seconds(28)) {
      EXPECT_LE(absl::AbsDuration(time - kStart - captured), kErrorMax) << captured;
    }
  }
}

}  // namespace
}  // namespace patrol::rtsp
