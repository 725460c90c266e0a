#include "lib/video/media/h265_headers.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "lib/base/limits.h"
#include "lib/video/media/bit_reader.h"

namespace patrol::media {

namespace {

constexpr uint32_t kSpsMax = 16, kPpsMax = 64;
constexpr uint32_t kReferencesMax = 16;
constexpr uint32_t kShortTermSetsMax = 64, kLongTermMax = 33;
constexpr uint32_t kProfileMax = 5;
constexpr uint8_t kIdrWRadl = 19, kIdrNLp = 20, kIrapMin = 16, kIrapMax = 23;
constexpr int kQpMax = 51;

// Ceil(Log2(count)): bits of an index into `count` things.
int IndexBits(uint32_t count) { return count > 1 ? std::bit_width(count - 1) : 0; }

// profile_tier_level(1, sub_layers), 7.3.3. Returns general_profile_idc.
uint32_t ReadProfile(BitReader& bits, uint32_t sub_layers) {
  bits.Bits(3);
  const uint32_t profile = bits.Bits(5);
  bits.Skip(32 + 48 + 8);
  uint32_t present = 0;
  for (uint32_t i = 0; i < sub_layers; ++i) present = present << 2 | bits.Bits(2);
  if (sub_layers > 0) bits.Skip(2 * (8 - sub_layers));
  for (uint32_t i = 0; i < sub_layers; ++i) {
    const uint32_t flags = present >> (2 * (sub_layers - 1 - i));
    if ((flags & 2) != 0) bits.Skip(88);
    if ((flags & 1) != 0) bits.Skip(8);
  }
  return profile;
}

// scaling_list_data(), 7.3.4
void SkipScalingLists(BitReader& bits) {
  for (int size = 0; size < 4; ++size) {
    for (int matrix = 0; matrix < 6 && bits.ok(); matrix += size == 3 ? 3 : 1) {
      if (!bits.Bit()) {
        bits.Ue();
        continue;
      }
      if (size > 1) bits.Se();
      for (int i = 0; i < std::min(64, 1 << (4 + 2 * size)) && bits.ok(); ++i) bits.Se();
    }
  }
}

// A set told by its difference from the one `delta_index` before it, (7-61) and (7-62).
std::optional<H265ReferenceSet> ReadPredictedSet(BitReader& bits,
                                                 std::span<const H265ReferenceSet> known,
                                                 bool in_slice) {
  const uint32_t back = in_slice ? bits.Ue() + 1 : 1;
  if (back == 0 || back > known.size()) return std::nullopt;
  const H265ReferenceSet& from = known[known.size() - back];
  const bool negative = bits.Bit();
  const uint32_t magnitude = bits.Ue() + 1;
  if (magnitude == 0 || magnitude > 1u << 15) return std::nullopt;
  const int32_t shift =
      negative ? -static_cast<int32_t>(magnitude) : static_cast<int32_t>(magnitude);
  struct Entry {
    int32_t delta;
    bool used;
  };
  std::array<Entry, H265ReferenceSet::kPicturesMax + 1> entries;
  size_t kept = 0;
  for (size_t j = 0; j <= from.count; ++j) {
    const bool used = bits.Bit();
    const bool keep = used || bits.Bit();
    const int32_t delta = shift + (j < from.count ? from.delta_poc[j] : 0);
    if (keep && delta != 0) entries[kept++] = {delta, used};
  }
  if (!bits.ok() || kept > H265ReferenceSet::kPicturesMax) return std::nullopt;
  // Nearest first, those before ahead of those after: the order the standard's loops give.
  std::sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept),
            [](const Entry& a, const Entry& b) {
              if ((a.delta < 0) != (b.delta < 0)) return a.delta < 0;
              return a.delta < 0 ? a.delta > b.delta : a.delta < b.delta;
            });
  H265ReferenceSet set;
  set.count = static_cast<uint8_t>(kept);
  for (size_t i = 0; i < kept; ++i) {
    set.delta_poc[i] = entries[i].delta;
    if (entries[i].used) ++set.used_count;
  }
  return set;
}

