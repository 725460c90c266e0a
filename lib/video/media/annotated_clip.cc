#include "lib/video/media/annotated_clip.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/media/av_error.h"

namespace patrol::media {

namespace {

// Milliseconds: finer than any picture rate.
constexpr int kTicksPerSecond = 1000;
constexpr int kGopPictures = 50;  // between keyframes: seeking takes seconds

// Y, Cb, Cr, BT.601 limited.
constexpr std::array<std::array<uint8_t, 3>, 4> kColours = {
    {{82, 90, 240}, {210, 16, 146}, {41, 240, 110}, {128, 128, 128}}};

void Dot(AVFrame& frame, int x, int y, const std::array<uint8_t, 3>& colour) {
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const int px = x + dx, py = y + dy;
      if (px < 0 || py < 0 || px >= frame.width || py >= frame.height) continue;
      frame.data[0][static_cast<ptrdiff_t>(py) * frame.linesize[0] + px] = colour[0];
      for (int plane = 1; plane < 3; ++plane) {
        frame.data[plane][static_cast<ptrdiff_t>(py / 2) * frame.linesize[plane] + px / 2] =
            colour[static_cast<size_t>(plane)];
      }
    }
  }
}

void Line(AVFrame& frame, std::pair<double, double> from, std::pair<double, double> to,
          const std::array<uint8_t, 3>& colour) {
  const double x0 = from.first * (frame.width - 2), y0 = from.second * (frame.height - 2);
  const double x1 = to.first * (frame.width - 2), y1 = to.second * (frame.height - 2);
  const int steps = 1 + static_cast<int>(std::max(std::abs(x1 - x0), std::abs(y1 - y0)));
  for (int i = 0; i <= steps; ++i) {
    const double part = static_cast<double>(i) / steps;
    Dot(frame, static_cast<int>(std::lround(x0 + part * (x1 - x0))),
        static_cast<int>(std::lround(y0 + part * (y1 - y0))), colour);
  }
}

}  // namespace

struct AnnotatedClip::State {
  ~State() {
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&encoder);
    if (muxer != nullptr) {
      avio_closep(&muxer->pb);
      avformat_free_context(muxer);
    }
  }

  std::string path;
  std::string Named(const char* deed) const {
    return absl::StrCat("annotated clip \"", path, "\": ", deed);
  }
  AVCodecContext* encoder = nullptr;
  AVFormatContext* muxer = nullptr;
  AVFrame* frame = nullptr;
  AVPacket* packet = nullptr;
  std::optional<absl::Time> start;
};

absl::StatusOr<std::unique_ptr<AnnotatedClip>> AnnotatedClip::Open(const std::string& path,
                                                                   int width, int height) {
  RouteFfmpegLog();
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (codec == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("annotated clip \"", path, "\": FFmpeg here codes neither H.264 nor MPEG-4"));
  }
  auto state = std::make_unique<State>();
  state->path = path;
  state->encoder = avcodec_alloc_context3(codec);
  AVCodecContext& encoder = *state->encoder;
  // Both codecs want even sizes; an odd last row or column is left out.
  encoder.width = std::max(2, width / 2 * 2);
  encoder.height = std::max(2, height / 2 * 2);
  encoder.pix_fmt = AV_PIX_FMT_YUV420P;
  encoder.time_base = {1, kTicksPerSecond};
  encoder.gop_size = kGopPictures;
  encoder.max_b_frames = 0;
  encoder.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (codec->id == AV_CODEC_ID_H264) {
    av_opt_set(encoder.priv_data, "preset", "ultrafast", 0);
    av_opt_set(encoder.priv_data, "crf", "23", 0);
  } else {
    encoder.flags |= AV_CODEC_FLAG_QSCALE;
    encoder.global_quality = 4 * FF_QP2LAMBDA;
  }
  const auto fault = [&state](int error, const char* deed) {
    return StatusFromAv(error, state->Named(deed));
  };
  if (const int error = avcodec_open2(&encoder, codec, nullptr); error < 0) {
    return fault(error, "open the encoder");
  }
  if (const int error = avformat_alloc_output_context2(&state->muxer, nullptr, "mp4", path.c_str());
      error < 0) {
    return fault(error, "make the container");
  }
  AVStream* stream = avformat_new_stream(state->muxer, nullptr);
  stream->time_base = encoder.time_base;
  avcodec_parameters_from_context(stream->codecpar, &encoder);
  if (const int error = avio_open(&state->muxer->pb, path.c_str(), AVIO_FLAG_WRITE); error < 0) {
    return fault(error, "open it for writing");
  }
  if (const int error = avformat_write_header(state->muxer, nullptr); error < 0) {
    return fault(error, "write its header");
  }
  state->packet = av_packet_alloc();
  state->frame = av_frame_alloc();
  state->frame->format = AV_PIX_FMT_YUV420P;
  state->frame->width = encoder.width;
  state->frame->height = encoder.height;
  state->frame->pts = -1;
  if (const int error = av_frame_get_buffer(state->frame, 0); error < 0) {
    return fault(error, "make a picture");
  }
  return std::unique_ptr<AnnotatedClip>(new AnnotatedClip(std::move(state)));
}

