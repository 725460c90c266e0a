#include "benchmarks/ingest/gated_stream.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/clip_reader.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
}

namespace patrol::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kWidth = 640;
constexpr int kHeight = 360;
constexpr double kFpsMax = 15;
// Grows when streams are made otherwise: what the cache has of before is left alone.
constexpr int kStreamVersion = 2;

// ---- truth ----

std::vector<Interval> IntervalsOf(const nlohmann::json& list) {
  std::vector<Interval> intervals;
  for (const auto& entry : list) {
    if (entry.is_array()) {
      intervals.push_back({entry.at(0), entry.at(1)});
    } else {
      intervals.push_back({entry.at("begin_s"), entry.at("end_s")});
    }
  }
  return intervals;
}

// In order, with pauses of at most `pause` seconds closed.
std::vector<Interval> Joined(std::vector<Interval> intervals, double pause) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  std::vector<Interval> joined;
  for (const Interval& one : intervals) {
    if (!joined.empty() && one.begin <= joined.back().end + pause) {
      joined.back().end = std::max(joined.back().end, one.end);
    } else {
      joined.push_back(one);
    }
  }
  return joined;
}

// Stretches in which at least `share` of the mask's pixels move; frames outside first..last are not
// judged.
absl::Status ReadMasks(const std::string& path, double fps, int first, int last, Scene& scene) {
  constexpr double kShare = 0.004;
  PATROL_ASSIGN_OR_RETURN(auto reader, media::ClipReader::Open(path));
  bool before = false;
  double since = first / fps;
  for (int frame = 0; frame <= last; ++frame) {
    PATROL_ASSIGN_OR_RETURN(const auto picture, reader->NextPicture());
    if (!picture) break;
    if (frame < first) continue;
    const cv::Mat mask(picture->height(), picture->width(), CV_8U,
                       const_cast<uint8_t*>(picture->plane(0)),
                       static_cast<size_t>(picture->stride(0)));
    const bool moves = cv::countNonZero(mask >= 250) >= kShare * static_cast<double>(mask.total());
    if (moves == before && frame < last) continue;
    const Interval stretch{since, frame / fps};
    if (stretch.end > stretch.begin) (before ? scene.motion : scene.quiet).push_back(stretch);
    before = moves;
    since = frame / fps;
  }
  return absl::OkStatus();
}

// Movers too small to begin an event (Analyser::Options::large_share) are not judged: where they
// are the only ones it is neither motion nor quiet.
absl::Status ReadRendered(const std::string& path, Scene& scene) {
  constexpr double kSeenShare = 0.0025;
  constexpr double kBoxEvery = 5;  // frames
  constexpr double kPause = 1;     // seconds
  std::ifstream file(fs::path(path).replace_extension("json"));
  const auto truth = nlohmann::json::parse(file, nullptr, false);
  if (truth.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\": no truth beside it"));
  }
  const double fps = truth.at("fps");
  const double seen =
      kSeenShare * truth.at("width").get<double>() * truth.at("height").get<double>();
  std::vector<Interval> sights;
  for (const auto& mover : truth.at("movers")) {
    for (const auto& box : mover.at("boxes")) {
      const double area = (box.at("right").get<double>() - box.at("left").get<double>()) *
                          (box.at("bottom").get<double>() - box.at("top").get<double>());
      const double at = box.at("frame").get<double>() / fps;
      if (area >= seen) sights.push_back({at, at + kBoxEvery / fps});
    }
  }
  scene.motion = Joined(std::move(sights), kPause);
  double quiet_from = 0;
  for (const Interval& moving : Joined(IntervalsOf(truth.at("moving")), kPause)) {
    scene.quiet.push_back({quiet_from, moving.begin});
    quiet_from = moving.end;
  }
  scene.quiet.push_back({quiet_from, truth.at("frames").get<double>() / fps});
  // Rendered scenes begin with quiet.
  if (scene.quiet.front().end > 4) scene.pad = {0.5, std::min(scene.quiet.front().end - 0.5, 5.0)};
  return absl::OkStatus();
}