// st_ref_pic_set(known.size()), 7.3.7
std::optional<H265ReferenceSet> ReadReferenceSet(BitReader& bits,
                                                 std::span<const H265ReferenceSet> known,
                                                 bool in_slice) {
  if (!known.empty() && bits.Bit()) return ReadPredictedSet(bits, known, in_slice);
  const uint32_t before = bits.Ue(), after = bits.Ue();
  if (before > kReferencesMax || after > kReferencesMax || before + after > kReferencesMax) {
    return std::nullopt;
  }
  H265ReferenceSet set;
  int32_t poc = 0;
  for (uint32_t i = 0; i < before + after; ++i) {
    if (i == before) poc = 0;
    const uint32_t step = bits.Ue() + 1;
    if (step == 0 || step > 1u << 15) return std::nullopt;
    poc += i < before ? -static_cast<int32_t>(step) : static_cast<int32_t>(step);
    set.delta_poc[set.count++] = poc;
    if (bits.Bit()) ++set.used_count;
  }
  return bits.ok() ? std::optional(set) : std::nullopt;
}

// From chroma_format_idc to the coding block sizes. False when out of range.
bool ReadFormat(BitReader& bits, uint32_t sub_layers, H265Sps& sps) {
  const uint32_t chroma_format = bits.Ue();
  if (chroma_format > 3) return false;
  if (chroma_format == 3) sps.separate_colour_planes = bits.Bit();
  sps.chroma_array_type = sps.separate_colour_planes ? 0 : static_cast<uint8_t>(chroma_format);
  const uint32_t width = bits.Ue(), height = bits.Ue();
  if (bits.Bit()) {  // conformance_window_flag
    for (int i = 0; i < 4; ++i) bits.Ue();
  }
  const uint32_t depth = bits.Ue();
  bits.Ue();  // bit_depth_chroma_minus8
  const uint32_t log2_max_poc_lsb = bits.Ue() + 4;
  if (depth > 8 || log2_max_poc_lsb < 4 || log2_max_poc_lsb > 16) return false;
  sps.qp_bd_offset = static_cast<uint8_t>(6 * depth);
  sps.log2_max_poc_lsb = static_cast<uint8_t>(log2_max_poc_lsb);
  const uint32_t told = bits.Bit() ? sub_layers + 1 : 1;
  for (uint32_t i = 0; i < told; ++i) {
    for (int k = 0; k < 3; ++k) bits.Ue();
  }
  const uint32_t log2_min = bits.Ue(), log2_more = bits.Ue();
  for (int i = 0; i < 4; ++i) bits.Ue();  // transform sizes and depths
  if (!bits.ok() || log2_min > 3 || log2_more > 3) return false;
  const uint32_t log2_ctb = log2_min + 3 + log2_more;
  if (width == 0 || height == 0 || width > 1u << 16 || height > 1u << 16) return false;
  const uint32_t ctb = (1u << log2_ctb) - 1;
  sps.address_bits =
      static_cast<uint8_t>(IndexBits(((width + ctb) >> log2_ctb) * ((height + ctb) >> log2_ctb)));
  return true;
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
      known = set;  // keeps the room its lists have
      return;
    }
  }
  sets.push_back(set);
}

// The reference sets of a slice, from slice_pic_order_cnt_lsb on: how many pictures it may refer to
// (NumPicTotalCurr). nullopt when out of range.
std::optional<uint32_t> ReadReferences(BitReader& bits, const H265Sps& sps) {
  bits.Bits(sps.log2_max_poc_lsb);
  uint32_t used = 0;
  if (!bits.Bit()) {  // short_term_ref_pic_set_sps_flag
    const auto set = ReadReferenceSet(bits, sps.short_term, true);
    if (!set) return std::nullopt;
    used = set->used_count;
  } else {
    const uint32_t index = bits.Bits(IndexBits(static_cast<uint32_t>(sps.short_term.size())));
    if (index >= sps.short_term.size()) return std::nullopt;
    used = sps.short_term[index].used_count;
  }
  if (!sps.long_term_present) return used;
  const uint32_t from_sps = sps.long_term_count > 0 ? bits.Ue() : 0;
  const uint32_t own = bits.Ue();
  if (from_sps > kLongTermMax || own > kLongTermMax) return std::nullopt;
  for (uint32_t i = 0; i < from_sps + own && bits.ok(); ++i) {
    if (i < from_sps) {
      used += sps.long_term_used >> bits.Bits(IndexBits(sps.long_term_count)) & 1;
    } else {
      bits.Bits(sps.log2_max_poc_lsb);
      used += bits.Bits(1);
    }
    if (bits.Bit()) bits.Ue();  // delta_poc_msb_cycle_lt
  }
  return bits.ok() ? std::optional(used) : std::nullopt;
}

