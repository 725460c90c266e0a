#include "lib/video/media/jpeg.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/video/media/av_error.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace patrol::media {

namespace {

constexpr int kMaxWidthMin = 16;

struct Free {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

// FFmpeg's scale (2 best .. 31 worst) multiplies MPEG's intra matrix, whose mean is about half of
// that of JPEG's Annex K; so 8 is about libjpeg's quality 75.
int QscaleOf(int quality) {
  const double percent = quality < 50 ? 5000.0 / quality : 200.0 - 2.0 * quality;
  return std::clamp(static_cast<int>(std::lround(percent * 0.169)), 2, 31);
}

// The picture in full range at the size asked for.
absl::StatusOr<std::unique_ptr<AVFrame, Free>> FullRange(const AVFrame& source, int width,
                                                         int height) {
  std::unique_ptr<AVFrame, Free> frame(av_frame_alloc());
  if (frame == nullptr) return absl::ResourceExhaustedError("jpeg: no memory for a frame");
  frame->format = AV_PIX_FMT_YUVJ420P;
  frame->width = width;
  frame->height = height;
  PATROL_RETURN_IF_ERROR(StatusFromAv(av_frame_get_buffer(frame.get(), 0), "jpeg: frame buffer"));
  const bool full = source.format == AV_PIX_FMT_YUVJ420P || source.color_range == AVCOL_RANGE_JPEG;
  std::unique_ptr<SwsContext, Free> scaler(
      sws_getContext(source.width, source.height, full ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P,
                     width, height, AV_PIX_FMT_YUVJ420P, SWS_AREA, nullptr, nullptr, nullptr));
  if (scaler == nullptr) {
    return absl::InternalError(absl::StrCat("jpeg: cannot scale ", source.width, "x", source.height,
                                            " to ", width, "x", height));
  }
  PATROL_RETURN_IF_ERROR(StatusFromAv(sws_scale(scaler.get(), source.data, source.linesize, 0,
                                                source.height, frame->data, frame->linesize),
                                      "jpeg: scale"));
  return frame;
}

}  // namespace

absl::StatusOr<std::string> EncodeJpeg(const Picture& picture, int quality, int max_width) {
  if (picture.empty()) return absl::InvalidArgumentError("jpeg: the picture is empty");
  if (quality < 1 || quality > 100) {
    return absl::InvalidArgumentError(absl::StrCat("jpeg: quality ", quality, " is not 1..100"));
  }
  if (max_width < kMaxWidthMin || max_width > limits::kPictureWidthMax) {
    return absl::InvalidArgumentError(absl::StrCat("jpeg: max_width ", max_width, " is not ",
                                                   kMaxWidthMin, "..", limits::kPictureWidthMax));
  }
  RouteFfmpegLog();
  int width = picture.width();
  int height = picture.height();
  if (width > max_width) {
    height = std::max(
        2, static_cast<int>(std::lround(static_cast<double>(height) * max_width / width)) & ~1);
    width = max_width & ~1;
  }
  PATROL_ASSIGN_OR_RETURN(auto frame, FullRange(*picture.frame(), width, height));

  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (codec == nullptr) return absl::UnimplementedError("jpeg: this FFmpeg has no MJPEG encoder");
  std::unique_ptr<AVCodecContext, Free> context(avcodec_alloc_context3(codec));
  std::unique_ptr<AVPacket, Free> packet(av_packet_alloc());
  if (context == nullptr || packet == nullptr) {
    return absl::ResourceExhaustedError("jpeg: no memory for an encoder");
  }
  context->width = width;
  context->height = height;
  context->pix_fmt = AV_PIX_FMT_YUVJ420P;
  context->color_range = AVCOL_RANGE_JPEG;
  context->time_base = {1, 25};  // required, means nothing for one picture
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE;
  context->global_quality = FF_QP2LAMBDA * QscaleOf(quality);
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_open2(context.get(), codec, nullptr), "jpeg: open encoder"));
  frame->quality = context->global_quality;
  frame->pts = 0;
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_send_frame(context.get(), frame.get()), "jpeg: encode"));
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_receive_packet(context.get(), packet.get()), "jpeg: encode"));
  if (static_cast<size_t>(packet->size) > limits::kStillBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("jpeg: ", packet->size, " bytes, at most ",
                                                     limits::kStillBytesMax, " are kept"));
  }
  return std::string(reinterpret_cast<const char*>(packet->data), packet->size);
}

}  // namespace patrol::media
