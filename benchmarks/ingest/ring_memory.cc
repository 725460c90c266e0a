// What the GOP rings of a town cost in memory as hours go by: 700 rings are fed coded pictures of a
// camera's sizes, on a thread of their own as in the service, much faster than time. The heap's
// fragmentation is what RSS exceeds the bytes kept by.
//
// usage: ring_memory [MINUTES]

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "lib/base/limits.h"
#include "lib/base/thread_cpu.h"
#include "lib/video/ingest/gop_ring.h"

namespace patrol::ingest {
namespace {

constexpr size_t kCameras = 700;
constexpr int kFps = 15;
constexpr int kGop = 2 * kFps;

double RssBytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct Camera {
  std::unique_ptr<GopRing> ring;
  int phase = 0;     // of its keyframes, frames
  double scale = 1;  // of its pictures
};

// 384 kbit/s: keyframes of about 19 KB, other pictures of about 2.6, both spread, the latter
// swelling for minutes where something moves.
void Feed(int minutes) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> keyframe(std::log(19000.0), 0.25);
  std::lognormal_distribution<double> other(std::log(2300.0), 0.5);
  std::uniform_real_distribution<double> scale(0.8, 1.2);
  const std::vector<uint8_t> source(256 * 1024, 1);
  RingBudget budget(limits::kGopRingBytesTotal);
  std::vector<Camera> cameras(kCameras);
  for (Camera& camera : cameras) {
    camera.ring =
        std::make_unique<GopRing>(limits::kGopRingBytesPerCamera, absl::Seconds(5), &budget);
    camera.phase = static_cast<int>(random() % kGop);
    camera.scale = scale(random);
  }
  const double before = RssBytes();
  std::printf("minute,kept_mb,rss_mb,overhead,cpu_us_per_unit\n");
  int64_t units = 0;
  absl::Duration cpu = ThreadCpu();
  for (int64_t frame = 0; frame < int64_t{60} * kFps * minutes; ++frame) {
    for (Camera& camera : cameras) {
      const bool begins = (frame + camera.phase) % kGop == 0;
      const double swell =
          1 + 0.8 * std::max(0.0, std::sin(static_cast<double>(frame) / 900 + camera.phase));
      const double bytes = camera.scale * (begins ? keyframe(random) : other(random) * swell);
      auto unit = std::make_shared<media::AccessUnit>();
      unit->keyframe = begins;
      unit->time = absl::UnixEpoch() + absl::Seconds(1) / kFps * frame;
      const auto size = std::min(static_cast<ptrdiff_t>(bytes), std::ssize(source));
      unit->data.assign(source.begin(), source.begin() + size);
      camera.ring->Add(std::move(unit));
      ++units;
    }
    if ((frame + 1) % (int64_t{60} * kFps * 5) != 0) continue;
    const auto kept = static_cast<double>(budget.bytes.load());
    std::printf("%lld,%.1f,%.1f,%.3f,%.2f\n", static_cast<long long>((frame + 1) / (60 * kFps)),
                kept / 1e6, (RssBytes() - before) / 1e6, (RssBytes() - before) / kept - 1,
                absl::ToDoubleMicroseconds(ThreadCpu() - cpu) / static_cast<double>(units));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace patrol::ingest

int main(int argc, char** argv) {
  const int minutes = argc > 1 ? std::atoi(argv[1]) : 60;
  std::thread(patrol::ingest::Feed, minutes).join();
}
