#include "cmd/patrolsim/cameras_library.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolsim/cameras_encoder.h"
#include "cmd/patrolsim/cameras_scene.h"
#include "lib/base/log.h"
#include "lib/base/status.h"

extern "C" {
#include <libavutil/log.h>
}

namespace patrol::sim {
namespace {

namespace fs = std::filesystem;

// Grows when scenes are drawn or coded otherwise: older files in the cache are then left alone.
constexpr int kSceneVersion = 3;
// H.265 is coded of this place by day only: it takes three times as long.
constexpr int kH265Place = 1;

// Length of the clips of one place, quiet and moving: whole groups of pictures, and every place's
// routes are walked.
constexpr int kLoadSceneSeconds = 36;

const char* Suffix(SceneMotion motion) {
  switch (motion) {
    case SceneMotion::kMixed:
      return "";
    case SceneMotion::kQuiet:
      return "-quiet";
    case SceneMotion::kMoving:
      return "-moving";
    case SceneMotion::kBusy:
      return "-busy";
  }
  return "";
}

// A scene as one clip.
struct SceneClip {
  int number = 0;
  bool night = false;
  media::Codec codec = media::Codec::kH264;
  SceneMotion motion = SceneMotion::kMixed;

  auto operator<=>(const SceneClip&) const = default;
};

absl::StatusOr<std::vector<ClipPtr>> ReadSources(const LibraryOptions& options) {
  std::vector<ClipPtr> clips;
  for (const std::string& source : options.sources) {
    PATROL_ASSIGN_OR_RETURN(ClipPtr clip, ReadClip(source));
    clips.push_back(std::move(clip));
  }
  for (int i = static_cast<int>(clips.size()); i < options.count; ++i) {
    clips.push_back(clips[static_cast<size_t>(i) % options.sources.size()]);
  }
  clips.resize(static_cast<size_t>(options.count));
  return clips;
}

// Whether camera number `i` (from 0) is one of the `share` of all, spread evenly.
bool Falls(int i, double share) {
  return std::floor((i + 1) * share + 1e-9) > std::floor(i * share + 1e-9);
}

// What each camera shows: H.265 and night spread evenly, places in turn.
std::vector<SceneClip> Assign(const LibraryOptions& options) {
  std::vector<SceneClip> scenes;
  int turns[2] = {};  // by day, at night
  double h265_share = options.h265_share;
  if (h265_share > 0 && !CanEncode(media::Codec::kH265)) {
    PATROL_LOG_WARNING("FFmpeg here has no encoder libx265: all cameras are H.264");
    h265_share = 0;
  }
  for (int i = 0; i < options.count; ++i) {
    SceneClip scene;
    if (Falls(i, h265_share)) {
      scene.codec = media::Codec::kH265;
      scene.number = kH265Place;
    } else {
      scene.night = Falls(i, options.night_share);
      scene.number = turns[scene.night]++ % PlaceCount(scene.night);
    }
    scenes.push_back(scene);
  }
  return scenes;
}

std::vector<SceneClip> WithMotion(std::vector<SceneClip> scenes, SceneMotion motion) {
  for (SceneClip& scene : scenes) scene.motion = motion;
  return scenes;
}

std::string FolderOf(const LibraryOptions& options) {
  return absl::StrFormat("%s/v%d-%dx%d-%dfps-gop%dms-%dk-seed%d", options.cache_dir, kSceneVersion,
                         options.width, options.height, options.fps,
                         absl::ToInt64Milliseconds(options.gop), options.kbps, options.seed);
}

std::string PathOf(const SceneClip& scene, const LibraryOptions& options) {
  return absl::StrFormat("%s/%s-%02d-%s%s.mp4", FolderOf(options), scene.night ? "night" : "day",
                         scene.number, scene.codec == media::Codec::kH264 ? "h264" : "h265",
                         Suffix(scene.motion));
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("\"", path, "\": cannot be written"));
  return absl::OkStatus();
}

absl::Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("\"", to, "\": ", error.message()));
  }
  return absl::OkStatus();
}

