// RTP and RTCP packets of one stream as they come from the network, through sequence numbers,
// depacketiser and stream clock, to timed access units.
//
// Input: a byte of options (bit 0: H.265), then packets: a byte of flags (0: RTCP, 1: two bytes of
// sequence and RTP time are filled in so that packets follow each other; 2-4: pause before it), two
// bytes of size, the packet.
//
// Invariants: a unit's time is finite and not later than its receipt by more than the camera
// clock's allowance; counts agree with each other.
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/video/rtsp/stream_receiver.h"
#include "tests/fuzz/input_reader.h"

namespace {

using namespace patrol;
using namespace patrol::rtsp;

class UnitChecker : public SessionSink {
 public:
  void OnPlaying(media::Codec) override {}
  void OnAccessUnit(media::AccessUnitPtr unit) override {
    PATROL_CHECK(unit != nullptr && unit->data.size() > 4);
    PATROL_CHECK(unit->time > absl::InfinitePast() && unit->time < absl::InfiniteFuture());
    PATROL_CHECK(unit->time <= now + limits::kCameraClockErrorMax);
    ++units;
  }
  absl::Time now;
  int64_t units = 0;
};

// A packet that follows the last one, but for what the flags say.
void FillIn(uint16_t sequence, uint32_t rtp_time, std::vector<uint8_t>* packet) {
  if (packet->size() < 12) return;
  (*packet)[0] = static_cast<uint8_t>(((*packet)[0] & 0x3f) | 0x80);
  (*packet)[1] = static_cast<uint8_t>(((*packet)[1] & 0x80) | 96);
  (*packet)[2] = static_cast<uint8_t>(sequence >> 8);
  (*packet)[3] = static_cast<uint8_t>(sequence);
  for (int i = 0; i < 4; ++i) {
    (*packet)[static_cast<size_t>(4 + i)] = static_cast<uint8_t>(rtp_time >> (24 - 8 * i));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::InputReader input(data, size);
  VideoTrack track;
  const uint8_t kind = input.Byte();
  track.codec = (kind & 1) == 0 ? media::Codec::kH264 : media::Codec::kH265;
  if ((kind & 4) != 0) track.codec = media::Codec::kMjpeg;
  track.frame_rate = 25;
  SessionStats stats;
  UnitChecker sink;
  StreamReceiver receiver(track, (kind & 2) != 0, &stats, &sink);
  const absl::Time start = absl::FromUnixSeconds(1'790'000'000);
  absl::Duration monotonic = absl::Seconds(100);
  uint16_t sequence = 65530;
  uint32_t rtp_time = 0xfffff000;
  while (!input.empty()) {
    const uint8_t flags = input.Byte();
    const std::span<const uint8_t> bytes = input.Bytes(input.Word());
    std::vector<uint8_t> packet(bytes.begin(), bytes.end());
    static constexpr int64_t kPausesMs[] = {0, 40, 66, 1000, 8000, 30000, 1, 3'600'000};
    const int64_t pause = kPausesMs[flags >> 2 & 7];
    monotonic += absl::Milliseconds(pause);
    sink.now = start + monotonic;
    if ((flags & 1) != 0) {
      receiver.OnRtcp(packet, monotonic);
      continue;
    }
    if ((flags & 2) != 0) {
      rtp_time += static_cast<uint32_t>(pause * 90);
      FillIn(sequence++, rtp_time, &packet);
    }
    receiver.OnRtp(packet, {sink.now, monotonic});
    PATROL_CHECK(stats.access_units == sink.units);
    PATROL_CHECK(stats.damaged_units <= stats.access_units);
    PATROL_CHECK(stats.packets_lost >= 0 && stats.bytes >= 0);
    // Each packet ends at most two units.
    PATROL_CHECK(stats.access_units <= 2 * stats.packets);
  }
  PATROL_CHECK(stats.quirks.size() < 64);
  return 0;
}
