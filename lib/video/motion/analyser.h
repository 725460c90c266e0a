#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/detector.h"
#include "lib/video/motion/motion_event.h"
#include "lib/video/motion/picture_health.h"
#include "lib/video/motion/region_tracker.h"
#include "lib/video/motion/zone_history.h"
#include "lib/video/motion/zones.h"

namespace patrol::motion {

// What is known of one zone of a camera.
struct ZoneStatus {
  std::string id;       // empty: the camera has no zones, this is all of its picture
  bool watched = true;  // by its schedule, now
  bool moving = false;
  bool busy = false;  // it moves nearly all the time: no events are told until it calms down
  absl::Time busy_since;
  double moving_share = 0;  // of the last ten minutes, 0..1
  double usual_share = -1;  // of this hour of the day, 0..1; negative: not known yet
};

// What is normal of a zone.
struct ZoneNorm {
  std::string id;  // as in ZoneStatus
  ZoneHistory::Hours hours{};
};

// What is known of a camera's analysis.
struct AnalyserStatus {
  bool learning = true;            // it learns what the camera shows, and tells nothing yet
  int64_t events = 0;              // told since creation
  int64_t events_over_limit = 0;   // not told: more than the camera may tell an hour
  SuppressionCounts suppressed{};  // since creation, by cause
  absl::Time snoozed_until;        // InfinitePast: not snoozed
  std::vector<ZoneStatus> zones;
  std::vector<HealthFinding> health;       // what is wrong with the picture now
  std::vector<HealthFinding> health_past;  // what was; the last of it
};

// Turns one camera's pictures into motion events.
//
// It learns the scene first and reports nothing until then. Foreground is not movement: a region
// moves when it takes new ground while it changes (RegionTracker), and movement is an event when it
// has been seen in enough pictures and has come far enough for its size (ZoneWatch). An event is
// updated at most once a second and ends when nothing has moved for `end_after`; movement that
// resumes before that continues the same event. What has stopped and is still there keeps it open,
// resting, until `still_after`. A change of the whole picture (light, exposure, a camera that was
// moved) suspends judgement until it is over: it neither begins nor ends an event.
//
// Threads: one call at a time, from any thread.
class Analyser {
 public:
  struct Options {
    Detector::Options detector;
    // Smallest thing that counts, as a share of the picture's area. 0.0006 of 640x360 is a square
    // of 12 pixels. Smaller finds things further away, and more of what is none. 0: 0.0006, or less
    // in proportion where detector.min_object_size asks for small targets: 0.00024 for 4.
    double smallest_share = 0;
    // From here on a thing is large: it begins an event as soon as it has moved for begin_after in
    // begin_pictures; a smaller one must have moved twice as long and most of its own size. Where
    // pictures are a second or more apart, two with a large thing are enough, or one with one of
    // twice the size. 0.0025 of 640x360 is a square of 24 pixels.
    double large_share = 0.0025;
    absl::Duration begin_after = absl::Milliseconds(400);
    int begin_pictures = 3;
    absl::Duration end_after = absl::Seconds(2);
    absl::Duration still_after = absl::Seconds(10);
    absl::Duration update_every = absl::Seconds(1);
    // Events a camera may tell within an hour; further ones are counted, not told.
    int events_per_hour_max = 240;
    PictureHealth::Options health;
    int still_width_max = 640;  // pixels; 0: no stills
    int still_quality = 75;     // 1..100
  };

  enum class State : uint8_t { kLearning, kQuiet, kMoving };

  // sink: outlives the analyser.
  Analyser(std::string camera_id, Options options, MotionSink* sink);
  ~Analyser();
  Analyser(const Analyser&) = delete;
  Analyser& operator=(const Analyser&) = delete;

  // Watches these zones from the next picture on; ends open events when they are others than
  // before. What is known of a zone that stays as it was drawn, busy or usual, is kept. They have
  // passed CheckZones.
  void SetZones(const CameraZones& zones);
  // What the camera shows now is its view from here on: it was re-aimed on purpose.
  void AcceptView();
  // What is normal of its zones, to be kept over a restart; and taken up after one by zones of the
  // same ids.
  std::vector<ZoneNorm> Norms() const;
  void TakeUp(const std::vector<ZoneNorm>& norms);
  // Tells no events until then: what would begin is counted. An open one ends. InfinitePast: no
  // longer snoozed; what moves already is told from its next event on.
  void Snooze(absl::Time until);

  // The camera's pictures in order of their times, at any and changing distances. A picture of
  // another size, or older than the last one, ends an open event and starts learning again.
  // source: kReplay for those that are caught up with after something hinted at movement.
  void OnPicture(const media::Picture& picture, OnsetSource source = OnsetSource::kPictures);

  // Its pictures are not to be seen, or none has been for long: ends an open event. The model is
  // kept.
  void OnBlind();

  // The stream is gone: ends an open event. The model is kept for when it returns.
  // time: UTC, when it was lost.
  void OnStreamLost(absl::Time time);

  State state() const;
  AnalyserStatus status() const;
  const SuppressionCounts& suppressed() const;  // since creation, by cause
  int busy_zones() const;                       // that are busy now
  // Why another view is seen than the one that was learnt; unset: it is the same.
  std::optional<std::string> ViewMoved() const;
  // Another view than the learnt one is seen, or was a moment ago: the camera turns, is covered, or
  // was moved, which is told as such (ViewMoved) by the time this ends.
  bool ViewInDoubt() const;
  // Whether something that may come to be an event moves in the last picture, however small;
  // nullopt where that can't be said: learning, or another light.
  std::optional<bool> SeesMovement() const;
  // What the detector said of the last picture; its mask is valid until the next OnPicture.
  const Detection& last_detection() const;
  // The regions of the last picture; valid until the next OnPicture.
  const std::vector<Region>& last_regions() const;
  uint64_t light_steps() const;  // suppressed changes of the whole picture since creation

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::motion