// ---- pictures ----

// Planar YUV 4:2:0 in one matrix of 3/2 the height.
cv::Mat Scaled(const media::Picture& picture) {
  cv::Mat out(kHeight * 3 / 2, kWidth, CV_8U);
  uint8_t* to = out.data;
  for (int plane = 0; plane < 3; ++plane) {
    const int shift = plane == 0 ? 0 : 1;
    const cv::Mat from((picture.height() + shift) >> shift, (picture.width() + shift) >> shift,
                       CV_8U, const_cast<uint8_t*>(picture.plane(plane)),
                       static_cast<size_t>(picture.stride(plane)));
    cv::Mat scaled(kHeight >> shift, kWidth >> shift, CV_8U, to);
    cv::resize(from, scaled, scaled.size(), 0, 0,
               from.cols > scaled.cols ? cv::INTER_AREA : cv::INTER_LINEAR);
    to += scaled.total();
  }
  return out;
}

class Encoder {
 public:
  Encoder(const Coding& coding, double fps, std::vector<media::AccessUnitPtr>& units)
      : codec_(coding.codec), fps_(fps), units_(units) {
    const bool h264 = codec_ == media::Codec::kH264;
    const AVCodec* encoder = avcodec_find_encoder_by_name(h264 ? "libx264" : "libx265");
    if (encoder == nullptr) return;
    context_ = avcodec_alloc_context3(encoder);
    context_->width = kWidth;
    context_->height = kHeight;
    context_->pix_fmt = AV_PIX_FMT_YUV420P;
    context_->framerate = av_d2q(fps, 1000);
    context_->time_base = av_inv_q(context_->framerate);
    const int gop = static_cast<int>(std::lround(coding.gop_s * fps));
    context_->gop_size = gop;
    context_->max_b_frames = 0;
    context_->thread_count = 1;
    const std::string beat =
        absl::StrCat("keyint=", gop, ":min-keyint=", gop,
                     ":scenecut=0:bframes=0:rc-lookahead=0:", coding.parameters);
    if (h264) {
      av_opt_set(context_->priv_data, "preset", "superfast", 0);
      av_opt_set(context_->priv_data, "profile", "main", 0);
      const std::string all = absl::StrCat("sync-lookahead=0:mbtree=0:ref=1:weightp=0:", beat);
      av_opt_set(context_->priv_data, "x264-params", all.c_str(), 0);
    } else {
      av_opt_set(context_->priv_data, "preset", "ultrafast", 0);
      const std::string all = absl::StrCat(
          "repeat-headers=1:pools=none:frame-threads=1:weightp=0:log-level=error:", beat);
      av_opt_set(context_->priv_data, "x265-params", all.c_str(), 0);
    }
    if (avcodec_open2(context_, encoder, nullptr) < 0) avcodec_free_context(&context_);
  }
  ~Encoder() {
    avcodec_free_context(&context_);
    av_packet_free(&packet_);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  bool ok() const { return context_ != nullptr; }

  // An empty picture: no more.
  void Take(const cv::Mat& picture) {
    AVFrame* frame = nullptr;
    if (!picture.empty()) {
      frame = av_frame_alloc();
      frame->format = AV_PIX_FMT_YUV420P;
      frame->width = kWidth;
      frame->height = kHeight;
      frame->pts = frames_++;
      av_frame_get_buffer(frame, 0);
      const uint8_t* from = picture.data;
      for (int plane = 0; plane < 3; ++plane) {
        const int shift = plane == 0 ? 0 : 1;
        for (int y = 0; y < kHeight >> shift; ++y, from += kWidth >> shift) {
          std::memcpy(frame->data[plane] + static_cast<ptrdiff_t>(y) * frame->linesize[plane], from,
                      static_cast<size_t>(kWidth >> shift));
        }
      }
    }
    avcodec_send_frame(context_, frame);
    av_frame_free(&frame);
    while (avcodec_receive_packet(context_, packet_) >= 0) {
      auto unit = std::make_shared<media::AccessUnit>();
      unit->codec = codec_;
      unit->data.assign(packet_->data, packet_->data + packet_->size);
      unit->keyframe = media::IsKeyframe(codec_, unit->data);
      unit->time = absl::UnixEpoch() + absl::Seconds(static_cast<double>(packet_->pts) / fps_);
      units_.push_back(std::move(unit));
      av_packet_unref(packet_);
    }
  }

 private:
  const media::Codec codec_;
  const double fps_;
  std::vector<media::AccessUnitPtr>& units_;
  AVCodecContext* context_ = nullptr;
  AVPacket* packet_ = av_packet_alloc();
  int64_t frames_ = 0;
};

// Plays a scene into an encoder and writes down what is true when.
class Player {
 public:
  Player(const Scene& scene, media::ClipReader& reader, Stream& stream)
      : scene_(scene),
        reader_(reader),
        stream_(stream),
        clip_fps_(reader.info().frames_per_second),
        fps_(std::min(clip_fps_, kFpsMax)) {}

