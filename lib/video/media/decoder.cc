#include "lib/video/media/decoder.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/av_free.h"
#include "lib/video/media/privacy.h"
#include "lib/video/media/reference_chain.h"
#include "lib/video/media/refresh_proof.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/hwcontext.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

namespace patrol::media {

namespace {

AVCodecID IdOf(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return AV_CODEC_ID_H264;
    case Codec::kH265:
      return AV_CODEC_ID_HEVC;
    case Codec::kMjpeg:
      return AV_CODEC_ID_MJPEG;
  }
  return AV_CODEC_ID_NONE;
}

// Failures in a row after which software decodes: a damaged stream fails too, and recovers.
constexpr int kHardwareFailuresMax = 5;

// The pixel format in which the decoder of `codec` gives pictures of the hardware's kind;
// AV_PIX_FMT_NONE where it has no such decoder.
AVPixelFormat HardwareFormat(const AVCodec* codec, const Hardware& hardware) {
  const AVHWDeviceType type =
      hardware.kind() == HardwareChoice::kCuda ? AV_HWDEVICE_TYPE_CUDA : AV_HWDEVICE_TYPE_VAAPI;
  for (int i = 0;; ++i) {
    const AVCodecHWConfig* config = avcodec_get_hw_config(codec, i);
    if (config == nullptr) return AV_PIX_FMT_NONE;
    if (config->device_type == type &&
        (config->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) != 0) {
      return config->pix_fmt;
    }
  }
}

// Pictures that come after a keyframe and are shown before it are at most so many units behind.
constexpr int kLeadingMax = 16;

// Rides through the decoder with each packet and comes out with its picture.
constexpr int64_t kIntact = 0, kDamaged = 1;

}  // namespace

struct Decoder::Impl {
  absl::Status Open(AVCodecID id, const AVCodecParameters* parameters, Reordering reordering);
  void UseHardware(const AVCodec* codec);
  // FFmpeg asks for one of `offered`, ended by AV_PIX_FMT_NONE; again without the hardware's where
  // that could not be set up.
  static AVPixelFormat PickFormat(AVCodecContext* context, const AVPixelFormat* offered);
  // Software decodes from the next keyframe on.
  absl::Status FallBack(std::string why);
  absl::Status Fetch();
  absl::Status CountHardware(const absl::Status& decoded);
  absl::Status Fill(const uint8_t* data, size_t size, absl::Time time, bool damaged);
  absl::Status Send(const uint8_t* data, size_t size, absl::Time time, bool damaged);
  absl::Status Receive();
  bool Lost(Codec codec) const { return codec == Codec::kH264 ? chain.broken() : broken; }
  // Whether pictures of the unit refer to what was lost.
  bool Follow(const AccessUnit& unit);
  void ForgetPictures();
  // Where a stream is entered at a place that does not say when its pictures are whole.
  absl::Status BeginProof();
  absl::StatusOr<std::optional<Picture>> Prove(const AccessUnit& unit, bool damaged);
  absl::StatusOr<std::optional<Picture>> Next();
  absl::StatusOr<Picture> Accept();
  absl::Status Convert();
  std::string Context(const char* what) const {
    return absl::StrCat(what, " ", avcodec_get_name(context->codec_id));
  }

  std::unique_ptr<AVCodecContext, Free> context;
  std::unique_ptr<AVPacket, Free> packet;
  std::unique_ptr<AVFrame, Free> frame;
  std::unique_ptr<AVFrame, Free> converted;
  std::unique_ptr<SwsContext, Free> scaler;
  bool annexb = true;
  bool drained = false;
  bool flushed = false;  // nothing came since: the parameter sets it knows may be another camera's
  bool begun = false;    // something came since it was made or flushed
  std::unique_ptr<RefreshProof> proof;
  bool proven = false;  // by it, though FFmpeg knows of no keyframe
  // The keyframe that everything began at, or began anew after a loss: what is shown before it
  // refers to what was not there.
  int64_t leading_before = 0;  // as FFmpeg's pts: whole microseconds
  int leading_left = 0;        // units
  ReferenceChain chain;        // H.264 only
  bool broken = false;         // H.265: until the next keyframe
  std::deque<absl::StatusOr<Picture>> ready;
  std::shared_ptr<PrivacyFilter> privacy;  // of what is being decoded
  Reordering order = Reordering::kNone;
  std::shared_ptr<const Hardware> hardware;
  AVPixelFormat hardware_format = AV_PIX_FMT_NONE;
  int hardware_failures = 0;  // in a row
  std::string fallback;
  std::string_view decoded_by;
  uint64_t pictures = 0;
  uint64_t damaged = 0;
};

