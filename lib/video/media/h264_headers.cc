#include "lib/video/media/h264_headers.h"

#include <algorithm>

#include "lib/base/limits.h"
#include "lib/video/media/bit_reader.h"

namespace patrol::media {

namespace {

constexpr uint32_t kSpsMax = 32, kPpsMax = 256;
constexpr uint32_t kReferencesMax = 32;  // of one list, fields
constexpr uint8_t kIdr = 5;
constexpr uint32_t kSeiRecoveryPoint = 6;
// PicSizeInMapUnits of the largest level (6.2) is 139,264.
constexpr uint32_t kMapUnitsMax = 139'264;
constexpr int kQpMax = 51;

// scaling_list(), 7.3.2.1.1.1
void SkipScalingList(BitReader& bits, int size) {
  int32_t last = 8, next = 8;
  for (int i = 0; i < size && bits.ok(); ++i) {
    // The sum is taken without sign: a delta out of range must not overflow.
    if (next != 0) {
      next = static_cast<int32_t>((static_cast<uint32_t>(last) + static_cast<uint32_t>(bits.Se())) &
                                  255);
    }
    if (next != 0) last = next;
  }
}

// Profiles whose SPS tells the chroma format, 7.3.2.1.1.
bool HasChromaFormat(uint32_t profile) {
  static constexpr uint32_t kProfiles[] = {100, 110, 122, 244, 44,  83, 86,
                                           118, 128, 138, 139, 134, 135};
  return std::find(std::begin(kProfiles), std::end(kProfiles), profile) != std::end(kProfiles);
}

// What only the profiles of HasChromaFormat have. False when out of range.
bool ReadChromaFormat(BitReader& bits, H264Sps& sps) {
  const uint32_t chroma_format = bits.Ue();
  if (chroma_format > 3) return false;
  if (chroma_format == 3) sps.separate_colour_planes = bits.Bit();
  sps.chroma_array_type = sps.separate_colour_planes ? 0 : static_cast<uint8_t>(chroma_format);
  const uint32_t depth = bits.Ue();  // bit_depth_luma_minus8
  if (depth > 6) return false;
  sps.qp_bd_offset = static_cast<uint8_t>(6 * depth);
  bits.Ue();         // bit_depth_chroma_minus8
  bits.Bit();        // qpprime_y_zero_transform_bypass_flag
  if (bits.Bit()) {  // seq_scaling_matrix_present_flag
    for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
      if (bits.Bit()) SkipScalingList(bits, i < 6 ? 16 : 64);
    }
  }
  return true;
}

// Slice groups, 7.3.2.2: read only to get past them. False when out of range.
bool SkipSliceGroups(BitReader& bits) {
  const uint32_t groups = bits.Ue() + 1;
  if (groups == 1) return true;
  if (groups > 8) return false;
  const uint32_t type = bits.Ue();
  switch (type) {
    case 0:
      for (uint32_t i = 0; i < groups; ++i) bits.Ue();
      return true;
    case 1:
      return true;
    case 2:
      for (uint32_t i = 0; i + 1 < groups; ++i) {
        bits.Ue();
        bits.Ue();
      }
      return true;
    case 3:
    case 4:
    case 5:
      bits.Bit();
      bits.Ue();
      return true;
    case 6: {
      const uint32_t units = bits.Ue() + 1;
      if (units > kMapUnitsMax) return false;
      bits.Skip(units * (groups > 4 ? 3 : groups > 2 ? 2 : 1));
      return true;
    }
    default:
      return false;
  }
}

// ref_pic_list_modification() of one list, 7.3.3.1. Tells whether its first entry is long-term.
bool ReadListModification(BitReader& bits) {
  if (!bits.Bit()) return false;
  bool long_term = false;
  // One entry a reference, and one that ends the list.
  for (uint32_t i = 0; i <= kReferencesMax && bits.ok(); ++i) {
    const uint32_t idc = bits.Ue();
    if (idc == 3) break;
    bits.Ue();
    if (i == 0) long_term = idc == 2;
  }
  return long_term;
}

// pred_weight_table() of one list, 7.3.3.2
void SkipWeights(BitReader& bits, uint32_t references, bool chroma) {
  for (uint32_t i = 0; i < references && bits.ok(); ++i) {
    if (bits.Bit()) {
      bits.Se();
      bits.Se();
    }
    if (chroma && bits.Bit()) {
      for (int k = 0; k < 4; ++k) bits.Se();
    }
  }
}

// dec_ref_pic_marking(), 7.3.3.3
void SkipMarking(BitReader& bits, bool idr) {
  if (idr) {
    bits.Bits(2);
    return;
  }
  if (!bits.Bit()) return;
  // At most one operation a reference picture and a few on all of them.
  for (uint32_t i = 0; i < 2 * kReferencesMax + 4 && bits.ok(); ++i) {
    const uint32_t operation = bits.Ue();
    if (operation == 0) return;
    if (operation == 1 || operation == 3) bits.Ue();
    if (operation == 2) bits.Ue();
    if (operation == 3 || operation == 6) bits.Ue();
    if (operation == 4) bits.Ue();
  }
}

template <typename Set>
const Set* Find(const std::vector<Set>& sets, uint32_t id) {
  for (const Set& set : sets) {
    if (set.id == id) return &set;
  }
  return nullptr;
}

template <typename Set>
void Put(std::vector<Set>& sets, const Set& set) {
  for (Set& known : sets) {
    if (known.id == set.id) {
      known = set;
      return;
    }
  }
  sets.push_back(set);
}

// The header from frame_num to redundant_pic_cnt. False when its fields contradict each other.
bool ReadPosition(BitReader& bits, const H264Sps& sps, const H264Pps& pps, H264Slice& slice) {
  if (sps.separate_colour_planes) bits.Bits(2);
  const uint32_t frame_num = bits.Bits(sps.log2_max_frame_num);
  if (!bits.ok()) return false;
  slice.frame_num = frame_num;
  slice.max_frame_num = uint32_t{1} << sps.log2_max_frame_num;
  slice.gaps_allowed = sps.gaps_allowed;
  bool field = false;
  if (!sps.frames_only) {
    field = bits.Bit();
    if (field) bits.Bit();
  }
  if (slice.idr) bits.Ue();  // idr_pic_id
  const bool bottom = pps.bottom_poc_present && !field;
  if (sps.poc_type == 0) {
    bits.Bits(sps.log2_max_poc_lsb);
    if (bottom) bits.Se();
  } else if (sps.poc_type == 1 && !sps.delta_poc_zero) {
    bits.Se();
    if (bottom) bits.Se();
  }
  if (pps.redundant_pic_cnt_present) slice.redundant = bits.Ue() != 0;
  return bits.ok();
}

// The header from direct_spatial_mv_pred_flag to slice_qp_delta: the slice's QP.
std::optional<int> ReadQp(BitReader& bits, const H264Sps& sps, const H264Pps& pps,
                          H264Slice& slice) {
  const H264Slice::Type type = *slice.type;
  const bool b = type == H264Slice::kB;
  const bool intra = type == H264Slice::kI || type == H264Slice::kSI;
  uint32_t references[2] = {pps.references_default[0], pps.references_default[1]};
  if (b) bits.Bit();                // direct_spatial_mv_pred_flag
  if (!intra && bits.Bit()) {       // num_ref_idx_active_override_flag
    references[0] = bits.Ue() + 1;  // 0 after a wrap is caught by the range below
    if (b) references[1] = bits.Ue() + 1;
  }
  for (const uint32_t count : references) {
    if (count == 0 || count > kReferencesMax) return std::nullopt;
  }
  if (!intra) slice.long_term = ReadListModification(bits);
  if (b) ReadListModification(bits);
  const bool weighted = b ? pps.weighted_bipred_idc == 1 : !intra && pps.weighted_pred;
  if (weighted) {
    const bool chroma = sps.chroma_array_type != 0;
    bits.Ue();
    if (chroma) bits.Ue();
    SkipWeights(bits, references[0], chroma);
    if (b) SkipWeights(bits, references[1], chroma);
  }
  if (slice.reference) SkipMarking(bits, slice.idr);
  if (pps.cabac && !intra) bits.Ue();  // cabac_init_idc
  const int32_t delta = bits.Se();
  if (!bits.ok() || delta < -2 * kQpMax || delta > 2 * kQpMax) return std::nullopt;
  const int qp = pps.init_qp + delta;
  if (qp < -sps.qp_bd_offset || qp > kQpMax) return std::nullopt;
  return qp;
}

}  // namespace

