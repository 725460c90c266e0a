#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace patrol::motion {

// A rectangle in a picture, each number a share of its width or height, 0..1, from the top left.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

enum class Phase { kBegin, kUpdate, kEnd };

// Where to, in the picture; kNone: nowhere in particular (in place, to and fro, several ways).
enum class Direction : uint8_t {
  kNone,
  kRight,
  kDownRight,
  kDown,
  kDownLeft,
  kLeft,
  kUpLeft,
  kUp,
  kUpRight
};
std::string_view DirectionName(Direction direction);  // "down-left"; "" for kNone

// Why an event ended.
enum class Ending : uint8_t {
  kOpen,        // it has not
  kGone,        // nothing of it is left in the picture
  kLeft,        // what moved has stopped and is still there: left, parked or taken away
  kWentOn,      // what had stopped moved again: the next event tells of it
  kBusy,        // the zone moves all the time: a state, no longer an event
  kStreamLost,  // the stream was lost
  kSnoozed,     // the camera was snoozed
  kViewLost     // the picture changed as a whole, is learnt anew, or cannot be seen
};
std::string_view EndingName(Ending ending);  // "left", ...

// How the first moving picture was found.
enum class OnsetSource : uint8_t {
  kPictures,  // among the pictures that were decoded anyway
  kReplay     // the ring was decoded from the last keyframe
};
std::string_view OnsetSourceName(OnsetSource source);  // "pictures" or "replay"

// Why movement was not told.
enum class Suppression : uint8_t {
  kLightStep,     // most of the picture changed at once
  kTooBrief,      // gone before it could be believed
  kInPlace,       // foreground that never moved: sways, flickers, was put there
  kOutsideZones,  // moved, but in no zone
  kUnscheduled,   // in a zone that is not watched at this hour
  kSnoozed,       // the camera is snoozed
  kBusy,          // in a zone that moves all the time
  kLimit,         // more events than the camera may tell an hour
  kRejected       // activity said so, the pictures did not
};
inline constexpr size_t kSuppressions = 9;
std::string_view SuppressionName(Suppression cause);  // "too_brief", ...

using SuppressionCounts = std::array<uint64_t, kSuppressions>;

// What is known of one movement in one zone of a camera's picture. The same event is told several
// times: once with kBegin, at most once a second with kUpdate, once with kEnd.
struct MotionEvent {
  std::string camera_id;
  int64_t sequence = 0;  // of this camera's events since its analyser was made, from 1
  Phase phase = Phase::kBegin;
  // UTC: the first moving picture. No two events of a camera begin at the same microsecond.
  absl::Time begin;
  absl::Time time;          // UTC: the picture this was told at; with kEnd the last moving picture
  std::string zone_id;      // of the camera's zones; empty where it has none
  Box zone;                 // bounds of all that moved so far
  double moving_share = 0;  // of the picture's area at this instant, 0..1
  double strength = 0;      // 0..1: the largest moving share so far, on a scale where 5 % is 1
  // 0..1: grows with the pictures it was seen moving in and with the distance gone in own sizes.
  double confidence = 0;
  Direction direction = Direction::kNone;
  bool resting = false;  // nothing moves now, but what moved is still there
  Ending ending = Ending::kOpen;
  OnsetSource onset_source = OnsetSource::kPictures;
  absl::Duration onset_uncertainty;  // it began at most this long before `begin`
  std::string reason;                // what was seen, in one sentence
  // The most moving picture so far, JPEG; null until one was encoded.
  std::shared_ptr<const std::string> still_jpeg;
};

// Who is told. Called from one thread at a time per camera.
class MotionSink {
 public:
  virtual ~MotionSink() = default;
  virtual void OnMotion(const MotionEvent& event) = 0;
};

}  // namespace patrol::motion
