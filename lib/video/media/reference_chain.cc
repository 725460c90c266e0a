#include "lib/video/media/reference_chain.h"

#include <algorithm>
#include <cstddef>

#include "lib/video/media/annexb.h"

namespace patrol::media {

namespace {

constexpr uint8_t kSlice = 1, kPartitionA = 2, kIdr = 5, kSei = 6, kSps = 7, kPps = 8;
constexpr uint32_t kSeiRecoveryPoint = 6;
constexpr uint32_t kLog2MaxFrameNumMinus4Max = 12;  // 7.4.2.1.1
// Enough for everything read here: the longest, an SPS with scaling lists, is below 300 bytes.
constexpr size_t kHeaderBytesMax = 512;

// Reads bits of a NAL unit's payload, emulation prevention removed on the way. Reading past the end
// gives zeros and clears ok().
class BitReader {
 public:
  explicit BitReader(std::span<const uint8_t> nal)
      : data_(nal.first(std::min(nal.size(), kHeaderBytesMax))) {}

  uint32_t Bit() {
    if (bit_ == 0) {
      if (byte_ < data_.size() && zeros_ >= 2 && data_[byte_] == 3) {
        ++byte_;
        zeros_ = 0;
      }
      if (byte_ >= data_.size()) {
        ok_ = false;
        return 0;
      }
      current_ = data_[byte_++];
      zeros_ = current_ == 0 ? zeros_ + 1 : 0;
      bit_ = 8;
    }
    --bit_;
    return (current_ >> bit_) & 1;
  }

  uint32_t Bits(int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 1 | Bit();
    return value;
  }

  // ue(v), 9.1
  uint32_t Ue() {
    int zeros = 0;
    while (Bit() == 0) {
      if (!ok_ || ++zeros > 31) {
        ok_ = false;
        return 0;
      }
    }
    return (uint32_t{1} << zeros) - 1 + Bits(zeros);
  }

  // se(v), 9.1.1
  int32_t Se() {
    const uint32_t code = Ue();
    const int32_t magnitude = static_cast<int32_t>(code / 2 + code % 2);
    return code % 2 == 1 ? magnitude : -magnitude;
  }

  bool ok() const { return ok_; }

 private:
  std::span<const uint8_t> data_;
  size_t byte_ = 0;
  int bit_ = 0;
  int zeros_ = 0;
  uint8_t current_ = 0;
  bool ok_ = true;
};

// scaling_list(), 7.3.2.1.1.1
void SkipScalingList(BitReader& bits, int size) {
  int32_t last = 8, next = 8;
  for (int i = 0; i < size && bits.ok(); ++i) {
    // Unsigned, as a broken set's delta may be of any size; only the last eight bits count.
    const auto delta = next == 0 ? 0u : static_cast<uint32_t>(bits.Se());
    if (next != 0) next = static_cast<int32_t>((static_cast<uint32_t>(last) + delta) & 255);
    if (next != 0) last = next;
  }
}

// Profiles whose SPS tells the chroma format, 7.3.2.1.1.
bool HasChromaFormat(uint32_t profile) {
  static constexpr uint32_t kProfiles[] = {100, 110, 122, 244, 44,  83, 86,
                                           118, 128, 138, 139, 134, 135};
  return std::find(std::begin(kProfiles), std::end(kProfiles), profile) != std::end(kProfiles);
}

// recovery_frame_cnt of an SEI's recovery point message, D.1.8; nullopt when there is none.
std::optional<uint32_t> RecoveryFrameCount(std::span<const uint8_t> nal) {
  BitReader bits(nal.subspan(1));
  const auto coded_number = [&bits] {  // 7.3.2.3.1
    uint32_t value = 0, byte = 0;
    do {
      byte = bits.Bits(8);
      value += byte;
    } while (byte == 255 && bits.ok());
    return value;
  };
  while (bits.ok()) {
    const uint32_t type = coded_number();
    const uint32_t size = coded_number();
    if (type == kSeiRecoveryPoint) {
      const uint32_t count = bits.Ue();
      return bits.ok() ? std::optional(count) : std::nullopt;
    }
    for (uint32_t i = 0; i < size && bits.ok(); ++i) bits.Bits(8);
  }
  return std::nullopt;
}

}  // namespace

void ReferenceChain::ReadSps(std::span<const uint8_t> nal) {
  BitReader bits(nal.subspan(1));
  const uint32_t profile = bits.Bits(8);
  bits.Bits(16);  // constraint flags, level
  const uint32_t id = bits.Ue();
  Sps sps;
  if (HasChromaFormat(profile)) {
    const uint32_t chroma_format = bits.Ue();
    if (chroma_format == 3) sps.separate_colour_planes = bits.Bit() != 0;
    bits.Ue();  // bit_depth_luma_minus8
    bits.Ue();  // bit_depth_chroma_minus8
    bits.Bit();
    if (bits.Bit() != 0) {  // seq_scaling_matrix_present_flag
      for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
        if (bits.Bit() != 0) SkipScalingList(bits, i < 6 ? 16 : 64);
      }
    }
  }
  const uint32_t log2_max_frame_num_minus4 = bits.Ue();
  if (log2_max_frame_num_minus4 > kLog2MaxFrameNumMinus4Max) return;
  sps.log2_max_frame_num = static_cast<int>(log2_max_frame_num_minus4) + 4;
  switch (bits.Ue()) {  // pic_order_cnt_type
    case 0:
      bits.Ue();
      break;
    case 1: {
      bits.Bit();
      bits.Se();
      bits.Se();
      const uint32_t frames = bits.Ue();
      for (uint32_t i = 0; i < frames && bits.ok(); ++i) bits.Se();
      break;
    }
    default:
      break;
  }
  bits.Ue();  // max_num_ref_frames
  sps.gaps_allowed = bits.Bit() != 0;
  if (bits.ok() && id < sps_.size()) sps_[id] = sps;
}

