#include "lib/video/media/fmp4.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/av_free.h"
#include "lib/video/media/bit_reader.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace patrol::media {
namespace {

constexpr int kTimescale = 90'000;  // RTP's own clock of video
// Before two pictures are known: 15 a second.
constexpr int64_t kFirstDuration = kTimescale / 15;
constexpr int64_t kDurationMin = kTimescale / 120;
constexpr int64_t kDurationMax = kTimescale;
// H.264 and H.265 allow 16; cameras with B-frames have one to three.
constexpr size_t kReorderDepthMax = 4;
// A picture shown this long before the one decoded last is a fault of the clock, not reordering.
constexpr int64_t kReorderTicksMax = 2 * kTimescale;

constexpr uint8_t kH264Sps = 7;
constexpr uint8_t kH265Vps = 32;
constexpr uint8_t kH265Sps = 33;
constexpr uint8_t kH265Pps = 34;

// ISO/IEC 14496-12, 8.8.3.1: depends on no other sample; depends on others and is no sync sample.
constexpr uint32_t kSyncSample = 0x02000000;
constexpr uint32_t kOtherSample = 0x01010000;

struct FreeMuxer {
  void operator()(AVFormatContext* context) const {
    // The buffer of a context that never got as far as giving it up.
    if (context->pb != nullptr) {
      uint8_t* buffer = nullptr;
      avio_close_dyn_buf(context->pb, &buffer);
      av_free(buffer);
    }
    avformat_free_context(context);
  }
};

AVCodecID IdOf(Codec codec) { return codec == Codec::kH264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC; }

// The first bytes of a NAL unit without emulation prevention.
std::vector<uint8_t> Unescaped(std::span<const uint8_t> nal, size_t most) {
  std::vector<uint8_t> plain;
  BitReader bits(nal, nal.size());
  while (plain.size() < most) {
    const auto byte = static_cast<uint8_t>(bits.Bits(8));
    if (!bits.ok()) break;
    plain.push_back(byte);
  }
  return plain;
}

struct Shape {
  int width = 0;   // pixels
  int height = 0;  // pixels
  AVPixelFormat format = AV_PIX_FMT_NONE;
};

// What FFmpeg's parser reads from the keyframe.
absl::StatusOr<Shape> PictureShape(const AccessUnit& unit) {
  std::unique_ptr<AVCodecParserContext, Free> parser(av_parser_init(IdOf(unit.codec)));
  std::unique_ptr<AVCodecContext, Free> context(avcodec_alloc_context3(nullptr));
  if (parser == nullptr || context == nullptr) {
    return absl::ResourceExhaustedError("fmp4: no memory for a parser");
  }
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  context->codec_id = IdOf(unit.codec);
  // FFmpeg reads past the end, within its own padding.
  std::vector<uint8_t> padded = unit.data;
  padded.resize(unit.data.size() + AV_INPUT_BUFFER_PADDING_SIZE);
  uint8_t* out = nullptr;
  int out_size = 0;
  av_parser_parse2(parser.get(), context.get(), &out, &out_size, padded.data(),
                   static_cast<int>(unit.data.size()), AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
  if (parser->width <= 0 || parser->height <= 0) {
    return absl::DataLossError("fmp4: the parameter sets of the keyframe cannot be read");
  }
  return Shape{parser->width, parser->height, static_cast<AVPixelFormat>(parser->format)};
}

// The decoder configuration record of H.265, ISO/IEC 14496-15, 8.3.3.1. The muxer would make it
// itself, but reads all of the sequence parameter set for that, and an absurd count in its HRD
// parameters keeps FFmpeg 5.1 busy for minutes (found by fuzzing).
absl::StatusOr<std::vector<uint8_t>> H265Record(const std::vector<uint8_t>& sets,
                                                AVPixelFormat format) {
  const AVPixFmtDescriptor* shape = av_pix_fmt_desc_get(format);
  if (shape == nullptr) return absl::DataLossError("fmp4: pixel format unknown");
  const uint8_t chroma_idc = shape->nb_components < 3    ? 0
                             : shape->log2_chroma_h != 0 ? 1
                             : shape->log2_chroma_w != 0 ? 2
                                                         : 3;
  const auto depth_less_8 = static_cast<uint8_t>(shape->comp[0].depth - 8);
  std::vector<uint8_t> general;  // profile, tier and level of the first sequence parameter set
  uint8_t layers_and_nesting = 0;
  std::vector<uint8_t> arrays;
  uint8_t array_count = 0;
  for (const uint8_t type : {kH265Vps, kH265Sps, kH265Pps}) {
    const size_t begin = arrays.size();
    uint16_t count = 0;
    NalReader reader(Codec::kH265, sets);
    for (NalUnit nal; reader.Next(nal);) {
      if (nal.type != type) continue;
      if (nal.data.size() > UINT16_MAX) return absl::DataLossError("fmp4: parameter set too long");
      if (type == kH265Sps && general.empty()) {
        const std::vector<uint8_t> front = Unescaped(nal.data, 15);
        if (front.size() < 15) return absl::DataLossError("fmp4: sequence parameter set too short");
        const auto layers = static_cast<uint8_t>((front[2] >> 1 & 7) + 1);
        layers_and_nesting = static_cast<uint8_t>(layers << 3 | (front[2] & 1) << 2);
        general.assign(front.begin() + 3, front.end());
      }
      if (count++ == 0) arrays.insert(arrays.end(), {static_cast<uint8_t>(0x80 | type), 0, 0});
      arrays.push_back(static_cast<uint8_t>(nal.data.size() >> 8));
      arrays.push_back(static_cast<uint8_t>(nal.data.size()));
      arrays.insert(arrays.end(), nal.data.begin(), nal.data.end());
    }
    if (count == 0) continue;
    ++array_count;
    arrays[begin + 1] = static_cast<uint8_t>(count >> 8);
    arrays[begin + 2] = static_cast<uint8_t>(count);
  }
  if (general.empty()) return absl::DataLossError("fmp4: no sequence parameter set");
  std::vector<uint8_t> record = {1};
  record.insert(record.end(), general.begin(), general.end());
  record.insert(record.end(), {0xf0, 0x00, 0xfc});  // segmentation and parallelism: not known
  record.push_back(0xfc | chroma_idc);
  record.push_back(0xf8 | depth_less_8);     // luma
  record.push_back(0xf8 | depth_less_8);     // chroma
  record.insert(record.end(), {0, 0});       // frame rate: not known
  record.push_back(layers_and_nesting | 3);  // sizes of NAL units have four bytes
  record.push_back(array_count);
  record.insert(record.end(), arrays.begin(), arrays.end());
  return record;
}

// extradata: parameter sets as the muxer takes them.
absl::StatusOr<std::vector<uint8_t>> InitSegment(Codec codec, const std::vector<uint8_t>& extradata,
                                                 const Shape& shape) {
  AVFormatContext* raw = nullptr;
  PATROL_RETURN_IF_ERROR(StatusFromAv(avformat_alloc_output_context2(&raw, nullptr, "mp4", nullptr),
                                      "fmp4: make a muxer"));
  const std::unique_ptr<AVFormatContext, FreeMuxer> context(raw);
  AVStream* stream = avformat_new_stream(context.get(), nullptr);
  if (stream == nullptr) return absl::ResourceExhaustedError("fmp4: no memory for a stream");
  AVCodecParameters& parameters = *stream->codecpar;
  parameters.codec_type = AVMEDIA_TYPE_VIDEO;
  parameters.codec_id = IdOf(codec);
  // Parameter sets stand in the movie box alone: avc1, hvc1.
  parameters.codec_tag =
      codec == Codec::kH264 ? MKTAG('a', 'v', 'c', '1') : MKTAG('h', 'v', 'c', '1');
  parameters.width = shape.width;
  parameters.height = shape.height;
  parameters.extradata =
      static_cast<uint8_t*>(av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (parameters.extradata == nullptr) {
    return absl::ResourceExhaustedError("fmp4: no memory for parameter sets");
  }
  std::copy(extradata.begin(), extradata.end(), parameters.extradata);
  parameters.extradata_size = static_cast<int>(extradata.size());
  stream->time_base = {1, kTimescale};
  av_opt_set(context->priv_data, "movflags", "frag_custom+empty_moov+default_base_moof", 0);
  av_opt_set_int(context->priv_data, "video_track_timescale", kTimescale, 0);
  av_opt_set_int(context->priv_data, "use_editlist", 0, 0);
  context->flags |= AVFMT_FLAG_BITEXACT;
  PATROL_RETURN_IF_ERROR(StatusFromAv(avio_open_dyn_buf(&context->pb), "fmp4: output buffer"));
  const int written = avformat_write_header(context.get(), nullptr);
  uint8_t* buffer = nullptr;
  const int bytes = avio_close_dyn_buf(std::exchange(context->pb, nullptr), &buffer);
  std::vector<uint8_t> init(buffer, buffer + std::max(bytes, 0));
  av_free(buffer);
  // Frees what the muxer holds; what it writes goes nowhere.
  if (written >= 0 && avio_open_dyn_buf(&context->pb) >= 0) av_write_trailer(context.get());
  PATROL_RETURN_IF_ERROR(StatusFromAv(written, "fmp4: write the movie box"));
  return init;
}

// Big-endian writing into a buffer, with boxes whose size is filled in when they are closed.
class BoxWriter {
 public:
  explicit BoxWriter(std::vector<uint8_t>& out) : out_(out) {}
  void U32(uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
      out_.push_back(static_cast<uint8_t>(value >> shift));
  }
  void U64(uint64_t value) {
    U32(static_cast<uint32_t>(value >> 32));
    U32(static_cast<uint32_t>(value));
  }
  size_t Open(const char (&type)[5]) {
    const size_t at = out_.size();
    U32(0);
    out_.insert(out_.end(), type, type + 4);
    return at;
  }
  void Close(size_t box) { Put(box, static_cast<uint32_t>(out_.size() - box)); }
  void Put(size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) out_[at + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  }

 private:
  std::vector<uint8_t>& out_;
};

struct Sample {
  uint32_t sequence;
  int64_t decode_time;
  int64_t duration;
  int64_t shown_after;  // decoding, ticks; negative with B-frames
  bool keyframe;
};

// ISO/IEC 14496-12, 8.8: moof(mfhd, traf(tfhd, tfdt, trun)) and mdat, one sample.
std::vector<uint8_t> Fragment(const Sample& sample, const AccessUnit& unit) {
  std::vector<uint8_t> out;
  out.reserve(unit.data.size() + 160);
  BoxWriter box(out);
  const size_t moof = box.Open("moof");
  const size_t mfhd = box.Open("mfhd");
  box.U32(0);
  box.U32(sample.sequence);
  box.Close(mfhd);
  const size_t traf = box.Open("traf");
  const size_t tfhd = box.Open("tfhd");
  box.U32(0x020000);  // default-base-is-moof
  box.U32(1);         // the only track
  box.Close(tfhd);
  const size_t tfdt = box.Open("tfdt");
  box.U32(0x01000000);  // version 1: 64 bits
  box.U64(static_cast<uint64_t>(sample.decode_time));
  box.Close(tfdt);
  const size_t trun = box.Open("trun");
  // Version 1 (signed offsets); data offset, duration, size, flags and composition offset follow.
  box.U32(0x01000000 | 0x001 | 0x100 | 0x200 | 0x400 | 0x800);
  box.U32(1);
  const size_t data_offset = out.size();
  box.U32(0);
  box.U32(static_cast<uint32_t>(sample.duration));
  const size_t size = out.size();
  box.U32(0);
  box.U32(sample.keyframe ? kSyncSample : kOtherSample);
  box.U32(static_cast<uint32_t>(static_cast<int32_t>(sample.shown_after)));
  box.Close(trun);
  box.Close(traf);
  box.Close(moof);
  const size_t mdat = box.Open("mdat");
  box.Put(data_offset, static_cast<uint32_t>(out.size() - moof));
  NalReader reader(unit.codec, unit.data);
  for (NalUnit nal; reader.Next(nal);) {
    if (KindOf(unit.codec, nal.type) == NalKind::kParameterSet) continue;
    box.U32(static_cast<uint32_t>(nal.data.size()));
    out.insert(out.end(), nal.data.begin(), nal.data.end());
  }
  box.Close(mdat);
  box.Put(size, static_cast<uint32_t>(out.size() - mdat - 8));
  return out;
}

// ISO/IEC 14496-15, annex E.3: hvc1.<profile>.<compatibility, bits reversed>.<tier and
// level>.<constraints>.
std::string H265String(const std::vector<uint8_t>& sps) {
  // After two bytes of header and one of ids: general_profile_tier_level, byte-aligned.
  const uint8_t* general = sps.data() + 3;
  static constexpr const char* kSpaces[] = {"", "A", "B", "C"};
  uint32_t reversed = 0;
  for (int i = 0; i < 32; ++i) {
    if ((general[1 + i / 8] >> (7 - i % 8)) & 1) reversed |= 1u << i;
  }
  std::string text =
      absl::StrCat("hvc1.", kSpaces[general[0] >> 6], general[0] & 0x1f, ".", absl::Hex(reversed),
                   ".", (general[0] & 0x20) != 0 ? "H" : "L", static_cast<int>(general[11]));
  int last = 10;  // trailing zero bytes of the constraints are left out
  while (last >= 5 && general[last] == 0) --last;
  for (int i = 5; i <= last; ++i) absl::StrAppend(&text, ".", absl::Hex(general[i]));
  return text;
}

}  // namespace

absl::StatusOr<std::string> CodecString(Codec codec, const std::vector<uint8_t>& annexb) {
  if (codec == Codec::kMjpeg) return absl::UnimplementedError("fmp4: MJPEG is not carried in MP4");
  NalReader reader(codec, annexb);
  for (NalUnit nal; reader.Next(nal);) {
    if (nal.type != (codec == Codec::kH264 ? kH264Sps : kH265Sps)) continue;
    const std::vector<uint8_t> sps = Unescaped(nal.data, 15);
    if (codec == Codec::kH264 && sps.size() >= 4) {
      return absl::StrCat("avc1.", absl::Hex(sps[1], absl::kZeroPad2),
                          absl::Hex(sps[2], absl::kZeroPad2), absl::Hex(sps[3], absl::kZeroPad2));
    }
    if (codec == Codec::kH265 && sps.size() == 15) return H265String(sps);
  }
  return absl::DataLossError("fmp4: no whole sequence parameter set");
}

absl::StatusOr<Fmp4Piece> Fmp4Writer::Write(const AccessUnit& unit) {
  if (unit.codec == Codec::kMjpeg) {
    return absl::UnimplementedError("fmp4: MJPEG is not carried in MP4; ask for stills");
  }
  if (unit.privacy != nullptr) {
    return absl::PermissionDeniedError(
        "fmp4: the camera has a privacy mask: what it codes shows what must not be seen");
  }
  Fmp4Piece piece;
  if (unit.damaged) continuing_ = false;
  had_keyframe_ = had_keyframe_ || unit.keyframe;
  const bool enters =
      unit.refresh == Refresh::kAnnounced ||
      (unit.refresh == Refresh::kUnannounced && !had_keyframe_);  // or another may well come
  const bool begins = unit.keyframe || (!continuing_ && enters);
  if (unit.damaged || (!continuing_ && !begins)) {
    ++skipped_;
    return piece;
  }
  if (begins) {
    std::vector<uint8_t> sets = ParameterSetsOf(unit.codec, unit.data);
    // A keyframe without any goes on with the last ones.
    if (!sets.empty() && sets != parameter_sets_) {
      continuing_ = false;
      auto init = std::make_shared<Fmp4Init>();
      PATROL_ASSIGN_OR_RETURN(init->codec, CodecString(unit.codec, sets));
      PATROL_ASSIGN_OR_RETURN(const Shape shape, PictureShape(unit));
      init->width = shape.width;
      init->height = shape.height;
      if (unit.codec == Codec::kH265) {
        PATROL_ASSIGN_OR_RETURN(const std::vector<uint8_t> record, H265Record(sets, shape.format));
        PATROL_ASSIGN_OR_RETURN(init->bytes, InitSegment(unit.codec, record, shape));
      } else {
        PATROL_ASSIGN_OR_RETURN(init->bytes, InitSegment(unit.codec, sets, shape));
      }
      parameter_sets_ = std::move(sets);
      piece.init = std::move(init);
    } else if (parameter_sets_.empty()) {
      ++skipped_;
      return piece;
    }
    continuing_ = true;
  }
  if (!start_) start_ = unit.time;
  const double seconds = absl::ToDoubleSeconds(unit.time - *start_);
  const int64_t previous = last_decode_time_;
  int64_t shown = static_cast<int64_t>(seconds * kTimescale + 0.5);
  const int64_t decode_time = DecodeTime(shown);
  if (shown < decode_time - kReorderTicksMax) shown = decode_time;
  if (duration_ == 0) duration_ = kFirstDuration;
  if (previous >= 0 && reorder_depth_ == 0) {
    duration_ = std::clamp(decode_time - previous, kDurationMin, kDurationMax);
  }
  piece.fragment = Fragment({.sequence = ++sequence_,
                             .decode_time = decode_time,
                             .duration = duration_,
                             .shown_after = shown - decode_time,
                             .keyframe = begins},
                            unit);
  return piece;
}

// Without looking ahead: the earliest showing time among the last few pictures, as many as the
// stream has been seen to reorder; always growing.
int64_t Fmp4Writer::DecodeTime(int64_t shown) {
  if (shown <= last_decode_time_ && reorder_depth_ < kReorderDepthMax) ++reorder_depth_;
  shown_.push_back(shown);
  if (shown_.size() > reorder_depth_ + 1) shown_.erase(shown_.begin());
  const int64_t earliest = *std::min_element(shown_.begin(), shown_.end());
  last_decode_time_ = std::max(last_decode_time_ + 1, earliest);
  return last_decode_time_;
}

}  // namespace patrol::media
