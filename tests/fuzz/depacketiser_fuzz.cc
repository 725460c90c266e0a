// RTP payloads of one stream, in any order and state of ruin, to access units.
//
// Input: a byte of options (bits 0-1: codec; 2-4: number of parameter sets as from an SDP), the
// sets, each a byte of size and its bytes; then packets: a byte of flags (0 marker, 1 lost before,
// 2-3 step of the RTP time), two bytes of size, the payload.
//
// Invariants: at most two units a packet; every unit is Annex B from its first byte and no larger
// than its limit; what comes out is bounded by what went in and the remembered parameter sets.
#include <cstring>
#include <vector>

#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/video/media/annexb.h"
#include "lib/video/rtsp/depacketiser.h"
#include "tests/fuzz/input_reader.h"

namespace {

using namespace patrol;
using namespace patrol::rtsp;

// 64 sets of 4 KB with their start codes.
constexpr size_t kRememberedBytesMax = 64 * (4096 + 4);

VideoTrack ReadTrack(uint8_t options, fuzz::InputReader* input) {
  VideoTrack track;
  track.codec = (options & 1) == 0 ? media::Codec::kH264 : media::Codec::kH265;
  const int sets = options >> 2 & 7;
  for (int i = 0; i < sets; ++i) {
    const std::span<const uint8_t> set = input->Bytes(input->Byte());
    if (set.size() >= 3) track.parameter_sets.emplace_back(set.begin(), set.end());
  }
  return track;
}

void CheckUnit(const VideoTrack& track, const AssembledUnit& unit, size_t payload_bytes) {
  static constexpr uint8_t kStartCode[] = {0, 0, 0, 1};
  // A fragment may bring nothing but its header.
  PATROL_CHECK(unit.data.size() > sizeof(kStartCode));
  PATROL_CHECK(std::memcmp(unit.data.data(), kStartCode, sizeof(kStartCode)) == 0);
  PATROL_CHECK(unit.data.size() <= limits::kAccessUnitBytesMax + kRememberedBytesMax);
  // A NAL unit of two bytes gains four for its start code.
  PATROL_CHECK(unit.data.size() <= 3 * payload_bytes + 8 + kRememberedBytesMax);
  // Its NAL units can be walked; one of zeros alone counts for nothing.
  media::NalReader reader(track.codec, unit.data);
  size_t nal_bytes = 0;
  for (media::NalUnit nal; reader.Next(nal);) nal_bytes += nal.data.size();
  PATROL_CHECK(nal_bytes < unit.data.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::InputReader input(data, size);
  const VideoTrack track = ReadTrack(input.Byte(), &input);
  QuirkCounts quirks;
  Depacketiser depacketiser(track, &quirks);
  std::vector<AssembledUnit> finished;
  uint32_t rtp_time = 0xfffff000;  // wraps soon
  size_t payload_bytes = 0;
  while (!input.empty()) {
    const uint8_t flags = input.Byte();
    const std::span<const uint8_t> bytes = input.Bytes(input.Word());
    // A buffer of its own, so that reading beyond the payload is noticed.
    const std::vector<uint8_t> payload(bytes.begin(), bytes.end());
    static constexpr uint32_t kSteps[] = {0, 3600, 0x80000000, static_cast<uint32_t>(-3600)};
    rtp_time += kSteps[flags >> 2 & 3];
    RtpPacket packet;
    packet.marker = (flags & 1) != 0;
    packet.timestamp = rtp_time;
    packet.payload = payload;
    payload_bytes += payload.size();
    finished.clear();
    depacketiser.OnPacket(packet, (flags & 2) != 0, &finished);
    PATROL_CHECK(finished.size() <= 2);
    for (const AssembledUnit& unit : finished) CheckUnit(track, unit, payload_bytes);
    if (!finished.empty()) payload_bytes = payload.size();
  }
  PATROL_CHECK(quirks.size() < 32);
  return 0;
}
