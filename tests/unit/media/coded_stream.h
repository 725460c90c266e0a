#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/media/access_unit.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/opt.h>
}

namespace patrol::media {

struct FrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using FramePtr = std::unique_ptr<AVFrame, FrameDeleter>;

// A grey frame with a texture and a bright square of 40 pixels whose left edge is at `square_x`.
inline FramePtr MakeFrame(int width, int height, int square_x,
                          AVPixelFormat format = AV_PIX_FMT_YUV420P) {
  FramePtr frame(av_frame_alloc());
  frame->format = format;
  frame->width = width;
  frame->height = height;
  EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x >= square_x && x < square_x + 40 && y >= 20 && y < 60;
      frame->data[0][y * frame->linesize[0] + x] =
          inside ? 220 : static_cast<uint8_t>(60 + (x * 7 + y * 13) % 64);
    }
  }
  for (int plane = 1; plane < 3 && frame->data[plane] != nullptr; ++plane) {
    const int rows = format == AV_PIX_FMT_YUV444P ? height : (height + 1) / 2;
    for (int y = 0; y < rows; ++y) {
      const int columns = format == AV_PIX_FMT_YUV420P ? (width + 1) / 2 : width;
      for (int x = 0; x < columns; ++x) frame->data[plane][y * frame->linesize[plane] + x] = 128;
    }
  }
  return frame;
}

struct StreamOptions {
  std::string encoder = "libx264";
  int width = 320;
  int height = 240;
  int frames = 30;
  int gop = 15;
  AVPixelFormat format = AV_PIX_FMT_YUV420P;
  int b_frames = 0;
  std::string preset = "ultrafast";
  std::string tune = "zerolatency";  // leave empty for B-frames
  std::string params;                // more of x264-params or x265-params, "name=value:..."
  bool interlaced = false;
  // What picture number n shows, its pts and type set or not; unset: the square moves right.
  std::function<FramePtr(int n)> picture;
  std::function<void(AVFrame& frame, int index)> paint;  // over the picture
};

// A coded stream of a square moving right, one access unit every 40 ms from the Unix epoch,
// parameter sets at every keyframe, in decoding order; empty when FFmpeg has no such encoder.
inline std::vector<AccessUnit> EncodeStream(const StreamOptions& options) {
  const AVCodec* codec = avcodec_find_encoder_by_name(options.encoder.c_str());
  if (codec == nullptr) return {};
  av_log_set_level(AV_LOG_QUIET);
#if defined(__SANITIZE_ADDRESS__)
  // Debian's libx265 (3.5) does not free all of an encoder; what the tests are about is the
  // decoder.
  const __lsan::ScopedDisabler x265_leaks;
#endif
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->width = options.width;
  context->height = options.height;
  context->pix_fmt = options.format;
  context->time_base = {1, 25};
  context->gop_size = options.gop;
  context->max_b_frames = options.b_frames;
  if (options.interlaced) context->flags |= AV_CODEC_FLAG_INTERLACED_DCT;
  context->thread_count = 1;
  const std::string more = options.params.empty() ? "" : ":" + options.params;
  const std::string x264 = "scenecut=0:ref=1" + more;
  const std::string x265 = "scenecut=0:log-level=error:repeat-headers=1" + more;
  av_opt_set(context->priv_data, "preset", options.preset.c_str(), 0);
  if (!options.tune.empty()) av_opt_set(context->priv_data, "tune", options.tune.c_str(), 0);
  av_opt_set(context->priv_data, "x264-params", x264.c_str(), 0);
  av_opt_set(context->priv_data, "x265-params", x265.c_str(), 0);
  EXPECT_GE(avcodec_open2(context, codec, nullptr), 0);
  std::vector<AccessUnit> units;
  AVPacket* packet = av_packet_alloc();
  for (int i = 0; i <= options.frames; ++i) {
    FramePtr frame;
    if (i < options.frames) {
      frame = options.picture
                  ? options.picture(i)
                  : MakeFrame(options.width, options.height, 10 + 4 * i, options.format);
      if (options.paint) options.paint(*frame, i);
      frame->pts = i;
    }
    EXPECT_GE(avcodec_send_frame(context, frame.get()), 0);
    while (avcodec_receive_packet(context, packet) >= 0) {
      AccessUnit unit;
      unit.codec = codec->id == AV_CODEC_ID_H264   ? Codec::kH264
                   : codec->id == AV_CODEC_ID_HEVC ? Codec::kH265
                                                   : Codec::kMjpeg;
      unit.keyframe = (packet->flags & AV_PKT_FLAG_KEY) != 0;
      unit.time = absl::UnixEpoch() + packet->pts * absl::Milliseconds(40);
      unit.data.assign(packet->data, packet->data + packet->size);
      units.push_back(std::move(unit));
      av_packet_unref(packet);
    }
  }
  av_packet_free(&packet);
  avcodec_free_context(&context);
  return units;
}

}  // namespace patrol::media
