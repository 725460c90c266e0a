#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/video/media/access_unit.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/h264_headers.h"
#include "lib/video/media/h265_headers.h"

namespace patrol::media {

enum class PictureType : uint8_t { kUnknown, kIntra, kPredicted, kBidirectional };

// What the headers of one access unit tell, nothing decoded.
struct CodedPicture {
  PictureType type = PictureType::kUnknown;  // the most predicted of its slices
  bool irap = false;                         // H.264 IDR; H.265 IDR, CRA, BLA
  bool idr = false;
  bool recovery_point = false;  // an SEI says that decoding may begin here: intra refresh
  bool reference = false;       // others may refer to it
  bool long_term =
      false;  // H.264: refers first to a long-term picture ("virtual I" of smart codecs)
  // Slice QP (SliceQPY), mean over slices weighted by bytes; -qp_bd_offset..51. nullopt where no
  // header could be read: parameter sets unknown or malformed, an unknown profile, MJPEG.
  std::optional<double> qp;
  size_t slice_bytes = 0;  // of all slices, with NAL headers
  int slices = 0;
};

// Reads the parameter sets and slice headers of one stream, access unit after access unit.
//
// Malformed input gives less of a CodedPicture, never an error. At most
// limits::kNalUnitsPerAccessUnitMax NAL units of an access unit are looked at.
// Threads: one call at a time. Cost: no allocation once the parameter sets are known.
class HeaderParser {
 public:
  explicit HeaderParser(Codec codec) : codec_(codec) {}

  CodedPicture Read(std::span<const uint8_t> annexb);

 private:
  struct Sum {
    double qp_bytes = 0;  // QP times bytes
    size_t bytes = 0;     // of the slices whose QP is known
    std::optional<int> last_qp;
  };

  void ReadH264(const NalUnit& nal, CodedPicture& picture, Sum& sum);
  void ReadH265(const NalUnit& nal, CodedPicture& picture, Sum& sum);

  Codec codec_;
  H264Headers h264_;
  H265Headers h265_;
};

}  // namespace patrol::media