// Renders one scene into the cache: first its truth, then the clip, each appearing whole.
// Returns: the clip's path; rendered at once when it is there already.
absl::StatusOr<std::string> ClipOf(const SceneClip& wanted, const LibraryOptions& options) {
  const std::string path = PathOf(wanted, options);
  if (fs::exists(path)) return path;
  const auto begin = std::chrono::steady_clock::now();

  SceneOptions scene_options;
  scene_options.number = wanted.number;
  scene_options.night = wanted.night;
  scene_options.width = options.width;
  scene_options.height = options.height;
  scene_options.fps = options.fps;
  scene_options.seed = options.seed;
  scene_options.motion = wanted.motion;
  if (wanted.motion != SceneMotion::kMixed) scene_options.seconds = kLoadSceneSeconds;
  Scene scene(scene_options);

  EncoderOptions encoder_options;
  encoder_options.codec = wanted.codec;
  encoder_options.width = options.width;
  encoder_options.height = options.height;
  encoder_options.fps = options.fps;
  encoder_options.gop_frames =
      std::max(1, static_cast<int>(std::lround(absl::ToDoubleSeconds(options.gop) * options.fps)));
  encoder_options.kbps = options.kbps;
  const std::string unfinished = absl::StrCat(path, ".", getpid(), ".mp4");
  PATROL_ASSIGN_OR_RETURN(auto writer, ClipWriter::Open(unfinished, encoder_options));
  cv::Mat frame;
  for (int n = 0; n < scene.frames(); ++n) {
    scene.Draw(n, frame);
    PATROL_RETURN_IF_ERROR(writer->Write(frame));
  }
  PATROL_RETURN_IF_ERROR(writer->Finish());

  const std::string truth = fs::path(path).replace_extension("json").string();
  PATROL_RETURN_IF_ERROR(WriteText(unfinished + ".json", scene.TruthJson()));
  PATROL_RETURN_IF_ERROR(Rename(unfinished + ".json", truth));
  PATROL_RETURN_IF_ERROR(Rename(unfinished, path));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::fprintf(stderr, "rendered %s (%s), %d frames in %.1f s\n", scene.name().c_str(),
               fs::path(path).filename().c_str(), scene.frames(), took.count());
  return path;
}

// Every scene wanted, rendered by a few threads where it is not in the cache.
absl::StatusOr<std::map<SceneClip, ClipPtr>> Render(const std::vector<SceneClip>& cameras,
                                                    const LibraryOptions& options) {
  std::error_code error;
  fs::create_directories(FolderOf(options), error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cache \"", options.cache_dir, "\": ", error.message()));
  }
  cv::setNumThreads(1);
  av_log_set_level(AV_LOG_ERROR);  // x264 prints its statistics as information
  std::vector<SceneClip> wanted = cameras;
  // The slow ones first, so that no thread is left alone with one at the end.
  std::sort(wanted.begin(), wanted.end(), [](const SceneClip& a, const SceneClip& b) {
    return std::tie(b.codec, a.night, a.number, a.motion) <
           std::tie(a.codec, b.night, b.number, b.motion);
  });
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  std::map<SceneClip, ClipPtr> clips;
  absl::Status failed;
  std::mutex mutex;  // guards clips and failed
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < wanted.size(); i = next++) {
      absl::StatusOr<std::string> path;
      try {
        path = ClipOf(wanted[i], options);
      } catch (const std::exception& exception) {  // OpenCV, the file system, JSON
        path = absl::InternalError(absl::StrCat("scene: ", exception.what()));
      }
      absl::StatusOr<ClipPtr> clip = path.ok() ? ReadClip(*path) : path.status();
      std::lock_guard lock(mutex);
      if (!clip.ok()) {
        failed.Update(clip.status());
        return;
      }
      clips[wanted[i]] = *std::move(clip);
    }
  };
  std::vector<std::thread> threads;
  const size_t count = std::min(static_cast<size_t>(options.threads), wanted.size());
  for (size_t i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  PATROL_RETURN_IF_ERROR(failed);
  return clips;
}

// When something moves in a rendered scene, and when something of some size; ticks from its begin.
struct SceneTruth {
  std::vector<std::pair<int64_t, int64_t>> moving;
  std::vector<std::pair<int64_t, int64_t>> seen;
};

int64_t TicksOf(double seconds) {
  return std::llround(seconds * static_cast<double>(kRtpTicksPerSecond));
}

// Each box tells of the frames until the next; stretches that touch are one.
std::vector<std::pair<int64_t, int64_t>> SeenTicks(const nlohmann::json& truth) {
  constexpr double kSeenShare = 0.0025;
  const double fps = truth.at("fps");
  const double pixels = truth.at("width").get<double>() * truth.at("height").get<double>();
  std::set<int64_t> frames;
  for (const auto& mover : truth.at("movers")) {
    for (const auto& box : mover.at("boxes")) {
      const double area = (box.at("right").get<double>() - box.at("left").get<double>()) *
                          (box.at("bottom").get<double>() - box.at("top").get<double>());
      if (area >= kSeenShare * pixels) frames.insert(box.at("frame").get<int64_t>());
    }
  }
  std::vector<std::pair<int64_t, int64_t>> seen;
  for (const int64_t frame : frames) {
    const int64_t begin = TicksOf(static_cast<double>(frame) / fps);
    const int64_t end = TicksOf(static_cast<double>(frame + kBoxEveryFrames) / fps);
    if (!seen.empty() && begin <= seen.back().second) {
      seen.back().second = end;
    } else {
      seen.emplace_back(begin, end);
    }
  }
  return seen;
}