void H264Headers::ReadSps(std::span<const uint8_t> nal) {
  if (nal.size() < 4) return;
  BitReader bits(nal.subspan(1), limits::kParameterSetBytesMax);
  const uint32_t profile = bits.Bits(8);
  bits.Bits(16);  // constraint flags, level
  const uint32_t id = bits.Ue();
  if (id >= kSpsMax) return;
  H264Sps sps;
  sps.id = static_cast<uint8_t>(id);
  if (HasChromaFormat(profile) && !ReadChromaFormat(bits, sps)) return;
  const uint32_t log2_max_frame_num = bits.Ue() + 4;
  const uint32_t poc_type = bits.Ue();
  // Below 4 after a wrap of the sum.
  if (log2_max_frame_num < 4 || log2_max_frame_num > 16 || poc_type > 2) return;
  sps.log2_max_frame_num = static_cast<uint8_t>(log2_max_frame_num);
  sps.poc_type = static_cast<uint8_t>(poc_type);
  if (poc_type == 0) {
    const uint32_t log2_max_poc_lsb = bits.Ue() + 4;
    if (log2_max_poc_lsb < 4 || log2_max_poc_lsb > 16) return;
    sps.log2_max_poc_lsb = static_cast<uint8_t>(log2_max_poc_lsb);
  } else if (poc_type == 1) {
    sps.delta_poc_zero = bits.Bit();
    bits.Se();
    bits.Se();
    const uint32_t frames = bits.Ue();  // num_ref_frames_in_pic_order_cnt_cycle
    if (frames > 255) return;
    for (uint32_t i = 0; i < frames && bits.ok(); ++i) bits.Se();
  }
  bits.Ue();  // max_num_ref_frames
  sps.gaps_allowed = bits.Bit();
  bits.Ue();  // width and height in macroblocks
  bits.Ue();
  sps.frames_only = bits.Bit();
  if (bits.ok()) Put(sps_, sps);
}

