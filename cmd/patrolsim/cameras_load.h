#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cmd/patrolsim/cameras_session.h"

namespace patrol::sim {

// Which of the cameras show something that moves, in turn: the others show the same place quiet.
struct LoadOptions {
  // One of the two, of the cameras, 0..1; both negative: no such load.
  double moving_share = -1;  // shows moving clips, in which movers come and go
  double moving_now = -1;    // has something moving at a time, on average, by the clips' own truth
  absl::Duration rotate_every = absl::Seconds(60);
  uint64_t seed = 1;
  std::string truth_path;  // JSON lines of what moved when; empty: none
};

// Turns the cameras' clips over and writes down what moved: a line
// {"camera", "begin", "end"} (UTC) for each interval in which something moved in a camera's
// pictures, once it is over or cut off, whether or not anybody watched. A camera changes its clip
// at its next keyframe.
//
// Threads: one at a time, the server's.
class LoadRotation {
 public:
  // cameras: outlive it; each with `quiet` and `moving`. start: when phases count from.
  LoadRotation(std::vector<SimCamera>& cameras, std::chrono::steady_clock::time_point start,
               LoadOptions options);
  ~LoadRotation();
  LoadRotation(const LoadRotation&) = delete;
  LoadRotation& operator=(const LoadRotation&) = delete;

  // Opens the truth file.
  // Errors: UNAVAILABLE, naming it; INVALID_ARGUMENT when all moving clips together don't move as
  // much as moving_now asks for.
  absl::Status Open();

  // The next set of cameras moves from now on.
  void Turn();
  // Ends what still moves and the file.
  void Finish();

  absl::Duration rotate_every() const { return options_.rotate_every; }

 private:
  // Ticks of camera i's own time now, and of its first keyframe from then on.
  int64_t TicksNow(size_t i) const;
  int64_t NextKeyframe(size_t i, int64_t ticks) const;
  // Of the time in which camera i shows its moving clip, the part in which something moves.
  double MovingPart(size_t i) const;
  void WriteTruth(size_t i, int64_t end_ticks);

  std::vector<SimCamera>& cameras_;
  const std::chrono::steady_clock::time_point start_;
  const absl::Time start_utc_;
  const LoadOptions options_;
  std::vector<size_t> turns_;          // the cameras, in the order in which they move
  std::vector<int64_t> moving_since_;  // ticks of each camera's time; negative: quiet
  size_t next_ = 0;                    // of turns_: with whom the next set begins
  std::FILE* truth_ = nullptr;
};

}  // namespace patrol::sim
