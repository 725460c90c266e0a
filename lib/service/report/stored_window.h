#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/coverage/window_files.h"
#include "lib/service/store/store.h"

namespace patrol::report {

// An area that is to be visited at least every so often within the window.
struct OrderedRound {
  std::string area_id;
  absl::Duration every;
};

// What is asked about the past.
struct WindowOrder {
  absl::Time from;  // sampled at from + k * step, below `to`
  absl::Time to;
  absl::Duration step = absl::Seconds(10);
  absl::Duration reach = absl::Seconds(180);   // T
  absl::Duration gap_min = absl::Minutes(10);  // blind spots: uncovered at least so long on end
  coverage::WhatIf what_if;                    // hours of added units are UTC
  std::vector<OrderedRound> rounds;            // their results: result.rounds, in this order
  bool backup = false;                         // also what two units could reach
};

// Errors: INVALID_ARGUMENT naming the field that is out of range.
absl::Status CheckOrder(const WindowOrder& order);

// The town that fixes are held against; all shared and constant.
struct Town {
  std::shared_ptr<const coverage::ModeGraphs> graphs;
  std::shared_ptr<const coverage::AreaIndex> areas;
  absl::Duration stale_after = absl::Seconds(60);
  absl::Duration lost_after = absl::Minutes(10);
};

// Covered ratios of a window as it was, where it is asked what if.
struct CoveredBefore {
  double town = 0;
  std::vector<double> areas;  // in the order of the index's areas
};

struct WindowReport {
  std::shared_ptr<const coverage::AreaIndex> areas;  // as they were when it was computed
  coverage::WindowResult result;                     // without its pieces
  std::optional<CoveredBefore> before;               // where the order asks what if
  coverage::FixCounts fixes;
  size_t blind_spots = 0;
  double blind_spots_m = 0;         // of road, metres
  std::string blind_spots_geojson;  // coverage::BlindSpotsGeoJson, the first hundred
};

// Coverage of a window from the store's fixes, with its blind spots and what cameras see of them:
// what `coverage run` computes of the same fixes.
//
// Fixes from lost_after before the window until as long after it are used. Units move as they are
// set now; those deleted since are taken for cars. Whether a unit was off duty then is not
// known: its fixes count.
//
// order: as CheckOrder wants it. progress: called now and then with the share done, 0..1.
// Errors:  CANCELLED by `stop`; NOT_FOUND naming an area of a round that there is none of;
//          ApplyWhatIf's; the store's.
// Cost:    one thread; a day of 100 units with a fix each 30 s some 10 s of CPU and 100 MB.
absl::StatusOr<WindowReport> ComputeStoredWindow(store::Store& store, const Town& town,
                                                 const WindowOrder& order,
                                                 const std::stop_token& stop,
                                                 const std::function<void(double)>& progress);

}  // namespace patrol::report
