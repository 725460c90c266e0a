#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/video/media/access_unit.h"

namespace patrol::bench {

struct Interval {
  double begin = 0;  // seconds from the stream's begin
  double end = 0;
};

// A place with ground truth, and how a camera there is made of its clip: the clip is played
// `cycles` times, each time after `pad_s` seconds of its own quiet pictures, to and fro.
struct Scene {
  std::string name;
  std::string path;
  std::vector<Interval> motion;  // of the clip: something moves
  std::vector<Interval> quiet;   // of the clip: nothing does; what is neither is not judged
  Interval pad;                  // quiet pictures to pad with; empty: none
  double pad_s = 45;
  double cut_s = 1e9;  // the clip is played up to here
  int cycles = 3;
};

// How the camera codes.
struct Coding {
  std::string name;
  media::Codec codec = media::Codec::kH264;
  std::string parameters;  // of x264 or x265, "name=value:..."; empty: patrolsim's clip as it is
  double gop_s = 2;
};

// What a camera sends, and what is true of it.
struct Stream {
  std::string name;
  std::vector<media::AccessUnitPtr> units;
  std::vector<Interval> motion;
  std::vector<Interval> quiet;
  double seconds = 0;
  std::vector<double> plays;   // when the clip begins, seconds from the stream's begin
  std::vector<Interval> pads;  // quiet pictures
};

// The scenes of the research data and of rendered clips (patrolsim's mp4 with its .json beside it).
// shared: the folder that has data/video. rendered: files; may be empty.
absl::StatusOr<std::vector<Scene>> FindScenes(const std::string& shared,
                                              const std::vector<std::string>& rendered);

std::vector<Coding> Codings();

// 640x360, at most 15 pictures a second, coded as `coding` says; kept in `cache`, for the next run.
absl::StatusOr<Stream> MakeStream(const Scene& scene, const Coding& coding,
                                  const std::string& cache);

}  // namespace patrol::bench