absl::Status Decoder::Impl::Open(AVCodecID id, const AVCodecParameters* parameters,
                                 Reordering reordering) {
  RouteFfmpegLog();
  const AVCodec* codec = avcodec_find_decoder(id);
  if (codec == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("this FFmpeg has no decoder for ", avcodec_get_name(id)));
  }
  context.reset(avcodec_alloc_context3(codec));
  packet.reset(av_packet_alloc());
  frame.reset(av_frame_alloc());
  if (context == nullptr || packet == nullptr || frame == nullptr) {
    return absl::ResourceExhaustedError("no memory for a decoder");
  }
  if (parameters != nullptr) {
    PATROL_RETURN_IF_ERROR(StatusFromAv(avcodec_parameters_to_context(context.get(), parameters),
                                        Context("set up decoder of")));
  }
  context->thread_count = 1;  // our pools are ours
  if (reordering == Reordering::kNone) context->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context->max_pixels = static_cast<int64_t>(limits::kPictureWidthMax) * limits::kPictureHeightMax;
  order = reordering;
  if (hardware != nullptr) UseHardware(codec);
  return StatusFromAv(avcodec_open2(context.get(), codec, nullptr), Context("open decoder of"));
}

void Decoder::Impl::UseHardware(const AVCodec* codec) {
  hardware_format = HardwareFormat(codec, *hardware);
  if (hardware_format == AV_PIX_FMT_NONE) {
    fallback = absl::StrCat(hardware->name().data(), " decodes no ", codec->name);
    hardware.reset();
    return;
  }
  if (hardware->device() != nullptr) context->hw_device_ctx = av_buffer_ref(hardware->device());
  context->opaque = this;
  context->get_format = PickFormat;
}

AVPixelFormat Decoder::Impl::PickFormat(AVCodecContext* context, const AVPixelFormat* offered) {
  auto* self = static_cast<Impl*>(context->opaque);
  for (const AVPixelFormat* format = offered; *format != AV_PIX_FMT_NONE; ++format) {
    if (*format != self->hardware_format) continue;
    self->fallback.clear();
    return *format;
  }
  // Another stream may fit again: only this one is decoded in software.
  self->fallback = absl::StrCat(self->hardware->name().data(), " cannot decode this stream");
  for (const AVPixelFormat* format = offered; *format != AV_PIX_FMT_NONE; ++format) {
    const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(*format);
    if (description != nullptr && (description->flags & AV_PIX_FMT_FLAG_HWACCEL) == 0) {
      return *format;
    }
  }
  return AV_PIX_FMT_NONE;
}

absl::Status Decoder::Impl::FallBack(std::string why) {
  const AVCodecID id = context->codec_id;
  hardware.reset();
  hardware_format = AV_PIX_FMT_NONE;
  hardware_failures = 0;
  chain.MarkDamaged();
  broken = true;
  PATROL_RETURN_IF_ERROR(Open(id, nullptr, order));
  fallback = std::move(why);
  return absl::OkStatus();
}

// Brings a picture that lies on the device into system memory, before anyone sees it.
absl::Status Decoder::Impl::Fetch() {
  if (frame->hw_frames_ctx == nullptr) {
    decoded_by = "software";
    return absl::OkStatus();
  }
  std::unique_ptr<AVFrame, Free> fetched(av_frame_alloc());
  if (fetched == nullptr) return absl::ResourceExhaustedError("no memory for a picture");
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(av_hwframe_transfer_data(fetched.get(), frame.get(), 0), Context("fetch")));
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(av_frame_copy_props(fetched.get(), frame.get()), Context("fetch")));
  decoded_by = hardware->name();
  frame = std::move(fetched);
  return absl::OkStatus();
}

// Counts failures while hardware decodes, and gives it up where they do not end.
absl::Status Decoder::Impl::CountHardware(const absl::Status& decoded) {
  if (hardware == nullptr) return absl::OkStatus();
  hardware_failures = decoded.ok() ? 0 : hardware_failures + 1;
  if (hardware_failures < kHardwareFailuresMax) return absl::OkStatus();
  return FallBack(absl::StrCat(hardware->name().data(), " failed ", kHardwareFailuresMax,
                               " times in a row: ", decoded.message()));
}

