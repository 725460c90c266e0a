#pragma once

#include <cstdlib>
#include <cstring>

#include <opencv2/core.hpp>

#include "absl/time/time.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/detector.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace patrol::bench {

// A grey matrix as a decoded picture, without chroma.
inline media::Picture PictureOf(const cv::Mat& luma, absl::Time time) {
  AVFrame* frame = av_frame_alloc();
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = luma.cols;
  frame->height = luma.rows;
  if (av_frame_get_buffer(frame, 0) < 0) std::abort();
  for (int y = 0; y < luma.rows; ++y) {
    std::memcpy(frame->data[0] + y * frame->linesize[0], luma.ptr(y),
                static_cast<size_t>(luma.cols));
  }
  media::Picture picture(*frame, time, false);
  av_frame_free(&frame);
  return picture;
}

// The detector's own mask, valid until its next picture.
inline cv::Mat MaskOf(const motion::Detection& detection) {
  return cv::Mat(detection.mask.height, detection.mask.width, CV_8UC1,
                 const_cast<uint8_t*>(detection.mask.data),
                 static_cast<size_t>(detection.mask.stride));
}

}  // namespace patrol::bench
