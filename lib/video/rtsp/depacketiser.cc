#include "lib/video/rtsp/depacketiser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

using Bytes = std::span<const uint8_t>;
using media::Codec;

constexpr std::array<uint8_t, 4> kStartCode = {0, 0, 0, 1};

// H.264, ITU-T H.264 table 7-1 and RFC 6184 table 1.
constexpr int kH264Idr = 5;
constexpr int kH264Sei = 6;
constexpr int kH264Sps = 7;
constexpr int kH264Pps = 8;
constexpr int kH264Delimiter = 9;
constexpr int kH264StapA = 24;
constexpr int kH264FuA = 28;
// H.265, ITU-T H.265 table 7-1 and RFC 7798 section 4.4.
constexpr int kH265IrapFirst = 16;
constexpr int kH265IrapLast = 23;
constexpr int kH265SliceLast = 31;
constexpr int kH265Vps = 32;
constexpr int kH265Sps = 33;
constexpr int kH265Pps = 34;
constexpr int kH265Delimiter = 35;
constexpr int kH265PrefixSei = 39;
constexpr int kH265Aggregate = 48;
constexpr int kH265Fragment = 49;
constexpr int kH265Paci = 50;

// A stream without a keyframe or recovery point for so many units may have none: that is longer
// than nearly all GOPs. From then on one in so many is marked.
constexpr int kUnitsWithoutEntry = 300;
constexpr int kUnitsBetweenEntries = 30;

constexpr size_t kParameterSetsMax = 64;
constexpr size_t kParameterSetBytesMax = 4096;

// Exp-Golomb ue(v) at the front of `bytes`; nullopt beyond 16 bits or the end.
std::optional<int> ReadUe(Bytes bytes) {
  const size_t bits = bytes.size() * 8;
  const auto bit = [&](size_t at) { return (bytes[at / 8] >> (7 - at % 8)) & 1; };
  size_t zeros = 0;
  while (zeros < bits && zeros <= 16 && bit(zeros) == 0) ++zeros;
  if (zeros > 16 || 2 * zeros + 1 > bits) return std::nullopt;
  int value = 0;
  for (size_t i = zeros; i <= 2 * zeros; ++i) value = value * 2 + bit(i);
  return value - 1;
}

// Which of several parameter sets of its type this is. The id of an H.265 SPS lies behind its
// profile and levels; cameras have one, so it counts as 0.
int ParameterSetId(Codec codec, int type, Bytes nal) {
  if (codec == Codec::kH264) {
    const size_t at = type == kH264Sps ? 4 : 1;
    return nal.size() > at ? ReadUe(nal.subspan(at)).value_or(0) : 0;
  }
  if (type == kH265Vps) return nal.size() > 2 ? nal[2] >> 4 : 0;
  if (type == kH265Pps) return nal.size() > 2 ? ReadUe(nal.subspan(2)).value_or(0) : 0;
  return 0;
}

// Bytes of a start code at the front: 0, 3 or 4.
size_t StartCodeBytes(Bytes nal) {
  if (nal.size() >= 3 && nal[0] == 0 && nal[1] == 0) {
    if (nal[2] == 1) return 3;
    if (nal.size() >= 4 && nal[2] == 0 && nal[3] == 1) return 4;
  }
  return 0;
}

}  // namespace

Depacketiser::Depacketiser(const VideoTrack& track, QuirkCounts* quirks)
    : codec_(track.codec), nal_header_bytes_(track.codec == Codec::kH264 ? 1 : 2), quirks_(quirks) {
  for (const std::vector<uint8_t>& set : track.parameter_sets) Remember(set);
}

void Depacketiser::OnPacket(const RtpPacket& packet, bool lost_before,
                            std::vector<AssembledUnit>* finished) {
  if (open_ && lost_before) {
    damaged_ = true;
    if (in_nal_) EndNal();
    in_fragments_ = false;
  }
  if (open_ && packet.timestamp != rtp_time_) Finish(finished);
  if (!open_) {
    open_ = true;
    rtp_time_ = packet.timestamp;
    lost_before_unit_ = lost_before || loss_carried_;
  }
  TakePayload(packet.payload);
  if (packet.marker && has_slice_ && !marker_is_no_end_) {
    Finish(finished);
    ended_by_marker_ = true;
    ended_time_ = packet.timestamp;
  } else if (packet.marker && !has_slice_ && !damaged_ && !lost_before_unit_) {
    // On parameter sets or SEI, as if they were a picture.
    CountQuirk(quirks_, "marker_without_slice");
  }
}

