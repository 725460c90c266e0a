#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/patrol/coverage/cover_problem.h"
#include "lib/patrol/coverage/point_file.h"
#include "lib/patrol/coverage/post_sites.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/area_visits.h"

namespace patrol::coverage {

// What the weights of a problem are counted in: value = weight / per_unit.
struct WeightUnit {
  std::string name;       // "m" for road length, "weight" otherwise
  double per_unit = 1e6;  // whole units of CoverProblem in one
};

// Patrollable road as demand: each metre that lies in at least one area counts once, in whole
// micrometres. A piece is cut at the borders of areas and wherever another candidate's reach begins
// or ends, so that what a choice of posts covers is exactly the union of their reaches.
//
// Errors: RESOURCE_EXHAUSTED when the candidates' reaches overlap too much to be held
//         (limits::kCoverEntriesMax), with the number there would be.
// Cost:   a search a candidate, then O(cuts * log + entries).
absl::StatusOr<CoverProblem> RoadDemand(const roadnet::Network& network,
                                        const roadnet::SearchGraph& graph,
                                        const tracks::AreaCuts& cuts,
                                        const std::vector<PostSite>& sites, ArrivalUs reach_us);

struct PointDemand {
  CoverProblem problem;
  std::vector<std::string> faults;  // points left out: which and why
};

// Weighted places as demand: a point is covered by a candidate that arrives at the nearest road of
// the mode within reach; the way from the road beyond 50 m is walked (200 m at most), and counts.
// Millionths of a weight are kept. With `cuts` only points on roads within some area count.
//
// Errors: as RoadDemand; INVALID_ARGUMENT when no point is left, or their weights add up to more
//         than can be counted exactly (4.5e9).
absl::StatusOr<PointDemand> DemandAtPoints(const roadnet::Network& network,
                                           const roadnet::SpatialIndex& index,
                                           const roadnet::SearchGraph& graph,
                                           const std::vector<FilePoint>& points,
                                           const std::vector<PostSite>& sites, ArrivalUs reach_us);

}  // namespace patrol::coverage
