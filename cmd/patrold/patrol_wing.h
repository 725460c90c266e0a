#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/live.h"
#include "lib/service/api/ports.h"
#include "lib/service/config/config.h"
#include "lib/service/report/stored_window.h"
#include "lib/service/store/store.h"

namespace patrol::patrold {

// An area as it is kept.
store::Area AreaRow(const geo::Area& area);

// The patrol wing as the API sees it: fixes are judged, matched and made into coverage.
//
// Matching and coverage run on one thread of their own, woken by stored fixes and once a second.
// Threads: every member may be called from any thread.
class PatrolWing : public api::FixPipeline,
                   public api::UnitTracker,
                   public api::CoverageView,
                   public api::AreaReader {
 public:
  // Loads the network and takes units, areas and each unit's newest fix from the store.
  // clock and store outlive it.
  static absl::StatusOr<std::unique_ptr<PatrolWing>> Open(const config::Config& config,
                                                          const Clock& clock, store::Store& store);
  ~PatrolWing() override;

  const coverage::LiveCoverage& coverage() const;
  // What windows of the past are held against: the areas there are now.
  report::Town town() const;
  // Stored fixes that wait to be matched, and those that newer ones pushed out.
  struct FixQueue {
    size_t waiting = 0;
    uint64_t dropped = 0;
  };
  FixQueue fix_queue() const;
  // Ends the thread; later fixes are no longer used.
  void Stop();

  // api::FixPipeline
  api::FixJudgement Judge(const store::Fix& fix, api::FixDatum datum) override;
  void OnStored(const std::vector<store::Fix>& fixes) override;

  // api::UnitTracker
  void Put(const store::Unit& unit) override;
  void Remove(const std::string& unit_id) override;
  void Describe(const std::string& unit_id, v1::UnitState* state) const override;

  // api::CoverageView
  absl::Status SetAreas(const std::vector<store::Area>& areas) override;
  double PatrollableM(const std::string& area_id) const override;
  int64_t revision() const override;
  void Describe(v1::Coverage* coverage) const override;
  absl::StatusOr<Roads> CoveredRoads() const override;
  absl::StatusOr<std::string> NetworkGeoJson() const override;
  void Explain(geo::LonLat place, v1::PlaceExplanation* explanation) const override;

  // api::AreaReader
  absl::StatusOr<std::vector<store::Area>> Read(const std::string& geojson) const override;

 private:
  class Impl;
  explicit PatrolWing(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::patrold