void Depacketiser::TakePayload(Bytes payload) {
  if (payload.size() <= nal_header_bytes_) {
    CountQuirk(quirks_, "empty_payload");
    return;
  }
  if (codec_ == Codec::kH264) {
    TakeH264(payload);
  } else {
    TakeH265(payload);
  }
}

void Depacketiser::TakeH264(Bytes payload) {
  const int type = payload[0] & 0x1f;
  if (type == kH264StapA) {
    TakeAggregate(payload.subspan(1));
  } else if (type == kH264FuA) {
    const uint8_t header = static_cast<uint8_t>((payload[0] & 0xe0) | (payload[1] & 0x1f));
    TakeFragment(Bytes(&header, 1), (payload[1] & 0x80) != 0, (payload[1] & 0x40) != 0,
                 payload.subspan(2));
  } else if (type >= 25 && type <= 29) {
    // STAP-B, MTAP and FU-B exist in interleaved mode only, which nobody offers us in an SDP.
    CountQuirk(quirks_, "h264_interleaved_mode");
    damaged_ = true;
  } else if (type == 0 && StartCodeBytes(payload) == 0) {
    CountQuirk(quirks_, "reserved_nal_type");
  } else if (type >= 30) {
    CountQuirk(quirks_, "reserved_nal_type");
  } else {
    TakeNal(payload);
  }
}

void Depacketiser::TakeH265(Bytes payload) {
  const int type = (payload[0] >> 1) & 0x3f;
  if (type == kH265Aggregate) {
    TakeAggregate(payload.subspan(2));
  } else if (type == kH265Fragment) {
    if (payload.size() < 4) {
      CountQuirk(quirks_, "empty_fragment");
      return;
    }
    const std::array<uint8_t, 2> header = {
        static_cast<uint8_t>((payload[0] & 0x81) | (payload[2] & 0x3f) << 1), payload[1]};
    TakeFragment(header, (payload[2] & 0x80) != 0, (payload[2] & 0x40) != 0, payload.subspan(3));
  } else if (type == kH265Paci) {
    CountQuirk(quirks_, "h265_paci");
    damaged_ = true;
  } else if (type > kH265Paci) {
    CountQuirk(quirks_, "reserved_nal_type");
  } else {
    TakeNal(payload);
  }
}

void Depacketiser::TakeAggregate(Bytes sizes_and_nals) {
  while (sizes_and_nals.size() >= 2) {
    const size_t size = static_cast<size_t>(sizes_and_nals[0]) << 8 | sizes_and_nals[1];
    sizes_and_nals = sizes_and_nals.subspan(2);
    if (size > sizes_and_nals.size()) {
      CountQuirk(quirks_, "aggregate_too_short");
      damaged_ = true;
      return;
    }
    if (size > nal_header_bytes_) TakeNal(sizes_and_nals.first(size));
    sizes_and_nals = sizes_and_nals.subspan(size);
  }
  if (!sizes_and_nals.empty()) CountQuirk(quirks_, "aggregate_with_rest");
}

void Depacketiser::TakeFragment(Bytes header, bool start, bool end, Bytes fragment) {
  if (start) {
    if (in_fragments_) {
      CountQuirk(quirks_, "fragment_end_absent");
      EndNal();
    }
    std::array<uint8_t, 3> first = {header[0], 0, 0};
    size_t size = header.size();
    if (size == 2) first[1] = header[1];
    // The first byte of the slice header goes along, so that BeginNal sees what slice it is.
    const size_t more = std::min<size_t>(fragment.size(), 1);
    if (more == 1) first[size++] = fragment[0];
    BeginNal(Bytes(first.data(), size));
    in_fragments_ = true;
    Append(fragment.subspan(more));
  } else if (!in_fragments_) {
    // Its start was lost, or never sent.
    CountQuirk(quirks_, "fragment_without_start");
    damaged_ = true;
    return;
  } else {
    if (nal_begin_ < data_.size() && NalType(data_[nal_begin_]) != NalType(header[0])) {
      CountQuirk(quirks_, "fragment_type_changed");
    }
    if (fragment.empty()) CountQuirk(quirks_, "empty_fragment");
    Append(fragment);
  }
  if (end) {
    EndNal();
    in_fragments_ = false;
  }
}

