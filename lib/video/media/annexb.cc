#include "lib/video/media/annexb.h"

#include <cstddef>
#include <cstring>
#include <optional>

#include "lib/base/limits.h"
#include "lib/video/media/bit_reader.h"
#include "lib/video/media/h264_headers.h"

namespace patrol::media {

namespace {

// Offset of the next 00 00 01 at or after `from`; `data.size()` when there is none.
size_t FindStartCode(std::span<const uint8_t> data, size_t from) {
  size_t i = from + 2;
  while (i < data.size()) {
    // memchr for the 1 skips most bytes at the speed of memory.
    const void* one = std::memchr(data.data() + i, 1, data.size() - i);
    if (one == nullptr) return data.size();
    i = static_cast<size_t>(static_cast<const uint8_t*>(one) - data.data());
    if (data[i - 1] == 0 && data[i - 2] == 0) return i - 2;
    ++i;
  }
  return data.size();
}

uint8_t TypeOf(Codec codec, uint8_t first_byte) {
  return codec == Codec::kH265 ? (first_byte >> 1) & 0x3f : first_byte & 0x1f;
}

// ITU-T H.264 table 7-1 and H.265 table 7-1.
constexpr uint8_t kH264Slice = 1, kH264PartitionC = 4, kH264Idr = 5, kH264Sei = 6, kH264Sps = 7,
                  kH264Pps = 8, kH264SpsExtension = 13, kH264SubsetSps = 15;
constexpr uint8_t kH265SliceMax = 9, kH265BlaWLp = 16, kH265Cra = 21, kH265Vps = 32, kH265Pps = 34,
                  kH265PrefixSei = 39;

// Of an H.264 slice, without any parameter set: I or SI (ITU-T H.264 table 7-6).
bool IsIntraSlice(std::span<const uint8_t> nal) {
  BitReader bits(nal.subspan(1), limits::kSliceHeaderBytesMax);
  bits.Ue();  // first_mb_in_slice
  const uint32_t type = bits.Ue() % 5;
  return bits.ok() && (type == H264Slice::kI || type == H264Slice::kSI);
}

}  // namespace

bool NalReader::Next(NalUnit& nal) {
  if (codec_ == Codec::kMjpeg) return false;
  if (!started_) {
    started_ = true;
    rest_ = rest_.subspan(FindStartCode(rest_, 0));
  }
  while (rest_.size() > 3) {
    const std::span<const uint8_t> body = rest_.subspan(3);
    const size_t next = FindStartCode(body, 0);
    size_t size = next;
    // trailing_zero_8bits, and the first byte of a four-byte start code
    while (size > 0 && body[size - 1] == 0) --size;
    rest_ = body.subspan(next);
    if (size == 0) continue;
    nal.data = body.first(size);
    nal.type = TypeOf(codec_, body[0]);
    return true;
  }
  return false;
}

NalKind KindOf(Codec codec, uint8_t type) {
  switch (codec) {
    case Codec::kH264:
      if (type == kH264Idr) return NalKind::kKeySlice;
      if (type >= kH264Slice && type <= kH264PartitionC) return NalKind::kSlice;
      if (type == kH264Sps || type == kH264Pps || type == kH264SpsExtension ||
          type == kH264SubsetSps) {
        return NalKind::kParameterSet;
      }
      return NalKind::kOther;
    case Codec::kH265:
      if (type >= kH265BlaWLp && type <= kH265Cra) return NalKind::kKeySlice;
      if (type <= kH265SliceMax) return NalKind::kSlice;
      if (type >= kH265Vps && type <= kH265Pps) return NalKind::kParameterSet;
      return NalKind::kOther;
    case Codec::kMjpeg:
      return NalKind::kOther;
  }
  return NalKind::kOther;
}

bool IsKeyframe(Codec codec, std::span<const uint8_t> annexb) {
  if (codec == Codec::kMjpeg) return !annexb.empty();
  NalReader reader(codec, annexb);
  for (NalUnit nal; reader.Next(nal);) {
    const NalKind kind = KindOf(codec, nal.type);
    if (kind == NalKind::kKeySlice) return true;
    // All slices of an access unit are of one kind in this respect: no need to walk them all.
    if (kind == NalKind::kSlice) return false;
  }
  return false;
}

Entry EntryOf(Codec codec, std::span<const uint8_t> annexb) {
  if (codec == Codec::kMjpeg) return {.keyframe = !annexb.empty()};
  const bool h265 = codec == Codec::kH265;
  std::optional<int32_t> recovery;  // of a recovery point: after so many pictures
  bool intra = !h265;
  bool slices = false;
  NalReader reader(codec, annexb);
  for (NalUnit nal; reader.Next(nal);) {
    const NalKind kind = KindOf(codec, nal.type);
    if (kind == NalKind::kKeySlice) return {.keyframe = true};
    if (nal.type == (h265 ? kH265PrefixSei : kH264Sei) && nal.data.size() > 2) {
      const auto point = RecoveryPoint(nal.data.subspan(h265 ? 2 : 1), h265);
      if (point.has_value()) recovery = point;
    }
    if (kind != NalKind::kSlice) continue;
    if (!recovery.has_value()) return {};
    slices = true;
    intra = intra && IsIntraSlice(nal.data);
  }
  if (!slices || !recovery.has_value()) return {};
  if (intra && *recovery == 0) return {.keyframe = true};
  const bool announced = !h265 && *recovery > 0;
  return {.refresh = announced ? Refresh::kAnnounced : Refresh::kUnannounced};
}

bool HasParameterSets(Codec codec, std::span<const uint8_t> annexb) {
  NalReader reader(codec, annexb);
  for (NalUnit nal; reader.Next(nal);) {
    if (KindOf(codec, nal.type) == NalKind::kParameterSet) return true;
  }
  return false;
}

std::vector<uint8_t> ParameterSetsOf(Codec codec, std::span<const uint8_t> annexb) {
  std::vector<uint8_t> sets;
  NalReader reader(codec, annexb);
  for (NalUnit nal; reader.Next(nal);) {
    if (KindOf(codec, nal.type) == NalKind::kParameterSet) AppendNal(nal.data, sets);
  }
  return sets;
}

void AppendNal(std::span<const uint8_t> nal, std::vector<uint8_t>& annexb) {
  static constexpr uint8_t kStartCode[] = {0, 0, 0, 1};
  annexb.insert(annexb.end(), std::begin(kStartCode), std::end(kStartCode));
  annexb.insert(annexb.end(), nal.begin(), nal.end());
}

}  // namespace patrol::media
