#include "lib/video/media/clip_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/av_free.h"
#include "lib/video/media/decoder.h"

extern "C" {
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
}

namespace patrol::media {

namespace {

struct FreeDemuxer {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};

// RFC 6184 and RFC 7798: video runs on a 90 kHz clock.
constexpr int64_t kRtpClockHz = 90'000;

std::optional<Codec> CodecOf(AVCodecID id) {
  switch (id) {
    case AV_CODEC_ID_H264:
      return Codec::kH264;
    case AV_CODEC_ID_HEVC:
      return Codec::kH265;
    case AV_CODEC_ID_MJPEG:
      return Codec::kMjpeg;
    default:
      return std::nullopt;
  }
}

}  // namespace

struct ClipReader::Impl {
  absl::Status Open();
  absl::Status OpenFilter();
  absl::StatusOr<bool> ReadPacket();
  absl::Time TimeOf(const AVPacket& read);
  absl::StatusOr<std::optional<Picture>> Step();
  absl::StatusOr<std::optional<Picture>> Finish();
  absl::Status MakeDecoder();
  absl::StatusOr<std::optional<Picture>> DecodePacket(absl::Time time);
  std::optional<Picture> Retimed(Picture picture);

  std::string path;
  absl::Time start;
  ClipInfo info;
  std::unique_ptr<AVFormatContext, FreeDemuxer> format;
  AVStream* stream = nullptr;
  std::unique_ptr<AVBSFContext, Free> filter;  // null when the packets are as we want them
  std::unique_ptr<AVPacket, Free> packet;
  std::unique_ptr<Decoder> decoder;
  bool read_all = false;  // the file has no more packets
  bool at_end = false;    // neither has the filter
  int64_t packets = 0;    // read of the video since the start
  int64_t pictures = 0;   // returned since the start
  int64_t number = -1;    // of the last picture returned, among all of the clip
  bool untimed = false;   // the container has no times: pictures are counted
  std::optional<int64_t> first_pts;
  uint64_t damaged = 0;
};

absl::Status ClipReader::Impl::OpenFilter() {
  filter.reset();
  const char* name = info.codec == Codec::kH264   ? "h264_mp4toannexb"
                     : info.codec == Codec::kH265 ? "hevc_mp4toannexb"
                                                  : nullptr;
  if (name == nullptr) return absl::OkStatus();
  const AVBitStreamFilter* description = av_bsf_get_by_name(name);
  if (description == nullptr) {
    return absl::UnimplementedError(absl::StrCat("this FFmpeg has no bitstream filter ", name));
  }
  AVBSFContext* made = nullptr;
  PATROL_RETURN_IF_ERROR(StatusFromAv(av_bsf_alloc(description, &made), name));
  filter.reset(made);
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(avcodec_parameters_copy(made->par_in, stream->codecpar), name));
  made->time_base_in = stream->time_base;
  return StatusFromAv(av_bsf_init(made), name);
}

absl::Status ClipReader::Impl::Open() {
  RouteFfmpegLog();
  AVDictionary* options = nullptr;
  // An edit list would hide pictures that are there to be analysed.
  av_dict_set(&options, "ignore_editlist", "1", 0);
  AVFormatContext* opened = nullptr;
  const int result = avformat_open_input(&opened, path.c_str(), nullptr, &options);
  av_dict_free(&options);
  if (result < 0) {
    const absl::Status status = StatusFromAv(result, absl::StrCat("clip \"", path, "\""));
    return status.code() == absl::StatusCode::kDataLoss
               ? absl::InvalidArgumentError(status.message())
               : status;
  }
  format.reset(opened);
  PATROL_RETURN_IF_ERROR(StatusFromAv(avformat_find_stream_info(opened, nullptr),
                                      absl::StrCat("clip \"", path, "\"")));
  const int index = av_find_best_stream(opened, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) {
    return absl::InvalidArgumentError(absl::StrCat("clip \"", path, "\": no video in it"));
  }
  for (unsigned i = 0; i < opened->nb_streams; ++i) {
    if (static_cast<int>(i) != index) opened->streams[i]->discard = AVDISCARD_ALL;
  }
  stream = opened->streams[index];
  packet.reset(av_packet_alloc());
  if (packet == nullptr) return absl::ResourceExhaustedError("no memory for a packet");
  info.codec = CodecOf(stream->codecpar->codec_id);
  info.width = stream->codecpar->width;
  info.height = stream->codecpar->height;
  const AVRational rate = av_guess_frame_rate(opened, stream, nullptr);
  if (rate.num > 0 && rate.den > 0) info.frames_per_second = av_q2d(rate);
  if (opened->duration > 0) info.duration = absl::Microseconds(opened->duration);
  info.frames = stream->nb_frames;
  return OpenFilter();
}