  double fps() const { return fps_; }

  absl::Status Play(Encoder& encoder) {
    std::vector<cv::Mat> quiet;
    if (scene_.pad.end > scene_.pad.begin) {
      PATROL_RETURN_IF_ERROR(ForEach(scene_.pad.end, [&](double time, const cv::Mat& picture) {
        if (time >= scene_.pad.begin) quiet.push_back(picture);
      }));
    }
    for (int cycle = 0; cycle < scene_.cycles; ++cycle) {
      Pad(quiet, encoder);
      const double from = now_;
      PATROL_RETURN_IF_ERROR(ForEach(scene_.cut_s, [&](double, const cv::Mat& picture) {
        encoder.Take(picture);
        now_ += 1 / fps_;
      }));
      stream_.plays.push_back(from);
    }
    Pad(quiet, encoder);
    encoder.Take(cv::Mat());
    stream_.seconds = now_;
    return absl::OkStatus();
  }

 private:
  void Pad(const std::vector<cv::Mat>& quiet, Encoder& encoder) {
    if (quiet.size() < 2) return;
    const double from = now_;
    const size_t turn = 2 * quiet.size() - 2;
    for (size_t i = 0; static_cast<double>(i) < scene_.pad_s * fps_; ++i, now_ += 1 / fps_) {
      const size_t at = i % turn;
      encoder.Take(quiet[at < quiet.size() ? at : turn - at]);
    }
    stream_.pads.push_back({from, now_});
  }

  template <typename Take>
  absl::Status ForEach(double until, Take&& take) {
    PATROL_RETURN_IF_ERROR(reader_.Rewind());
    double next = 0;
    for (int64_t n = 0;; ++n) {
      const double time = static_cast<double>(n) / clip_fps_;
      PATROL_ASSIGN_OR_RETURN(const auto picture, reader_.NextPicture());
      if (!picture || time > until) return absl::OkStatus();
      if (time + 1e-6 < next) continue;
      next += 1 / fps_;
      take(time, Scaled(*picture));
    }
  }

  const Scene& scene_;
  media::ClipReader& reader_;
  Stream& stream_;
  const double clip_fps_;
  const double fps_;
  double now_ = 0;
};

// ---- the cache: our own form, read back by the same program ----

template <typename T>
void Put(std::ostream& out, T value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof(value));
}
template <typename T>
T Get(std::istream& in) {
  T value{};
  in.read(reinterpret_cast<char*>(&value), sizeof(value));
  return value;
}

void PutAll(std::ostream& out, const std::vector<Interval>& intervals) {
  Put(out, static_cast<uint64_t>(intervals.size()));
  for (const Interval& one : intervals) Put(out, one);
}