void Depacketiser::TakeNal(Bytes nal) {
  if (in_fragments_) {
    CountQuirk(quirks_, "fragment_end_absent");
    EndNal();
    in_fragments_ = false;
  }
  if (const size_t start_code = StartCodeBytes(nal); start_code > 0) {
    // Annex B inside RTP: several NAL units may follow each other.
    CountQuirk(quirks_, "start_code_in_payload");
    nal = nal.subspan(start_code);
    for (size_t at = 0; at + 3 <= nal.size(); ++at) {
      const size_t next = StartCodeBytes(nal.subspan(at));
      if (next == 0) continue;
      if (at > nal_header_bytes_) {
        BeginNal(nal.first(at));
        EndNal();
      }
      nal = nal.subspan(at + next);
      at = static_cast<size_t>(-1);
    }
    if (nal.size() <= nal_header_bytes_) return;
  }
  BeginNal(nal);
  EndNal();
}

void Depacketiser::BeginNal(Bytes header_and_more) {
  const int type = NalType(header_and_more[0]);
  if (IsSlice(type)) {
    // first_mb_in_slice 0 is a single 1 bit; first_slice_segment_in_pic_flag is a bit.
    const bool first = header_and_more.size() > nal_header_bytes_ &&
                       (header_and_more[nal_header_bytes_] & 0x80) != 0;
    if (!has_slice_) {
      first_slice_whole_ = first;
      if (ended_by_marker_ && rtp_time_ == ended_time_) {
        if (first) {
          CountQuirk(quirks_, "rtp_time_repeated");
        } else {
          // The marker ended the unit before its time: from now on only the time ends one.
          CountQuirk(quirks_, "marker_within_unit");
          marker_is_no_end_ = true;
          damaged_ = true;
        }
      }
    }
    has_slice_ = true;
    keyframe_ = keyframe_ || IsKeyframeSlice(type);
  } else if (IsParameterSet(type)) {
    sets_in_unit_.insert(type);
  } else if (type == (codec_ == Codec::kH264 ? kH264Sei : kH265PrefixSei)) {
    sei_ = true;
  }
  if (++nals_ > limits::kNalUnitsPerAccessUnitMax && !overflowed_) {
    CountQuirk(quirks_, "access_unit_too_many_nals");
    overflowed_ = true;
  }
  in_nal_ = true;
  Append(kStartCode);
  nal_begin_ = data_.size();
  Append(header_and_more);
}

void Depacketiser::Append(Bytes bytes) {
  if (overflowed_) return;
  if (data_.size() + bytes.size() > limits::kAccessUnitBytesMax) {
    CountQuirk(quirks_, "access_unit_too_large");
    overflowed_ = true;
    return;
  }
  data_.insert(data_.end(), bytes.begin(), bytes.end());
}

void Depacketiser::EndNal() {
  if (!in_nal_) return;
  in_nal_ = false;
  if (overflowed_ || nal_begin_ >= data_.size()) return;
  const int type = NalType(data_[nal_begin_]);
  if (IsParameterSet(type)) Remember(Bytes(data_).subspan(nal_begin_));
  const int delimiter = codec_ == Codec::kH264 ? kH264Delimiter : kH265Delimiter;
  if (nals_ == 1 && type == delimiter) delimiter_end_ = data_.size();
}

