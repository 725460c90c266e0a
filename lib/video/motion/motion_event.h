#pragma once

#include <memory>
#include <string>

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

// What is known of one movement in one camera's picture. The same event is told several times: once
// with kBegin, at most once a second with kUpdate, once with kEnd.
struct MotionEvent {
  std::string camera_id;
  int64_t sequence = 0;  // of this camera's events since its analyser was made, from 1
  Phase phase = Phase::kBegin;
  absl::Time begin;         // UTC: the first moving picture
  absl::Time time;          // UTC: the picture this was told at; with kEnd the last moving picture
  Box zone;                 // bounds of all that moved so far
  double moving_share = 0;  // of the picture's area at this instant, 0..1
  double strength = 0;      // 0..1: the largest moving share so far, on a scale where 5 % is 1
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