std::vector<Interval> GetAll(std::istream& in) {
  std::vector<Interval> intervals(Get<uint64_t>(in));
  for (Interval& one : intervals) one = Get<Interval>(in);
  return intervals;
}

bool Load(const std::string& path, media::Codec codec, Stream& stream) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  stream.seconds = Get<double>(in);
  stream.pads = GetAll(in);
  stream.plays.resize(Get<uint64_t>(in));
  for (double& from : stream.plays) from = Get<double>(in);
  for (auto units = Get<uint64_t>(in); units > 0 && in; --units) {
    auto unit = std::make_shared<media::AccessUnit>();
    unit->codec = codec;
    unit->time = absl::FromUnixMicros(Get<int64_t>(in));
    unit->data.resize(Get<uint64_t>(in));
    in.read(reinterpret_cast<char*>(unit->data.data()),
            static_cast<std::streamsize>(unit->data.size()));
    unit->keyframe = media::IsKeyframe(codec, unit->data);
    stream.units.push_back(std::move(unit));
  }
  return in.good();
}

void Save(const std::string& path, const Stream& stream) {
  {
    std::ofstream out(path + ".part", std::ios::binary);
    Put(out, stream.seconds);
    PutAll(out, stream.pads);
    Put(out, static_cast<uint64_t>(stream.plays.size()));
    for (double from : stream.plays) Put(out, from);
    Put(out, static_cast<uint64_t>(stream.units.size()));
    for (const media::AccessUnitPtr& unit : stream.units) {
      Put(out, absl::ToUnixMicros(unit->time));
      Put(out, static_cast<uint64_t>(unit->data.size()));
      out.write(reinterpret_cast<const char*>(unit->data.data()),
                static_cast<std::streamsize>(unit->data.size()));
    }
  }
  std::error_code ignored;
  fs::rename(path + ".part", path, ignored);
}

// What is true of the stream, by what is true of the clip.
void NoteTruth(const Scene& scene, Stream& stream) {
  const auto note = [&](const std::vector<Interval>& from, std::vector<Interval>& to) {
    for (double offset : stream.plays) {
      for (const Interval& one : from) {
        if (one.begin < scene.cut_s) to.push_back({offset + one.begin, offset + one.end});
      }
    }
  };
  note(scene.motion, stream.motion);
  note(scene.quiet, stream.quiet);
  // What stood there at the clip's end is gone at once: some seconds are not judged.
  for (const Interval& pad : stream.pads) {
    stream.quiet.push_back({pad.begin + (pad.begin > 0 ? 3.0 : 0.0), pad.end - 1});
  }
}

}  // namespace

absl::StatusOr<std::vector<Scene>> FindScenes(const std::string& shared,
                                              const std::vector<std::string>& rendered) {
  std::vector<Scene> scenes;
  const std::string video = shared + "/data/video/";
  std::ifstream file(video + "events.json");
  const auto labels = nlohmann::json::parse(file, nullptr, false);
  if (!labels.is_discarded()) {
    const auto labelled = [&](const char* name, const char* clip, Interval pad, int cycles) {
      Scene scene{.name = name, .path = video + clip, .pad = pad, .cycles = cycles};
      scene.motion = IntervalsOf(labels.at(clip).at("motion"));
      scene.quiet = IntervalsOf(labels.at(clip).at("quiet"));
      return scene;
    };
    scenes.push_back(labelled("car", "car-detection.mp4", {9.8, 13.8}, 4));
    scenes.push_back(labelled("person", "one-by-one-person-detection.mp4", {1.2, 5.2}, 2));
    scenes.push_back(labelled("bottle", "bottle-detection.mp4", {1.2, 4.3}, 4));
    scenes.back().cut_s = 24.4;  // what comes later is not labelled
    Scene pedestrians{.name = "pedestrians", .path = video + "pedestrians.h264.mp4", .cycles = 2};
    PATROL_RETURN_IF_ERROR(ReadMasks(video + "pedestrians.gt.png.mkv", 25, 300, 1098, pedestrians));
    scenes.push_back(std::move(pedestrians));
    Scene highway{.name = "highway", .path = video + "highway.h264.mp4", .cycles = 1};
    PATROL_RETURN_IF_ERROR(ReadMasks(video + "highway.gt.png.mkv", 25, 470, 1698, highway));
    scenes.push_back(std::move(highway));
  }
  for (const std::string& path : rendered) {
    Scene scene{.name = fs::path(path).stem().string(), .path = path, .pad_s = 30, .cycles = 2};
    PATROL_RETURN_IF_ERROR(ReadRendered(path, scene));
    scenes.push_back(std::move(scene));
  }
  return scenes;
}

