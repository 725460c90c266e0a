#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// The way that brings a unit to a place first: why the place is covered, or is not.
struct Route {
  uint32_t source = 0;                  // index into the sources
  ArrivalUs time_us = 0;                // with the source's delay
  double length_m = 0;                  // on the network
  std::vector<roadnet::ArcIndex> arcs;  // the first holds the source, the last the target
  std::vector<geo::LonLat> line;        // from the source to the target; at least two places
};

// The route of the source that is at `target` first, within `limit_us` (below kUnreached); nullopt
// when none is. Its time is Reach::ArrivalAt's to the microsecond. Of sources that are there at the
// same time the first one is taken.
//
// Source:  Dijkstra 1959, ended at the target. Threads: none shared. Cost: O(reached edges * log),
//          16 bytes a state.
std::optional<Route> FindRoute(const roadnet::Network& network, const roadnet::SearchGraph& graph,
                               absl::Span<const Source> sources,
                               const roadnet::RoadPosition& target, ArrivalUs limit_us);

}  // namespace patrol::coverage
