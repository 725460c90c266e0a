#include "lib/video/motion/region_tracker.h"

#include <algorithm>
#include <cmath>

#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <opencv2/imgproc.hpp>

#include "lib/base/check.h"

namespace patrol::motion {

namespace {

constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr int kTicksMax = 255;
// Ground not covered for so long is new to whatever covers it: longer than a person's sway or a
// branch's swing, shorter than what a second walker leaves behind the first.
constexpr int kVacantTicks = 60;  // 3 s
// Ground not covered for so long was left by whatever was there: its rim flickers faster.
constexpr int kFreshTicks = 5;  // 0.25 s
// What goes takes so much of it a second, or goes so far, in own sizes; no more is asked of one
// picture than the second.
constexpr double kGoesPerSecond = 0.25, kGoesMax = 0.09;
// How fast taken ground fades: to half in this.
constexpr absl::Duration kAdvanceFades = absl::Milliseconds(250);
// Pictures further apart than this show a thing that moves in two places, and what was there at
// once cannot be told from what came.
constexpr absl::Duration kSparse = absl::Seconds(1);
// A region that begins to move this soon after it came into view has moved since then.
constexpr absl::Duration kCameMoving = absl::Milliseconds(600);
// A place has changed when it differs by more than this from a moment ago; grey levels.
constexpr int kChanged = 12;
// Ground was taken only where it differs by more than this: the rim of what stays, or of a gap that
// something left, grows as well, by what looked the same before.
constexpr int kTaken = 8;

// A region begins to move when it takes this much new ground while this much of it changes, or when
// most of it changes while it drifts (traffic so dense that no ground is ever new), in own sizes
// ...
constexpr double kAdvanceOn = 0.18, kChangedOn = 0.10, kChangedAlone = 0.40, kDriftOn = 0.15;
// ... and moves on while it does this.
constexpr double kAdvanceKept = 0.09, kChangedKept = 0.06, kChangedAloneKept = 0.30,
                 kDriftKept = 0.08;
// The way of a region smaller than this is not looked at: one cell more or less is a fifth of it.
constexpr double kDriftShare = 0.002;
// Its way fades to half in this.
constexpr absl::Duration kDriftFades = absl::Milliseconds(300);

// How fast `lively` fades: to half in this.
constexpr absl::Duration kFades = absl::Milliseconds(150);
// A region that is not found is looked for so long: small ones drop out for a picture or two.
constexpr absl::Duration kLostFor = absl::Milliseconds(400);
// A region that never moved is worth counting from here on.
constexpr absl::Duration kSeen = absl::Milliseconds(400);
constexpr int kSeenPictures = 3;
constexpr int kRegionsMax = 4096;
// Regions followed; the largest of a picture.
constexpr size_t kFollowedMax = 64;
// Two boxes are the same region when so much of the smaller lies in the other, ...
constexpr double kOverlap = 0.2;
// ... or when it is no further than so many of its own diagonals from where it would be going on.
constexpr double kJump = 1.2;

double Asked(absl::Duration elapsed) {
  return std::min(kGoesPerSecond * absl::ToDoubleSeconds(elapsed), kGoesMax);
}

// So much smaller from one picture to the next, a region is a part of what it was, often the place
// that something was taken from: it must show by itself that it moves.
constexpr double kPart = 0.4;

double Width(const Box& box) { return box.right - box.left; }
double Height(const Box& box) { return box.bottom - box.top; }

double Overlap(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return width * height / std::min(Width(a) * Height(a), Width(b) * Height(b));
}

// How well `now` continues `before`; 0: not at all.
double Likeness(const Region& before, const Region& now) {
  const double overlap = Overlap(before.box, now.box);
  if (overlap >= kOverlap) return 1 + overlap;
  const double reach = kJump * std::max(std::hypot(Width(before.box), Height(before.box)),
                                        std::hypot(Width(now.box), Height(now.box)));
  const double away = std::hypot(now.centre_x - before.centre_x - before.step_x,
                                 now.centre_y - before.centre_y - before.step_y);
  return away < reach ? 1 - away / reach : 0;
}

// How far an interval went as a whole within 0..1: what both its ends went. One that grows or
// shrinks at one end, because its region fell apart or met another, has not gone anywhere; what
// comes in or leaves over the picture's edge, where the other end can't be seen, has.
double Went(double from_before, double to_before, double from, double to) {
  const double head = from - from_before, tail = to - to_before;
  if (from_before <= 0 && from <= 0) return tail;
  if (to_before >= 1 && to >= 1) return head;
  if (head * tail <= 0) return 0;
  return std::abs(head) < std::abs(tail) ? head : tail;
}

bool IsPart(const Region& before, const Region& now, absl::Duration elapsed) {
  return elapsed < kSparse && now.share < kPart * before.share;
}

// Adds so many ticks to every cell, 255 at most.
void AddTicks(Plane& plane, int ticks) {
  const cv::v_uint8x16 more = cv::v_setall_u8(static_cast<uint8_t>(std::min(ticks, kTicksMax)));
  for (int y = 0; y < plane.height(); ++y) {
    uint8_t* row = plane.row(y);
    for (int x = 0; x < plane.width(); x += 16) cv::v_store(row + x, cv::v_load(row + x) + more);
  }
}

}  // namespace

RegionTracker::RegionTracker(double share_min) : share_min_(share_min) {
  PATROL_CHECK(share_min > 0 && share_min <= 1);
}

void RegionTracker::Reset() {
  regions_.clear();
  lost_.clear();
  started_ = false;
}

bool RegionTracker::Age(absl::Time time, int width, int height) {
  if (!started_ || vacant_.width() != width || vacant_.height() != height || time < last_time_) {
    vacant_ = Plane(width, height, kTicksMax);
    regions_.clear();
    lost_.clear();
    started_ = true;
    last_time_ = time;
    return false;
  }
  const auto ticks_of = [](absl::Time instant) {
    return absl::ToInt64Milliseconds(instant - absl::UnixEpoch()) /
           absl::ToInt64Milliseconds(kTick);
  };
  const int64_t ticks = std::min<int64_t>(ticks_of(time) - ticks_of(last_time_), kTicksMax);
  AddTicks(vacant_, static_cast<int>(ticks));
  return true;
}

const std::vector<Region>& RegionTracker::Follow(const PlaneView& mask, const PlaneView& change,
                                                 const Plane& zones, absl::Time time) {
  const int width = CellsOf(mask.width), height = CellsOf(mask.height);
  const absl::Duration elapsed = started_ ? time - last_time_ : absl::ZeroDuration();
  // What is there already in the first picture has taken no ground.
  const bool known = Age(time, width, height);
  last_time_ = time;
  specks_share_ = 0;

  cv::Mat cells(height, width, CV_8UC1);
  bool any = false;
  for (int y = 0; y < height; ++y) {
    const uint8_t* from = mask.data + static_cast<ptrdiff_t>(2 * y) * mask.stride;
    const uint8_t* bits = zones.height() > 0 ? zones.row(y) : nullptr;
    uint8_t* to = cells.ptr(y);
    for (int x = 0; x < width; ++x) {
      to[x] = bits != nullptr && (bits[x] & kIgnored) != 0 ? 0 : from[2 * x];
      any |= to[x] != 0;
    }
  }
  std::vector<Region> found;
  if (!any) {
    Match(found, time, elapsed);
    return regions_;
  }
  cv::Mat labels, stats, centroids;
  const int count = cv::connectedComponentsWithStats(cells, labels, stats, centroids, 8, CV_32S);
  if (count > kRegionsMax) {  // noise: no region of it is large enough
    Match(found, time, elapsed);
    return regions_;
  }
  struct Sums {
    int taken = 0;
    int fresh = 0;
    int changed = 0;
    std::array<int, kZoneBits> in_zone{};
  };
  std::vector<Sums> sums(static_cast<size_t>(count));
  for (int y = 0; y < height; ++y) {
    const int* label = labels.ptr<int>(y);
    const uint8_t* differs = change.data + static_cast<ptrdiff_t>(2 * y) * change.stride;
    const uint8_t* bits = zones.height() > 0 ? zones.row(y) : nullptr;
    uint8_t* vacant = vacant_.row(y);
    for (int x = 0; x < width; ++x) {
      if (label[x] == 0) continue;
      Sums& sum = sums[static_cast<size_t>(label[x])];
      if (differs[2 * x] > kTaken) {
        sum.taken += known && vacant[x] >= kVacantTicks ? 1 : 0;
        sum.fresh += vacant[x] >= kFreshTicks ? 1 : 0;
      }
      vacant[x] = 0;
      sum.changed += differs[2 * x] > kChanged ? 1 : 0;
      if (bits == nullptr) {
        ++sum.in_zone[0];
        continue;
      }
      for (size_t zone = 0; zone < kZoneBits; ++zone) {
        sum.in_zone[zone] += (bits[x] >> zone) & 1;
      }
    }
  }
  const double pixels = static_cast<double>(width) * height;
  for (int i = 1; i < count; ++i) {
    const int* stat = stats.ptr<int>(i);
    const double area = stat[cv::CC_STAT_AREA];
    if (area < share_min_ * pixels) {
      specks_share_ += area / pixels;
      continue;
    }
    const double left = stat[cv::CC_STAT_LEFT], top = stat[cv::CC_STAT_TOP];
    const Sums& sum = sums[static_cast<size_t>(i)];
    Region region;
    region.box = {.left = left / width,
                  .top = top / height,
                  .right = (left + stat[cv::CC_STAT_WIDTH]) / width,
                  .bottom = (top + stat[cv::CC_STAT_HEIGHT]) / height};
    region.share = area / pixels;
    region.centre_x = (centroids.at<double>(i, 0) + 0.5) / width;
    region.centre_y = (centroids.at<double>(i, 1) + 0.5) / height;
    region.advance = sum.taken / area;
    region.changed = sum.changed / area;
    region.going = sum.fresh >= std::max(1.0, Asked(elapsed) * area);
    for (size_t zone = 0; zone < kZoneBits; ++zone) {
      region.in_zone[zone] = static_cast<float>(sum.in_zone[zone] / area);
    }
    found.push_back(region);
  }
  Match(found, time, elapsed);
  return regions_;
}

// Finds each region of the picture before again, the largest first, and goes on with its history.
void RegionTracker::Match(std::vector<Region>& found, absl::Time time, absl::Duration elapsed) {
  std::sort(found.begin(), found.end(),
            [](const Region& a, const Region& b) { return a.share > b.share; });
  if (found.size() > kFollowedMax) found.resize(kFollowedMax);
  std::vector<Region> known = std::move(regions_);
  known.insert(known.end(), lost_.begin(), lost_.end());
  std::vector<bool> taken(known.size(), false);
  for (Region& region : found) {
    size_t best = known.size();
    double best_likeness = 0;
    for (size_t i = 0; i < known.size(); ++i) {
      if (taken[i]) continue;
      const double likeness = Likeness(known[i], region);
      if (likeness > best_likeness) {
        best = i;
        best_likeness = likeness;
      }
    }
    if (best < known.size()) taken[best] = true;
    GoOn(best < known.size() ? &known[best] : nullptr, region, time, elapsed);
  }
  lost_.clear();
  for (size_t i = 0; i < known.size(); ++i) {
    if (taken[i]) continue;
    const Region& gone = known[i];
    if (time - gone.last_seen <= kLostFor) {
      lost_.push_back(gone);
      continue;
    }
    const bool seen = gone.last_seen - gone.first_seen >= kSeen && gone.pictures >= kSeenPictures;
    if (seen && gone.last_moving == absl::InfinitePast()) ++stayed_;
  }
  if (lost_.size() > kFollowedMax) lost_.resize(kFollowedMax);
  regions_ = std::move(found);
}

// What a region inherits from the one it was in the picture before.
void RegionTracker::Inherit(const Region& before, Region& region, absl::Time time,
                            absl::Duration elapsed) {
  const absl::Duration since = time - before.last_seen;
  const bool part = IsPart(before, region, elapsed);
  const auto kept = [&](absl::Duration fades) {
    return part ? 0.0 : std::exp2(-absl::FDivDuration(since, fades));
  };
  region.first_seen = before.first_seen;
  region.step_x = region.centre_x - before.centre_x;
  region.step_y = region.centre_y - before.centre_y;
  const Box &was = before.box, &is = region.box;
  const bool told = !part && region.share >= kDriftShare;
  const double went_x = told ? Went(was.left, was.right, is.left, is.right) / Width(is) : 0;
  const double went_y = told ? Went(was.top, was.bottom, is.top, is.bottom) / Height(is) : 0;
  region.drift_x = kept(kDriftFades) * before.drift_x + went_x;
  region.drift_y = kept(kDriftFades) * before.drift_y + went_y;
  region.going |= std::hypot(went_x, went_y) >= Asked(elapsed);
  region.pictures = before.pictures + 1;
  region.travelled = before.travelled + region.advance;
  region.advance += before.advance * kept(kAdvanceFades);
  region.lively = std::max(region.lively, before.lively * kept(kFades));
}

// What a region is now, given what it was.
void RegionTracker::GoOn(const Region* before, Region& region, absl::Time time,
                         absl::Duration elapsed) {
  region.last_seen = time;
  region.lively = region.changed;
  if (before == nullptr) {
    region.first_seen = time;
    // All ground is new to what appears: that it appeared is no movement.
    if (elapsed < kSparse) region.advance = 0;
  } else {
    Inherit(*before, region, time, elapsed);
  }
  const bool kept = before != nullptr && before->moving && !IsPart(*before, region, elapsed);
  const double drift = std::hypot(region.drift_x, region.drift_y);
  region.moving = kept ? (region.advance >= kAdvanceKept && region.lively >= kChangedKept) ||
                             (region.lively >= kChangedAloneKept && drift >= kDriftKept)
                       : (region.advance >= kAdvanceOn && region.lively >= kChangedOn) ||
                             (region.lively >= kChangedAlone && drift >= kDriftOn);
  region.going &= region.moving;
  region.moving_since = kept                                      ? before->moving_since
                        : time - region.first_seen <= kCameMoving ? region.first_seen
                                                                  : time;
  region.moving_pictures = (kept ? before->moving_pictures : 0) + (region.moving ? 1 : 0);
  region.last_moving = region.moving       ? time
                       : before != nullptr ? before->last_moving
                                           : absl::InfinitePast();
}

}  // namespace patrol::motion