AnnotatedClip::AnnotatedClip(std::unique_ptr<State> state) : state_(std::move(state)) {}

AnnotatedClip::~AnnotatedClip() = default;

absl::Status AnnotatedClip::Write(const Picture& picture, const std::vector<Outline>& outlines) {
  State& state = *state_;
  AVFrame& frame = *state.frame;
  if (picture.width() / 2 * 2 != frame.width || picture.height() / 2 * 2 != frame.height) {
    return absl::FailedPreconditionError(
        absl::StrCat(state.Named("write"), ": a picture of ", picture.width(), "x",
                     picture.height(), " in a clip of ", frame.width, "x", frame.height));
  }
  if (!state.start) state.start = picture.time();
  const int64_t pts = absl::ToInt64Milliseconds(picture.time() - *state.start);
  if (pts <= frame.pts) return absl::OkStatus();
  if (const int error = av_frame_make_writable(&frame); error < 0) {
    return StatusFromAv(error, state.Named("make a picture"));
  }
  frame.pts = pts;
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? frame.width : frame.width / 2;
    const int height = plane == 0 ? frame.height : frame.height / 2;
    for (int y = 0; y < height; ++y) {
      std::memcpy(frame.data[plane] + static_cast<ptrdiff_t>(y) * frame.linesize[plane],
                  picture.plane(plane) + static_cast<ptrdiff_t>(y) * picture.stride(plane),
                  static_cast<size_t>(width));
    }
  }
  for (const Outline& outline : outlines) {
    for (size_t i = 0; i < outline.corners.size(); ++i) {
      Line(frame, outline.corners[i], outline.corners[(i + 1) % outline.corners.size()],
           kColours[static_cast<size_t>(outline.colour)]);
    }
  }
  if (const int error = avcodec_send_frame(state.encoder, &frame); error < 0) {
    return StatusFromAv(error, state.Named("encode"));
  }
  return Drain();
}

absl::Status AnnotatedClip::Drain() {
  State& state = *state_;
  while (true) {
    int error = avcodec_receive_packet(state.encoder, state.packet);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return absl::OkStatus();
    if (error < 0) return StatusFromAv(error, state.Named("encode"));
    av_packet_rescale_ts(state.packet, state.encoder->time_base,
                         state.muxer->streams[0]->time_base);
    state.packet->stream_index = 0;
    error = av_interleaved_write_frame(state.muxer, state.packet);
    if (error < 0) return StatusFromAv(error, state.Named("write"));
  }
}

absl::Status AnnotatedClip::Finish() {
  State& state = *state_;
  avcodec_send_frame(state.encoder, nullptr);
  PATROL_RETURN_IF_ERROR(Drain());
  int error = av_write_trailer(state.muxer);
  if (error >= 0) error = avio_closep(&state.muxer->pb);
  return error < 0 ? StatusFromAv(error, state.Named("write its end")) : absl::OkStatus();
}

}  // namespace patrol::media
