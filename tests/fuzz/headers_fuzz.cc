// Parameter sets and slice headers of access units, read without decoding.
//
// Input: a byte of options (bit 0: H.265), then access units: two bytes of size, the bytes (Annex
// B, or anything). Invariants: NAL units lie in order inside their unit and are not empty; what is
// told of a picture agrees with itself and with the unit.
#include <cmath>
#include <vector>

#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/reference_chain.h"
#include "lib/video/media/slice_headers.h"
#include "tests/fuzz/input_reader.h"

namespace {

using namespace patrol;

void CheckNals(media::Codec codec, std::span<const uint8_t> unit) {
  media::NalReader reader(codec, unit);
  const uint8_t* last = unit.data();
  bool key_slice = false;
  for (media::NalUnit nal; reader.Next(nal);) {
    PATROL_CHECK(!nal.data.empty());
    PATROL_CHECK(nal.data.data() >= last + 3);
    last = nal.data.data() + nal.data.size();
    PATROL_CHECK(last <= unit.data() + unit.size());
    key_slice = key_slice || media::KindOf(codec, nal.type) == media::NalKind::kKeySlice;
  }
  PATROL_CHECK(!media::IsKeyframe(codec, unit) || key_slice);
  const std::vector<uint8_t> sets = media::ParameterSetsOf(codec, unit);
  // A three-byte start code becomes one of four.
  PATROL_CHECK(sets.size() <= unit.size() + unit.size() / 4 + 1);
  PATROL_CHECK(media::ParameterSetsOf(codec, sets) == sets);
}

void CheckPicture(const media::CodedPicture& picture, std::span<const uint8_t> unit) {
  PATROL_CHECK(picture.slices >= 0);
  PATROL_CHECK(static_cast<size_t>(picture.slices) <= limits::kNalUnitsPerAccessUnitMax);
  PATROL_CHECK(picture.slice_bytes <= unit.size());
  PATROL_CHECK(picture.slices > 0 || picture.slice_bytes == 0);
  PATROL_CHECK(!picture.idr || picture.irap);
  if (!picture.qp.has_value()) return;
  // 14 bits a sample, the most there are, begin at -48.
  PATROL_CHECK(std::isfinite(*picture.qp) && *picture.qp >= -48 && *picture.qp <= 51);
  PATROL_CHECK(picture.slices > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::InputReader input(data, size);
  const media::Codec codec = (input.Byte() & 1) == 0 ? media::Codec::kH264 : media::Codec::kH265;
  media::ReferenceChain chain;
  media::HeaderParser parser(codec);
  int units = 0;
  while (!input.empty()) {
    const std::span<const uint8_t> bytes = input.Bytes(input.Word());
    // A buffer of its own, so that reading beyond the unit is noticed.
    const std::vector<uint8_t> unit(bytes.begin(), bytes.end());
    CheckNals(codec, unit);
    CheckPicture(parser.Read(unit), unit);
    if (codec == media::Codec::kH264) {
      chain.Follow(unit);
      if (++units % 16 == 0) chain.MarkDamaged();
    }
  }
  return 0;
}
