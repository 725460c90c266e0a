#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/patrol/coverage/companions.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// The first step of a window at or after `time`.
int64_t StepAtOrAfter(const WindowOptions& options, absl::Time time);

// Units added up over steps.
struct UnitSteps {
  int64_t known = 0;
  int64_t stale = 0;
  int64_t off_network = 0;
};

// The units of each step from `first_step` on, in the order of tracks, visiting only steps with
// any.
//
// Threads: one at a time; the arguments outlive this and may be shared.
class WindowSampler {
 public:
  WindowSampler(const roadnet::Network& network, absl::Span<const tracks::MatchedTrack> tracks,
                const WindowOptions& options, int64_t first_step, int64_t end_step);

  // Moves to the first step at or after `step` with a unit; false when there is none.
  bool Seek(int64_t* step);

  // The units at the step that Seek found; what they replace is cleared. places: of the known ones,
  // in their order; may be null.
  void Read(absl::Time instant, std::vector<UnitSource>* known, std::vector<UnitSource>* stale,
            std::vector<UnitPlaces>* places, UnitSteps* counts);

 private:
  struct Unit {
    int64_t first;  // steps [first, end) in which something may be known of it
    int64_t end;
    roadnet::Mode mode;
    const std::vector<DutyInterval>* duty;  // null: always
    tracks::TrackCursor cursor;
    tracks::TrackCursor before;  // kTogetherFor behind
  };

  const roadnet::Network& network_;
  const WindowOptions& options_;
  std::vector<Unit> units_;
  std::vector<size_t> order_;   // of units_, by first step
  size_t next_ = 0;             // into order_: not yet active
  std::vector<size_t> active_;  // in order
};

}  // namespace patrol::coverage