// pred_weight_table() of one list, 7.3.6.3
void SkipWeights(BitReader& bits, uint32_t references, bool chroma) {
  const uint32_t luma_flags = bits.Bits(static_cast<int>(references));
  const uint32_t chroma_flags = chroma ? bits.Bits(static_cast<int>(references)) : 0;
  for (uint32_t i = references; i-- > 0 && bits.ok();) {
    const uint32_t fields = 2 * (luma_flags >> i & 1) + 4 * (chroma_flags >> i & 1);
    for (uint32_t k = 0; k < fields; ++k) bits.Se();
  }
}

// What only P and B slices have. False when out of range.
bool ReadPrediction(BitReader& bits, const H265Sps& sps, const H265Pps& pps, bool b,
                    uint32_t pictures, bool temporal_mvp) {
  uint32_t references[2] = {pps.references_default[0], pps.references_default[1]};
  if (bits.Bit()) {  // num_ref_idx_active_override_flag
    references[0] = bits.Ue() + 1;
    if (b) references[1] = bits.Ue() + 1;
  }
  for (const uint32_t count : references) {
    if (count == 0 || count > kReferencesMax) return false;
  }
  if (pps.lists_modification_present && pictures > 1) {
    for (int list = 0; list < (b ? 2 : 1); ++list) {
      if (bits.Bit()) bits.Skip(references[list] * static_cast<uint32_t>(IndexBits(pictures)));
    }
  }
  if (b) bits.Bit();  // mvd_l1_zero_flag
  if (pps.cabac_init_present) bits.Bit();
  if (temporal_mvp) {
    const bool from_second = b && !bits.Bit();
    if (references[from_second ? 1 : 0] > 1) bits.Ue();  // collocated_ref_idx
  }
  if (b ? pps.weighted_bipred : pps.weighted_pred) {
    const bool chroma = sps.chroma_array_type != 0;
    bits.Ue();
    if (chroma) bits.Se();
    SkipWeights(bits, references[0], chroma);
    if (b) SkipWeights(bits, references[1], chroma);
  }
  bits.Ue();  // five_minus_max_num_merge_cand
  return bits.ok();
}

}  // namespace

void H265Headers::ReadSps(std::span<const uint8_t> nal) {
  if (nal.size() < 4) return;
  BitReader bits(nal.subspan(2), limits::kParameterSetBytesMax);
  bits.Bits(4);  // sps_video_parameter_set_id
  const uint32_t sub_layers = bits.Bits(3);
  bits.Bit();
  if (sub_layers > 6 || ReadProfile(bits, sub_layers) > kProfileMax) return;
  const uint32_t id = bits.Ue();
  H265Sps sps;
  if (id >= kSpsMax || !ReadFormat(bits, sub_layers, sps)) return;
  sps.id = static_cast<uint8_t>(id);
  if (bits.Bit() && bits.Bit()) SkipScalingLists(bits);
  bits.Bit();  // amp_enabled_flag
  sps.sao = bits.Bit();
  if (bits.Bit()) {  // pcm_enabled_flag
    bits.Bits(8);
    bits.Ue();
    bits.Ue();
    bits.Bit();
  }
  const uint32_t sets = bits.Ue();
  if (sets > kShortTermSetsMax) return;
  for (uint32_t i = 0; i < sets; ++i) {
    const auto set = ReadReferenceSet(bits, sps.short_term, false);
    if (!set) return;
    sps.short_term.push_back(*set);
  }
  sps.long_term_present = bits.Bit();
  if (sps.long_term_present) {
    const uint32_t count = bits.Ue();
    if (count >= kLongTermMax) return;
    sps.long_term_count = static_cast<uint8_t>(count);
    for (uint32_t i = 0; i < count; ++i) {
      bits.Bits(sps.log2_max_poc_lsb);
      sps.long_term_used |= bits.Bits(1) << i;
    }
  }
  sps.temporal_mvp = bits.Bit();
  if (bits.ok()) Put(sps_, sps);
}

