#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/chain.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/match_options.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// When a fix was settled.
struct Settlement {
  absl::Duration delay;  // from the fix, by the clock of the fixes
  bool forced = false;   // for want of time: later fixes might have taught otherwise
};

// A part of a unit's matched path.
struct PathPiece {
  // Fixes that were settled, in the order they came, and points of the path. Where `goes_on`, the
  // first point is the last one of the piece before.
  MatchedTrack track;
  bool goes_on = false;
  std::vector<Settlement> settlements;  // of track.fixes(), where they are wanted

  bool empty() const { return track.points().empty() && track.fixes().empty(); }
};

// Writes down what a Chain decides: points with the way to them, thinned fixes placed on that way,
// and a verdict for each fix, in the order in which fixes were taken.
//
// Keeps the fixes that are not settled. Threads: one at a time.
class TrackWriter : public ChainSink {
 public:
  // network and options outlive the writer. tell_settlements: whether these are wanted.
  TrackWriter(std::string unit_id, roadnet::Mode mode, const roadnet::Network& network,
              const MatchOptions& options, bool tell_settlements);

  // A fix that came; its number. It is settled by what the chain says, or by one of:
  uint32_t Take(const Fix& fix);
  void Settle(uint32_t number, MatchVerdict verdict, OutlierReason reason = OutlierReason::kNone);
  // It is nearer than noise to the last point: it will be placed on the way from there.
  void Thin(uint32_t number);
  // Places the thinned fixes up to that one at the last point.
  void Stand(uint32_t number);

  // The first fix that is not settled: its number, and its time, InfiniteFuture when there is none.
  uint32_t first() const { return first_; }
  absl::Time waiting() const;
  // Fixes that are not settled, or come after one that is not.
  size_t held() const { return waiting_.size(); }

  // What is settled from now on was so at this instant.
  void SetNow(absl::Time now, bool forced);

  // What was written since the last time.
  PathPiece TakePiece();

  // ChainSink
  void OnPoint(const HmmStep& step, const HmmState& state, absl::Span<const roadnet::ArcIndex> way,
               absl::Span<const Certainty> certainty, bool connected) override;
  void OnNoWay(uint32_t fix) override;
  void OnEnd() override;

 private:
  struct WaitingFix {
    geo::LonLat position;
    MatchedFix verdict;
    bool thinned = false;
    bool settled = false;
  };
  struct Place {
    roadnet::RoadPosition at;
    double distance_m = 0;
    size_t arcs = 0;  // of rest_ that lead there
  };

  WaitingFix& Waiting(uint32_t number) { return waiting_[number - first_]; }
  UnitPosition Judge(WaitingFix* fix, const roadnet::RoadPosition& at, double distance_m) const;
  void WriteThinned(uint32_t end, const roadnet::RoadPosition& to,
                    absl::Span<const roadnet::ArcIndex> way, absl::Span<const Certainty> certainty);
  Place NearestOnWay(geo::LonLat place, const roadnet::RoadPosition& to) const;
  void AddPoint(absl::Time time, const UnitPosition& position,
                absl::Span<const roadnet::ArcIndex> arcs, absl::Span<const Certainty> certainty);
  void AddBreak(absl::Time time, const UnitPosition& position);
  void TellSettled();

  const std::string unit_id_;
  const roadnet::Mode mode_;
  const roadnet::Network& network_;
  const MatchOptions& options_;
  const bool tell_settlements_;
  std::deque<WaitingFix> waiting_;  // fixes from first_ on; the first is not settled
  uint32_t first_ = 0;
  absl::Time now_;
  bool forced_ = false;
  PathPiece piece_;
  absl::Time at_time_;  // of the last point
  UnitPosition at_;
  absl::Span<const roadnet::ArcIndex> rest_;  // way from at_ to the point being written
  absl::Span<const Certainty> certainty_;     // of rest_
};

}  // namespace patrol::tracks