std::vector<Coding> Codings() {
  using media::Codec;
  return {
      {"cbr", Codec::kH264, "bitrate=384:vbv-maxrate=384:vbv-bufsize=384:qpmin=18"},
      {"vbr", Codec::kH264, "crf=27:vbv-maxrate=512:vbv-bufsize=768:qpmin=18"},
      {"cqp", Codec::kH264, "qp=28"},
      {"h265", Codec::kH265, "bitrate=384:vbv-maxrate=384:vbv-bufsize=384:qpmin=20"},
      {"as-rendered", Codec::kH264, ""},
  };
}

namespace {

// As patrolsim's load sends it: the place's quiet clip before and after each play.
absl::Status PlayAsRendered(const Scene& scene, Stream& stream) {
  const std::string moving = "-moving";
  const size_t at = scene.path.rfind(moving);
  if (at == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(scene.name, ": no clip of patrolsim's load"));
  }
  const std::string quiet = std::string(scene.path).replace(at, moving.size(), "-quiet");
  for (int i = 0; i <= 2 * scene.cycles; ++i) {
    const bool plays = i % 2 == 1;
    PATROL_ASSIGN_OR_RETURN(
        auto reader, media::ClipReader::Open(plays ? scene.path : quiet,
                                             absl::UnixEpoch() + absl::Seconds(stream.seconds)));
    const double from = stream.seconds;
    while (true) {
      PATROL_ASSIGN_OR_RETURN(auto unit, reader->NextAccessUnit());
      if (!unit) break;
      stream.seconds = absl::ToDoubleSeconds(unit->time - absl::UnixEpoch()) +
                       1 / reader->info().frames_per_second;
      stream.units.push_back(std::make_shared<media::AccessUnit>(*std::move(unit)));
    }
    if (plays) stream.plays.push_back(from);
    if (!plays) stream.pads.push_back({from, stream.seconds});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Stream> MakeStream(const Scene& scene, const Coding& coding,
                                  const std::string& cache) {
  Stream stream;
  stream.name = absl::StrCat(scene.name, "/", coding.name);
  if (coding.parameters.empty()) {
    PATROL_RETURN_IF_ERROR(PlayAsRendered(scene, stream));
    NoteTruth(scene, stream);
    return stream;
  }
  std::error_code ignored;
  fs::create_directories(cache, ignored);
  const std::string kept =
      absl::StrCat(cache, "/v", kStreamVersion, "-", scene.name, "-", coding.name, ".units");
  if (Load(kept, coding.codec, stream)) {
    NoteTruth(scene, stream);
    return stream;
  }
  stream = Stream{.name = stream.name};
  av_log_set_level(AV_LOG_QUIET);
  PATROL_ASSIGN_OR_RETURN(auto reader, media::ClipReader::Open(scene.path));
  Player player(scene, *reader, stream);
  Encoder encoder(coding, player.fps(), stream.units);
  if (!encoder.ok()) {
    return absl::UnimplementedError(absl::StrCat(stream.name, ": FFmpeg here cannot encode it"));
  }
  PATROL_RETURN_IF_ERROR(player.Play(encoder));
  Save(kept, stream);
  NoteTruth(scene, stream);
  return stream;
}

}  // namespace patrol::bench
