// Access units as a camera coded them to fragmented MP4.
//
// Input: a byte of options (bit 0: H.265), then access units: a byte of flags (0 damaged, 1 a break
// before it, 2-4 step of the capture time), two bytes of size, the bytes (Annex B, or anything).
// Invariants: what comes out is whole boxes in their order, no larger than what went in and what is
// known of a box; a stream begins with a movie box.
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "lib/base/check.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/fmp4.h"
#include "tests/fuzz/input_reader.h"

namespace {

using namespace patrol;

// Types of the boxes at the top of `bytes`, which they must fill exactly.
std::vector<std::string> Boxes(const std::vector<uint8_t>& bytes) {
  std::vector<std::string> types;
  for (size_t at = 0; at < bytes.size();) {
    PATROL_CHECK(bytes.size() - at >= 8);
    size_t size = 0;
    for (size_t i = 0; i < 4; ++i) size = size << 8 | bytes[at + i];
    PATROL_CHECK(size >= 8 && size <= bytes.size() - at);
    types.emplace_back(reinterpret_cast<const char*>(bytes.data() + at + 4), 4);
    at += size;
  }
  return types;
}

void CheckInit(media::Codec codec, const media::Fmp4Init& init) {
  PATROL_CHECK(init.width > 0 && init.height > 0);
  PATROL_CHECK(absl::StartsWith(init.codec, codec == media::Codec::kH264 ? "avc1." : "hvc1."));
  const std::vector<std::string> boxes = Boxes(init.bytes);
  PATROL_CHECK(boxes.size() >= 2 && boxes[0] == "ftyp" && boxes[1] == "moov");
}

void CheckFragment(const media::AccessUnit& unit, const std::vector<uint8_t>& fragment) {
  const std::vector<std::string> boxes = Boxes(fragment);
  PATROL_CHECK(boxes.size() == 2 && boxes[0] == "moof" && boxes[1] == "mdat");
  // A start code of three bytes becomes a size of four.
  PATROL_CHECK(fragment.size() <= unit.data.size() + unit.data.size() / 4 + 160);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  [[maybe_unused]] static const bool quiet = [] {
    media::RouteFfmpegLog();
    return true;
  }();
  fuzz::InputReader input(data, size);
  media::Fmp4Writer writer;
  bool begun = false;
  media::AccessUnit unit;
  unit.codec = (input.Byte() & 1) == 0 ? media::Codec::kH264 : media::Codec::kH265;
  unit.time = absl::FromUnixSeconds(1'790'000'000);
  while (!input.empty()) {
    const uint8_t flags = input.Byte();
    static constexpr int64_t kStepsMs[] = {66, 0, 40, -66, -5000, 90'000, 1, 86'400'000};
    unit.time += absl::Milliseconds(kStepsMs[flags >> 2 & 7]);
    unit.damaged = (flags & 1) != 0;
    if ((flags & 2) != 0) writer.Break();
    const std::span<const uint8_t> bytes = input.Bytes(input.Word());
    unit.data.assign(bytes.begin(), bytes.end());
    unit.keyframe = media::IsKeyframe(unit.codec, unit.data);
    const absl::StatusOr<media::Fmp4Piece> piece = writer.Write(unit);
    if (!piece.ok()) continue;
    if (piece->init != nullptr) {
      CheckInit(unit.codec, *piece->init);
      begun = true;
    }
    if (piece->fragment.empty()) continue;
    PATROL_CHECK(begun);
    CheckFragment(unit, piece->fragment);
  }
  return 0;
}
