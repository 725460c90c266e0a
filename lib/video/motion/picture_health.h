#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/media/picture.h"

namespace patrol::motion {

// What can be wrong with a camera's picture (视频质量诊断).
enum class HealthState : uint8_t {
  kSignalLost,   // no stream, or one colour without any noise where a picture was
  kBlack,        // nothing but black
  kOverExposed,  // most of it is white
  kLowLight,     // dark, with little to be seen
  kCovered,      // what was there is gone and little has come instead
  kMoved,        // another view than the one that was learnt
  kDefocused,    // the same view, its fine structure gone
  kNoisy,        // far more noise than it had
  kBanded,       // bright and dark bands across it
  kFrozen        // the same picture again and again, across keyframes
};
inline constexpr size_t kHealthStates = 10;
std::string_view HealthStateName(HealthState state);  // "over_exposed", ...

struct HealthFinding {
  HealthState state = HealthState::kBlack;
  absl::Time onset;                               // UTC: the first picture that showed it
  std::optional<absl::Time> ended;                // the first that no longer did; unset: it goes on
  double severity = 0;                            // 0..1: the worst so far, 1 beyond use
  std::string reason;                             // the figure and its limit, in words
  std::shared_ptr<const std::string> still_jpeg;  // what it looked like; null for none
  absl::Time still_time;                          // UTC: of that picture
};

// Judges one camera's pictures by what they are and by what they were: a reference of the view (its
// coarse light and dark, its fine structure, its noise) is learnt over the first seconds and
// follows slowly while nothing is wrong.
//
// A state is told when it has been seen for `confirm_after`, with the onset of its first picture,
// and ends when it has not been seen for `clear_after`.
//
// Threads: one call at a time. Cost: RESULTS.md; a picture less than `measure_every` after the last
// is not looked at.
class PictureHealth {
 public:
  struct Options {
    absl::Duration measure_every = absl::Milliseconds(200);
    absl::Duration confirm_after = absl::Seconds(3);
    absl::Duration clear_after = absl::Seconds(2);
    absl::Duration frozen_after = absl::Seconds(10);
    absl::Duration learn_for = absl::Seconds(3);  // and at least four pictures
    int still_width_max = 640;                    // pixels; 0: no stills
  };

  explicit PictureHealth(Options options);
  ~PictureHealth();
  PictureHealth(const PictureHealth&) = delete;
  PictureHealth& operator=(const PictureHealth&) = delete;

  // Pictures in order of their times. One of another size starts the reference anew.
  void OnPicture(const media::Picture& picture);
  // No stream since `time`; over with the next picture.
  void OnSignalLost(absl::Time time);
  // The detector has found little of the view's structure since then and learns the view anew: from
  // here on less is asked to call it another one than the reference.
  void OnAnotherView(absl::Time since);
  // What the detector says of the next picture.
  struct Place {
    int64_t view = 0;    // of the detector; a view that is learnt has a number of its own
    bool found = false;  // most of that view's structure is there
    double right = 0;    // how far it lies from where it was, shares of the picture's width
    double down = 0;
  };
  void OnPlace(const Place& place);
  // What the camera shows now is its view from here on (it was re-aimed on purpose).
  void AcceptView();

  // What is wrong now, in no order.
  std::vector<HealthFinding> findings() const;
  // Why this state is told now; unset: it is not.
  std::optional<std::string> Reason(HealthState state) const;
  // The last findings that are over, the oldest first; at most 64.
  const std::vector<HealthFinding>& past() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::motion