void ReferenceChain::ReadPps(std::span<const uint8_t> nal) {
  BitReader bits(nal.subspan(1));
  const uint32_t id = bits.Ue();
  const uint32_t sps_id = bits.Ue();
  if (bits.ok() && id < pps_.size() && sps_id < sps_.size()) {
    pps_[id] = static_cast<int8_t>(sps_id);
  }
}

std::optional<ReferenceChain::Slice> ReferenceChain::ReadSlice(std::span<const uint8_t> nal) const {
  BitReader bits(nal.subspan(1));
  bits.Ue();  // first_mb_in_slice
  bits.Ue();  // slice_type
  const uint32_t pps_id = bits.Ue();
  if (!bits.ok() || pps_id >= pps_.size() || pps_[pps_id] < 0) return std::nullopt;
  const Sps& sps = sps_[static_cast<size_t>(pps_[pps_id])];
  if (sps.log2_max_frame_num == 0) return std::nullopt;
  if (sps.separate_colour_planes) bits.Bits(2);
  Slice slice;
  slice.frame_num = bits.Bits(sps.log2_max_frame_num);
  if (!bits.ok()) return std::nullopt;
  slice.max_frame_num = uint32_t{1} << sps.log2_max_frame_num;
  slice.idr = (nal[0] & 0x1f) == kIdr;
  slice.reference = (nal[0] >> 5 & 3) != 0;
  slice.gaps_allowed = sps.gaps_allowed;
  return slice;
}

bool ReferenceChain::Follow(std::span<const uint8_t> annexb) {
  std::optional<Slice> slice;
  std::optional<uint32_t> recovery_frame_count;
  NalReader reader(Codec::kH264, annexb);
  for (NalUnit nal; !slice.has_value() && reader.Next(nal);) {
    switch (nal.type) {
      case kSps:
        ReadSps(nal.data);
        break;
      case kPps:
        ReadPps(nal.data);
        break;
      case kSei:
        if (const auto count = RecoveryFrameCount(nal.data)) recovery_frame_count = count;
        break;
      case kSlice:
      case kPartitionA:
      case kIdr:
        slice = ReadSlice(nal.data);
        // A header we cannot read says nothing; the decoder will speak.
        if (!slice.has_value()) return !broken_;
        break;
      default:
        break;
    }
  }
  if (!slice.has_value()) return !broken_;
  if (slice->idr) {
    broken_ = false;
    recovered_at_.reset();
  } else {
    const uint32_t mask = slice->max_frame_num - 1;
    // The next reference counts one further; a second field, or a picture after one that is no
    // reference, may repeat the number.
    if (last_frame_num_.has_value() && !slice->gaps_allowed &&
        ((slice->frame_num - *last_frame_num_) & mask) > 1) {
      broken_ = true;
      recovered_at_.reset();
    }
    if (broken_ && recovery_frame_count.has_value()) {
      recovered_at_ = (slice->frame_num + *recovery_frame_count) & mask;
    }
    if (recovered_at_.has_value() &&
        ((slice->frame_num - *recovered_at_) & mask) < slice->max_frame_num / 2) {
      broken_ = false;
      recovered_at_.reset();
    }
  }
  // A picture that is no reference has the number the next reference will have.
  if (slice->reference) {
    last_frame_num_ = slice->frame_num;
  } else if (!last_frame_num_.has_value()) {
    last_frame_num_ = (slice->frame_num - 1) & (slice->max_frame_num - 1);
  }
  last_was_reference_ = slice->reference;
  return !broken_;
}

void ReferenceChain::MarkDamaged() {
  if (last_was_reference_) broken_ = true;
}

void ReferenceChain::Reset() { *this = ReferenceChain(); }

}  // namespace patrol::media
