#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/video/media/access_unit.h"

namespace patrol::media {

// One NAL unit inside an Annex B buffer, without its start code; `data[0]` is the header's first
// byte. Points into the buffer it was read from.
struct NalUnit {
  std::span<const uint8_t> data;
  uint8_t type = 0;  // nal_unit_type: H.264 0..31 (ITU-T H.264 table 7-1), H.265 0..63 (table 7-1)
};

// Walks the NAL units of an Annex B buffer (three- or four-byte start codes; zero bytes after a
// unit are not part of it). Anything before the first start code is skipped; empty units are
// skipped.
//
//   for (NalReader reader(unit.codec, unit.data); auto nal = reader.Next(nal_unit);) ...
class NalReader {
 public:
  NalReader(Codec codec, std::span<const uint8_t> annexb) : codec_(codec), rest_(annexb) {}

  // False when there are no more.
  bool Next(NalUnit& nal);

 private:
  Codec codec_;
  std::span<const uint8_t> rest_;
  bool started_ = false;
};

// What a NAL unit is to someone who does not decode.
enum class NalKind : uint8_t {
  kOther,         // SEI, delimiters, filler, reserved
  kParameterSet,  // VPS, SPS, PPS
  kKeySlice,      // a slice of an IDR, CRA or BLA picture
  kSlice,         // any other coded slice
};
NalKind KindOf(Codec codec, uint8_t type);

// True when decoding can start at this access unit: it has a slice of an IDR, CRA or BLA picture.
// MJPEG: always true when not empty. A recovery point is none: EntryOf tells of those.
bool IsKeyframe(Codec codec, std::span<const uint8_t> annexb);

// Whether and how decoding can start at an access unit.
struct Entry {
  bool keyframe = false;
  Refresh refresh = Refresh::kNone;

  bool any() const { return IsEntry(keyframe, refresh); }

  friend bool operator==(const Entry&, const Entry&) = default;
};
// A recovery point of H.264 that is one at once is a keyframe where all of its slices are intra.
// One that is at once and is not intra cannot be, so it announces nothing; nor is a recovery point
// of H.265 relied on: x265 writes its intra refresh so.
Entry EntryOf(Codec codec, std::span<const uint8_t> annexb);

// Whether there is any parameter set; looks no further than to the first.
bool HasParameterSets(Codec codec, std::span<const uint8_t> annexb);

// Copies the parameter sets found, each with a four-byte start code, in order; empty when none.
std::vector<uint8_t> ParameterSetsOf(Codec codec, std::span<const uint8_t> annexb);

// Appends a four-byte start code and the unit.
void AppendNal(std::span<const uint8_t> nal, std::vector<uint8_t>& annexb);

}  // namespace patrol::media
