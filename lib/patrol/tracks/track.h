#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/base/check.h"
#include "lib/patrol/roadnet/network.h"

// What map matching makes of one unit's fixes.
//
//     fixes     o    o  o        x     o            o       o = used   x = outlier, duplicate, late
//     points    P0---P1-P2-------------P3           P4      ("P3 P4": silent for > stale_after)
//     stretches   s0  s1       s2        (a break)
//
// A *point* is a place on the network at the instant of a used fix; a *stretch* is the way driven
// between two neighbouring points. Where the path breaks there is no stretch, and no position.
namespace patrol::tracks {

// What became of a fix in matching.
enum class MatchVerdict : uint8_t {
  kMatched,     // on the network: at most snap_limit (50 m) from it
  kAttached,    // up to attach_limit (200 m) from it; reached by the straight way at 1.4 m/s
  kOffNetwork,  // further off: the unit covers nothing and the path breaks
  kOutlier,     // not used: see OutlierReason
  kDuplicate,   // same unit and instant as one before
  kLate,        // older than the unit's newest (live only: files are put in order first)
};
std::string_view MatchVerdictName(MatchVerdict verdict);  // "matched", "off_network", ...

enum class OutlierReason : uint8_t {
  kNone,
  kSpeedJump,  // the unit would have moved faster than any does, there and back
  kNoWay,      // no way on the network leads there and on, while one leads past it
};
std::string_view OutlierReasonName(OutlierReason reason);  // "", "speed_jump"

// Speed on the straight way between an attached place and the network, metres a second
// (ARCHITECTURE.md, "Coverage, exactly").
inline constexpr double kAttachSpeedMps = 1.4;

struct MatchedFix {
  absl::Time time;
  MatchVerdict verdict = MatchVerdict::kOffNetwork;
  OutlierReason reason = OutlierReason::kNone;
  // Where it was matched to and the straight way to there, metres. Of kMatched and kAttached only.
  roadnet::RoadPosition at;
  double distance_m = 0;
};

// Whether an arc of a path was driven, as far as can be known. What is in doubt is the likeliest
// way nevertheless: the unit is placed on it, and goes on from there; but it is not said to have
// been there.
enum class Certainty : uint8_t {
  kSure,
  kDoubtful,  // another way is nearly as likely: MatchOptions::sure_nats
};

// Where a unit is.
struct UnitPosition {
  roadnet::RoadPosition at;
  // Straight way from the unit to `at`, metres: 0 where the unit is on the network (at most
  // snap_limit off), else up to attach_limit. Takes attach_distance_m / kAttachSpeedMps seconds.
  double attach_distance_m = 0;

  friend bool operator==(const UnitPosition&, const UnitPosition&) = default;
};

// The way driven between two neighbouring points. A view: valid as long as its track.
struct Stretch {
  absl::Time start;  // start < end; end - start <= stale_after
  absl::Time end;
  roadnet::RoadPosition from;
  roadnet::RoadPosition to;
  // Arcs driven in order: the first holds `from`, the last holds `to` (one and the same where the
  // unit stayed on it). Empty when the unit stood: from == to. The first arc of a stretch is the
  // last of the stretch before, or its reverse where the unit turned round.
  absl::Span<const roadnet::ArcIndex> arcs;
  double length_m = 0;  // along arcs
  double from_attach_m = 0;
  double to_attach_m = 0;
  bool continues = false;  // starts where the stretch before it ends
};

// The matched path of one unit.
//
// Threads: const after building; safe from any number of threads.
class MatchedTrack {
 public:
  // Held small: a month of a hundred units has ten million.
  struct Point {
    absl::Time time() const { return absl::FromUnixMicros(time_us); }
    roadnet::RoadPosition at() const { return {piece, offset_m}; }

    int64_t time_us = 0;  // since 1970
    double offset_m = 0;
    roadnet::PieceIndex piece = 0;
    float attach_distance_m = 0;
    float length_m = 0;            // of the way from the point before; 0 after a break
    uint32_t arcs_begin : 31 = 0;  // of the way from the point before: to the next's arcs_begin
    uint32_t connected : 1 = 0;    // to the point before
  };
  static_assert(sizeof(Point) == 32);

  MatchedTrack() = default;
  MatchedTrack(std::string unit_id, roadnet::Mode mode)
      : unit_id_(std::move(unit_id)), mode_(mode) {}

  const std::string& unit_id() const { return unit_id_; }
  roadnet::Mode mode() const { return mode_; }

  // One for each fix given to the matcher, in the order of time (ties in the order given).
  // Not after KeepPath.
  const std::vector<MatchedFix>& fixes() const {
    PATROL_CHECK(!path_only_);
    return fixes_;
  }