absl::Status Decoder::Impl::Fill(const uint8_t* data, size_t size, absl::Time time, bool damaged) {
  // A packet of our own, because FFmpeg reads up to AV_INPUT_BUFFER_PADDING_SIZE beyond the end.
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(av_new_packet(packet.get(), static_cast<int>(size)), Context("packet of")));
  std::copy(data, data + size, packet->data);
  packet->pts = absl::ToUnixMicros(time);
  context->reordered_opaque = damaged ? kDamaged : kIntact;
  return absl::OkStatus();
}

absl::Status Decoder::Impl::Send(const uint8_t* data, size_t size, absl::Time time, bool damaged) {
  PATROL_RETURN_IF_ERROR(Fill(data, size, time, damaged));
  const int result = avcodec_send_packet(context.get(), packet.get());
  av_packet_unref(packet.get());
  return StatusFromAv(result, Context("decode"));
}

// Takes every picture the decoder has.
absl::Status Decoder::Impl::Receive() {
  while (true) {
    const int result = avcodec_receive_frame(context.get(), frame.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return absl::OkStatus();
    PATROL_RETURN_IF_ERROR(StatusFromAv(result, Context("decode")));
    const bool leading = leading_left > 0 && frame->pts < leading_before;
    if (!leading) ready.push_back(Accept());
    av_frame_unref(frame.get());
  }
}

absl::StatusOr<std::optional<Picture>> Decoder::Impl::Next() {
  if (ready.empty()) return std::nullopt;
  absl::StatusOr<Picture> first = std::move(ready.front());
  ready.pop_front();
  if (!first.ok()) {
    ++damaged;
    return first.status();
  }
  ++pictures;
  return std::optional<Picture>(*std::move(first));
}

// The one place that every decoded picture passes.
absl::StatusOr<Picture> Decoder::Impl::Accept() {
  // FFmpeg flags all pictures of H.264 so until there was a keyframe.
  const bool corrupt = (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 && !proven;
  if (frame->decode_error_flags != 0 || corrupt) {
    chain.MarkDamaged();
    broken = true;
    return absl::DataLossError(absl::StrCat(Context("decode"), ": damaged picture (error flags ",
                                            frame->decode_error_flags, ", frame flags ",
                                            frame->flags, ")"));
  }
  if (frame->reordered_opaque == kDamaged) {
    return absl::DataLossError(
        absl::StrCat(Context("decode"), ": picture refers to one that was lost"));
  }
  if (frame->width < 1 || frame->width > limits::kPictureWidthMax || frame->height < 1 ||
      frame->height > limits::kPictureHeightMax) {
    return absl::DataLossError(absl::StrCat(Context("decode"), ": picture of ", frame->width, "x",
                                            frame->height, ", at most ", limits::kPictureWidthMax,
                                            "x", limits::kPictureHeightMax));
  }
  PATROL_RETURN_IF_ERROR(Fetch());
  const bool keyframe = frame->key_frame != 0;
  const absl::Time time = absl::FromUnixMicros(frame->pts);
  bool hidden = false;
  if (privacy != nullptr) {
    // Before anything is scaled or converted. The decoder predicts from its own planes: those stay
    // as they are, what leaves here is a copy.
    PATROL_RETURN_IF_ERROR(
        StatusFromAv(av_frame_make_writable(frame.get()), Context("copy picture of")));
    PATROL_ASSIGN_OR_RETURN(hidden, privacy->Apply(frame.get()));
  }
  if (frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P) {
    return Picture(*frame, time, keyframe, hidden);
  }
  PATROL_RETURN_IF_ERROR(Convert());
  return Picture(*converted, time, keyframe, hidden);
}

// Fills `converted` with `frame` as 8-bit 4:2:0, its range kept.
absl::Status Decoder::Impl::Convert() {
  const auto source = static_cast<AVPixelFormat>(frame->format);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(source);
  if (description == nullptr || (description->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0) {
    return absl::UnimplementedError(
        absl::StrCat(Context("decode"), ": pixel format ", frame->format, " cannot be converted"));
  }
  const std::string_view name(description->name);
  const bool full = frame->color_range == AVCOL_RANGE_JPEG || name.starts_with("yuvj") ||
                    (description->flags & AV_PIX_FMT_FLAG_RGB) != 0;
  const AVPixelFormat target = full ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  scaler.reset(sws_getCachedContext(scaler.release(), frame->width, frame->height, source,
                                    frame->width, frame->height, target, SWS_BILINEAR, nullptr,
                                    nullptr, nullptr));
  converted.reset(av_frame_alloc());
  if (scaler == nullptr || converted == nullptr) {
    return absl::InternalError(
        absl::StrCat(Context("decode"), ": cannot convert from ", description->name));
  }
  converted->format = target;
  converted->width = frame->width;
  converted->height = frame->height;
  PATROL_RETURN_IF_ERROR(
      StatusFromAv(av_frame_get_buffer(converted.get(), 0), Context("convert picture of")));
  return StatusFromAv(sws_scale(scaler.get(), frame->data, frame->linesize, 0, frame->height,
                                converted->data, converted->linesize),
                      Context("convert picture of"));
}

void Decoder::Impl::ForgetPictures() {
  avcodec_flush_buffers(context.get());
  context->flags &= ~AV_CODEC_FLAG_OUTPUT_CORRUPT;
  chain.Reset();
  broken = begun = drained = proven = false;
  proof.reset();
  leading_left = 0;
  ready.clear();
}

bool Decoder::Impl::Follow(const AccessUnit& unit) {
  if (unit.codec == Codec::kH264) {
    const bool lost = !chain.Follow(unit.data);
    if (unit.damaged) chain.MarkDamaged();
    return lost;
  }
  if (unit.codec == Codec::kMjpeg) return false;
  if (IsKeyframe(unit.codec, unit.data)) {
    broken = false;
  } else if (!begun) {
    broken = true;
  }
  if (unit.damaged) broken = true;
  return broken;
}

absl::Status Decoder::Impl::BeginProof() {
  if (hardware != nullptr) PATROL_RETURN_IF_ERROR(FallBack("the stream has no keyframes"));
  ForgetPictures();
  // H.264: or there would be no pictures to look at.
  context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  PATROL_ASSIGN_OR_RETURN(proof, RefreshProof::Begin(*context));
  return absl::OkStatus();
}

// Decodes, and says nothing until it is whole.
absl::StatusOr<std::optional<Picture>> Decoder::Impl::Prove(const AccessUnit& unit, bool damaged) {
  const uint64_t missing_references = MissingReferencesOnThisThread();
  PATROL_RETURN_IF_ERROR(Fill(unit.data.data(), unit.data.size(), unit.time, false));
  const bool gave = avcodec_send_packet(context.get(), packet.get()) >= 0 &&
                    avcodec_receive_frame(context.get(), frame.get()) >= 0;
  const bool intact = gave && !damaged && frame->decode_error_flags == 0 &&
                      MissingReferencesOnThisThread() == missing_references;
  const bool whole = proof->Follow(*packet, gave ? frame.get() : nullptr, intact);
  av_packet_unref(packet.get());
  // What is lost from here on is lost anew.
  broken = false;
  chain.MarkWhole();
  if (whole) {
    proof.reset();
    proven = true;
    ready.push_back(Accept());
  }
  av_frame_unref(frame.get());
  return Next();
}

absl::StatusOr<std::unique_ptr<Decoder>> Decoder::Create(Codec codec, Reordering reordering,
                                                         std::shared_ptr<const Hardware> hardware) {
  auto impl = std::make_unique<Impl>();
  impl->hardware = std::move(hardware);
  PATROL_RETURN_IF_ERROR(impl->Open(IdOf(codec), nullptr, reordering));
  return std::unique_ptr<Decoder>(new Decoder(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<Decoder>> Decoder::Create(const AVCodecParameters& parameters,
                                                         Reordering reordering) {
  auto impl = std::make_unique<Impl>();
  impl->annexb = false;
  PATROL_RETURN_IF_ERROR(impl->Open(parameters.codec_id, &parameters, reordering));
  return std::unique_ptr<Decoder>(new Decoder(std::move(impl)));
}

Decoder::Decoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Decoder::~Decoder() = default;

absl::StatusOr<std::optional<Picture>> Decoder::Decode(const AccessUnit& unit) {
  if (IdOf(unit.codec) != impl_->context->codec_id || !impl_->annexb) {
    return absl::InvalidArgumentError(
        absl::StrCat(impl_->Context("decoder of"), " given ", avcodec_get_name(IdOf(unit.codec))));
  }
  if (unit.data.empty() || unit.data.size() > limits::kAccessUnitBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("access unit of ", unit.data.size(),
                                                   " bytes, 1 to ", limits::kAccessUnitBytesMax,
                                                   " are decoded"));
  }
  if (impl_->drained) {
    return absl::FailedPreconditionError("decoder was drained: flush it first");
  }
  if (unit.privacy != impl_->privacy) {
    // Pictures that wait inside are not this mask's to judge.
    Flush();
    impl_->privacy = unit.privacy;
  }
  if (impl_->flushed && unit.codec != Codec::kMjpeg && !HasParameterSets(unit.codec, unit.data)) {
    ++impl_->damaged;
    return absl::DataLossError(
        absl::StrCat(impl_->Context("decode"), ": begins without parameter sets"));
  }
  impl_->flushed = false;
  const bool enters = !impl_->begun || impl_->Lost(unit.codec);
  if (unit.refresh == Refresh::kUnannounced && enters && impl_->proof == nullptr) {
    PATROL_RETURN_IF_ERROR(impl_->BeginProof());
  }
  const bool damaged = impl_->Follow(unit);
  impl_->begun = true;
  const bool ends_proof = unit.keyframe && impl_->proof != nullptr;
  if (ends_proof) impl_->proof.reset();
  if (impl_->leading_left > 0) --impl_->leading_left;
  if (ends_proof || (enters && !damaged && unit.codec != Codec::kMjpeg)) {
    impl_->leading_before = absl::ToUnixMicros(unit.time);
    impl_->leading_left = kLeadingMax;
  }
  if (impl_->proof != nullptr) return impl_->Prove(unit, damaged || unit.damaged);
  const uint64_t missing_references = MissingReferencesOnThisThread();
  const absl::Status sent =
      impl_->Send(unit.data.data(), unit.data.size(), unit.time, damaged || unit.damaged);
  const absl::Status received = impl_->Receive();
  if (MissingReferencesOnThisThread() != missing_references) {
    impl_->broken = true;
    // Without reordering the picture just decoded is the last one received.
    if (!impl_->ready.empty()) {
      impl_->ready.back() = absl::DataLossError(
          absl::StrCat(impl_->Context("decode"), ": picture refers to one that was lost"));
    }
  }
  if (!sent.ok() || !received.ok()) {
    impl_->chain.MarkDamaged();
    impl_->broken = true;
    ++impl_->damaged;
    const absl::Status fault = sent.ok() ? received : sent;
    PATROL_RETURN_IF_ERROR(impl_->CountHardware(fault));
    return absl::DataLossError(absl::StrCat(fault.message(), ", ", unit.data.size(), " bytes"));
  }
  if (!impl_->ready.empty()) {
    PATROL_RETURN_IF_ERROR(impl_->CountHardware(impl_->ready.front().status()));
  }
  return impl_->Next();
}

void Decoder::FilterEdges(bool filter) {
  impl_->context->skip_loop_filter = filter ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

absl::StatusOr<std::optional<Picture>> Decoder::DecodeAlone(const AccessUnit& keyframe) {
  Flush();
  const AVDiscard filtered = impl_->context->skip_loop_filter;
  FilterEdges(false);
  absl::StatusOr<std::optional<Picture>> picture = Decode(keyframe);
  // It is not shown after any other: with B pictures a decoder would wait for those.
  if (picture.ok() && !*picture) picture = Drain();
  impl_->context->skip_loop_filter = filtered;
  return picture;
}

absl::StatusOr<std::optional<Picture>> Decoder::DecodePacket(const uint8_t* data, size_t size,
                                                             absl::Time time) {
  if (size == 0 || size > limits::kAccessUnitBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("packet of ", size, " bytes, 1 to ",
                                                   limits::kAccessUnitBytesMax, " are decoded"));
  }
  if (impl_->drained) {
    return absl::FailedPreconditionError("decoder was drained: flush it first");
  }
  const absl::Status sent = impl_->Send(data, size, time, false);
  const absl::Status received = impl_->Receive();
  if (!sent.ok() || !received.ok()) {
    ++impl_->damaged;
    return absl::DataLossError((sent.ok() ? received : sent).message());
  }
  return impl_->Next();
}

absl::StatusOr<std::optional<Picture>> Decoder::Drain() {
  if (!impl_->drained) {
    impl_->drained = true;
    PATROL_RETURN_IF_ERROR(StatusFromAv(avcodec_send_packet(impl_->context.get(), nullptr),
                                        impl_->Context("drain decoder of")));
    PATROL_RETURN_IF_ERROR(impl_->Receive());
  }
  return impl_->Next();
}

void Decoder::Flush() {
  impl_->ForgetPictures();
  impl_->flushed = true;
}

std::string_view Decoder::decoded_by() const { return impl_->decoded_by; }

const std::string& Decoder::fallback() const { return impl_->fallback; }

uint64_t Decoder::pictures() const { return impl_->pictures; }

uint64_t Decoder::damaged() const { return impl_->damaged; }

}  // namespace patrol::media
