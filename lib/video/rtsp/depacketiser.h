#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "lib/video/media/access_unit.h"
#include "lib/video/media/annexb.h"
#include "lib/video/rtsp/quirks.h"
#include "lib/video/rtsp/rtp.h"
#include "lib/video/rtsp/sdp.h"

namespace patrol::rtsp {

// An access unit before it has its place in time.
struct AssembledUnit {
  bool keyframe = false;
  media::Refresh refresh = media::Refresh::kNone;
  bool damaged = false;
  uint32_t rtp_time = 0;
  std::vector<uint8_t> data;  // Annex B, four-byte start codes
};

// RTP payloads of one H.264 (RFC 6184, single NAL and non-interleaved mode) or H.265 (RFC 7798,
// without DON) stream in, access units out.
//
// A unit ends with the marker bit once it holds a slice, or where the RTP time changes. Parameter
// sets are remembered, from the SDP and from the stream, and put before keyframes and recovery
// points that come without; so they are, now and then, where a stream has neither for long: it may
// renew its picture piece by piece and not say so. A unit that holds nothing but parameter sets and
// SEI is not handed on. Where packets were lost, the unit they belonged to and the next are marked
// damaged, the latter not if it is a whole keyframe.
//
// Limits: limits::kAccessUnitBytesMax and kNalUnitsPerAccessUnitMax; a unit beyond them is damaged.
class Depacketiser {
 public:
  // quirks: outlives this.
  Depacketiser(const VideoTrack& track, QuirkCounts* quirks);

  // lost_before: packets between the last one and this one are missing.
  // Appends finished units, oldest first: none, one or two.
  void OnPacket(const RtpPacket& packet, bool lost_before, std::vector<AssembledUnit>* finished);

 private:
  using Bytes = std::span<const uint8_t>;

  void TakePayload(Bytes payload);
  void TakeH264(Bytes payload);
  void TakeH265(Bytes payload);
  // Aggregated NAL units, each behind its size in two bytes.
  void TakeAggregate(Bytes sizes_and_nals);
  // header: of the NAL unit the fragments make up, as they must have been before.
  void TakeFragment(Bytes header, bool start, bool end, Bytes fragment);
  void TakeNal(Bytes nal);

  void BeginNal(Bytes header_and_more);
  void Append(Bytes bytes);
  void EndNal();
  void Finish(std::vector<AssembledUnit>* finished);
  // How the unit that is whole now can be decoded from.
  media::Entry EntryHere();

  int NalType(uint8_t first_byte) const;
  bool IsSlice(int type) const;
  bool IsKeyframeSlice(int type) const;
  bool IsParameterSet(int type) const;
  void Remember(Bytes parameter_set);
  std::vector<uint8_t> MissingParameterSets() const;

  const media::Codec codec_;
  const size_t nal_header_bytes_;
  QuirkCounts* const quirks_;
  // By NAL type and id, in the order they must be sent: VPS, SPS, PPS.
  std::map<std::pair<int, int>, std::vector<uint8_t>> parameter_sets_;

  // The unit being put together.
  bool open_ = false;
  uint32_t rtp_time_ = 0;
  std::vector<uint8_t> data_;
  size_t nals_ = 0;
  bool damaged_ = false;
  bool lost_before_unit_ = false;
  bool loss_carried_ = false;  // from a unit that held no slice
  bool overflowed_ = false;
  bool has_slice_ = false;
  bool first_slice_whole_ = false;  // its first slice is the picture's first
  bool keyframe_ = false;
  bool sei_ = false;
  std::set<int> sets_in_unit_;  // NAL types of parameter sets in it
  size_t delimiter_end_ = 0;    // behind a leading access unit delimiter

  int since_entry_ = 0;  // units

  // The NAL unit being put together, at nal_begin_ of data_.
  bool in_nal_ = false;
  size_t nal_begin_ = 0;
  bool in_fragments_ = false;

  // How this camera uses the marker bit.
  bool ended_by_marker_ = false;  // the last unit; its time:
  uint32_t ended_time_ = 0;
  bool marker_is_no_end_ = false;
};

}  // namespace patrol::rtsp
