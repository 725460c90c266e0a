#include "lib/video/media/jpeg.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/av_free.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace patrol::media {

namespace {

constexpr int kMaxWidthMin = 16;

// FFmpeg's scale (2 best .. 31 worst) multiplies MPEG's intra matrix, whose mean is about half of
// that of JPEG's Annex K; so 8 is about libjpeg's quality 75.
int QscaleOf(int quality) {
  const double percent = quality < 50 ? 5000.0 / quality : 200.0 - 2.0 * quality;
  return std::clamp(static_cast<int>(std::lround(percent * 0.169)), 2, 31);
}

// What codes stills of one size and quality. Each thread keeps its last one: opening one allocates
// what a picture needs several times over, and costs a twelfth of a still of 640x360.
class JpegEncoder {
 public:
  static absl::StatusOr<std::unique_ptr<JpegEncoder>> Create(int width, int height, int quality);

  bool Fits(int width, int height, int quality) const {
    return context_->width == width && context_->height == height && quality_ == quality;
  }
  absl::StatusOr<std::string> Encode(const AVFrame& source);

 private:
  JpegEncoder() = default;
  absl::Status Scale(const AVFrame& source);

  int quality_ = 0;
  std::unique_ptr<AVCodecContext, Free> context_;
  std::unique_ptr<AVPacket, Free> packet_;
  std::unique_ptr<AVFrame, Free> frame_;  // the picture in full range
  std::unique_ptr<SwsContext, Free> scaler_;
};

absl::StatusOr<std::unique_ptr<JpegEncoder>> JpegEncoder::Create(int width, int height,
                                                                 int quality) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (codec == nullptr) return absl::UnimplementedError("jpeg: this FFmpeg has no MJPEG encoder");
  std::unique_ptr<JpegEncoder> encoder(new JpegEncoder());
  encoder->quality_ = quality;
  encoder->context_.reset(avcodec_alloc_context3(codec));
  encoder->packet_.reset(av_packet_alloc());
  encoder->frame_.reset(av_frame_alloc());
  if (encoder->context_ == nullptr || encoder->packet_ == nullptr || encoder->frame_ == nullptr) {
    return absl::ResourceExhaustedError("jpeg: no memory for an encoder");
  }
  AVCodecContext& context = *encoder->context_;
  context.width = width;
  context.height = height;
  context.pix_fmt = AV_PIX_FMT_YUVJ420P;
  context.color_range = AVCOL_RANGE_JPEG;
  context.time_base = {1, 25};  // required, means nothing for single pictures
  context.thread_count = 1;
  context.flags |= AV_CODEC_FLAG_QSCALE;
  context.global_quality = FF_QP2LAMBDA * QscaleOf(quality);
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_open2(&context, codec, nullptr), "jpeg: open encoder"));
  AVFrame& frame = *encoder->frame_;
  frame.format = AV_PIX_FMT_YUVJ420P;
  frame.width = width;
  frame.height = height;
  frame.quality = context.global_quality;
  frame.pts = -1;
  PATROL_RETURN_IF_ERROR(StatusFromAv(av_frame_get_buffer(&frame, 0), "jpeg: frame buffer"));
  return encoder;
}

absl::Status JpegEncoder::Scale(const AVFrame& source) {
  // The encoder may still look at the last one.
  PATROL_RETURN_IF_ERROR(StatusFromAv(av_frame_make_writable(frame_.get()), "jpeg: frame buffer"));
  const bool full = source.format == AV_PIX_FMT_YUVJ420P || source.color_range == AVCOL_RANGE_JPEG;
  scaler_.reset(sws_getCachedContext(scaler_.release(), source.width, source.height,
                                     full ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P, frame_->width,
                                     frame_->height, AV_PIX_FMT_YUVJ420P, SWS_AREA, nullptr,
                                     nullptr, nullptr));
  if (scaler_ == nullptr) {
    return absl::InternalError(absl::StrCat("jpeg: cannot scale ", source.width, "x", source.height,
                                            " to ", frame_->width, "x", frame_->height));
  }
  return StatusFromAv(sws_scale(scaler_.get(), source.data, source.linesize, 0, source.height,
                                frame_->data, frame_->linesize),
                      "jpeg: scale");
}

absl::StatusOr<std::string> JpegEncoder::Encode(const AVFrame& source) {
  PATROL_RETURN_IF_ERROR(Scale(source));
  ++frame_->pts;
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_send_frame(context_.get(), frame_.get()), "jpeg: encode"));
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_receive_packet(context_.get(), packet_.get()), "jpeg: encode"));
  std::string bytes(reinterpret_cast<const char*>(packet_->data),
                    static_cast<size_t>(packet_->size));
  av_packet_unref(packet_.get());
  return bytes;
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
  thread_local std::unique_ptr<JpegEncoder> kept;
  std::unique_ptr<JpegEncoder> encoder = std::move(kept);
  if (encoder == nullptr || !encoder->Fits(width, height, quality)) {
    PATROL_ASSIGN_OR_RETURN(encoder, JpegEncoder::Create(width, height, quality));
  }
  PATROL_ASSIGN_OR_RETURN(std::string bytes, encoder->Encode(*picture.frame()));
  kept = std::move(encoder);  // not after an error
  if (bytes.size() > limits::kStillBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("jpeg: ", bytes.size(), " bytes, at most ",
                                                     limits::kStillBytesMax, " are kept"));
  }
  return bytes;
}

}  // namespace patrol::media