// From the truth beside the clip.
absl::StatusOr<SceneTruth> ReadTruth(const SceneClip& scene, const LibraryOptions& options) {
  const std::string path = fs::path(PathOf(scene, options)).replace_extension("json").string();
  std::ifstream file(path);
  const auto truth = nlohmann::json::parse(file, nullptr, false);
  SceneTruth read;
  try {
    for (const auto& interval : truth.at("moving")) {
      read.moving.emplace_back(TicksOf(interval.at("begin_s")), TicksOf(interval.at("end_s")));
    }
    read.seen = SeenTicks(truth);
  } catch (const nlohmann::json::exception&) {
    return absl::DataLossError(
        absl::StrCat("\"", path, "\": no truth of a scene; delete its folder to render it anew"));
  }
  return read;
}

// A camera can change from one to the other at any keyframe.
bool SameBeat(const Clip& a, const Clip& b) {
  return a.duration_ticks == b.duration_ticks && a.pictures.size() == b.pictures.size() &&
         std::equal(a.pictures.begin(), a.pictures.end(), b.pictures.begin(),
                    [](const ClipPicture& one, const ClipPicture& other) {
                      return one.keyframe == other.keyframe && one.send_ticks == other.send_ticks;
                    });
}

absl::StatusOr<std::vector<SimCamera>> QuietAndMoving(const LibraryOptions& options) {
  const std::vector<SceneClip> quiet = WithMotion(Assign(options), SceneMotion::kQuiet);
  const std::vector<SceneClip> moving =
      WithMotion(quiet, options.busy ? SceneMotion::kBusy : SceneMotion::kMoving);
  std::vector<SceneClip> both = quiet;
  both.insert(both.end(), moving.begin(), moving.end());
  PATROL_ASSIGN_OR_RETURN(auto rendered, Render(both, options));
  std::map<SceneClip, SceneTruth> truths;
  std::vector<SimCamera> cameras(quiet.size());
  for (size_t i = 0; i < quiet.size(); ++i) {
    SimCamera& camera = cameras[i];
    camera.clip = camera.quiet = rendered.at(quiet[i]);
    camera.moving = rendered.at(moving[i]);
    if (!SameBeat(*camera.quiet, *camera.moving)) {
      return absl::InternalError(absl::StrCat("scenes \"", camera.quiet->name, "\" and \"",
                                              camera.moving->name, "\" differ in their keyframes"));
    }
    if (!truths.contains(moving[i])) {
      PATROL_ASSIGN_OR_RETURN(truths[moving[i]], ReadTruth(moving[i], options));
    }
    camera.moving_ticks = truths[moving[i]].moving;
    camera.seen_ticks = truths[moving[i]].seen;
  }
  return cameras;
}

absl::StatusOr<std::vector<ClipPtr>> RenderScenes(const LibraryOptions& options) {
  const std::vector<SceneClip> cameras = Assign(options);
  PATROL_ASSIGN_OR_RETURN(auto rendered, Render(cameras, options));
  std::vector<ClipPtr> clips;
  for (const SceneClip& scene : cameras) clips.push_back(rendered.at(scene));
  return clips;
}

}  // namespace

absl::StatusOr<std::vector<SimCamera>> MakeCameras(const LibraryOptions& options) {
  std::vector<SimCamera> cameras;
  if (options.quiet_and_moving) {
    PATROL_ASSIGN_OR_RETURN(cameras, QuietAndMoving(options));
  } else {
    PATROL_ASSIGN_OR_RETURN(const std::vector<ClipPtr> clips,
                            options.sources.empty() ? RenderScenes(options) : ReadSources(options));
    cameras.resize(clips.size());
    for (size_t i = 0; i < clips.size(); ++i) cameras[i].clip = clips[i];
  }
  const int64_t gop_ticks =
      std::max<int64_t>(1, absl::ToInt64Milliseconds(options.gop) * kRtpTicksPerSecond / 1000);
  std::mt19937_64 random(options.seed);
  for (size_t i = 0; i < cameras.size(); ++i) {
    SimCamera& camera = cameras[i];
    camera.name = absl::StrFormat("cam-%04d", i + 1);
    camera.phase_ticks =
        static_cast<int64_t>(random() % static_cast<uint64_t>(camera.clip->duration_ticks));
    if (options.aligned) camera.phase_ticks -= camera.phase_ticks % gop_ticks;
  }
  return cameras;
}

}  // namespace patrol::sim