void H265Headers::ReadPps(std::span<const uint8_t> nal) {
  if (nal.size() < 4) return;
  BitReader bits(nal.subspan(2), limits::kParameterSetBytesMax);
  const uint32_t id = bits.Ue(), sps_id = bits.Ue();
  if (id >= kPpsMax || sps_id >= kSpsMax) return;
  H265Pps pps;
  pps.id = static_cast<uint8_t>(id);
  pps.sps_id = static_cast<uint8_t>(sps_id);
  pps.dependent_slices = bits.Bit();
  pps.output_flag_present = bits.Bit();
  pps.extra_slice_bits = static_cast<uint8_t>(bits.Bits(3));
  bits.Bit();  // sign_data_hiding_enabled_flag
  pps.cabac_init_present = bits.Bit();
  for (uint8_t& references : pps.references_default) {
    const uint32_t count = bits.Ue() + 1;
    if (count == 0 || count > kReferencesMax) return;
    references = static_cast<uint8_t>(count);
  }
  const int32_t init_qp = bits.Se();
  if (init_qp < -26 - 48 || init_qp > 25) return;
  pps.init_qp = static_cast<int16_t>(26 + init_qp);
  bits.Bits(2);               // constrained_intra_pred_flag, transform_skip_enabled_flag
  if (bits.Bit()) bits.Ue();  // diff_cu_qp_delta_depth
  bits.Se();                  // chroma QP offsets
  bits.Se();
  bits.Bit();
  pps.weighted_pred = bits.Bit();
  pps.weighted_bipred = bits.Bit();
  bits.Bit();  // transquant_bypass_enabled_flag
  const bool tiles = bits.Bit();
  bits.Bit();  // entropy_coding_sync_enabled_flag
  if (tiles) {
    const uint32_t columns = bits.Ue(), rows = bits.Ue();
    if (columns > 64 || rows > 64) return;
    if (!bits.Bit()) {
      for (uint32_t i = 0; i < columns + rows; ++i) bits.Ue();
    }
    bits.Bit();
  }
  bits.Bit();        // pps_loop_filter_across_slices_enabled_flag
  if (bits.Bit()) {  // deblocking_filter_control_present_flag
    bits.Bit();
    if (!bits.Bit()) {
      bits.Se();
      bits.Se();
    }
  }
  if (bits.Bit()) SkipScalingLists(bits);
  pps.lists_modification_present = bits.Bit();
  if (bits.ok()) Put(pps_, pps);
}

H265Slice H265Headers::ReadSlice(std::span<const uint8_t> nal, uint8_t nal_type) const {
  H265Slice slice;
  if (nal.size() < 3) return slice;
  BitReader bits(nal.subspan(2), limits::kSliceHeaderBytesMax);
  const bool first = bits.Bit();
  if (nal_type >= kIrapMin && nal_type <= kIrapMax) bits.Bit();  // no_output_of_prior_pics_flag
  const H265Pps* pps = Find(pps_, bits.Ue());
  const H265Sps* sps = pps != nullptr ? Find(sps_, pps->sps_id) : nullptr;
  if (sps == nullptr) return slice;
  if (!first) {
    slice.dependent = pps->dependent_slices && bits.Bit();
    bits.Bits(sps->address_bits);
  }
  if (slice.dependent) return slice;
  bits.Bits(pps->extra_slice_bits);
  const uint32_t type = bits.Ue();
  if (!bits.ok() || type > 2) return slice;
  slice.type = static_cast<H265Slice::Type>(type);
  if (pps->output_flag_present) bits.Bit();
  if (sps->separate_colour_planes) bits.Bits(2);
  uint32_t pictures = 0;
  bool temporal_mvp = false;
  if (nal_type != kIdrWRadl && nal_type != kIdrNLp) {
    const std::optional<uint32_t> used = ReadReferences(bits, *sps);
    if (!used) return slice;
    pictures = *used;
    temporal_mvp = sps->temporal_mvp && bits.Bit();
  }
  if (sps->sao) {
    bits.Bit();
    if (sps->chroma_array_type != 0) bits.Bit();
  }
  if (slice.type != H265Slice::kI &&
      !ReadPrediction(bits, *sps, *pps, slice.type == H265Slice::kB, pictures, temporal_mvp)) {
    return slice;
  }
  const int32_t delta = bits.Se();
  if (!bits.ok() || delta < -128 || delta > 128) return slice;
  const int qp = pps->init_qp + delta;
  if (qp >= -sps->qp_bd_offset && qp <= kQpMax) slice.qp = qp;
  return slice;
}

}  // namespace patrol::media