void Depacketiser::Finish(std::vector<AssembledUnit>* finished) {
  if (in_nal_) {
    if (in_fragments_ && !damaged_) CountQuirk(quirks_, "fragment_end_absent");
    EndNal();
  }
  in_fragments_ = false;
  if (has_slice_) {
    AssembledUnit unit;
    const media::Entry entry = EntryHere();
    keyframe_ = entry.keyframe;
    unit.keyframe = entry.keyframe;
    unit.refresh = entry.refresh;
    unit.rtp_time = rtp_time_;
    unit.damaged = damaged_ || overflowed_;
    if (lost_before_unit_ && !(keyframe_ && first_slice_whole_)) unit.damaged = true;
    const std::vector<uint8_t> missing =
        entry.any() ? MissingParameterSets() : std::vector<uint8_t>();
    unit.data.reserve(data_.size() + missing.size());
    const auto split = data_.begin() + static_cast<ptrdiff_t>(delimiter_end_);
    unit.data.insert(unit.data.end(), data_.begin(), split);
    unit.data.insert(unit.data.end(), missing.begin(), missing.end());
    unit.data.insert(unit.data.end(), split, data_.end());
    finished->push_back(std::move(unit));
  }
  // Without a slice nothing was handed on: what was lost may have been one, the next unit must
  // know.
  loss_carried_ = !has_slice_ && (damaged_ || lost_before_unit_);
  open_ = false;
  data_.clear();
  // A keyframe is many times as large as what follows it: 30 KB kept for each of 700 cameras.
  if (keyframe_ || data_.capacity() > 512 * 1024) std::vector<uint8_t>().swap(data_);
  nals_ = 0;
  damaged_ = false;
  lost_before_unit_ = false;
  overflowed_ = false;
  has_slice_ = false;
  first_slice_whole_ = false;
  keyframe_ = false;
  sei_ = false;
  sets_in_unit_.clear();
  delimiter_end_ = 0;
  ended_by_marker_ = false;
}

media::Entry Depacketiser::EntryHere() {
  media::Entry entry{.keyframe = keyframe_};
  if (!keyframe_ && sei_ && !overflowed_) entry = media::EntryOf(codec_, data_);
  since_entry_ = entry.any() ? 0 : since_entry_ + 1;
  if (since_entry_ >= kUnitsWithoutEntry) {
    entry.refresh = media::Refresh::kUnannounced;
    since_entry_ -= kUnitsBetweenEntries;
  }
  return entry;
}

int Depacketiser::NalType(uint8_t first_byte) const {
  return codec_ == Codec::kH264 ? first_byte & 0x1f : (first_byte >> 1) & 0x3f;
}

bool Depacketiser::IsSlice(int type) const {
  return codec_ == Codec::kH264 ? type >= 1 && type <= kH264Idr : type <= kH265SliceLast;
}

bool Depacketiser::IsKeyframeSlice(int type) const {
  return codec_ == Codec::kH264 ? type == kH264Idr
                                : type >= kH265IrapFirst && type <= kH265IrapLast;
}

bool Depacketiser::IsParameterSet(int type) const {
  return codec_ == Codec::kH264 ? type == kH264Sps || type == kH264Pps
                                : type >= kH265Vps && type <= kH265Pps;
}

void Depacketiser::Remember(Bytes parameter_set) {
  if (parameter_set.size() <= nal_header_bytes_ || parameter_set.size() > kParameterSetBytesMax) {
    return;
  }
  const int type = NalType(parameter_set[0]);
  const auto key = std::make_pair(type, ParameterSetId(codec_, type, parameter_set));
  const auto found = parameter_sets_.find(key);
  if (found != parameter_sets_.end()) {
    found->second.assign(parameter_set.begin(), parameter_set.end());
  } else if (parameter_sets_.size() < kParameterSetsMax) {
    parameter_sets_.emplace(key, std::vector<uint8_t>(parameter_set.begin(), parameter_set.end()));
  }
}

std::vector<uint8_t> Depacketiser::MissingParameterSets() const {
  std::vector<uint8_t> missing;
  for (const auto& [key, set] : parameter_sets_) {
    if (sets_in_unit_.contains(key.first)) continue;
    missing.insert(missing.end(), kStartCode.begin(), kStartCode.end());
    missing.insert(missing.end(), set.begin(), set.end());
  }
  return missing;
}

}  // namespace patrol::rtsp
