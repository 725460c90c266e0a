#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "lib/video/motion/motion_event.h"
#include "lib/video/motion/plane.h"

namespace patrol::motion {

// Zones of one camera that a region can be told to lie in: one bit each.
inline constexpr int kZoneBits = 7;
// The bit of a cell where nothing is to be seen.
inline constexpr uint8_t kIgnored = 0x80;

// One connected region of the foreground, as it is in the last picture and as it came to be. It
// lives as long as it can be found again near the same place, and is known by nothing but its place
// and size.
//
// Areas are shares of the picture, 0..1; "own sizes" are multiples of its own area, so that a thing
// far away and one near by are judged alike.
struct Region {
  Box box;
  double share = 0;
  double centre_x = 0;  // share of the picture's width
  double centre_y = 0;
  // Its area that lies in each zone, as a share of itself.
  std::array<float, kZoneBits> in_zone{};

  bool moving = false;
  // It moves in this very picture, not only a moment ago: it takes ground that it did not cover
  // just before, or goes somewhere. What moved may have left another in its place: where a thing
  // was taken away, the region goes on without it.
  bool going = false;
  double advance = 0;  // own sizes of ground taken in the last half second or so, new to all
  double changed = 0;  // its share that looks different from a moment ago
  double lively = 0;   // the same, fading slowly: a moment ago is renewed in steps

  absl::Time first_seen;
  absl::Time last_seen;
  absl::Time moving_since;  // of this stretch of movement
  absl::Time last_moving;   // InfinitePast before any
  double step_x = 0;        // of its centre since the picture before
  double step_y = 0;
  // Its way of the last half second or so as a whole, in its own widths and heights, each way by
  // itself: to and fro cancels out.
  double drift_x = 0;
  double drift_y = 0;
  double travelled = 0;  // own sizes of ground taken since it was there
  int pictures = 1;
  int moving_pictures = 0;  // of this stretch
};

// Follows the connected regions of a camera's foreground from picture to picture and says which of
// them move. Foreground is not movement: what stands, sways or flickers covers the same ground
// again and again; what moves takes ground it has not covered for a while, and looks different from
// a moment ago while it does.
//
// Works on cells of two by two pixels of the analysed picture: a quarter of a byte a pixel is kept.
// Threads: one call at a time.
class RegionTracker {
 public:
  // share_min: smaller regions are not looked at, as a share of the picture.
  explicit RegionTracker(double share_min);

  // mask:    foreground of the picture, 0 or 255.
  // change:  how far each place differs from a moment ago, grey levels; same size.
  // zones:   per cell one bit for each zone it lies in, and kIgnored where nothing is to be seen;
  //          CellsOf() of the mask's size. Empty: all of it lies in zone 0.
  // Returns: the regions of this picture; valid until the next call.
  const std::vector<Region>& Follow(const PlaneView& mask, const PlaneView& change,
                                    const Plane& zones, absl::Time time);

  // Forgets all regions and ground: the next picture shows another view.
  void Reset();

  // Regions below share_min in the last picture, together.
  double specks_share() const { return specks_share_; }
  // Regions seen for long that were gone again, or absorbed, without ever having moved.
  uint64_t stayed() const { return stayed_; }
  size_t memory_bytes() const { return vacant_.size_bytes(); }

  // Cells along a side of so many pixels.
  static int CellsOf(int pixels) { return (pixels + 1) / 2; }

 private:
  // False when nothing was known before.
  bool Age(absl::Time time, int width, int height);
  void Match(std::vector<Region>& found, absl::Time time, absl::Duration elapsed);
  static void Inherit(const Region& before, Region& region, absl::Time time,
                      absl::Duration elapsed);
  static void GoOn(const Region* before, Region& region, absl::Time time, absl::Duration elapsed);

  const double share_min_;
  std::vector<Region> regions_;
  std::vector<Region> lost_;  // not in the last picture, but a moment before
  double specks_share_ = 0;
  uint64_t stayed_ = 0;
  Plane vacant_;  // ticks since the cell was last covered
  bool started_ = false;
  absl::Time last_time_;
};

}  // namespace patrol::motion