  // Of the first and the last fix, whatever became of them; none: InfiniteFuture, InfinitePast.
  absl::Time first_fix() const { return first_fix_; }
  absl::Time last_fix() const { return last_fix_; }
  // When fixes were off the network, microseconds since 1970, in order.
  const std::vector<int64_t>& off_network_us() const { return off_network_us_; }

  const std::vector<Point>& points() const { return points_; }
  // Arcs driven to come to point `index` from the one before; empty where it is not connected.
  absl::Span<const roadnet::ArcIndex> arcs_to(size_t index) const;

  // Of each of arcs_to(index).
  absl::Span<const Certainty> certainty_to(size_t index) const;

  // Not after KeepPath.
  size_t stretch_count() const {
    PATROL_CHECK(!path_only_);
    return stretch_ends_.size();
  }
  // In the order of time. 0 <= index < stretch_count().
  Stretch stretch(size_t index) const;

  // Builds the track; fixes in the order of time; points too, strictly increasing in whole
  // microseconds. A fix that was used on the network has a point.
  void AddFix(const MatchedFix& fix);
  // A point that the unit did not come to by a known way.
  void AddBreak(absl::Time time, const UnitPosition& position);
  // A point that it came to from the one before along `arcs`, `length_m` metres. certainty: of each
  // of them, or none: all are sure.
  void AddPoint(absl::Time time, const UnitPosition& position,
                absl::Span<const roadnet::ArcIndex> arcs, double length_m,
                absl::Span<const Certainty> certainty = {});
  // Gives back what was set aside for growing: the track is complete.
  void ShrinkToFit();
  // Gives up fixes() and stretches, more than half of the memory: where the unit was, and what is
  // known of it at an instant, remains.
  void KeepPath();

 private:
  std::string unit_id_;
  roadnet::Mode mode_ = roadnet::Mode::kCar;
  std::vector<MatchedFix> fixes_;
  absl::Time first_fix_ = absl::InfiniteFuture();
  absl::Time last_fix_ = absl::InfinitePast();
  bool path_only_ = false;
  std::vector<int64_t> off_network_us_;
  std::vector<Point> points_;
  std::vector<roadnet::ArcIndex> arcs_;
  std::vector<Certainty> certainty_;    // of arcs_
  std::vector<uint32_t> stretch_ends_;  // indices of connected points
};

// Where the unit is at `instant` as a window over stored fixes sees it: later fixes are known.
//
// At a point it is there; within a stretch it has moved along the path by the same share of the
// path's *length* as of the stretch's time (the attach distance likewise); the instants of both
// ends of a stretch count. nullopt everywhere else: before the first point, after the last, between
// two points further apart than stale_after (exactly stale_after is not), around fixes off the
// network, and where no way was found. What a unit covers *live*, before the next fix is known, is
// LiveMatcher's to say (live_matcher.h): there a position stays for stale_after.
//
// Cost: O(log points + arcs of the stretch).
std::optional<UnitPosition> PositionAt(const roadnet::Network& network, const MatchedTrack& track,
                                       absl::Time instant);

// What is known of the unit at an instant: the window's three states.
enum class Knowledge : uint8_t {
  kNothing,     // no used fix at or before the instant
  kKnown,       // `position` is where it is
  kOffNetwork,  // heard of within stale_after, off the network: covers nothing, makes nothing
                // unknown
  kStale,       // no position: `position` is the last one before, if there ever was one
};

struct UnitKnowledge {
  Knowledge knowledge = Knowledge::kNothing;
  // kKnown: at the instant. kStale: the last matched position. Else empty.
  std::optional<UnitPosition> position;
  // kStale: the unit has been stale since this instant, that of its last used fix (matched,
  // attached or off network): in a window nothing is made up after it, not even for stale_after.
  absl::Time since = absl::InfinitePast();
};

// Walks through a track in the order of time at amortised constant cost; asking for an earlier
// instant than before is allowed and costs a search. A track with millions of points is sampled
// with one of these per track.
//
// Threads: one thread each; the track and the network may be shared.
class TrackCursor {
 public:
  // `network` and `track` outlive the cursor.
  TrackCursor(const roadnet::Network& network, const MatchedTrack& track,
              absl::Duration stale_after = absl::Seconds(60))
      : network_(&network), track_(&track), stale_after_(stale_after) {}

  // As PositionAt, but telling apart why there is no position.
  UnitKnowledge At(absl::Time instant);

 private:
  const roadnet::Network* network_;
  const MatchedTrack* track_;
  absl::Duration stale_after_;
  size_t point_ = 0;  // number of points at or before the last instant asked for
  size_t off_ = 0;    // number of fixes off the network at or before it
};

}  // namespace patrol::tracks
