#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/snapshot.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

class AreaIndex;

// Where a unit's reach starts.
struct UnitSource {
  roadnet::Mode mode = roadnet::Mode::kCar;
  Source source;

  friend bool operator==(const UnitSource&, const UnitSource&) = default;
};

// The unit's place with the time for the straight way to it, rounded to microseconds.
UnitSource ToSource(roadnet::Mode mode, const tracks::UnitPosition& position);

// Coverage at one instant, over all modes, piece by piece: what known units reach within T is
// covered; what stale units' last positions reach of the rest is unknown. The one definition of
// both, for live coverage and for windows.
//
// Threads: one thread at a time.
// Cost:    two searches a mode in use at most; that of the stale units only when they changed. No
//          allocation once grown. About 40 bytes a piece and mode in use.
class Field {
 public:
  // A piece with at least a covered or an unknown point, and lengths on the whole of it.
  struct PieceCover {
    roadnet::PieceIndex piece = 0;
    uint32_t covered_begin = 0;  // into the intervals; covered ones first
    uint32_t unknown_begin = 0;
    uint32_t end = 0;
    int64_t covered_um = 0;
    int64_t unknown_um = 0;
  };

  // `graphs` outlives this. reach_us: T, below kUnreached.
  Field(const ModeGraphs& graphs, ArrivalUs reach_us);
  ~Field();

  // Forgets what was there and computes it from these units.
  void Compute(absl::Span<const UnitSource> known, absl::Span<const UnitSource> stale);

  // Each piece at most once, in no particular order.
  const std::vector<PieceCover>& pieces() const { return pieces_; }
  // Merged; disjoint from each other.
  absl::Span<const Interval> covered(const PieceCover& cover) const {
    return absl::MakeConstSpan(intervals_.data() + cover.covered_begin,
                               cover.unknown_begin - cover.covered_begin);
  }
  absl::Span<const Interval> unknown(const PieceCover& cover) const {
    return absl::MakeConstSpan(intervals_.data() + cover.unknown_begin,
                               cover.end - cover.unknown_begin);
  }

  // The earliest arrival of a known unit at a point, within T; kUnreached elsewhere.
  ArrivalUs ArrivalAtShare(roadnet::PieceIndex piece, double share) const;

  // Lengths on patrollable roads: of the town, and per area in the index's order.
  void Sum(const AreaIndex& index, RoadLengths* town, std::vector<RoadLengths>* areas) const;

 private:
  using ModeReach = std::array<std::unique_ptr<Reach>, roadnet::kModeCount>;

  // Runs a search of each mode that has units, and forgets those of the others.
  void Search(absl::Span<const UnitSource> units, ModeReach* reach, uint32_t* modes);
  void CollectPieces();
  void AddPiece(roadnet::PieceIndex piece);

  const ModeGraphs& graphs_;
  const ArrivalUs reach_us_;

  ModeReach known_;
  ModeReach stale_;
  uint32_t known_modes_ = 0;  // bit set of modes with units in the last Compute
  uint32_t stale_modes_ = 0;
  std::vector<UnitSource> stale_units_;  // of the last search among stale units

  std::vector<PieceCover> pieces_;
  std::vector<Interval> intervals_;
  std::vector<uint32_t> seen_;  // [piece_count]: number of the Compute that last met the piece
  uint32_t run_ = 0;
  std::vector<Source> sources_scratch_;
  std::vector<Interval> covered_scratch_;
  std::vector<Interval> stale_scratch_;
};

}  // namespace patrol::coverage
