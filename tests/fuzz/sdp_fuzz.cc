// A session description, and the depacketiser of the track chosen from it.
#include "lib/base/check.h"
#include "lib/video/media/annexb.h"
#include "lib/video/rtsp/depacketiser.h"
#include "lib/video/rtsp/sdp.h"
#include "tests/fuzz/input_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace patrol;
  using namespace patrol::rtsp;
  fuzz::InputReader input(data, size);
  const absl::StatusOr<SdpSession> session = ParseSdp(fuzz::AsText(input.Rest()));
  if (!session.ok()) return 0;
  PATROL_CHECK(!session->media.empty() && session->media.size() <= 32);
  for (const SdpMedia& media : session->media) {
    PATROL_CHECK(media.payload_types.size() <= 32);
    PATROL_CHECK(media.formats.size() == media.payload_types.size());
    PATROL_CHECK(media.control.size() <= size);
    for (const SdpMedia::Format& format : media.formats) {
      PATROL_CHECK(format.payload_type >= 0 && format.payload_type <= 127);
      PATROL_CHECK(format.clock_rate >= 0);
    }
  }
  const absl::StatusOr<VideoTrack> track = ChooseVideo(*session);
  if (!track.ok()) {
    PATROL_CHECK(track.status().message().size() < 2000);
    return 0;
  }
  PATROL_CHECK(track->clock_rate > 0);
  PATROL_CHECK(track->payload_type >= 0 && track->payload_type <= 127);
  PATROL_CHECK(track->parameter_sets.size() <= 16);
  for (const std::vector<uint8_t>& set : track->parameter_sets) {
    PATROL_CHECK(set.size() >= 3 && set.size() <= 4096);
    const int type = track->codec == media::Codec::kH264 ? set[0] & 0x1f : (set[0] >> 1) & 0x3f;
    PATROL_CHECK(media::KindOf(track->codec, static_cast<uint8_t>(type)) ==
                 media::NalKind::kParameterSet);
  }
  QuirkCounts quirks;
  Depacketiser depacketiser(*track, &quirks);
  return 0;
}
