#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/detour_search.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/match_options.h"
#include "lib/patrol/tracks/route_search.h"

// The hidden Markov model behind matching, after Newson & Krumm, "Hidden Markov Map Matching
// Through Noise and Sparseness", ACM GIS 2009, with these changes:
// - a state is a *directed* place, so that turning round costs something and turn restrictions
//   hold;
// - the way between two fixes is not the shortest but the one that a driver would take: few turns,
//   main roads (RouteTaste); between rare fixes that decides, between frequent ones it hardly
//   counts;
// - the time in which a unit may have made a detour is that in which nothing was heard of it, fixes
//   nearer than noise to the last used one included;
// - a fix may be explained by the unit having *stayed* where it was: noise along the road does not
//   send it round the block; or by having gone *straight on*, though there are many nearer roads:
//   where the map is off the road by 100 m, its course still tells which road it is;
// - noise is a mixture: most fixes are near, some are just wrong, and how much so says little. One
//   bad fix, or a hundred in a row, does not outvote the way;
// - a unit may leave the roads and come back to them at a price: a car park, a field, a road that
// the
//   network lacks. While it is *off the roads* it is placed on the nearest one and driven along
//   none, and goes slowly.
namespace patrol::tracks {

// Where a unit may be at a fix.
struct HmmState {
  DirectedPlace place;
  roadnet::RoadPosition at;
  float distance_m = 0;    // of the fix from `at`
  bool off_road = false;   // moves beside the roads; `at` is only the nearest place
  double log_prob = 0;     // of the best path that ends here, less the step's best
  int32_t before = -1;     // state of the step before on that path; -1: a beginning
  uint32_t way_begin = 0;  // arcs driven from there: [way_begin, way_end) of the step's ways
  uint32_t way_end = 0;
};

// One used fix.
struct HmmStep {
  uint32_t fix = 0;  // the caller's number for it
  absl::Time time;
  geo::LonLat place;             // of the fix
  double silent_s = 0;           // how long nothing had been heard of the unit
  double beta_m = 0;             // what a nat weighs on the ways from the step before, metres
  std::vector<HmmState> states;  // the last one is off the roads, where any is
  std::vector<roadnet::ArcIndex> ways;

  // The likeliest state so far; of equals the first. The step has states.
  size_t Best() const;
};

// Threads: one thread each; network, index and graph may be shared.
class Hmm {
 public:
  // All outlive the model.
  Hmm(const roadnet::Network& network, const roadnet::SpatialIndex& index,
      const roadnet::SearchGraph& graph, const MatchOptions& options);

  // The states of a fix, as if it were the first; none when it is off the network. `before`: where
  // the unit may have stayed; may be null.
  HmmStep Begin(const Fix& fix, uint32_t number, const HmmStep* before);

  // Connects `step` to `before`. False, and `step` as it was, when no way leads there in the time
  // from where the unit is likeliest to have been.
  // heard: of the unit, near `before`, for the last time; from before.time to step->time.
  // keep_ways: whether the arcs driven are wanted.
  bool Connect(const HmmStep& before, absl::Time heard, HmmStep* step, bool keep_ways);

  // Lets state `to` of `step`, which is connected to `before`, come from state `from` of that
  // instead of its likeliest. False, and nothing is driven to it, when no way leads there in the
  // time.
  bool Reconnect(const HmmStep& before, uint32_t from, uint32_t to, HmmStep* step);

  // What else than the way from state `from` of `before` to state `to` of `step`, which is
  // connected to it, may have been driven, at most `nats` less likely. Other sources are those of
  // detour_states(): states of `before`.
  const DetourSearch& FindDetours(const HmmStep& before, uint32_t from, const HmmStep& step,
                                  uint32_t to, double nats);
  const std::vector<uint32_t>& detour_states() const { return source_states_; }

  const MatchOptions& options() const { return options_; }

 private:
  void AddState(const Fix& fix, const DirectedPlace& place, const roadnet::RoadPosition& at,
                double distance_m, HmmStep* step) const;
  void AddAhead(const Fix& fix, const HmmStep& before, absl::Span<const uint32_t> likely,
                HmmStep* step);
  void AddStays(const Fix& fix, const HmmStep& before, absl::Span<const uint32_t> likely,
                HmmStep* step) const;
  // How far ways are followed that take so many seconds, where a nat weighs beta_m.
  RouteBounds BoundsOf(double straight_m, double seconds, double beta_m) const;
  // What it costs to move beside the roads, nats.
  double OffRoadNats(double metres, double seconds) const;
  void StayBesideRoads(const HmmStep& before, HmmState* off, const HmmStep& step) const;
  // What a fix so far off says; and its heading, of having driven along the arc.
  double LogDistance(const Fix& fix, double distance_m) const;
  double LogHeading(const Fix& fix, roadnet::ArcIndex arc) const;
  bool IsBendBeside(const std::vector<roadnet::Candidate>& candidates, size_t index) const;

  const roadnet::Network& network_;
  const roadnet::SpatialIndex& index_;
  const roadnet::SearchGraph& graph_;
  const MatchOptions options_;
  RouteSearch search_;
  DetourSearch detours_;
  std::vector<RouteTarget> targets_;
  std::vector<RouteSource> sources_;
  std::vector<OtherSource> others_;
  std::vector<uint32_t> source_states_;  // which states of the step before they are
};

}  // namespace patrol::tracks
