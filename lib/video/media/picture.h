#pragma once

#include <cstdint>
#include <memory>

#include "absl/time/time.h"

struct AVFrame;

namespace patrol::media {

// One decoded, error-free picture: 8-bit planar YUV 4:2:0 (or full-range, as coded by the camera),
// read-only and cheap to copy (it shares FFmpeg's reference-counted planes).
//
// Threads: const; safe from any number of threads.
class Picture {
 public:
  Picture() = default;
  // Takes a further reference to `frame`.
  // frame: AV_PIX_FMT_YUV420P or AV_PIX_FMT_YUVJ420P, width and height above zero.
  // hidden: the whole picture was blackened, because nobody knows what may be seen of it.
  Picture(const AVFrame& frame, absl::Time time, bool keyframe, bool hidden = false);
  // The same picture at another time.
  Picture At(absl::Time time) const;

  bool empty() const { return frame_ == nullptr; }
  int width() const;   // pixels
  int height() const;  // pixels
  // plane 0: luma, 1: Cb, 2: Cr (half width and height). `stride` bytes from row to row.
  const uint8_t* plane(int index) const;
  int stride(int index) const;
  absl::Time time() const { return time_; }  // UTC instant of capture
  bool keyframe() const { return keyframe_; }
  bool hidden() const { return hidden_; }
  const AVFrame* frame() const { return frame_.get(); }

 private:
  std::shared_ptr<const AVFrame> frame_;
  absl::Time time_;
  bool keyframe_ = false;
  bool hidden_ = false;
};

}  // namespace patrol::media
