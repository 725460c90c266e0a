#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

class AreaIndex;
class Field;
class ModeGraphs;

// Road lengths in three states, whole micrometres, so that sums are the same in any order:
// covered + unknown + not covered = patrollable.
struct RoadLengths {
  int64_t patrollable_um = 0;
  int64_t covered_um = 0;
  int64_t unknown_um = 0;

  int64_t not_covered_um() const { return patrollable_um - covered_um - unknown_um; }
  double patrollable_m() const { return static_cast<double>(patrollable_um) * 1e-6; }
  double covered_m() const { return static_cast<double>(covered_um) * 1e-6; }
  double unknown_m() const { return static_cast<double>(unknown_um) * 1e-6; }
  double not_covered_m() const { return static_cast<double>(not_covered_um()) * 1e-6; }
  // 0..1; 0 where nothing is patrollable.
  double covered_ratio() const { return Ratio(covered_um); }
  double unknown_ratio() const { return Ratio(unknown_um); }
  double covered_or_unknown_ratio() const { return Ratio(covered_um + unknown_um); }

  friend bool operator==(const RoadLengths&, const RoadLengths&) = default;

 private:
  double Ratio(int64_t part_um) const {
    return patrollable_um > 0 ? static_cast<double>(part_um) / static_cast<double>(patrollable_um)
                              : 0.0;
  }
};

// What is known of a unit live (ARCHITECTURE.md, "Coverage, exactly").
enum class UnitState : uint8_t {
  kKnown,       // the last fix is at most stale_after old: the unit covers
  kStale,       // older, but less than lost_after: what it could reach is unknown
  kLost,        // lost_after old or more, or never heard of: counted, placed nowhere
  kOffNetwork,  // known, but more than 200 m from the network: covers nothing
  kOffDuty,     // covers nothing, whatever its fixes say
};

struct UnitView {
  std::string id;
  roadnet::Mode mode = roadnet::Mode::kCar;
  UnitState state = UnitState::kLost;
  std::optional<absl::Time> fix_time;  // of the last fix
  // The last place on the network, where there ever was one; it covers only in state kKnown.
  std::optional<tracks::UnitPosition> position;
};

struct UnitCounts {
  int known = 0;
  int stale = 0;
  int lost = 0;
  int off_network = 0;
  int off_duty = 0;

  friend bool operator==(const UnitCounts&, const UnitCounts&) = default;
};

// A stretch of a piece in one state. Of kUnknown stretches the arrival is kUnreached.
struct CoveredStretch {
  roadnet::PieceIndex piece = 0;
  bool covered = false;              // else unknown
  ArrivalUs middle_us = kUnreached;  // arrival at the middle of the stretch
  Interval share;
};

// Coverage of everything at one instant.
//
// Threads: immutable; shared as std::shared_ptr<const CoverageSnapshot>.
struct CoverageSnapshot {
  int64_t revision = 0;  // grows with every change
  absl::Time time;       // the instant it holds for
  absl::Duration reach;  // T
  std::shared_ptr<const ModeGraphs> graphs;
  std::shared_ptr<const AreaIndex> area_index;

  RoadLengths town;                // the whole network
  std::vector<RoadLengths> areas;  // in the order of area_index->areas()
  UnitCounts unit_counts;
  std::vector<UnitView> units;  // in order of id
  // What all of the above is summed from. Never null.
  std::shared_ptr<const Field> field;

  // Covered and unknown stretches in order of piece and begin; of all roads of the units' modes,
  // patrollable or not. Cost: O(pieces), computed anew at each call.
  std::vector<CoveredStretch> Stretches() const;
};

}  // namespace patrol::coverage
