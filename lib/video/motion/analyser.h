#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/detector.h"
#include "lib/video/motion/motion_event.h"

namespace patrol::motion {

// Turns one camera's pictures into motion events.
//
// It learns the scene first and reports nothing until then. An event begins when movement is seen
// in enough pictures, is updated at most once a second, and ends when nothing has moved for
// `end_after`; movement that resumes before that continues the same event. A change of the whole
// picture (light, exposure, a camera that was moved) suspends judgement until it is over: it
// neither begins nor ends an event.
//
// Threads: one call at a time, from any thread.
class Analyser {
 public:
  struct Options {
    Detector::Options detector;
    // Share of the picture, 0..1, that a connected moving thing must cover to begin an event, and
    // below which it no longer keeps one open. 0.0025 of 640x360 is a square of 24 pixels.
    double begin_share = 0.0025;
    double keep_share = 0.0012;
    // Movement must last this long and be seen in so many pictures. Where pictures are a second or
    // more apart, two are enough, or one with twice begin_share.
    absl::Duration begin_after = absl::Milliseconds(400);
    int begin_pictures = 3;
    absl::Duration end_after = absl::Seconds(2);
    absl::Duration update_every = absl::Seconds(1);
    int still_width_max = 640;  // pixels; 0: no stills
    int still_quality = 75;     // 1..100
  };

  enum class State : uint8_t { kLearning, kQuiet, kMoving };

  // sink: outlives the analyser.
  Analyser(std::string camera_id, Options options, MotionSink* sink);
  ~Analyser();
  Analyser(const Analyser&) = delete;
  Analyser& operator=(const Analyser&) = delete;

  // The camera's pictures in order of their times, at any and changing distances. A picture of
  // another size, or older than the last one, ends an open event and starts learning again.
  void OnPicture(const media::Picture& picture);

  // The stream is gone: ends an open event. The model is kept for when it returns.
  // time: UTC, when it was lost.
  void OnStreamLost(absl::Time time);

  State state() const;
  // What the detector said of the last picture; its mask is valid until the next OnPicture.
  const Detection& last_detection() const;
  uint64_t light_steps() const;  // suppressed changes of the whole picture since creation

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::motion
