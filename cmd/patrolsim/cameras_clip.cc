#include "cmd/patrolsim/cameras_clip.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
}

namespace patrol::sim {
namespace {

std::string AvText(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return text;
}

struct CloseInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeFilter {
  void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
};
using InputPtr = std::unique_ptr<AVFormatContext, CloseInput>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using FilterPtr = std::unique_ptr<AVBSFContext, FreeFilter>;

absl::StatusOr<InputPtr> OpenInput(const std::string& path) {
  AVFormatContext* raw = nullptr;
  if (int error = avformat_open_input(&raw, path.c_str(), nullptr, nullptr); error < 0) {
    return error == AVERROR(ENOENT) ? absl::NotFoundError("no such file")
                                    : absl::InvalidArgumentError(AvText(error));
  }
  InputPtr input(raw);
  if (int error = avformat_find_stream_info(input.get(), nullptr); error < 0) {
    return absl::InvalidArgumentError(AvText(error));
  }
  return input;
}

// Gives Annex B with the parameter sets before every keyframe, whatever the container keeps.
absl::StatusOr<FilterPtr> AnnexBFilter(const AVStream& stream) {
  const char* name =
      stream.codecpar->codec_id == AV_CODEC_ID_H264 ? "h264_mp4toannexb" : "hevc_mp4toannexb";
  AVBSFContext* raw = nullptr;
  if (int error = av_bsf_alloc(av_bsf_get_by_name(name), &raw); error < 0) {
    return absl::InternalError(absl::StrCat(name, ": ", AvText(error)));
  }
  FilterPtr filter(raw);
  filter->time_base_in = stream.time_base;
  if (int error = avcodec_parameters_copy(filter->par_in, stream.codecpar); error < 0) {
    return absl::InternalError(absl::StrCat(name, ": ", AvText(error)));
  }
  if (int error = av_bsf_init(filter.get()); error < 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", AvText(error)));
  }
  return filter;
}

// Times of one packet on RTP's clock; a container without times gets the stream's mean rate.
class PictureTimes {
 public:
  explicit PictureTimes(const AVStream& stream)
      : time_base_(stream.time_base),
        step_(stream.avg_frame_rate.num > 0
                  ? av_rescale(kRtpTicksPerSecond, stream.avg_frame_rate.den,
                               stream.avg_frame_rate.num)
                  : kRtpTicksPerSecond / 25) {}

  void Next(const AVPacket& packet, int64_t& send_ticks, int64_t& time_ticks) {
    const AVRational ticks{1, static_cast<int>(kRtpTicksPerSecond)};
    send_ticks =
        packet.dts != AV_NOPTS_VALUE ? av_rescale_q(packet.dts, time_base_, ticks) : last_ + step_;
    if (started_) send_ticks = std::max(send_ticks, last_);
    time_ticks =
        packet.pts != AV_NOPTS_VALUE ? av_rescale_q(packet.pts, time_base_, ticks) : send_ticks;
    last_ = send_ticks;
    started_ = true;
  }

  int64_t step() const { return step_; }

 private:
  const AVRational time_base_;
  const int64_t step_;
  int64_t last_ = 0;
  bool started_ = false;
};

// Counts times from the first picture and fills in what follows from the whole.
void Finish(int64_t step, Clip& clip) {
  const int64_t send0 = clip.pictures.front().send_ticks;
  const int64_t time0 = clip.pictures.front().time_ticks;
  size_t gop_bytes = 0;
  for (ClipPicture& picture : clip.pictures) {
    picture.send_ticks -= send0;
    picture.time_ticks -= time0;
    gop_bytes = picture.keyframe ? picture.bytes : gop_bytes + picture.bytes;
    clip.gop_bytes_max = std::max(clip.gop_bytes_max, gop_bytes);
  }
  clip.duration_ticks = clip.pictures.back().send_ticks + std::max<int64_t>(step, 1);
  const double seconds = static_cast<double>(clip.duration_ticks) / kRtpTicksPerSecond;
  clip.fps = static_cast<double>(clip.pictures.size()) / seconds;
  clip.kbps = static_cast<double>(clip.payload.size()) * 8 / 1000 / seconds;
}

absl::StatusOr<ClipPtr> ReadClipFrom(const std::string& path) {
  PATROL_ASSIGN_OR_RETURN(const InputPtr input, OpenInput(path));
  const int index = av_find_best_stream(input.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) return absl::InvalidArgumentError("no video stream");
  const AVStream& stream = *input->streams[index];
  const AVCodecID codec = stream.codecpar->codec_id;
  if (codec != AV_CODEC_ID_H264 && codec != AV_CODEC_ID_HEVC) {
    return absl::InvalidArgumentError(
        absl::StrCat("video is ", avcodec_get_name(codec), ", not H.264 or H.265"));
  }
  PATROL_ASSIGN_OR_RETURN(const FilterPtr filter, AnnexBFilter(stream));

  auto clip = std::make_shared<Clip>();
  clip->name = std::filesystem::path(path).stem().string();
  clip->codec = codec == AV_CODEC_ID_H264 ? ClipCodec::kH264 : ClipCodec::kH265;
  clip->width = stream.codecpar->width;
  clip->height = stream.codecpar->height;
  PictureTimes times(stream);
  const PacketPtr packet(av_packet_alloc());
  while (av_read_frame(input.get(), packet.get()) >= 0) {
    if (packet->stream_index != index) {
      av_packet_unref(packet.get());
      continue;
    }
    int64_t send_ticks = 0;
    int64_t time_ticks = 0;
    times.Next(*packet, send_ticks, time_ticks);
    if (int error = av_bsf_send_packet(filter.get(), packet.get()); error < 0) {
      return absl::InvalidArgumentError(AvText(error));
    }
    while (av_bsf_receive_packet(filter.get(), packet.get()) >= 0) {
      const bool keyframe = (packet->flags & AV_PKT_FLAG_KEY) != 0;
      if (keyframe || !clip->pictures.empty()) {
        const std::string_view data(reinterpret_cast<const char*>(packet->data),
                                    static_cast<size_t>(packet->size));
        PacketisePicture(SplitAnnexB(data), keyframe, send_ticks, time_ticks, *clip);
      }
      av_packet_unref(packet.get());
      if (clip->payload.size() > std::numeric_limits<uint32_t>::max() / 2) {
        return absl::InvalidArgumentError("over 2 GB of video: clips are kept in memory");
      }
    }
  }
  if (clip->pictures.empty()) return absl::InvalidArgumentError("no keyframe");
  if (clip->parameter_sets.empty()) return absl::InvalidArgumentError("no parameter sets");
  Finish(times.step(), *clip);
  return clip;
}

}  // namespace

absl::StatusOr<ClipPtr> ReadClip(const std::string& path) {
  auto clip = ReadClipFrom(path);
  if (!clip.ok()) return Annotate(clip.status(), absl::StrCat("clip \"", path, "\""));
  return clip;
}

}  // namespace patrol::sim
