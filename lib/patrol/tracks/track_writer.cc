#include "lib/patrol/tracks/track_writer.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

using roadnet::ArcIndex;
using roadnet::RoadPosition;

TrackWriter::TrackWriter(std::string unit_id, roadnet::Mode mode, const roadnet::Network& network,
                         const MatchOptions& options, bool tell_settlements)
    : unit_id_(std::move(unit_id)),
      mode_(mode),
      network_(network),
      options_(options),
      tell_settlements_(tell_settlements),
      piece_{MatchedTrack(unit_id_, mode_)} {}

uint32_t TrackWriter::Take(const Fix& fix) {
  WaitingFix& waiting = waiting_.emplace_back();
  waiting.position = fix.position;
  waiting.verdict.time = fix.time;
  return first_ + static_cast<uint32_t>(waiting_.size() - 1);
}

void TrackWriter::Settle(uint32_t number, MatchVerdict verdict, OutlierReason reason) {
  WaitingFix& fix = Waiting(number);
  fix.verdict.verdict = verdict;
  fix.verdict.reason = reason;
  fix.settled = true;
  TellSettled();
}

void TrackWriter::Thin(uint32_t number) { Waiting(number).thinned = true; }

void TrackWriter::Stand(uint32_t number) {
  WriteThinned(number + 1, at_.at, {}, {});
  TellSettled();
}

absl::Time TrackWriter::waiting() const {
  return waiting_.empty() ? absl::InfiniteFuture() : waiting_.front().verdict.time;
}

void TrackWriter::SetNow(absl::Time now, bool forced) {
  now_ = now;
  forced_ = forced;
}

PathPiece TrackWriter::TakePiece() {
  PathPiece taken = std::exchange(piece_, PathPiece{MatchedTrack(unit_id_, mode_)});
  return taken;
}

void TrackWriter::OnPoint(const HmmStep& step, const HmmState& state,
                          absl::Span<const ArcIndex> way, absl::Span<const Certainty> certainty,
                          bool connected) {
  if (connected) {
    WriteThinned(step.fix, state.at, way, certainty);
  } else {
    WriteThinned(step.fix, at_.at, {}, {});
  }
  WaitingFix& fix = Waiting(step.fix);
  const RoadPosition at = connected && rest_.empty() ? at_.at : state.at;
  const double distance_m =
      at == state.at ? state.distance_m : geo::GreatCircleM(fix.position, network_.Place(at));
  const UnitPosition position = Judge(&fix, at, distance_m);
  if (connected) {
    AddPoint(step.time, position, rest_, certainty_);
  } else {
    AddBreak(step.time, position);
  }
  TellSettled();
}

void TrackWriter::OnNoWay(uint32_t fix) {
  Settle(fix, MatchVerdict::kOutlier, OutlierReason::kNoWay);
}

void TrackWriter::OnEnd() {
  WriteThinned(first_ + static_cast<uint32_t>(waiting_.size()), at_.at, {}, {});
  TellSettled();
}

// The verdict on a used fix at `at`, and the unit's position there.
UnitPosition TrackWriter::Judge(WaitingFix* fix, const RoadPosition& at, double distance_m) const {
  const bool on = distance_m <= options_.snap_limit_m;
  fix->verdict.verdict = on ? MatchVerdict::kMatched : MatchVerdict::kAttached;
  fix->verdict.at = at;
  fix->verdict.distance_m = distance_m;
  fix->settled = true;
  return {at, on ? 0 : distance_m};
}

// Places the thinned fixes before `end` on the way from the last point to `to`, each at or beyond
// the one before; what is left of the way is then in rest_.
void TrackWriter::WriteThinned(uint32_t end, const RoadPosition& to, absl::Span<const ArcIndex> way,
                               absl::Span<const Certainty> certainty) {
  rest_ = way;
  certainty_ = certainty;
  for (uint32_t number = first_; number != end; ++number) {
    WaitingFix& fix = Waiting(number);
    if (!fix.thinned || fix.settled) continue;
    const Place place = NearestOnWay(fix.position, to);
    const UnitPosition position = Judge(&fix, place.at, place.distance_m);
    const bool stood = place.at == at_.at;
    const size_t driven = stood ? 0 : place.arcs;
    AddPoint(fix.verdict.time, position, rest_.first(driven), certainty_.first(driven));
    if (stood) continue;
    rest_ = rest_.subspan(driven - 1);
    certainty_ = certainty_.subspan(driven - 1);
  }
}

// The place nearest to a thinned fix on the way from the last point to `to` along rest_, not much
// further along it than the fix can be from there.
TrackWriter::Place TrackWriter::NearestOnWay(geo::LonLat place, const RoadPosition& to) const {
  Place best{at_.at, geo::GreatCircleM(place, network_.Place(at_.at)), rest_.empty() ? 0u : 1u};
  double left = 3 * options_.thin_sigmas * options_.sigma_m;
  for (size_t i = 0; i < rest_.size() && left > 0; ++i) {
    const ArcPart part = PartOf(network_, at_.at, to, rest_, i);
    const roadnet::PieceIndex piece = roadnet::PieceOf(part.arc);
    const RoadPosition nearest = NearestOn(network_, piece, place).position;
    const double along =
        std::clamp(AlongArc(network_, part.arc, nearest.offset_m), part.start_m,
                   std::max(part.start_m, std::min(part.end_m, part.start_m + left)));
    const RoadPosition at{piece, AlongArc(network_, part.arc, along)};
    const double distance = geo::GreatCircleM(place, network_.Place(at));
    // Ties stay where they are: a place on a node is reached, not passed.
    if (distance < best.distance_m - 1e-6) best = {at, distance, i + 1};
    left -= part.end_m - part.start_m;
  }
  return best;
}

void TrackWriter::AddPoint(absl::Time time, const UnitPosition& position,
                           absl::Span<const ArcIndex> arcs, absl::Span<const Certainty> certainty) {
  if (piece_.track.points().empty()) {
    piece_.track.AddBreak(at_time_, at_);
    piece_.goes_on = true;
  }
  piece_.track.AddPoint(time, position, arcs, PathLength(network_, at_.at, position.at, arcs),
                        certainty);
  at_time_ = time;
  at_ = position;
}

void TrackWriter::AddBreak(absl::Time time, const UnitPosition& position) {
  piece_.track.AddBreak(time, position);
  at_time_ = time;
  at_ = position;
}

void TrackWriter::TellSettled() {
  while (!waiting_.empty() && waiting_.front().settled) {
    const MatchedFix& fix = waiting_.front().verdict;
    piece_.track.AddFix(fix);
    if (tell_settlements_) piece_.settlements.push_back({now_ - fix.time, forced_});
    waiting_.pop_front();
    ++first_;
  }
}

}  // namespace patrol::tracks
