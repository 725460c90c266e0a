#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/motion_event.h"
#include "lib/video/motion/region_tracker.h"

namespace patrol::motion {

// When movement in a zone is an event; see Analyser::Options for what each is.
struct ZoneRules {
  double share_min = 0;    // smaller regions are no movement
  double share_large = 0;  // from here on a region needs no history of its own
  absl::Duration begin_after;
  int begin_pictures = 0;
  absl::Duration end_after;
  absl::Duration still_after;
  absl::Duration update_every;
  double strictness = 1;  // 1 / the zone's sensitivity: times what is asked of a small region
  bool stills = true;     // keep the most moving picture
};

// One zone of one camera: the regions that move in it, as events. It knows nothing of schedules and
// limits: it says what there is to tell, and its owner tells it.
//
// An event is open from its onset until nothing has moved for `end_after`; when what moved is then
// still there it stays open, resting, until `still_after`, and is left or parked. Movement that
// comes back while it rests is another event.
//
// Threads: one call at a time.
class ZoneWatch {
 public:
  // Something to tell; the picture to make its still from, if there is a better one than before.
  using Tell = std::function<void(MotionEvent& event, const media::Picture& best)>;

  // bit: the zone's in Region::in_zone.
  ZoneWatch(std::string zone_id, size_t bit, ZoneRules rules, Tell tell);

  // How a picture came.
  struct Moment {
    absl::Duration interval;  // since the picture before
    // The model is young: large regions are judged as strictly as small ones.
    bool settling = false;
    OnsetSource source = OnsetSource::kPictures;
  };
  void Follow(const std::vector<Region>& regions, const media::Picture& picture,
              const Moment& moment);
  // The picture at hand says nothing (light): a candidate was the first sign of it, an open event
  // waits until its time is over.
  void Suspend(absl::Time time);
  // Ends an open event and drops a candidate.
  void End(Ending ending);
  const std::string& zone_id() const { return zone_id_; }

  bool open() const { return open_.has_value(); }
  bool moving() const { return open_.has_value() && !open_->event.resting; }
  double moving_share() const { return moving_share_; }  // of the last picture
  uint64_t too_brief() const { return too_brief_; }      // candidates that came to nothing

 private:
  // Movement that is not an event yet, or is one.
  struct Movement {
    MotionEvent event;
    int pictures = 0;  // moving ones
    absl::Time last_moving;
    absl::Time last_going;  // of the picture in which something last took ground
    absl::Time last_told;
    double best_share = 0;
    double told_still_share = 0;  // of the picture last given for a still
    media::Picture best;          // of an event; empty once given
    double went_x = 0;            // way of what moved, in picture widths, weighted by area
    double went_y = 0;
    double went = 0;       // length of all ways
    double travelled = 0;  // own sizes, of the region that went furthest
    double largest_share = 0;
  };
  // What moves in the zone in one picture.
  struct Sight {
    double share = 0;          // all of it
    double largest_share = 0;  // of one region
    double came_share = 0;     // of one region most of which is ground it just took
    double travelled = 0;
    bool going = false;
    bool believed = false;  // a small region has moved long and far enough by itself
    absl::Time since;       // since when it moves
    double step_x = 0, step_y = 0, step = 0;
    Box box;
    bool resting = false;  // something that moved in the open event is there, still
  };

  Sight Look(const std::vector<Region>& regions, const media::Picture& picture,
             const Moment& moment) const;
  void Extend(std::optional<Movement>& movement, const Sight& sight, absl::Time time);
  void KeepStill(double share, const media::Picture& picture);
  // Notes where the movement began, and how well that is known.
  void NoteOnset(absl::Time onset, MotionEvent& event) const;
  bool Begins(const Sight& sight, absl::Time time, absl::Duration interval, bool settling) const;
  void Say(Phase phase, absl::Time time);

  const std::string zone_id_;
  const size_t bit_;
  const ZoneRules rules_;
  const Tell tell_;

  // The last pictures: a region is known to move a few pictures after it came.
  struct Seen {
    absl::Time time;
    absl::Duration interval;
    OnsetSource source;
  };
  static constexpr size_t kSeenMax = 32;
  std::deque<Seen> seen_;

  std::optional<Movement> candidate_;
  std::optional<Movement> open_;
  double moving_share_ = 0;
  uint64_t too_brief_ = 0;
};

}  // namespace patrol::motion
