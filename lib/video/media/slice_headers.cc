#include "lib/video/media/slice_headers.h"

#include <algorithm>

#include "lib/base/limits.h"

namespace patrol::media {

namespace {

// ITU-T H.264 table 7-1, H.265 table 7-1
constexpr uint8_t kH264Slice = 1, kH264PartitionA = 2, kH264Idr = 5, kH264Sei = 6, kH264Sps = 7,
                  kH264Pps = 8;
constexpr uint8_t kH265Sps = 33, kH265Pps = 34, kH265PrefixSei = 39;
constexpr uint8_t kH265IdrWRadl = 19, kH265IdrNLp = 20, kH265NonReferenceMax = 14;

void Add(PictureType type, std::optional<int> qp, size_t bytes, CodedPicture& picture,
         size_t& qp_weight, double& qp_bytes) {
  picture.type = std::max(picture.type, type);
  picture.slice_bytes += bytes;
  ++picture.slices;
  if (qp.has_value()) {
    qp_bytes += *qp * static_cast<double>(bytes);
    qp_weight += bytes;
  }
}

}  // namespace

void HeaderParser::ReadH264(const NalUnit& nal, CodedPicture& picture, Sum& sum) {
  switch (nal.type) {
    case kH264Sps:
      h264_.ReadSps(nal.data);
      return;
    case kH264Pps:
      h264_.ReadPps(nal.data);
      return;
    case kH264Sei:
      if (RecoveryPoint(nal.data.subspan(1), false)) picture.recovery_point = true;
      return;
    case kH264Slice:
    case kH264PartitionA:
    case kH264Idr:
      break;
    default:
      return;
  }
  const H264Slice slice = h264_.ReadSlice(nal.data);
  if (slice.redundant) return;
  PictureType type = PictureType::kUnknown;
  if (slice.type.has_value()) {
    const bool intra = *slice.type == H264Slice::kI || *slice.type == H264Slice::kSI;
    type = intra                          ? PictureType::kIntra
           : *slice.type == H264Slice::kB ? PictureType::kBidirectional
                                          : PictureType::kPredicted;
  }
  picture.idr = picture.idr || slice.idr;
  picture.irap = picture.idr;
  picture.reference = picture.reference || slice.reference;
  picture.long_term = picture.long_term || slice.long_term;
  Add(type, slice.qp, nal.data.size(), picture, sum.bytes, sum.qp_bytes);
}

void HeaderParser::ReadH265(const NalUnit& nal, CodedPicture& picture, Sum& sum) {
  if (nal.data.size() < 2) return;
  // Layers above the base belong to other pictures.
  const int layer = (nal.data[0] & 1) << 5 | nal.data[1] >> 3;
  if (layer != 0) return;
  switch (nal.type) {
    case kH265Sps:
      h265_.ReadSps(nal.data);
      return;
    case kH265Pps:
      h265_.ReadPps(nal.data);
      return;
    case kH265PrefixSei:
      if (RecoveryPoint(nal.data.subspan(2), true)) picture.recovery_point = true;
      return;
    default:
      break;
  }
  const NalKind kind = KindOf(Codec::kH265, nal.type);
  if (kind != NalKind::kSlice && kind != NalKind::kKeySlice) return;
  const H265Slice slice = h265_.ReadSlice(nal.data, nal.type);
  PictureType type = PictureType::kUnknown;
  if (slice.type.has_value()) {
    type = *slice.type == H265Slice::kI   ? PictureType::kIntra
           : *slice.type == H265Slice::kP ? PictureType::kPredicted
                                          : PictureType::kBidirectional;
  }
  picture.irap = picture.irap || kind == NalKind::kKeySlice;
  picture.idr = picture.idr || nal.type == kH265IdrWRadl || nal.type == kH265IdrNLp;
  // Even types up to 14 are sub-layer non-reference pictures.
  picture.reference = nal.type > kH265NonReferenceMax || nal.type % 2 == 1;
  if (!slice.dependent) sum.last_qp = slice.qp;
  Add(type, sum.last_qp, nal.data.size(), picture, sum.bytes, sum.qp_bytes);
}

CodedPicture HeaderParser::Read(std::span<const uint8_t> annexb) {
  CodedPicture picture;
  Sum sum;
  NalReader reader(codec_, annexb);
  size_t units = 0;
  for (NalUnit nal; units < limits::kNalUnitsPerAccessUnitMax && reader.Next(nal); ++units) {
    if (codec_ == Codec::kH264) {
      ReadH264(nal, picture, sum);
    } else {
      ReadH265(nal, picture, sum);
    }
  }
  if (sum.bytes > 0) picture.qp = sum.qp_bytes / static_cast<double>(sum.bytes);
  return picture;
}

}  // namespace patrol::media
