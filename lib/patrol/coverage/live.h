#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/arrival_finder.h"
#include "lib/patrol/coverage/snapshot.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

class AreaIndex;
class ChainAreas;
class FieldSearch;
class FieldSums;
class ModeGraphs;
class ReachKernel;

struct LiveOptions {
  absl::Duration reach = absl::Seconds(180);       // T; above 0, at most limits::kReachMax
  absl::Duration stale_after = absl::Seconds(60);  // age of a fix above which a unit is stale
  absl::Duration lost_after = absl::Minutes(10);   // age from which it is lost; >= stale_after
  // Kept in reach lists, for each mode in use; too little costs time, not exactness. 1,000 units
  // need the lists of 2,000 ends at a time.
  size_t list_bytes_max = size_t{48} << 20;
};

// Who moves how; an input of coverage, live and over windows.
struct UnitInfo {
  std::string id;
  roadnet::Mode mode = roadnet::Mode::kCar;
  bool off_duty = false;
};

// Coverage now: takes units and their positions, publishes immutable snapshots. Causal: it knows no
// fix later than its instant, and a position stays for stale_after.
//
// Nothing is computed on Update; Tick computes when anything changed since the last one. Whoever
// wants a fix to show at once calls Tick after Update.
//
// Threads: every member may be called from any thread. Tick and snapshot never wait for each other;
//          two Ticks do.
// Cost:    Tick: see FieldSearch and FieldSums; benchmarks/RESULTS.md, "coverage". Free when
// nothing
//          changed.
class LiveCoverage {
 public:
  LiveCoverage(std::shared_ptr<const ModeGraphs> graphs, std::shared_ptr<const AreaIndex> areas,
               const LiveOptions& options);
  ~LiveCoverage();
  LiveCoverage(const LiveCoverage&) = delete;
  LiveCoverage& operator=(const LiveCoverage&) = delete;

  // Adds a unit or changes it. A change of mode forgets its position until the next Update.
  void PutUnit(const UnitInfo& unit);
  // Nothing happens when there is none.
  void RemoveUnit(std::string_view id);
  // From the next Tick on, results are summed over these areas.
  void SetAreas(std::shared_ptr<const AreaIndex> areas);

  // Where the unit was at `fix_time`; no position: off the network. An Update not later than the
  // unit's last changes nothing.
  //
  // Errors: NOT_FOUND: no such unit. INVALID_ARGUMENT: the position lies on no piece that the
  //         unit's mode may use.
  absl::Status Update(std::string_view id, const std::optional<tracks::UnitPosition>& position,
                      absl::Time fix_time);

  // Brings the coverage to `now` (an instant before the last Tick's is read as that one) and
  // returns it. The revision grows when a unit's state or position, or the areas, changed.
  std::shared_ptr<const CoverageSnapshot> Tick(absl::Time now);

  // The last published coverage; never null. Before the first Tick: revision 0, nothing covered.
  std::shared_ptr<const CoverageSnapshot> snapshot() const;

  // Which known unit would be at `place` first, by the last published coverage.
  UnitArrival ArrivalAt(geo::LonLat place) const;

  const LiveOptions& options() const { return options_; }

 private:
  struct Unit {
    UnitInfo info;
    std::optional<absl::Time> fix_time;
    std::optional<tracks::UnitPosition> position;  // the last on the network
    bool off_network = false;                      // at fix_time
  };

  UnitState StateAt(const Unit& unit, absl::Time now) const;
  std::shared_ptr<CoverageSnapshot> Compute(std::vector<UnitView> views,
                                            std::shared_ptr<const AreaIndex> areas, absl::Time now);

  const std::shared_ptr<const ModeGraphs> graphs_;
  const LiveOptions options_;
  mutable ArrivalFinder arrival_finder_;
  const std::shared_ptr<ReachKernel> kernel_;

  mutable std::mutex units_mutex_;
  // guarded by units_mutex_
  std::map<std::string, Unit, std::less<>> units_;
  std::shared_ptr<const AreaIndex> areas_;

  std::mutex tick_mutex_;
  // guarded by tick_mutex_
  std::unique_ptr<FieldSearch> search_;
  std::shared_ptr<const AreaIndex> summed_areas_;  // of the two below
  std::unique_ptr<ChainAreas> chain_areas_;
  std::unique_ptr<FieldSums> sums_;

  mutable std::mutex snapshot_mutex_;
  // guarded by snapshot_mutex_
  std::shared_ptr<const CoverageSnapshot> snapshot_;
};

}  // namespace patrol::coverage
