#include "lib/patrol/tracks/track.h"

#include <algorithm>

#include "lib/base/check.h"
#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

std::string_view MatchVerdictName(MatchVerdict verdict) {
  switch (verdict) {
    case MatchVerdict::kMatched:
      return "matched";
    case MatchVerdict::kAttached:
      return "attached";
    case MatchVerdict::kOffNetwork:
      return "off_network";
    case MatchVerdict::kOutlier:
      return "outlier";
    case MatchVerdict::kDuplicate:
      return "duplicate";
    case MatchVerdict::kLate:
      return "late";
  }
  return "";
}

std::string_view OutlierReasonName(OutlierReason reason) {
  switch (reason) {
    case OutlierReason::kNone:
      return "";
    case OutlierReason::kSpeedJump:
      return "speed_jump";
    case OutlierReason::kNoWay:
      return "no_way";
  }
  return "";
}

absl::Span<const roadnet::ArcIndex> MatchedTrack::arcs_to(size_t index) const {
  const size_t begin = points_[index].arcs_begin;
  const size_t end = index + 1 < points_.size() ? points_[index + 1].arcs_begin : arcs_.size();
  return absl::MakeConstSpan(arcs_.data() + begin, end - begin);
}

absl::Span<const Certainty> MatchedTrack::certainty_to(size_t index) const {
  return absl::MakeConstSpan(certainty_.data() + points_[index].arcs_begin, arcs_to(index).size());
}

Stretch MatchedTrack::stretch(size_t index) const {
  const size_t end = stretch_ends_[index];
  const Point& a = points_[end - 1];
  const Point& b = points_[end];
  Stretch stretch;
  stretch.start = a.time;
  stretch.end = b.time;
  stretch.from = a.at;
  stretch.to = b.at;
  stretch.arcs = arcs_to(end);
  stretch.length_m = b.length_m;
  stretch.from_attach_m = a.attach_distance_m;
  stretch.to_attach_m = b.attach_distance_m;
  stretch.continues = a.connected;
  return stretch;
}

void MatchedTrack::AddBreak(absl::Time time, const UnitPosition& position) {
  PATROL_CHECK(points_.empty() || points_.back().time < time);
  points_.push_back({time, position.at, static_cast<float>(position.attach_distance_m), 0,
                     static_cast<uint32_t>(arcs_.size()), false});
}

void MatchedTrack::AddPoint(absl::Time time, const UnitPosition& position,
                            absl::Span<const roadnet::ArcIndex> arcs, double length_m,
                            absl::Span<const Certainty> certainty) {
  PATROL_CHECK(!points_.empty());
  AddBreak(time, position);
  Point& point = points_.back();
  point.connected = true;
  point.length_m = static_cast<float>(length_m);
  arcs_.insert(arcs_.end(), arcs.begin(), arcs.end());
  certainty_.insert(certainty_.end(), certainty.begin(), certainty.end());
  certainty_.resize(arcs_.size(), Certainty::kSure);
  stretch_ends_.push_back(static_cast<uint32_t>(points_.size() - 1));
}

void MatchedTrack::ShrinkToFit() {
  fixes_.shrink_to_fit();
  points_.shrink_to_fit();
  arcs_.shrink_to_fit();
  certainty_.shrink_to_fit();
  stretch_ends_.shrink_to_fit();
}

namespace {

// The position between point `index` and the next at `instant`, which lies between them.
UnitPosition Between(const roadnet::Network& network, const MatchedTrack& track, size_t index,
                     absl::Time instant) {
  const MatchedTrack::Point& a = track.points()[index];
  const MatchedTrack::Point& b = track.points()[index + 1];
  const double share = absl::FDivDuration(instant - a.time, b.time - a.time);
  UnitPosition position;
  position.at = AlongPath(network, a.at, b.at, track.arcs_to(index + 1), share);
  position.attach_distance_m =
      a.attach_distance_m + share * (double{b.attach_distance_m} - a.attach_distance_m);
  return position;
}

std::optional<UnitPosition> PositionAfterPoints(const roadnet::Network& network,
                                                const MatchedTrack& track, size_t passed,
                                                absl::Time instant) {
  if (passed == 0) return std::nullopt;
  const MatchedTrack::Point& last = track.points()[passed - 1];
  if (last.time == instant) return UnitPosition{last.at, last.attach_distance_m};
  if (passed == track.points().size() || !track.points()[passed].connected) return std::nullopt;
  return Between(network, track, passed - 1, instant);
}

// How many items have a time at or before `instant`.
template <typename Item>
size_t CountUntil(const std::vector<Item>& items, absl::Time instant) {
  return std::upper_bound(items.begin(), items.end(), instant,
                          [](absl::Time at, const Item& item) { return at < item.time; }) -
         items.begin();
}

bool Used(const MatchedFix& fix) {
  return fix.verdict == MatchVerdict::kMatched || fix.verdict == MatchVerdict::kAttached ||
         fix.verdict == MatchVerdict::kOffNetwork;
}

}  // namespace

std::optional<UnitPosition> PositionAt(const roadnet::Network& network, const MatchedTrack& track,
                                       absl::Time instant) {
  return PositionAfterPoints(network, track, CountUntil(track.points(), instant), instant);
}

UnitKnowledge TrackCursor::At(absl::Time instant) {
  const std::vector<MatchedTrack::Point>& points = track_->points();
  const std::vector<MatchedFix>& fixes = track_->fixes();
  if ((point_ > 0 && points[point_ - 1].time > instant) ||
      (fix_ > 0 && fixes[fix_ - 1].time > instant)) {
    point_ = CountUntil(points, instant);
    fix_ = CountUntil(fixes, instant);
    last_used_.reset();
    for (size_t i = fix_; i > 0 && !last_used_; --i) {
      if (Used(fixes[i - 1])) last_used_ = i - 1;
    }
  }
  while (point_ < points.size() && points[point_].time <= instant) ++point_;
  for (; fix_ < fixes.size() && fixes[fix_].time <= instant; ++fix_) {
    if (Used(fixes[fix_])) last_used_ = fix_;
  }

  UnitKnowledge known;
  known.position = PositionAfterPoints(*network_, *track_, point_, instant);
  if (known.position) {
    known.knowledge = Knowledge::kKnown;
    return known;
  }
  if (!last_used_) return known;

  // Between two fixes one of which is off the network, the unit is on its way there or back.
  const MatchedFix& last = fixes[*last_used_];
  size_t next = fix_;
  while (next < fixes.size() && !Used(fixes[next])) ++next;
  const bool heard_of = next < fixes.size() && fixes[next].time - last.time <= stale_after_;
  const bool last_off = last.verdict == MatchVerdict::kOffNetwork;
  if ((last_off && (heard_of || last.time == instant)) ||
      (heard_of && fixes[next].verdict == MatchVerdict::kOffNetwork)) {
    known.knowledge = Knowledge::kOffNetwork;
    return known;
  }
  known.knowledge = Knowledge::kStale;
  known.since = last.time;
  if (point_ > 0) {
    const MatchedTrack::Point& point = points[point_ - 1];
    known.position = UnitPosition{point.at, point.attach_distance_m};
  }
  return known;
}

}  // namespace patrol::tracks
