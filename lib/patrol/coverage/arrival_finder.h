#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/route.h"
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

// Why a place is covered or not.
struct PlaceExplanation {
  enum class State : uint8_t { kCovered, kUnknown, kNotCovered, kOffNetwork };
  // Of the nearest road of any unit's mode: of the first unit's, where there is one.
  State state = State::kOffNetwork;
  UnitArrival arrival;
  double road_distance_m = 0;  // from the place to that road, straight
  std::optional<Route> route;  // of the first unit, on the network
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

  // The same unit, its way, and the state of the road at the place.
  // Cost: two such searches.
  PlaceExplanation Explain(const CoverageSnapshot& snapshot, geo::LonLat place);

 private:
  struct Impl;
  struct Best;

  Best FindBest(const CoverageSnapshot& snapshot, geo::LonLat place);

  const std::shared_ptr<const ModeGraphs> graphs_;
  std::mutex mutex_;
  // guarded by mutex_
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::coverage
