#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/video/media/access_unit.h"

namespace patrol::media {

// The beginning of a fragmented MP4: file type and movie box without samples.
struct Fmp4Init {
  std::string codec;  // as RFC 6381 names it, for Media Source Extensions: "avc1.640029"
  int width = 0;      // pixels
  int height = 0;     // pixels
  std::vector<uint8_t> bytes;
};

// What one access unit gives.
struct Fmp4Piece {
  // Set where a stream begins: the first keyframe, and every change of parameter sets.
  std::shared_ptr<const Fmp4Init> init;
  // A movie fragment of this one picture; empty when the unit was skipped.
  std::vector<uint8_t> fragment;
};

// Coded pictures as fragmented MP4, one fragment a picture, at once and without decoding: what the
// camera coded is what is shown. H.264 (avc1) and H.265 (hvc1), ISO/IEC 14496-12 and -15.
//
// It begins at a keyframe with parameter sets; of a stream without keyframes where it can be
// entered, and a player shows it whole once its picture was renewed. After a break or a damaged
// unit everything up to the next keyframe is skipped and counted. Media time is 90 kHz from the
// first picture; a picture is shown for as long as the one before it was, since nobody knows yet
// when the next one comes.
//
// Threads: one at a time.
class Fmp4Writer {
 public:
  // Errors: UNIMPLEMENTED for MJPEG, which has no place in MP4 that browsers play; DATA_LOSS when
  //   the parameter sets of a keyframe cannot be read: it waits for the next one; PERMISSION_DENIED
  //   for a unit with a privacy mask, always.
  // Cost: one copy of the unit, and 120 bytes; an init segment about 50 us.
  absl::StatusOr<Fmp4Piece> Write(const AccessUnit& unit);

  // What comes next does not continue what came.
  void Break() { continuing_ = false; }

  // Capture time of media time zero; unset before the first picture.
  std::optional<absl::Time> start() const { return start_; }
  uint64_t skipped() const { return skipped_; }

 private:
  int64_t DecodeTime(int64_t shown);

  std::vector<uint8_t> parameter_sets_;
  bool continuing_ = false;
  bool had_keyframe_ = false;
  std::optional<absl::Time> start_;
  std::vector<int64_t> shown_;  // of the last reorder_depth_ + 1 pictures
  size_t reorder_depth_ = 0;    // as seen so far: 0 without B-frames
  int64_t last_decode_time_ = -1;
  int64_t duration_ = 0;
  uint32_t sequence_ = 0;
  uint64_t skipped_ = 0;
};

// The codec's name for Media Source Extensions, from the sequence parameter set among `annexb`.
// Errors: DATA_LOSS (there is none, or it is too short), UNIMPLEMENTED for MJPEG.
absl::StatusOr<std::string> CodecString(Codec codec, const std::vector<uint8_t>& annexb);

}  // namespace patrol::media
