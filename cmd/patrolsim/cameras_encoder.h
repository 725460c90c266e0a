#pragma once

#include <memory>
#include <string>

#include <opencv2/core.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cmd/patrolsim/cameras_clip.h"

namespace patrol::sim {

struct EncoderOptions {
  media::Codec codec = media::Codec::kH264;
  int width = 640;  // pixels, even
  int height = 360;
  int fps = 15;
  int gop_frames = 30;  // every this many pictures a keyframe, and nowhere else
  int kbps = 384;       // kbit/s on average, with peaks as cameras allow them
};

// Whether FFmpeg here can encode it.
bool CanEncode(media::Codec codec);

// Codes pictures as IP cameras do (H.264 Main or H.265 Main, no B-frames, fixed groups of pictures,
// rate control with a cap) into an mp4 file.
//
// Threads: one at a time.
class ClipWriter {
 public:
  // Errors: UNIMPLEMENTED when the encoder is missing; INVALID_ARGUMENT or UNAVAILABLE with
  // FFmpeg's
  //         reason, naming the file.
  static absl::StatusOr<std::unique_ptr<ClipWriter>> Open(const std::string& path,
                                                          const EncoderOptions& options);
  ~ClipWriter();
  ClipWriter(const ClipWriter&) = delete;
  ClipWriter& operator=(const ClipWriter&) = delete;

  // picture: planar YUV 4:2:0 in one 8-bit matrix of 3/2 the height.
  absl::Status Write(const cv::Mat& picture);
  // Writes what is left and the file's end. Nothing may be written after it.
  absl::Status Finish();

 private:
  struct State;
  explicit ClipWriter(std::unique_ptr<State> state);
  absl::Status Drain();

  std::unique_ptr<State> state_;
};

}  // namespace patrol::sim
