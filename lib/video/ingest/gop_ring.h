#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/media/access_unit.h"

namespace patrol::ingest {

// What all rings together hold. Outlives the rings.
struct RingBudget {
  explicit RingBudget(size_t max) : bytes_max(max) {}
  const size_t bytes_max;
  std::atomic<size_t> bytes = 0;
};

// The last seconds of one camera as coded pictures: whole GOPs, of which every kept prefix decodes
// without a gap. A stream without keyframes is kept from one place to the next at which it can be
// entered (AccessUnit::refresh). It reaches back `pre_roll` before the newest unit, further to the
// keyframe before that; shorter where a byte limit bites, which is counted. Where the newest GOP
// alone is past the limit its end is not kept.
//
// Threads: one at a time.
class GopRing {
 public:
  GopRing(size_t bytes_max, absl::Duration pre_roll, RingBudget* budget);
  ~GopRing();
  GopRing(const GopRing&) = delete;
  GopRing& operator=(const GopRing&) = delete;

  // Damaged units are not kept, nor what follows them up to the next keyframe.
  void Add(media::AccessUnitPtr unit);
  // What comes next does not continue what is kept.
  void Break() { accepting_ = false; }
  void Clear();
  // Something may begin to move: what is kept now is what a clip of it wants before it, and stays
  // until that is known, kHold at most. While it holds, another call changes nothing.
  void Hold();

  // From the last keyframe on, oldest first; of a stream without keyframes all that is kept without
  // a gap, since its pictures are whole only some time after it was entered.
  std::vector<media::AccessUnitPtr> LastGop() const;
  // Everything kept, oldest first.
  std::vector<media::AccessUnitPtr> All() const;

  // Whether the next unit continues what is kept.
  bool accepting() const { return accepting_; }

  size_t bytes() const { return bytes_; }
  int64_t shortenings() const { return shortenings_; }

 private:
  struct Gop {
    std::vector<media::AccessUnitPtr> units;
    absl::Time begin;  // of its first unit, which is not looked at for it: it is long out of cache
    size_t bytes = 0;
    bool entered = false;    // it begins with no keyframe
    bool continues = false;  // the one before it, without a gap
  };
  // Whether the unit, which is no keyframe, begins a GOP all the same.
  bool Enters(const media::AccessUnit& unit) const;
  bool Fits(size_t more) const;
  // The pre-roll is whole without the oldest GOP.
  bool BeyondPreRoll(absl::Time now) const;
  void DropOldest();

  // From the first sign of a movement until its event is told; longer would only cost memory.
  static constexpr absl::Duration kHold = absl::Seconds(4);

  const size_t bytes_max_;
  const absl::Duration pre_roll_;
  RingBudget* const budget_;
  std::deque<Gop> gops_;
  size_t bytes_ = 0;
  absl::Time newest_ = absl::InfinitePast();
  absl::Time held_until_ = absl::InfinitePast();
  bool accepting_ = false;  // the last GOP may be continued
  int64_t shortenings_ = 0;
};

}  // namespace patrol::ingest