void H264Headers::ReadPps(std::span<const uint8_t> nal) {
  if (nal.size() < 2) return;
  BitReader bits(nal.subspan(1), limits::kParameterSetBytesMax);
  const uint32_t id = bits.Ue();
  const uint32_t sps_id = bits.Ue();
  if (id >= kPpsMax || sps_id >= kSpsMax) return;
  H264Pps pps;
  pps.id = static_cast<uint8_t>(id);
  pps.sps_id = static_cast<uint8_t>(sps_id);
  pps.cabac = bits.Bit();
  pps.bottom_poc_present = bits.Bit();
  if (!SkipSliceGroups(bits)) return;
  for (uint8_t& references : pps.references_default) {
    const uint32_t count = bits.Ue() + 1;
    if (count == 0 || count > kReferencesMax) return;
    references = static_cast<uint8_t>(count);
  }
  pps.weighted_pred = bits.Bit();
  pps.weighted_bipred_idc = static_cast<uint8_t>(bits.Bits(2));
  const int32_t init_qp = bits.Se();  // pic_init_qp_minus26; below -26 with more than 8 bits
  if (init_qp < -26 - 36 || init_qp > 25) return;
  pps.init_qp = static_cast<int16_t>(26 + init_qp);
  bits.Se();   // pic_init_qs_minus26
  bits.Se();   // chroma_qp_index_offset
  bits.Bit();  // deblocking_filter_control_present_flag
  bits.Bit();  // constrained_intra_pred_flag
  pps.redundant_pic_cnt_present = bits.Bit();
  if (bits.ok()) Put(pps_, pps);
}

H264Slice H264Headers::ReadSlice(std::span<const uint8_t> nal) const {
  H264Slice slice;
  if (nal.size() < 2) return slice;
  slice.idr = (nal[0] & 0x1f) == kIdr;
  slice.reference = (nal[0] >> 5 & 3) != 0;
  BitReader bits(nal.subspan(1), limits::kSliceHeaderBytesMax);
  bits.Ue();  // first_mb_in_slice
  const uint32_t type = bits.Ue();
  const uint32_t pps_id = bits.Ue();
  if (!bits.ok() || type > 9) return slice;
  slice.type = static_cast<H264Slice::Type>(type % 5);
  const H264Pps* pps = Find(pps_, pps_id);
  const H264Sps* sps = pps != nullptr ? Find(sps_, pps->sps_id) : nullptr;
  if (sps == nullptr) return slice;
  if (ReadPosition(bits, *sps, *pps, slice)) slice.qp = ReadQp(bits, *sps, *pps, slice);
  return slice;
}

std::optional<int32_t> RecoveryPoint(std::span<const uint8_t> payload, bool is_h265) {
  BitReader bits(payload, limits::kSliceHeaderBytesMax);
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
      const int32_t count = is_h265 ? bits.Se() : static_cast<int32_t>(bits.Ue());
      return bits.ok() ? std::optional(count) : std::nullopt;
    }
    bits.Skip(8 * size);
  }
  return std::nullopt;
}

}  // namespace patrol::media