// Reads the next packet of the video into `packet`; false at the end.
absl::StatusOr<bool> ClipReader::Impl::ReadPacket() {
  const std::string context = absl::StrCat("clip \"", path, "\": after packet ", packets);
  av_packet_unref(packet.get());
  while (true) {
    if (filter != nullptr) {
      const int result = av_bsf_receive_packet(filter.get(), packet.get());
      if (result >= 0) break;
      if (result == AVERROR_EOF) return false;
      if (result != AVERROR(EAGAIN)) {
        // The filter drops what it could not read; go on with the next.
        ++damaged;
        continue;
      }
    }
    if (read_all) return false;
    const int result = av_read_frame(format.get(), packet.get());
    if (result == AVERROR_EOF) {
      read_all = true;
      if (filter == nullptr) return false;
      PATROL_RETURN_IF_ERROR(StatusFromAv(av_bsf_send_packet(filter.get(), nullptr), context));
      continue;
    }
    PATROL_RETURN_IF_ERROR(StatusFromAv(result, context));
    if (packet->stream_index != stream->index || packet->size == 0) {
      av_packet_unref(packet.get());
      continue;
    }
    if (filter == nullptr) break;
    PATROL_RETURN_IF_ERROR(StatusFromAv(av_bsf_send_packet(filter.get(), packet.get()), context));
  }
  ++packets;
  return true;
}

// The time of display of a packet just read.
absl::Time ClipReader::Impl::TimeOf(const AVPacket& read) {
  if (packets == 1) untimed = read.pts == AV_NOPTS_VALUE;
  if (untimed || read.pts == AV_NOPTS_VALUE) {
    const double rate = info.frames_per_second > 0 ? info.frames_per_second : 25.0;
    return start + absl::Seconds(static_cast<double>(packets - 1) / rate);
  }
  if (!first_pts.has_value()) first_pts = read.pts;
  return start + absl::Microseconds(av_rescale_q(read.pts - *first_pts, stream->time_base,
                                                 AVRational{1, 1000000}));
}

absl::StatusOr<std::unique_ptr<ClipReader>> ClipReader::Open(const std::string& path,
                                                             absl::Time start) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->start = start;
  PATROL_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<ClipReader>(new ClipReader(std::move(impl)));
}

ClipReader::ClipReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ClipReader::~ClipReader() = default;

const ClipInfo& ClipReader::info() const { return impl_->info; }

absl::StatusOr<std::optional<AccessUnit>> ClipReader::NextAccessUnit() {
  if (!impl_->info.codec.has_value()) {
    return absl::UnimplementedError(absl::StrCat(
        "clip \"", impl_->path, "\": ", avcodec_get_name(impl_->stream->codecpar->codec_id),
        " is none of H.264, H.265 and MJPEG"));
  }
  PATROL_ASSIGN_OR_RETURN(const bool read, impl_->ReadPacket());
  if (!read) return std::nullopt;
  const AVPacket& packet = *impl_->packet;
  AccessUnit unit;
  unit.codec = *impl_->info.codec;
  unit.time = impl_->TimeOf(packet);
  const int64_t elapsed_us = absl::ToInt64Microseconds(unit.time - impl_->start);
  unit.rtp_time = static_cast<uint32_t>(elapsed_us * kRtpClockHz / 1'000'000);
  unit.data.assign(packet.data, packet.data + packet.size);
  unit.keyframe = IsKeyframe(unit.codec, unit.data);
  return std::optional<AccessUnit>(std::move(unit));
}

