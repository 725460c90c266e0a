#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace patrol::media {

// A short-term reference picture set: the pictures before, then those after, nearest first.
struct H265ReferenceSet {
  static constexpr int kPicturesMax = 16;

  std::array<int32_t, kPicturesMax> delta_poc{};
  uint8_t count = 0;
  uint8_t used_count = 0;  // used_by_curr_pic_flag
};

// What an H.265 sequence parameter set says about reading slice headers.
struct H265Sps {
  uint8_t id = 0;
  bool separate_colour_planes = false;
  uint8_t chroma_array_type = 1;
  uint8_t qp_bd_offset = 0;  // 6 * bit_depth_luma_minus8
  uint8_t log2_max_poc_lsb = 4;
  uint8_t address_bits = 0;  // of slice_segment_address
  bool sao = false;
  bool long_term_present = false;
  bool temporal_mvp = false;
  uint8_t long_term_count = 0;  // num_long_term_ref_pics_sps
  uint32_t long_term_used = 0;  // used_by_curr_pic_lt_sps_flag, bit i of entry i
  std::vector<H265ReferenceSet> short_term;
};

struct H265Pps {
  uint8_t id = 0;
  uint8_t sps_id = 0;
  bool dependent_slices = false;
  bool output_flag_present = false;
  uint8_t extra_slice_bits = 0;
  bool cabac_init_present = false;
  uint8_t references_default[2] = {1, 1};
  int16_t init_qp = 26;
  bool weighted_pred = false;
  bool weighted_bipred = false;
  bool lists_modification_present = false;
};

// The front of a slice segment header, up to slice_qp_delta.
struct H265Slice {
  enum Type : uint8_t { kB = 0, kP = 1, kI = 2 };

  std::optional<Type> type;  // nullopt: unknown parameter sets, or a dependent segment
  bool dependent = false;
  std::optional<int> qp;  // SliceQpY; nullopt where the header could not be read as far
};

// The H.265 parameter sets of one stream, and slice headers read by them. NAL units come with their
// two-byte header. Profiles up to 5 (Main to high throughput): a screen-content or multi-layer SPS
// is ignored, as is one that cannot be read.
//
// Source: ITU-T H.265 7.3.2.2 (SPS), 7.3.2.3 (PPS), 7.3.6 (slice header), 7.3.7 (reference sets).
// Threads: one at a time.
class H265Headers {
 public:
  void ReadSps(std::span<const uint8_t> nal);
  void ReadPps(std::span<const uint8_t> nal);
  H265Slice ReadSlice(std::span<const uint8_t> nal, uint8_t nal_type) const;

 private:
  // Searched, not indexed: a stream has one of each. At most 16 and 64.
  std::vector<H265Sps> sps_;
  std::vector<H265Pps> pps_;
};

}  // namespace patrol::media
