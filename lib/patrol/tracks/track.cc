#include "lib/patrol/tracks/track.h"

#include <algorithm>
#include <limits>

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
  stretch.start = a.time();
  stretch.end = b.time();
  stretch.from = a.at();
  stretch.to = b.at();
  stretch.arcs = arcs_to(end);
  stretch.length_m = b.length_m;
  stretch.from_attach_m = a.attach_distance_m;
  stretch.to_attach_m = b.attach_distance_m;
  stretch.continues = a.connected;
  return stretch;
}

void MatchedTrack::AddFix(const MatchedFix& fix) {
  fixes_.push_back(fix);
  first_fix_ = std::min(first_fix_, fix.time);
  last_fix_ = std::max(last_fix_, fix.time);
  if (fix.verdict == MatchVerdict::kOffNetwork) {
    off_network_us_.push_back(absl::ToUnixMicros(fix.time));
  }
}

void MatchedTrack::AddBreak(absl::Time time, const UnitPosition& position) {
  const int64_t time_us = absl::ToUnixMicros(time);
  PATROL_CHECK(points_.empty() || points_.back().time_us < time_us);
  PATROL_CHECK(arcs_.size() < size_t{1} << 31);
  Point& point = points_.emplace_back();
  point.time_us = time_us;
  point.offset_m = position.at.offset_m;
  point.piece = position.at.piece;
  point.attach_distance_m = static_cast<float>(position.attach_distance_m);
  point.arcs_begin = static_cast<uint32_t>(arcs_.size()) & 0x7fffffff;
}

void MatchedTrack::AddPoint(absl::Time time, const UnitPosition& position,
                            absl::Span<const roadnet::ArcIndex> arcs, double length_m,
                            absl::Span<const Certainty> certainty) {
  PATROL_CHECK(!points_.empty());
  AddBreak(time, position);
  Point& point = points_.back();
  point.connected = 1;
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
  off_network_us_.shrink_to_fit();
}

void MatchedTrack::KeepPath() {
  path_only_ = true;
  fixes_ = std::vector<MatchedFix>();  // {} would keep what is set aside
  stretch_ends_ = std::vector<uint32_t>();
}

namespace {

// The position between point `index` and the next at `instant`, which lies between them.
UnitPosition Between(const roadnet::Network& network, const MatchedTrack& track, size_t index,
                     absl::Time instant) {
  const MatchedTrack::Point& a = track.points()[index];
  const MatchedTrack::Point& b = track.points()[index + 1];
  const double share = absl::FDivDuration(instant - a.time(), b.time() - a.time());
  UnitPosition position;
  position.at = AlongPath(network, a.at(), b.at(), track.arcs_to(index + 1), share);
  position.attach_distance_m =
      a.attach_distance_m + share * (double{b.attach_distance_m} - a.attach_distance_m);
  return position;
}

std::optional<UnitPosition> PositionAfterPoints(const roadnet::Network& network,
                                                const MatchedTrack& track, size_t passed,
                                                absl::Time instant) {
  if (passed == 0) return std::nullopt;
  const MatchedTrack::Point& last = track.points()[passed - 1];
  if (last.time() == instant) return UnitPosition{last.at(), last.attach_distance_m};
  if (passed == track.points().size() || !track.points()[passed].connected) return std::nullopt;
  return Between(network, track, passed - 1, instant);
}

// A fix at or before `instant` is one at or before the microsecond that it lies in.
size_t PointsUntil(const MatchedTrack& track, int64_t until_us) {
  const auto& points = track.points();
  return std::upper_bound(points.begin(), points.end(), until_us,
                          [](int64_t us, const auto& point) { return us < point.time_us; }) -
         points.begin();
}

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

}  // namespace

std::optional<UnitPosition> PositionAt(const roadnet::Network& network, const MatchedTrack& track,
                                       absl::Time instant) {
  return PositionAfterPoints(network, track, PointsUntil(track, absl::ToUnixMicros(instant)),
                             instant);
}

UnitKnowledge TrackCursor::At(absl::Time instant) {
  const std::vector<MatchedTrack::Point>& points = track_->points();
  const std::vector<int64_t>& off = track_->off_network_us();
  const int64_t until_us = absl::ToUnixMicros(instant);
  if ((point_ > 0 && points[point_ - 1].time_us > until_us) ||
      (off_ > 0 && off[off_ - 1] > until_us)) {
    point_ = PointsUntil(*track_, until_us);
    off_ = std::upper_bound(off.begin(), off.end(), until_us) - off.begin();
  }
  while (point_ < points.size() && points[point_].time_us <= until_us) ++point_;
  while (off_ < off.size() && off[off_] <= until_us) ++off_;

  UnitKnowledge known;
  known.position = PositionAfterPoints(*network_, *track_, point_, instant);
  if (known.position) {
    known.knowledge = Knowledge::kKnown;
    return known;
  }
  // Used fixes are points, or off the network.
  const int64_t last_on = point_ > 0 ? points[point_ - 1].time_us : kNever;
  const int64_t last_off = off_ > 0 ? off[off_ - 1] : kNever;
  if (point_ == 0 && off_ == 0) return known;
  const int64_t last_us = std::max(last_on, last_off);

  // Between two fixes one of which is off the network, the unit is on its way there or back.
  const bool on_comes = point_ < points.size();
  const bool off_comes = off_ < off.size() && (!on_comes || off[off_] < points[point_].time_us);
  const int64_t next_us = off_comes ? off[off_] : on_comes ? points[point_].time_us : last_us;
  const bool heard_of =
      (on_comes || off_comes) && absl::Microseconds(next_us - last_us) <= stale_after_;
  const absl::Time last = absl::FromUnixMicros(last_us);
  if ((last_off == last_us && (heard_of || last == instant)) || (heard_of && off_comes)) {
    known.knowledge = Knowledge::kOffNetwork;
    return known;
  }
  known.knowledge = Knowledge::kStale;
  known.since = last;
  if (point_ > 0) {
    const MatchedTrack::Point& point = points[point_ - 1];
    known.position = UnitPosition{point.at(), point.attach_distance_m};
  }
  return known;
}

}  // namespace patrol::tracks
