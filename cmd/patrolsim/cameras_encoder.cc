#include "cmd/patrolsim/cameras_encoder.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#ifdef __SANITIZE_ADDRESS__
// libx265 3.5 loses some kilobytes of its own whenever an encoder is opened.
extern "C" const char* __lsan_default_suppressions() { return "leak:libx265\n"; }
#endif

namespace patrol::sim {
namespace {

const char* EncoderName(media::Codec codec) {
  return codec == media::Codec::kH264 ? "libx264" : "libx265";
}

absl::Status AvError(absl::StatusCode code, const std::string& path, const char* what, int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return absl::Status(code, absl::StrCat("clip \"", path, "\": ", what, ": ", text));
}

// As cameras do: no look-ahead, no B-frames, keyframes at a fixed beat. One thread: several clips
// are made at a time.
void SetOptions(const EncoderOptions& options, AVCodecContext& context) {
  context.width = options.width;
  context.height = options.height;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.time_base = {1, options.fps};
  context.framerate = {options.fps, 1};
  context.gop_size = options.gop_frames;
  context.max_b_frames = 0;
  context.bit_rate = options.kbps * 1000LL;
  context.rc_max_rate = options.kbps * 1250LL;
  context.rc_buffer_size = options.kbps * 2000;
  context.thread_count = 1;
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  context.color_range = AVCOL_RANGE_MPEG;
  context.colorspace = AVCOL_SPC_SMPTE170M;
  if (options.codec == media::Codec::kH264) {
    av_opt_set(context.priv_data, "preset", "superfast", 0);
    av_opt_set(context.priv_data, "profile", "main", 0);
    const std::string parameters =
        absl::StrCat("keyint=", options.gop_frames, ":min-keyint=", options.gop_frames,
                     ":scenecut=0:open-gop=0:bframes=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:"
                     "ref=1:weightp=0:cabac=1:qpmin=20:threads=1");
    av_opt_set(context.priv_data, "x264-params", parameters.c_str(), 0);
  } else {
    av_opt_set(context.priv_data, "preset", "ultrafast", 0);
    context.codec_tag = MKTAG('h', 'v', 'c', '1');
    const std::string parameters =
        absl::StrCat("keyint=", options.gop_frames, ":min-keyint=", options.gop_frames,
                     ":scenecut=0:open-gop=0:bframes=0:rc-lookahead=0:pools=none:frame-threads=1:"
                     "weightp=0:log-level=error:qpmin=23");
    av_opt_set(context.priv_data, "x265-params", parameters.c_str(), 0);
  }
}

}  // namespace

struct ClipWriter::State {
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
  AVCodecContext* encoder = nullptr;
  AVFormatContext* muxer = nullptr;
  AVStream* stream = nullptr;
  AVFrame* frame = nullptr;
  AVPacket* packet = nullptr;
};

bool CanEncode(media::Codec codec) {
  return avcodec_find_encoder_by_name(EncoderName(codec)) != nullptr;
}

absl::StatusOr<std::unique_ptr<ClipWriter>> ClipWriter::Open(const std::string& path,
                                                             const EncoderOptions& options) {
  const AVCodec* codec = avcodec_find_encoder_by_name(EncoderName(options.codec));
  if (codec == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("FFmpeg here has no encoder ", EncoderName(options.codec)));
  }
  auto state = std::make_unique<State>();
  state->path = path;
  state->encoder = avcodec_alloc_context3(codec);
  SetOptions(options, *state->encoder);
  if (int error = avcodec_open2(state->encoder, codec, nullptr); error < 0) {
    return AvError(absl::StatusCode::kInvalidArgument, path, "encoder", error);
  }
  if (int error = avformat_alloc_output_context2(&state->muxer, nullptr, "mp4", path.c_str());
      error < 0) {
    return AvError(absl::StatusCode::kInternal, path, "container", error);
  }
  state->stream = avformat_new_stream(state->muxer, nullptr);
  state->stream->time_base = state->encoder->time_base;
  state->stream->avg_frame_rate = state->encoder->framerate;
  avcodec_parameters_from_context(state->stream->codecpar, state->encoder);
  if (int error = avio_open(&state->muxer->pb, path.c_str(), AVIO_FLAG_WRITE); error < 0) {
    return AvError(absl::StatusCode::kUnavailable, path, "open for writing", error);
  }
  if (int error = avformat_write_header(state->muxer, nullptr); error < 0) {
    return AvError(absl::StatusCode::kUnavailable, path, "write header", error);
  }
  state->packet = av_packet_alloc();
  state->frame = av_frame_alloc();
  state->frame->format = AV_PIX_FMT_YUV420P;
  state->frame->width = options.width;
  state->frame->height = options.height;
  state->frame->pts = 0;
  if (int error = av_frame_get_buffer(state->frame, 0); error < 0) {
    return AvError(absl::StatusCode::kResourceExhausted, path, "picture", error);
  }
  return std::unique_ptr<ClipWriter>(new ClipWriter(std::move(state)));
}

ClipWriter::ClipWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

ClipWriter::~ClipWriter() = default;

absl::Status ClipWriter::Write(const cv::Mat& picture) {
  AVFrame& frame = *state_->frame;
  if (int error = av_frame_make_writable(&frame); error < 0) {
    return AvError(absl::StatusCode::kResourceExhausted, state_->path, "picture", error);
  }
  const uint8_t* from = picture.data;
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? frame.width : frame.width / 2;
    const int height = plane == 0 ? frame.height : frame.height / 2;
    for (int y = 0; y < height; ++y, from += width) {
      std::memcpy(frame.data[plane] + static_cast<ptrdiff_t>(y) * frame.linesize[plane], from,
                  static_cast<size_t>(width));
    }
  }
  if (int error = avcodec_send_frame(state_->encoder, &frame); error < 0) {
    return AvError(absl::StatusCode::kInternal, state_->path, "encode", error);
  }
  ++frame.pts;
  return Drain();
}

absl::Status ClipWriter::Drain() {
  while (true) {
    int error = avcodec_receive_packet(state_->encoder, state_->packet);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return absl::OkStatus();
    if (error < 0) return AvError(absl::StatusCode::kInternal, state_->path, "encode", error);
    state_->packet->duration = 1;
    av_packet_rescale_ts(state_->packet, state_->encoder->time_base, state_->stream->time_base);
    state_->packet->stream_index = 0;
    error = av_interleaved_write_frame(state_->muxer, state_->packet);
    if (error < 0) return AvError(absl::StatusCode::kUnavailable, state_->path, "write", error);
  }
}

absl::Status ClipWriter::Finish() {
  avcodec_send_frame(state_->encoder, nullptr);
  if (absl::Status status = Drain(); !status.ok()) return status;
  int error = av_write_trailer(state_->muxer);
  if (error >= 0) error = avio_closep(&state_->muxer->pb);
  if (error < 0) return AvError(absl::StatusCode::kUnavailable, state_->path, "write end", error);
  return absl::OkStatus();
}

}  // namespace patrol::sim
