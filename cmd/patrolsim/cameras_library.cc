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
#include <thread>
#include <tuple>
#include <utility>

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

// A scene as one clip.
struct SceneClip {
  int number = 0;
  bool night = false;
  media::Codec codec = media::Codec::kH264;

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

std::string FolderOf(const LibraryOptions& options) {
  return absl::StrFormat("%s/v%d-%dx%d-%dfps-gop%dms-%dk-seed%d", options.cache_dir, kSceneVersion,
                         options.width, options.height, options.fps,
                         absl::ToInt64Milliseconds(options.gop), options.kbps, options.seed);
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
  const std::string path =
      absl::StrFormat("%s/%s-%02d-%s.mp4", FolderOf(options), wanted.night ? "night" : "day",
                      wanted.number, wanted.codec == media::Codec::kH264 ? "h264" : "h265");
  if (fs::exists(path)) return path;
  const auto begin = std::chrono::steady_clock::now();

  SceneOptions scene_options;
  scene_options.number = wanted.number;
  scene_options.night = wanted.night;
  scene_options.width = options.width;
  scene_options.height = options.height;
  scene_options.fps = options.fps;
  scene_options.seed = options.seed;
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
    return std::tie(b.codec, a.night, a.number) < std::tie(a.codec, b.night, b.number);
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

absl::StatusOr<std::vector<ClipPtr>> RenderScenes(const LibraryOptions& options) {
  const std::vector<SceneClip> cameras = Assign(options);
  PATROL_ASSIGN_OR_RETURN(auto rendered, Render(cameras, options));
  std::vector<ClipPtr> clips;
  for (const SceneClip& scene : cameras) clips.push_back(rendered.at(scene));
  return clips;
}

}  // namespace

absl::StatusOr<std::vector<SimCamera>> MakeCameras(const LibraryOptions& options) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<ClipPtr> clips,
                          options.sources.empty() ? RenderScenes(options) : ReadSources(options));
  std::mt19937_64 random(options.seed);
  std::vector<SimCamera> cameras;
  for (const ClipPtr& clip : clips) {
    SimCamera camera;
    camera.name = absl::StrFormat("cam-%04d", cameras.size() + 1);
    camera.clip = clip;
    camera.phase_ticks =
        static_cast<int64_t>(random() % static_cast<uint64_t>(clip->duration_ticks));
    cameras.push_back(std::move(camera));
  }
  return cameras;
}

}  // namespace patrol::sim
