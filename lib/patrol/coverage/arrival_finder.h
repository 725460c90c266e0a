#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/snapshot.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

class Reach;

// Who would be somewhere first.
struct UnitArrival {
  // Empty when no known unit gets there within limits::kReachMax (an hour): see `reason`.
  std::string unit_id;
  // Its travel time, with the straight ways at both ends. Unset with unit_id.
  absl::Duration time = absl::InfiniteDuration();
  // Why there is no arrival, in words; empty when there is one.
  std::string reason;

  bool found() const { return !unit_id.empty(); }
};

// Finds the known unit that would be at a point of the map first, looking an hour far, not only T.
// A point up to 50 m from the network counts as on it; up to 200 m the straight way is walked at
// 1.4 m/s, as with units; further off nobody arrives. Roads are those that the unit's mode may use.
//
// Threads: every member may be called from any thread; they take turns.
// Cost:    one search a mode in use, ended at the first arrival: a few ms at worst on 30,000 nodes.
class ArrivalFinder {
 public:
  explicit ArrivalFinder(std::shared_ptr<const ModeGraphs> graphs);
  ~ArrivalFinder();

  UnitArrival Find(const CoverageSnapshot& snapshot, geo::LonLat place);

 private:
  struct Impl;

  const std::shared_ptr<const ModeGraphs> graphs_;
  std::mutex mutex_;
  // guarded by mutex_
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::coverage
