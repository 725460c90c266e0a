#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cmd/patrolsim/cameras_session.h"

namespace patrol::sim {

// Which cameras there are and what they show.
struct LibraryOptions {
  int count = 1;
  std::vector<std::string> sources;  // files; empty: synthetic scenes
  uint64_t seed = 1;
  std::string cache_dir;    // of synthetic scenes; made when it is not there
  double h265_share = 0.1;  // of cameras with synthetic scenes, 0..1
  double night_share = 0.25;
  int width = 640;   // pixels, even
  int height = 360;  // pixels, even
  int fps = 15;
  absl::Duration gop = absl::Seconds(2);
  int kbps = 384;
  int threads = 2;  // that render
  // Every place as two clips, one quiet and one moving; shorter than scenes that have both.
  bool quiet_and_moving = false;
  bool busy = false;     // of those the moving ones have hardly a quiet second
  bool aligned = false;  // all keyframes at the same time; otherwise phases are random
};

// Cameras cam-0001, cam-0002, ..., each with a clip and a phase of its own. Scenes that are not in
// the cache are rendered first, with progress on stderr.
//
// Errors: NOT_FOUND or INVALID_ARGUMENT of a source; UNIMPLEMENTED when FFmpeg lacks libx264;
//         whatever writing the cache meets.
absl::StatusOr<std::vector<SimCamera>> MakeCameras(const LibraryOptions& options);

}  // namespace patrol::sim
