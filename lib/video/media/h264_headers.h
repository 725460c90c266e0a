#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace patrol::media {

// What an H.264 sequence parameter set says about reading slice headers.
struct H264Sps {
  uint8_t id = 0;
  uint8_t log2_max_frame_num = 0;
  uint8_t poc_type = 0;
  uint8_t log2_max_poc_lsb = 0;   // poc_type 0
  bool delta_poc_zero = false;    // poc_type 1: delta_pic_order_always_zero_flag
  uint8_t chroma_array_type = 1;  // 0: monochrome, or colour planes coded apart
  bool separate_colour_planes = false;
  bool gaps_allowed = false;  // gaps_in_frame_num_value_allowed_flag
  bool frames_only = true;    // frame_mbs_only_flag
  uint8_t qp_bd_offset = 0;   // 6 * bit_depth_luma_minus8
};

struct H264Pps {
  uint8_t id = 0;
  uint8_t sps_id = 0;
  bool cabac = false;
  bool bottom_poc_present = false;  // bottom_field_pic_order_in_frame_present_flag
  bool weighted_pred = false;
  uint8_t weighted_bipred_idc = 0;
  uint8_t references_default[2] = {1, 1};
  int16_t init_qp = 26;
  bool redundant_pic_cnt_present = false;
};

// The front of a slice header, up to slice_qp_delta.
struct H264Slice {
  enum Type : uint8_t { kP = 0, kB = 1, kI = 2, kSP = 3, kSI = 4 };

  std::optional<Type> type;
  bool idr = false;
  bool reference = false;
  bool redundant = false;
  // The slice's list of references begins at a long-term reference picture.
  bool long_term = false;
  std::optional<uint32_t> frame_num;  // nullopt: its parameter sets are unknown
  uint32_t max_frame_num = 0;
  bool gaps_allowed = false;
  std::optional<int> qp;  // SliceQPY; nullopt where the header could not be read as far
};

// The H.264 parameter sets of one stream, and slice headers read by them. NAL units come with their
// one-byte header. A set that cannot be read is ignored and leaves its predecessor in place.
//
// Source: ITU-T H.264 7.3.2.1 (SPS), 7.3.2.2 (PPS), 7.3.3 (slice header). Threads: one at a time.
class H264Headers {
 public:
  void ReadSps(std::span<const uint8_t> nal);
  void ReadPps(std::span<const uint8_t> nal);
  H264Slice ReadSlice(std::span<const uint8_t> nal) const;

 private:
  // A stream has one or two of each: searched, not indexed. At most 32 and 256.
  std::vector<H264Sps> sps_;
  std::vector<H264Pps> pps_;
};

// recovery_frame_cnt (H.264) or recovery_poc_cnt (H.265) of an SEI's recovery point message.
//
// payload:  the NAL unit without its header (one byte in H.264, two in H.265).
// is_h265:  which of the two.
// Returns:  nullopt when the unit has no such message.
// Source:   ITU-T H.264 D.1.8, H.265 D.2.8.
std::optional<int32_t> RecoveryPoint(std::span<const uint8_t> payload, bool is_h265);

}  // namespace patrol::media
