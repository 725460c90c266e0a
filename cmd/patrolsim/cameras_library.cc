#include "cmd/patrolsim/cameras_library.h"

#include <random>
#include <utility>

#include "absl/strings/str_format.h"
#include "lib/base/status.h"

namespace patrol::sim {
namespace {

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

}  // namespace

absl::StatusOr<std::vector<SimCamera>> MakeCameras(const LibraryOptions& options) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<ClipPtr> clips, ReadSources(options));
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
