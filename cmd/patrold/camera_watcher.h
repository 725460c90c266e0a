#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/analyser.h"
#include "lib/video/motion/zones.h"

namespace patrol::patrold {

// One camera's analyser, shared by the threads that decode it, that follow its stream and that ask
// for its state.
//
// Threads: every member may be called from any thread. The fleet's loop, which calls Lose, never
// waits for a picture under analysis: the loss is noted, and told to the analyser by whoever
// analyses next.
class CameraWatcher {
 public:
  struct Telling {
    std::function<void(bool)> moving;             // it began to move, or calmed down
    std::function<void(std::string)> view_moved;  // it shows another view than it learnt: why
  };

  // sink outlives it.
  CameraWatcher(std::string camera_id, const motion::Analyser::Options& options,
                motion::MotionSink* sink, Telling telling);

  // now: by the service's clock, which the picture's time may lag behind.
  // Returns: whether something that may come to be an event moves in it; nullopt where the analyser
  //   can't say.
  std::optional<bool> OnPicture(const media::Picture& picture, motion::OnsetSource source,
                                absl::Time now);

  void SetZones(const motion::CameraZones& zones);
  // Tells no events until then; InfinitePast: it is not snoozed.
  void Snooze(absl::Time until);
  // What it shows now is its view from here on.
  void AcceptView();
  // What is normal of its zones.
  std::vector<motion::ZoneNorm> Norms();
  void TakeUp(const std::vector<motion::ZoneNorm>& norms);
  motion::AnalyserStatus Status();
  struct Tally {
    motion::SuppressionCounts suppressed{};  // since the start
    int busy_zones = 0;                      // now
  };
  Tally Counts();

  // Ends an open event without a still, and forgets what was seen so far; zones stay.
  void Restart(absl::Time time);
  // The stream ended.
  void Lose(absl::Time time);
  // Ends an open event when no picture has been analysed since then, although the stream goes on:
  // none can be decoded, or none is.
  void EndUnseen(absl::Time since);
  // The camera is removed, or the service stops.
  void End(absl::Time time);

  bool moving() const { return moving_.load(std::memory_order_relaxed); }
  // It turns, is covered or was moved: a privacy mask may not fit what it shows.
  bool view_in_doubt() const { return view_in_doubt_.load(std::memory_order_relaxed); }
  // While Restart ends an event.
  bool restarting() const { return restarting_; }

 private:
  void TellLoss();
  void TellMoving();
  void TellMoved();

  const std::string id_;
  const motion::Analyser::Options options_;
  motion::MotionSink* const sink_;
  const Telling telling_;
  std::atomic<bool> moving_ = false;
  std::atomic<bool> view_in_doubt_ = false;
  std::atomic<bool> restarting_ = false;
  std::mutex analysis_;
  std::optional<motion::Analyser> analyser_;         // guarded by analysis_; always there
  motion::CameraZones zones_;                        // guarded by analysis_
  absl::Time snoozed_until_ = absl::InfinitePast();  // guarded by analysis_
  bool view_moved_ = false;                          // guarded by analysis_
  absl::Time seen_ = absl::InfinitePast();           // guarded by analysis_
  std::mutex loss_;
  std::optional<absl::Time> lost_at_;  // guarded by loss_
};

}  // namespace patrol::patrold