absl::Status ClipReader::Impl::MakeDecoder() {
  if (decoder != nullptr) return absl::OkStatus();
  PATROL_ASSIGN_OR_RETURN(decoder,
                          info.codec.has_value()
                              ? Decoder::Create(*info.codec, Reordering::kDisplayOrder)
                              : Decoder::Create(*stream->codecpar, Reordering::kDisplayOrder));
  return absl::OkStatus();
}

// Decodes `packet`.
absl::StatusOr<std::optional<Picture>> ClipReader::Impl::DecodePacket(absl::Time time) {
  if (!info.codec.has_value()) {
    return decoder->DecodePacket(packet->data, static_cast<size_t>(packet->size), time);
  }
  AccessUnit unit;
  unit.codec = *info.codec;
  unit.time = time;
  unit.data.assign(packet->data, packet->data + packet->size);
  return decoder->Decode(unit);
}

// Reads and decodes one packet, or takes what the decoder still holds after the last; nullopt
// either when nothing came of it or at the end (then at_end is set).
absl::StatusOr<std::optional<Picture>> ClipReader::Impl::Step() {
  PATROL_ASSIGN_OR_RETURN(const bool read, ReadPacket());
  if (!read) return Finish();
  absl::StatusOr<std::optional<Picture>> picture = DecodePacket(TimeOf(*packet));
  if (!picture.ok()) {
    ++damaged;
    return std::nullopt;
  }
  return picture;
}

absl::StatusOr<std::optional<Picture>> ClipReader::Impl::Finish() {
  absl::StatusOr<std::optional<Picture>> picture = decoder->Drain();
  if (!picture.ok()) {
    ++damaged;
    return std::nullopt;
  }
  if (!picture->has_value()) at_end = true;
  return picture;
}

// Without times in the container the order of display is the time.
std::optional<Picture> ClipReader::Impl::Retimed(Picture picture) {
  number = pictures++ + static_cast<int64_t>(damaged);
  if (!untimed) return picture;
  const double rate = info.frames_per_second > 0 ? info.frames_per_second : 25.0;
  return Picture(*picture.frame(), start + absl::Seconds(static_cast<double>(number) / rate),
                 picture.keyframe());
}

absl::StatusOr<std::optional<Picture>> ClipReader::NextPicture() {
  PATROL_RETURN_IF_ERROR(impl_->MakeDecoder());
  while (!impl_->at_end) {
    PATROL_ASSIGN_OR_RETURN(std::optional<Picture> picture, impl_->Step());
    if (picture.has_value()) return impl_->Retimed(*std::move(picture));
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Picture>> ClipReader::NextKeyPicture() {
  PATROL_RETURN_IF_ERROR(impl_->MakeDecoder());
  while (!impl_->at_end) {
    PATROL_ASSIGN_OR_RETURN(const bool read, impl_->ReadPacket());
    if (!read) {
      impl_->at_end = true;
      break;
    }
    const absl::Time time = impl_->TimeOf(*impl_->packet);
    if ((impl_->packet->flags & AV_PKT_FLAG_KEY) == 0) continue;
    absl::StatusOr<std::optional<Picture>> picture = impl_->DecodePacket(time);
    // Nothing follows it in this decoder, so it has no reason to wait.
    if (picture.ok() && !picture->has_value()) picture = impl_->decoder->Drain();
    impl_->decoder->Flush();
    if (!picture.ok()) {
      ++impl_->damaged;
      continue;
    }
    if (!picture->has_value()) continue;
    impl_->number = impl_->packets - 1;
    return picture;
  }
  return std::nullopt;
}

int64_t ClipReader::number() const { return impl_->number; }

absl::Status ClipReader::Rewind() {
  // Opened again: some demuxers cannot seek.
  auto impl = std::make_unique<Impl>();
  impl->path = impl_->path;
  impl->start = impl_->start;
  PATROL_RETURN_IF_ERROR(impl->Open());
  impl_ = std::move(impl);
  return absl::OkStatus();
}

uint64_t ClipReader::damaged() const { return impl_->damaged; }

}  // namespace patrol::media
